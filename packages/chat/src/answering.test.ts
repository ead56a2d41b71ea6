/** Buttons, reactions, and answers to what agents ask. */
import { expect, test } from "vitest";

import { codeOf } from "./confirmation.ts";
import type { Judgement } from "./judgement.ts";
import {
  ADA,
  asked,
  BOB,
  hear,
  ITEM,
  say,
  settled,
  stand,
  type Stand,
  wordsOf,
  writes,
} from "./testing/judge-stand.ts";
import { commandId, eventOf, itemOf, receiveDraft, sentDraft } from "./testing/rooms.ts";

// ── buttons and reactions ───────────────────────────────────────────────────────────────────────────────────────────

const press = (of: Stand, value: string, principal: string = ADA): Judgement =>
  say(of, value, { type: "button", principal });

test("a button does what it says for whoever may, while the item stands as it showed", () => {
  const of = stand();
  const value = `start:${ITEM}:${itemOf(of.mesh, ITEM).best.id.slice(0, 16)}`;
  expect(writes(press(of, value))).toEqual(["item.start", { item: ITEM }]);
  expect(wordsOf(press(of, value, "fake:eve"))).toContain("I do not know you yet");
  of.mesh.write({ entity: ITEM, on: itemOf(of.mesh, ITEM).best.id, body: { kind: "item.start" } });
  expect(wordsOf(press(of, value))).toContain("Say hello is in Coding now");
});

test("a button's value that no card has does nothing", () => {
  const of = stand();
  const version = itemOf(of.mesh, ITEM).best.id.slice(0, 16);
  for (const value of [
    "",
    "start",
    `start:${ITEM}`,
    `start:${ITEM}:`,
    `start:${ITEM}:${version.slice(0, 15)}`,
    `start:${ITEM.slice(0, 4)}:${version}`,
    `new evil\n:${ITEM}:${version}`,
    `delete --note=x:${ITEM}:${version}`,
    "yes:zzzz",
    "answer:x:y:z",
    "constructor:constructor:constructor",
  ]) {
    expect([value, hear(of, eventOf(value, { type: "button" })).type]).toEqual([value, "settle"]);
    expect(wordsOf(press(of, value))).toMatch(/^refused: /);
  }
});

test("the buttons below a question are a yes and a no of whoever presses", () => {
  const of = stand();
  const code = asked(of, "delete #0123");
  expect(wordsOf(press(of, `yes:${code}`, BOB))).toContain("Only who asked");
  expect(writes(press(of, `yes:${code}`))).toEqual(["item.delete", { item: ITEM, note: "" }]);
  expect(wordsOf(press(of, `no:${code}`))).toBe("done: Good. I did nothing.");
});

test("a reaction on the question is a yes or a no of whoever reacts, in any shade", () => {
  const of = stand();
  const event = eventOf("delete #0123");
  settled(of, event);
  of.mesh.write(sentDraft("asks", { about: commandId(event), purpose: "reply" }));
  const react = (text: string, principal: string = ADA): Judgement =>
    say(of, text, { type: "reaction", message: "asks", principal });
  for (const yes of ["✅", "👍", "👍🏿", "✅\ufe0f", "+1"]) expect(react(yes).type).toBe("write");
  for (const no of ["❌", "👎🏽"]) expect(wordsOf(react(no))).toBe("done: Good. I did nothing.");
  expect(wordsOf(react("🎉"))).toBe("ignored: ");
  expect(wordsOf(react("👍", BOB))).toContain("Only who asked");
  expect(wordsOf(react("👍", "fake:eve"))).toContain("I do not know you yet");
});

// ── what agents ask ─────────────────────────────────────────────────────────────────────────────────────────────────

function withQuestions(...questions: readonly (readonly [id: string, options: readonly string[]])[]): Stand {
  const of = stand();
  for (const [question, options] of questions) {
    const on = itemOf(of.mesh, ITEM).best.id;
    of.mesh.write({ entity: ITEM, on, body: { kind: "item.ask", question, text: "Which?", options } });
    of.mesh.write(sentDraft(`asks ${question}`, { item: ITEM, about: `question/${question}`, purpose: "question" }));
  }
  of.mesh.write(sentDraft("card", { item: ITEM, about: ITEM }));
  return of;
}

const answered = (question: string, text: string): unknown => ["item.answer", { item: ITEM, text, question }];

