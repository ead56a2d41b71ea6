/** What `roles` and `fourEyes` protect is protected however it is said, and a name that protects nothing is refused. */
import { expect, test } from "vitest";

import { ruleProblem } from "./rules.ts";
import { asked, BOB, ITEM, MINUTE_MS, say, stand, type Stand, wordsOf, writes } from "./testing/judge-stand.ts";
import { accountOf, itemOf, pair, ROOM } from "./testing/rooms.ts";

const put = (of: Stand, ...kinds: readonly ("item.start" | "item.archive")[]): void => {
  for (const kind of kinds) {
    const body = kind === "item.start" ? { kind } : ({ kind, reason: "Abandoned", note: "" } as const);
    of.mesh.write({ entity: ITEM, on: itemOf(of.mesh, ITEM).best.id, body });
  }
};

test("a move that archives asks first, as archiving does, and takes two people where that does", () => {
  const of = stand();
  const code = asked(of, "move #0123 Archived");
  expect(writes(say(of, `yes ${code}`))).toEqual(["item.archive", { item: ITEM, reason: "Abandoned", note: "" }]);
  const two = stand({ fourEyes: ["archive"] });
  const shared = asked(two, "move #0123 archived");
  expect(wordsOf(say(two, `yes ${shared}`))).toContain("has to be confirmed by somebody else");
  expect(writes(say(two, `yes ${shared}`, { principal: BOB }))).toEqual([
    "item.archive",
    { item: ITEM, reason: "Abandoned", note: "" },
  ]);
});

test("a move is judged as what it does to the item as it stands", () => {
  const roles = { start: "owner", reject: "owner", restore: "owner" } as const;
  const of = stand({ roles });
  expect(wordsOf(say(of, "move #0123 coding"))).toContain("start needs the role owner");
  put(of, "item.start");
  expect(wordsOf(say(of, "move #0123 coding"))).toContain("reject needs the role owner");
  expect(writes(say(of, "move #0123 backlog"))).toEqual(["item.move", { item: "0123", stage: "backlog" }]);
  put(of, "item.archive");
  expect(wordsOf(say(of, "move #0123 backlog"))).toContain("restore needs the role owner");
  const moves = stand({ roles: { move: "owner" } });
  expect(wordsOf(say(moves, "move #0123 coding"))).toContain("move needs the role owner");
  expect(writes(say(moves, "start #0123"))).toEqual(["item.start", { item: "0123" }]);
});

test("what a flag adds needs what its own verb needs", () => {
  const of = stand({ roles: { start: "owner", text: "owner", unhold: "owner" }, fourEyes: ["bug"] });
  expect(wordsOf(say(of, "new Say goodbye --start"))).toContain("start needs the role owner");
  expect(wordsOf(say(of, "title #0123 Say goodbye --text=evil"))).toContain("text needs the role owner");
  expect(wordsOf(say(of, "hold #0123 --release"))).toContain("unhold needs the role owner");
  expect(wordsOf(say(of, "new It breaks --type=bug"))).toContain("Somebody else has to say so");
  // What does not do it stays as it was.
  for (const line of ["new Say goodbye", "title #0123 Say goodbye", "hold #0123 --reason=later", "prio #0123 3"]) {
    expect([line, say(of, line).type]).toEqual([line, "write"]);
  }
});

test("a drain that names a node is about the node, and any other about the merge queue", () => {
  const of = stand();
  const node = ["node.drain", { node: "alice", reason: "a new disk", now: false }];
  expect(writes(say(of, "drain alice a new disk"))).toEqual(node);
  expect(writes(say(of, "park alice a new disk"))).toEqual(node);
  expect(writes(say(of, "drain alice --now"))).toEqual(["node.drain", { node: "alice", reason: "", now: true }]);
  expect(writes(say(of, "undrain alice"))).toEqual(["node.undrain", { node: "alice" }]);
  for (const reason of ["", "alice's demo", "the release"]) {
    expect(writes(say(of, `drain ${reason}`))).toEqual(["queue.pause", { drain: true, reason }]);
  }
});

test("whoever may not command the mesh drains no node, however it is said, and rules of parking hold for both ways", () => {
  const low = stand({ rooms: [{ id: ROOM, role: "agent", guests: "none", notices: "stages" }] });
  for (const line of ["park alice", "drain alice", "undrain alice"]) {
    expect(wordsOf(say(low, line))).toContain("needs the role operator");
  }
  const strict = stand({ roles: { park: "owner" } });
  expect(wordsOf(say(strict, "drain alice"))).toContain("park needs the role owner");
  expect(writes(say(strict, "drain the queue"))).toEqual(["queue.pause", { drain: true, reason: "the queue" }]);
});

test("a verb that only says less than another one is not held to that one's rules", () => {
  const of = stand({ roles: { hold: "owner", move: "owner" }, fourEyes: ["new"] });
  for (const line of ["unhold #0123", "bug It breaks", "start #0123"]) {
    expect([line, say(of, line).type]).toEqual([line, "write"]);
  }
});

test("another name of a verb in the settings is that verb", () => {
  const of = stand({ roles: { go: "owner" }, fourEyes: ["abandon"] });
  expect(wordsOf(say(of, "start #0123"))).toContain("start needs the role owner");
  expect(wordsOf(say(of, "archive #0123"))).toContain("Somebody else has to say so");
});

test("roles hold for what is asked about a room as well", () => {
  const rooms = [{ id: ROOM, role: "operator", guests: "observer", notices: "nothing" }] as const;
  const of = stand({ rooms, roles: { log: "operator", status: "operator", remind: "owner" } });
  for (const line of ["log #0123", "status", "status #0123"]) {
    expect(wordsOf(say(of, line, { principal: "fake:eve" }))).toContain("needs the role operator; yours is observer");
    expect([line, say(of, line).type]).toEqual([line, "read"]);
  }
  expect(wordsOf(say(of, "remind 20m tea"))).toContain("remind needs the role owner");
});

test("where it is confirmed, a role that the words need by themselves is asked for again", () => {
  const of = stand();
  pair(of.mesh, "olga", "fake:olga", { role: "owner" });
  const more = { principal: "fake:olga", direct: true, room: "!dm" };
  const code = asked(of, "new Say goodbye --start", more, 20 * MINUTE_MS);
  const strict = { ...of, account: accountOf({ roles: { start: "owner" } }) };
  expect(wordsOf(say(strict, `yes ${code}`, { principal: "fake:olga" }))).toContain("start needs the role owner");
  expect(say(strict, `yes ${code}`, more).type).toBe("write");
});

test.each([
  [{ roles: { strat: "owner" } }, "there is no verb strat for roles or fourEyes; did you mean start?"],
  [{ fourEyes: ["constructor"] }, "there is no verb constructor"],
  [{ fourEyes: ["log"] }, "fourEyes: log changes nothing"],
  [{ fourEyes: ["list"] }, "fourEyes: list changes nothing"],
] as const)("settings that would protect nothing are refused: %o", (more, words) => {
  expect(ruleProblem(accountOf(more))).toContain(words);
});

test("settings that protect something are taken", () => {
  const roles = { delete: "owner", log: "operator", abandon: "owner" } as const;
  expect(ruleProblem(accountOf({ roles, fourEyes: ["archive", "go", "answer"] }))).toBeUndefined();
});
