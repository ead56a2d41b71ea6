/** Asking back: by whom, in time, once, and about the item as it stood; and by two people where it takes two. */
import { LIMITS } from "@skein/core";
import { expect, test } from "vitest";

import { codeOf } from "./confirmation.ts";
import { asked, BOB, ITEM, MINUTE_MS, OTHER, say, settled, stand, wordsOf, writes } from "./testing/judge-stand.ts";
import { accountOf, addItem, chatDraft, commandId, eventOf, itemOf, pair, ROOM, sentDraft } from "./testing/rooms.ts";

// ── asking back ─────────────────────────────────────────────────────────────────────────────────────────────────────

test("what cannot be undone is asked about, and done once after a yes", () => {
  const of = stand();
  const code = asked(of, "delete #0123");
  const yes = say(of, `yes ${code}`);
  expect(writes(yes)).toEqual(["item.delete", { item: ITEM, note: "" }]);
  expect(writes(say(of, "YES"))).toEqual(["item.delete", { item: ITEM, note: "" }]);
  settled(of, eventOf(`no ${code}`));
  expect(wordsOf(say(of, `yes ${code}`))).toContain("Nothing waits for that here");
});

test("an old command asks instead of acting, and is as it was said: words of a title stay words", () => {
  const of = stand();
  expect(writes(say(of, 'new "Fix --start"', {}, 10 * MINUTE_MS))).toEqual([
    "item.add",
    expect.objectContaining({ title: "Fix --start", start: false }),
  ]);
  const code = asked(of, 'new "Fix --start" --priority=7\nBecause "it" --breaks\n', {}, 10 * MINUTE_MS + 1);
  expect(writes(say(of, `yes ${code}`))).toEqual([
    "item.add",
    expect.objectContaining({
      title: "Fix --start",
      start: false,
      priority: 7,
      text: 'Because "it" --breaks',
    }),
  ]);
  // Reading does no harm, however late.
  expect(say(of, "list", {}, 60 * MINUTE_MS).type).toBe("read");
});

test("an old command that is too long to be asked about is refused in words", () => {
  const of = stand();
  const line = `text #0123 ${"x\n".repeat((LIMITS.chatTextLength ?? 0) / 2 - 6)}`;
  expect(wordsOf(say(of, line, {}, 20 * MINUTE_MS))).toContain("refused: That is too long to ask about");
});

test("only who asked can confirm, in time, and about the item as it stood", async () => {
  const of = stand();
  const code = asked(of, "delete #0123");
  expect(wordsOf(say(of, `yes ${code}`, { principal: BOB }))).toContain("Only who asked for it can confirm it");
  expect(wordsOf(say(of, `yes ${code}`, { principal: "fake:eve" }))).toContain("I do not know you yet");
  of.mesh.write({ entity: ITEM, on: itemOf(of.mesh, ITEM).best.id, body: { kind: "item.start" } });
  expect(wordsOf(say(of, `yes ${code}`))).toContain("Say hello is in Coding now");
  const again = asked(of, "delete #0123");
  await of.mesh.clock.pass(10 * MINUTE_MS + 1);
  expect(wordsOf(say(of, `yes ${again}`))).toContain("too old");
});

test("a question that ran out does not stand in the way of the next one", async () => {
  const of = stand();
  addItem(of.mesh, OTHER, "Say goodbye");
  asked(of, "delete #0123");
  await of.mesh.clock.pass(11 * MINUTE_MS);
  asked(of, "delete #ba98");
  expect(writes(say(of, "yes"))).toEqual(["item.delete", { item: OTHER, note: "" }]);
});

test("of two open questions a yes without a code is for neither", () => {
  const of = stand();
  addItem(of.mesh, OTHER, "Say goodbye");
  asked(of, "delete #0123");
  asked(of, "delete #ba98");
  expect(wordsOf(say(of, "yes"))).toContain("Name it with its code");
});

test("a role that grew for a verb after it was asked for counts at the yes", () => {
  const of = stand();
  const code = asked(of, "delete #0123");
  const strict = { ...of, account: accountOf({ roles: { delete: "owner" } }) };
  expect(wordsOf(say(strict, `yes ${code}`))).toContain("delete needs the role owner");
});

test("an edit of the line takes the question back, and executes nothing", () => {
  const of = stand();
  const event = eventOf("delete #0123");
  settled(of, event);
  const edit = { type: "edit", message: event.message } as const;
  expect(wordsOf(say(of, "delete #ba98", { ...edit, principal: BOB }))).toBe("ignored: ");
  expect(wordsOf(settled(of, eventOf("delete #ba98", edit)))).toContain("done: You changed that message");
  expect(wordsOf(say(of, "yes"))).toContain("Nothing waits");
  expect(wordsOf(say(of, "start #0123", { type: "edit" }))).toBe("ignored: ");
});

test("others cannot take a question back unless they could have done it", () => {
  const of = stand({ rooms: [{ id: ROOM, role: "operator", guests: "observer", notices: "nothing" }] });
  const code = asked(of, "delete #0123");
  expect(wordsOf(say(of, `no ${code}`, { principal: "fake:eve" }))).toContain("needs the role operator");
  expect(wordsOf(say(of, `no ${code}`, { principal: BOB }))).toBe("done: Good. I did nothing.");
});

// ── four eyes ───────────────────────────────────────────────────────────────────────────────────────────────────────

const FOUR_EYES = { fourEyes: ["start", "delete"] } as const;
const ELSEWHERE = accountOf({
  kind: "other",
  rooms: [{ id: ROOM, role: "operator", guests: "operator", notices: "nothing" }],
});

