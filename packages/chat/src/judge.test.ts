/** Who may do what, from where, and what is said back: lines judged against a real view. */
import { COMMANDS, type Role, ROLES, VERBS } from "@skein/core";
import { expect, test } from "vitest";

import { asked, hear, MINUTE_MS, OTHER, say, stand, wordsOf, writes } from "./testing/judge-stand.ts";
import { addItem, chatDraft, eventOf, pair, ROOM } from "./testing/rooms.ts";

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

test("an item that is not there is told in the room's words, never in those of a terminal", () => {
  const of = stand();
  for (const line of ["start #ffff", "log #ffff", "mute #ffff"]) {
    expect([line, wordsOf(say(of, line))]).toEqual([
      line,
      "refused: There is no item ffff. `list` shows what there is.",
    ]);
  }
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
