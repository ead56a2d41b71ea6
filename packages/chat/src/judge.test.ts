/** Who may do what, from where, and how sure it has to be: lines, clicks and reactions judged against a real view. */
import { COMMANDS, LIMITS, plainText, type Role, ROLES, VERBS } from "@skein/core";
import { expect, test } from "vitest";

import type { AccountSettings } from "./account.ts";
import { codeOf } from "./confirmation.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import { createMeshDouble, type MeshDouble } from "./testing/index.ts";
import {
  accountOf,
  addItem,
  chatDraft,
  commandId,
  eventOf,
  itemOf,
  pair,
  ROOM,
  sentDraft,
  sha256,
} from "./testing/rooms.ts";
import type { InboundEvent } from "./transport.ts";

const ITEM = "0123456789ab";
const OTHER = "ba9876543210";
const ADA = "fake:ada";
const BOB = "fake:bob";
const MINUTE_MS = 60_000;

interface Stand {
  readonly mesh: MeshDouble;
  readonly account: AccountSettings;
}

function stand(more: Partial<AccountSettings> = {}): Stand {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  pair(mesh, "ada", ADA);
  pair(mesh, "bob", BOB);
  addItem(mesh, ITEM, "Say hello");
  return { mesh, account: accountOf(more) };
}

/** Makes an event durable as it is, and judges it. */
function hear({ mesh, account }: Stand, event: InboundEvent, ageMs: number = 0): Judgement {
  const { chat } = mesh.view();
  const id = commandId(event, account.id);
  if (!chat.commands.has(id)) {
    mesh.write(
      chatDraft({
        kind: "chat.receive",
        account: account.id,
        event: event.id,
        type: event.type,
        principal: event.principal,
        name: event.displayName,
        room: event.room,
        direct: event.direct,
        thread: event.thread ?? "",
        message: event.message,
        quotes: event.quotes ?? "",
        text: event.text,
        at: mesh.clock.wallMs() - ageMs,
      }),
    );
  }
  const command = mesh.view().chat.commands.get(id);
  if (command === undefined) throw new Error("it was just received");
  return judge(command, { view: mesh.view(), account, nowMs: mesh.clock.wallMs(), sha256, maxText: 3_000 });
}

/** Judges it, and writes what it was settled with. */
function settled(of: Stand, event: InboundEvent, ageMs: number = 0): Judgement {
  const judgement = hear(of, event, ageMs);
  if (judgement.type !== "settle") return judgement;
  const command = commandId(event, of.account.id);
  of.mesh.write(chatDraft({ kind: "chat.settle", effects: 0, command, ...judgement.settling }));
  return judgement;
}

const wordsOf = (judgement: Judgement): string =>
  judgement.type === "settle"
    ? `${judgement.settling.outcome}: ${plainText(judgement.settling.reply)}`
    : judgement.type;

const writes = (judgement: Judgement): unknown =>
  judgement.type === "write" ? [judgement.command.name, judgement.command.input] : wordsOf(judgement);

const say = (of: Stand, text: string, more: Partial<InboundEvent> = {}, ageMs: number = 0): Judgement =>
  hear(of, eventOf(text, more), ageMs);

/** Asks for something that asks back, and returns the code. */
function asked(of: Stand, text: string, more: Partial<InboundEvent> = {}, ageMs: number = 0): string {
  const event = eventOf(text, more);
  expect(wordsOf(settled(of, event, ageMs))).toContain("asked: ");
  return codeOf(commandId(event, of.account.id));
}

// ── who ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

test("only the platform's id makes somebody somebody: not their name, not what looks like it, not the same name elsewhere", () => {
  const of = stand();
  expect(writes(say(of, "start #0123"))).toEqual(["item.start", { item: "0123" }]);
  for (const principal of [
    "fake:adа",
    "fake:ADA",
    "fake:ada ",
    "fake:ada\u200b",
    "other:ada",
    "ada",
    "fake:ada:evil",
  ]) {
    expect(wordsOf(say(of, "start #0123", { principal, displayName: "Ada" }))).toContain("I do not know you yet");
  }
});

test("a guest may do what the room gives to guests, and no guest has a say in a direct message", () => {
  const of = stand({ rooms: [{ id: ROOM, role: "operator", guests: "observer", notices: "nothing" }] });
  const guest = { principal: "fake:eve" };
  expect(say(of, "list", guest).type).toBe("read");
  expect(wordsOf(say(of, "start #0123", guest))).toContain("start needs the role operator; yours is observer here");
  expect(wordsOf(say(of, "list", { ...guest, direct: true, room: "!dm" }))).toContain("I do not know you yet");
});

test("a room's cap holds for everybody, a direct message has none, and a room that is not named has no say at all", () => {
  const of = stand({ rooms: [{ id: ROOM, role: "observer", guests: "owner", notices: "nothing" }] });
  pair(of.mesh, "olga", "fake:olga", { role: "owner" });
  expect(wordsOf(say(of, "start #0123", { principal: "fake:olga" }))).toContain("yours is observer here");
  expect(wordsOf(say(of, "start #0123", { principal: "fake:eve" }))).toContain("yours is observer here");
  expect(writes(say(of, "start #0123", { principal: "fake:olga", direct: true, room: "!dm" }))).toEqual([
    "item.start",
    { item: "0123" },
  ]);
  expect(wordsOf(say(of, "list", { principal: "fake:olga", room: "!elsewhere" }))).toContain("may do nothing here");
});