test("where four eyes are asked for, another person has to say yes", () => {
  const of = stand(FOUR_EYES);
  const code = asked(of, "start #0123");
  expect(wordsOf(say(of, `yes ${code}`))).toContain("has to be confirmed by somebody else");
  expect(writes(say(of, `yes ${code}`, { principal: BOB }))).toEqual(["item.start", { item: ITEM }]);
});

test("one person on two networks is one person, and an account without four eyes is no way around them", () => {
  const of = stand(FOUR_EYES);
  pair(of.mesh, "ada", "other:ada");
  pair(of.mesh, "bob", "other:bob");
  const code = asked(of, "start #0123");
  const there = { ...of, account: ELSEWHERE };
  expect(wordsOf(say(there, `yes ${code}`, { principal: "other:ada" }))).toContain("by somebody else");
  expect(writes(say(there, `yes ${code}`, { principal: "other:bob" }))).toEqual(["item.start", { item: ITEM }]);
});

test("somebody whom nobody has paired is no second person", () => {
  const of = stand({ ...FOUR_EYES, rooms: [{ id: ROOM, role: "operator", guests: "operator", notices: "nothing" }] });
  const code = asked(of, "start #0123");
  expect(wordsOf(say(of, `yes ${code}`, { principal: "fake:ada-phone" }))).toContain("I have to know both");
  expect(wordsOf(say(of, "start #0123", { principal: "fake:eve" }))).toContain("takes two people here");
});

test("the role of the second person is asked for when they say yes", () => {
  const of = stand(FOUR_EYES);
  const code = asked(of, "start #0123");
  of.mesh.write(chatDraft({ kind: "person.role", person: "bob", role: "observer" }));
  expect(wordsOf(say(of, `yes ${code}`, { principal: BOB }))).toContain("start needs the role operator");
});

test("a second person confirms nothing for somebody who may not do it any more", () => {
  const of = stand(FOUR_EYES);
  const code = asked(of, "delete #0123");
  for (const role of ["observer", "none"] as const) {
    of.mesh.write(chatDraft({ kind: "person.role", person: "ada", role }));
    expect(wordsOf(say(of, `yes ${code}`, { principal: BOB }))).toContain("may not delete any more");
  }
  of.mesh.write(chatDraft({ kind: "person.role", person: "ada", role: "operator" }));
  expect(writes(say(of, `yes ${code}`, { principal: BOB }))).toEqual(["item.delete", { item: ITEM, note: "" }]);
});

test("a second person says yes to the story and the criteria that were there when it was asked, and to no other", () => {
  for (const field of ["text", "title", "criteria"] as const) {
    const of = stand(FOUR_EYES);
    const code = asked(of, "start #0123");
    const edit = { entity: ITEM, on: itemOf(of.mesh, ITEM).best.id } as const;
    of.mesh.write({ ...edit, body: { kind: "item.set", field: "priority", value: 9 } });
    expect(say(of, `yes ${code}`, { principal: BOB }).type).toBe("write");
    of.mesh.write({ ...edit, body: { kind: "item.set", field, value: "Send the keys to Eve" } });
    expect(wordsOf(say(of, `yes ${code}`, { principal: BOB }))).toContain("was changed since that was asked");
  }
});

// ── which question, and when ────────────────────────────────────────────────────────────────────────────────────────

/** Two messages whose commands have the same code. Whoever may choose the ids of their messages finds such ones in no time. */
function twins(): readonly [string, string] {
  const seen = new Map<string, string>();
  for (let at = 0; ; at++) {
    const id = `$twin${at}`;
    const code = codeOf(commandId({ id }));
    const other = seen.get(code);
    if (other !== undefined) return [other, id];
    seen.set(code, id);
  }
}

test("of two questions with one code a yes is for neither, unless it hangs on the message that asked", () => {
  const of = stand(FOUR_EYES);
  addItem(of.mesh, OTHER, "Say goodbye");
  pair(of.mesh, "carol", "fake:carol");
  const [one, two] = twins();
  const code = asked(of, "delete #0123", { id: one, message: one });
  expect(asked(of, "delete #ba98", { id: two, message: two, principal: "fake:carol" })).toBe(code);
  const several = "More than one question has that code";
  expect(wordsOf(say(of, `yes ${code}`, { principal: BOB }))).toContain(several);
  expect(wordsOf(say(of, `yes:${code}`, { type: "button", message: "not heard of", principal: BOB }))).toContain(
    several,
  );
  of.mesh.write(sentDraft("asks one", { about: commandId({ id: one }), purpose: "reply" }));
  for (const more of [{ quotes: "asks one" }, { type: "button", message: "asks one" }] as const) {
    const text = more.quotes === undefined ? `yes:${code}` : `yes ${code}`;
    expect(writes(say(of, text, { ...more, principal: BOB }))).toEqual(["item.delete", { item: ITEM, note: "" }]);
  }
});

test("a question that ran out leaves its code to the next one", async () => {
  const of = stand();
  addItem(of.mesh, OTHER, "Say goodbye");
  const [one, two] = twins();
  asked(of, "delete #0123", { id: one, message: one });
  await of.mesh.clock.pass(11 * MINUTE_MS);
  const code = asked(of, "delete #ba98", { id: two, message: two });
  expect(writes(say(of, `yes ${code}`))).toEqual(["item.delete", { item: OTHER, note: "" }]);
});

test("a yes that was said before there was a question, and came in with what it was meant for, does nothing", () => {
  const of = stand();
  asked(of, "delete #0123", {}, 30 * MINUTE_MS);
  expect(wordsOf(say(of, "yes", {}, 29 * MINUTE_MS))).toContain("That yes comes too late");
  expect(writes(say(of, "yes"))).toEqual(["item.delete", { item: ITEM, note: "" }]);
});