test("any line in the thread answers what is asked there, flags, quotes and all", () => {
  const of = withQuestions(["q001", []]);
  const inThread = { thread: "card" };
  expect(writes(say(of, "443", inThread))).toEqual(answered("q001", "443"));
  expect(writes(say(of, 'use --force "please" —now', inThread))).toEqual(answered("q001", 'use --force "please" —now'));
  expect(writes(say(of, "answer it depends", inThread))).toEqual(["item.answer", { item: ITEM, text: "it depends" }]);
  expect(writes(say(of, "answer #0123 443", { principal: BOB }))).toEqual([
    "item.answer",
    { item: "0123", text: "443" },
  ]);
  expect(wordsOf(say(of, "443", { ...inThread, principal: "fake:eve" }))).toContain("I do not know you yet");
});

test("an option is an answer also when it is a verb, and a verb that is no option is a verb", () => {
  const of = withQuestions(["q001", ["yes", "no", "Stop"]]);
  const inThread = { thread: "card" };
  expect(writes(say(of, "yes", inThread))).toEqual(answered("q001", "yes"));
  expect(writes(say(of, "stop", inThread))).toEqual(answered("q001", "stop"));
  expect(writes(say(of, "start", inThread))).toEqual(["item.start", { item: ITEM }]);
  expect(wordsOf(say(of, "stop"))).toContain("Which item?");
});

test("a reply to the message that asked answers that question, whatever else is asked", () => {
  const of = withQuestions(["q001", []], ["q002", []]);
  expect(writes(say(of, "new users only", { quotes: "asks q002" }))).toEqual(answered("q002", "new users only"));
  expect(writes(say(of, "443", { quotes: "asks q001" }))).toEqual(answered("q001", "443"));
});

test("a button answers its own question with its own option, whatever that holds", () => {
  const of = withQuestions(["q001", ["a", "b"]], ["q002", ["3:30", "--start", "a"]]);
  expect(writes(press(of, `answer:${ITEM}:q002:0`))).toEqual(answered("q002", "3:30"));
  expect(writes(press(of, `answer:${ITEM}:q002:1`))).toEqual(answered("q002", "--start"));
  expect(writes(press(of, `answer:${ITEM}:q002:2`))).toEqual(answered("q002", "a"));
  for (const value of [`answer:${ITEM}:q002:3`, `answer:${ITEM}:q003:0`, `answer:${ITEM}:q002:-1`]) {
    expect(wordsOf(press(of, value))).toContain("not asked any more");
  }
});

test("a yes in a thread where the agent asks for one is no yes to what somebody else asked for there", () => {
  const of = withQuestions(["q001", ["yes", "no"]]);
  const two = { ...of, account: { ...of.account, fourEyes: ["delete"] } };
  const event = eventOf("delete", { thread: "card" });
  settled(two, event);
  of.mesh.write(sentDraft("asks back", { about: commandId(event), purpose: "reply" }));
  const bob = { thread: "card", principal: BOB };
  expect(wordsOf(say(two, "yes", bob))).toContain("Two things wait for that here");
  expect(writes(say(two, "yes", { ...bob, quotes: "asks q001" }))).toEqual(answered("q001", "yes"));
  const code = codeOf(commandId(event));
  expect(writes(say(two, `yes ${code}`, bob))).toEqual(["item.delete", { item: ITEM, note: "" }]);
  settled(two, eventOf(`no ${code}`, { thread: "card" }));
  expect(writes(say(two, "yes", bob))).toEqual(answered("q001", "yes"));
});

test("a reply to what was asked back is a yes to that, also while the agent asks", () => {
  const of = withQuestions(["q001", ["yes", "no"]]);
  const event = eventOf("delete", { thread: "card" });
  settled(of, event);
  of.mesh.write(sentDraft("asked back", { about: commandId(event), purpose: "reply", item: ITEM }));
  const yes = say(of, "yes", { thread: "card", quotes: "asked back" });
  expect(writes(yes)).toEqual(["item.delete", { item: ITEM, note: "" }]);
});

// ── taken back ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("a line that its author edited or removed while it waited is not carried out", () => {
  const of = stand();
  const event = eventOf("start #0123");
  const other = eventOf("start #0123");
  of.mesh.write(receiveDraft(event, of.account.id, of.mesh.clock.wallMs()));
  of.mesh.write(receiveDraft(other, of.account.id, of.mesh.clock.wallMs()));
  const edit = { type: "edit", message: event.message } as const;
  of.mesh.write(receiveDraft(eventOf("", { ...edit, principal: BOB }), of.account.id));
  expect(hear(of, event).type).toBe("write");
  of.mesh.write(receiveDraft(eventOf("", edit), of.account.id));
  expect(wordsOf(hear(of, event))).toContain("You changed that message before I came to it");
  expect(hear(of, other).type).toBe("write");
});