test("a verb may need more here than elsewhere, and never less", () => {
  const strict = stand({ roles: { start: "owner", list: "observer" } });
  expect(wordsOf(say(strict, "start #0123"))).toContain("start needs the role owner");
  const lax = stand({ roles: { start: "observer" } });
  pair(lax.mesh, "olaf", "fake:olaf", { role: "observer" });
  expect(wordsOf(say(lax, "start #0123", { principal: "fake:olaf" }))).toContain("start needs the role operator");
});

test("every verb that writes is refused below its command's role", () => {
  for (const { names, command } of VERBS) {
    const spec = COMMANDS.find((one) => one.name === command);
    if (spec?.effect !== "writes") continue;
    const below = ROLES.slice(0, ROLES.indexOf(spec.role));
    expect(below.length).toBeGreaterThan(0);
    for (const role of below) {
      const of = stand();
      pair(of.mesh, "low", "fake:low", { role });
      const line = `${names[0]} ${names[0] === "new" || names[0] === "bug" ? "x" : "#0123 5"}`;
      expect([line, hear(of, eventOf(line, { principal: "fake:low" })).type]).toEqual([line, "settle"]);
    }
  }
});

test("a person is no more than the member behind them, and nothing once that member is removed", () => {
  const of = stand();
  const { mesh } = of;
  const role: Role = "observer";
  const desk = mesh.desk("carol", role);
  pair(mesh, "carol", "fake:carol", { role: "owner", member: desk.self() });
  expect(wordsOf(say(of, "start #0123", { principal: "fake:carol" }))).toContain("yours is observer here");
  const member = mesh.view().membership.members.get(desk.self());
  if (member === undefined) throw new Error("carol joined");
  const key = Uint8Array.from(Buffer.from(member.key, "hex"));
  mesh.write({ entity: "mesh", on: null, body: { kind: "member.remove", key, cut: new Map(), note: "" } });
  expect(wordsOf(say(of, "list", { principal: "fake:carol" }))).toContain("carol may do nothing here");
  // Another carol takes the name: the old one's account does not come back with it.
  pair(mesh, "carol", "fake:carol2");
  expect(writes(say(of, "start #0123", { principal: "fake:carol2" }))).toEqual(["item.start", { item: "0123" }]);
  expect(wordsOf(say(of, "list", { principal: "fake:carol" }))).toContain("carol may do nothing here");
});

test("somebody whose role was taken may do nothing, also not what they asked for before", () => {
  const of = stand();
  const code = asked(of, "delete #0123");
  of.mesh.write(chatDraft({ kind: "person.role", person: "ada", role: "none" }));
  expect(wordsOf(say(of, `yes ${code}`))).toContain("ada may do nothing here");
});

// ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("no command that makes keys, tickets or codes, or changes who belongs, is carried out for a room", () => {
  const of = stand();
  pair(of.mesh, "olga", "fake:olga", { role: "owner" });
  const names = COMMANDS.flatMap(({ name, words }) => [name, words.join(" ")]);
  const harmless = new Set([...VERBS.flatMap(({ command }) => command ?? []), "members", "projects", "digest"]);
  for (const name of names) {
    for (const line of [name, `${name} ada`, `${name} --role=owner`, `${name} #0123 x`]) {
      const judgement = say(of, line, { principal: "fake:olga", direct: true, room: "!dm" });
      const command =
        judgement.type === "write"
          ? judgement.command.name
          : judgement.type === "read" && judgement.question.type === "command"
            ? judgement.question.command.name
            : undefined;
      expect([line, command === undefined || harmless.has(command)]).toEqual([line, true]);
      expect(command ?? "").not.toMatch(/^(?:people\.|member\.|project\.|checkpoint|compact|verify)/);
    }
  }
});

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

// ── what is said back ───────────────────────────────────────────────────────────────────────────────────────────────

const HOSTILE = [
  "*bold* _under_ ~gone~ `code` ```\nfence\n```",
  "@everyone @here <!channel> <@U123> @room",
  "[link](javascript:alert(1)) <https://evil.example|click>",
  "<script>alert(1)</script> &amp; </code></pre>",
  "\u202egnp.exe\u202c \u2066x\u2069",
  "# heading > quote | table |",
  "skein pair NAME",
];

test("what people write is never more than text: the same pieces in the same styles, whatever a title holds", () => {
  const shape = (title: string): unknown => {
    const of = stand();
    addItem(of.mesh, OTHER, title);
    const lines = ["delete #ba98", "archive #ba98 because", `hold "${title}" ${title}`, title, `start ${title}`];
    const old = [`new ${title}`, `note #ba98 ${title}`];
    return [
      ...lines.map((line) => say(of, line)),
      ...old.map((line) => say(of, line, {}, 20 * MINUTE_MS)),
      say(of, "list", { principal: "fake:eve", displayName: title }),
    ].map((judgement) =>
      judgement.type === "settle" ? judgement.settling.reply.map(({ style }) => style) : judgement.type,
    );
  };
  // None of the plain titles begins with a verb or holds a quote, as none of the hostile ones does.
  const plain = shape("a plain title of some words");
  for (const title of HOSTILE) expect(shape(title.replaceAll("\n", " "))).toEqual(plain);
});

test("a verb that is nearly one is answered and nothing is done, also to strangers", () => {
  const of = stand();
  expect(wordsOf(say(of, "strat #0123"))).toContain("Did you mean start? I did nothing.");
  expect(wordsOf(say(of, ""))).toContain("empty");
  expect(wordsOf(say(of, "", { type: "slash" }))).toContain("done: ");
});
