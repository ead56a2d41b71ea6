/** What somebody who looks at one item is shown: its history in words, what may be done, comments and whom they reach. */
import { expect, test } from "vitest";

import { memberPrincipal } from "../chat/speaker.ts";
import { attemptMade } from "../command/attempt-made.ts";
import { decide } from "../command/decide.ts";
import { findItem, type LiveItem } from "../command/find.ts";
import { type Command, parseCommand } from "../command/parse.ts";
import type { Feature } from "../fold/stage.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import { LIMITS } from "../op/limits.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { commentsOf, commentsTold } from "./comments.ts";
import { actionsOn } from "./item-actions.ts";
import { type HistoryRow, historyOf } from "./item-history.ts";
import { explain, type Naming, projectItem, projectWhole } from "./project.ts";

const me = { signer: testSigner("page"), incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(me.signer.publicKey);
const ITEM = "aaaaaaaaaaaa";
const naming: Naming = {
  nameOf: (key) => (key === SELF ? "alder" : key.slice(0, 6)),
  isExpired: () => false,
  activityOf: () => "",
  landingOf: () => ({ state: "unverified", commit: null }),
};

interface World {
  readonly replica: Replica;
  item(): LiveItem;
  write(body: OpBody, on?: string): string;
  rows(): readonly HistoryRow[];
  row(op: string): HistoryRow | undefined;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 10;
  const item = (): LiveItem => {
    const found = findItem(replica.view(), ITEM);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };
  const rows = (): readonly HistoryRow[] => historyOf(item(), replica.view(), naming);
  const write = (body: OpBody, on?: string): string => {
    const head = on ?? replica.view().items.get(ITEM)?.best?.id ?? null;
    const [op] = replica.write([{ entity: ITEM, on: head, body }], me, wallMs++).ops;
    if (op === undefined) throw new Error("nothing was written");
    return op.id;
  };
  write({ kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  return { replica, item, write, rows, row: (op) => rows().find((one) => one.op === op) };
}

const work = (epoch: number, letter: string): Feature => ({
  featureBranch: `skein/${ITEM}/${epoch}`,
  tip: letter.repeat(40),
  tree: letter.repeat(40),
  commitsAhead: 2,
});

test("an edit of a text says which text it is, and whoever wrote it at somebody else's node", () => {
  const world = worldOf();
  const [birth = ""] = world.rows().map(({ op }) => op);
  const edit = { kind: "item.write", sessions: [], update: new Uint8Array([0, 0]) } as const;
  const [own, theirs] = [memberPrincipal(SELF), memberPrincipal("ab".repeat(32))];
  expect(world.row(world.write(edit, birth))).toMatchObject({ words: "wrote in the story", by: null });
  const criteria = world.write({ ...edit, field: "criteria", by: [own, theirs] }, birth);
  // Somebody who is no member is told as what the op says.
  expect(world.row(criteria)).toMatchObject({ words: "wrote in the criteria", by: `n, ${theirs}` });
});

const claim: OpBody = { kind: "item.claim", ttl: 1_000 };
const submit = (epoch: number, letter: string): OpBody => ({ kind: "item.submit", feature: work(epoch, letter) });
const back: OpBody = { kind: "item.sendBack", reason: "person", note: "too long", progress: true, evidence: [] };
let comments = 0;
const comment = (text: string, more: Partial<Extract<OpBody, { kind: "item.comment" }>> = {}): OpBody => ({
  kind: "item.comment",
  comment: (++comments).toString(16).padStart(16, "0"),
  text,
  by: "",
  epoch: 1,
  commit: "",
  path: "",
  line: 0,
  ...more,
});

/** Two nodes had the item; the one that took it over has submitted. */
function takenOver(): { readonly world: World; readonly ops: Readonly<Record<string, string>> } {
  const world = worldOf();
  const start = world.write({ kind: "item.start" });
  const first = world.write(claim);
  const lost = world.write(submit(1, "a"), first);
  const second = world.write(claim, first);
  const won = world.write(submit(2, "b"), second);
  const refused = world.write({ kind: "item.restore", note: "" });
  const onRefused = world.write(claim, refused);
  const titled = world.write({ kind: "item.set", field: "dependsOn", value: [] });
  return { world, ops: { start, first, lost, second, won, refused, onRefused, titled } };
}

test("a history says of each op what it did, what became of it, and that its signature counts", () => {
  const { world, ops } = takenOver();
  const told = (name: string): unknown => {
    const row = world.row(ops[name] ?? "");
    return [row?.words, row?.effect, row?.reason, row?.signature];
  };
  expect(world.rows()[0]?.words).toBe("added the item");
  expect(told("first")).toEqual(["alder took it in Coding, epoch 1", "accepted", undefined, "verified"]);
  expect(told("lost")).toEqual([`submitted 2 commits on skein/${ITEM}/1`, "alternate", undefined, "verified"]);
  expect(told("won")).toEqual([`submitted 2 commits on skein/${ITEM}/2`, "accepted", undefined, "verified"]);
  expect(told("refused")).toEqual(["restored it", "rejected", "restore is not possible in Qa", "verified"]);
  expect(told("onRefused")).toEqual(["took it", "rejected", "the op it builds on was rejected", "verified"]);
  expect(told("titled")).toEqual(["set the dependencies", "noted", undefined, "verified"]);
  expect(world.rows().map(({ lamport }) => lamport)).toEqual(
    world
      .rows()
      .map(({ lamport }) => lamport)
      .toSorted((a, b) => a - b),
  );
});

test("the signature of a key without a say says so, and so does that of an author with two histories", () => {
  const { world } = takenOver();
  const stranger = { author: "f".repeat(64), outcome: { type: "rejected" as const, reason: "no member" } };
  const forked = { outcome: { type: "quarantined" as const, reason: "two histories" } };
  const entries = [...world.item().entries].map(
    ([id, entry], at) =>
      [id, at === 1 ? { ...entry, ...stranger } : at === 2 ? { ...entry, ...forked } : entry] as const,
  );
  const rows = historyOf({ ...world.item(), entries: new Map(entries) }, world.replica.view(), naming);
  expect(rows.slice(0, 4).map(({ signature }) => signature)).toEqual(["verified", "no-say", "fork", "verified"]);
});

test("what an attempt has made is its own branch, and for a claim of Qa the branch that it looks at", () => {
  const { world, ops } = takenOver();
  expect(attemptMade(world.item())).toEqual({ epoch: 2, feature: work(2, "b") });
  expect(attemptMade(world.item(), 1)).toEqual({ epoch: 1, feature: work(1, "a") });
  world.write(claim, ops["won"]);
  expect(world.item().best.state.epoch).toBe(3);
  expect(attemptMade(world.item(), 3)).toEqual({ epoch: 2, feature: work(2, "b") });
  expect(attemptMade(world.item(), 4)).toBeUndefined();
  expect(attemptMade(worldOf().item())).toBeUndefined();
});

test("what may be done follows from the stage, with the reason where it may not", () => {
  const world = worldOf();
  expect(actionsOn(world.item())).toMatchObject({
    start: null,
    hold: null,
    release: "it is not on hold",
    reject: "sendBack is not possible in Backlog",
    approve: "there is no branch to approve in Backlog",
    restore: "restore is not possible in Backlog",
    delete: null,
  });
  world.write({ kind: "item.start" });
  world.write(claim);
  world.write(submit(1, "a"));
  world.write({ kind: "item.set", field: "hold", value: "wait" });
  expect(actionsOn(world.item())).toMatchObject({
    start: "start is not possible in Qa",
    hold: "it is on hold already",
    release: null,
    reject: null,
    approve: null,
    archive: null,
  });
  world.write({ kind: "item.approve", tip: "a".repeat(40), tree: "a".repeat(40), note: "", by: "" });
  expect(actionsOn(world.item()).approve).toBe("the branch is approved already");
});

test("what has landed is archived as that, and nobody holds what is over", () => {
  const world = worldOf();
  world.write({ kind: "item.land", commit: "c".repeat(40), at: 5 });
  expect(world.item().best.state.stage.stage).toBe("Done");
  expect(actionsOn(world.item())).toMatchObject({
    archive: null,
    hold: "nobody works on it any more",
    reject: "sendBack is not possible in Done",
  });
});

/** The comment as the command decides it for this item. */
function decided(world: World, input: object): ReturnType<typeof decide> {
  const parsed = parseCommand("item.comment", { item: ITEM, text: "why?", ...input });
  if (!parsed.ok) return parsed;
  const command: Command = parsed.value.command;
  return decide(command, {
    view: world.replica.view(),
    heads: world.replica.heads(),
    self: SELF,
    role: "owner",
    wallMs: 1,
    idBytes: new Uint8Array(8).fill(7),
    ticketKey: new Uint8Array(),
    pairingHash: new Uint8Array(),
    by: "",
  });
}

test("a comment is on the attempt with the newest branch unless it says on which, and on one that there was", () => {
  const { world } = takenOver();
  const bodyOf = (input: object): unknown => {
    const result = decided(world, input);
    return result.ok ? result.value.drafts[0]?.body : result.error.message;
  };
  expect(bodyOf({ path: "a.ts", line: "3" })).toEqual({
    kind: "item.comment",
    comment: "07".repeat(8),
    text: "why?",
    by: "",
    epoch: 2,
    commit: "b".repeat(40),
    path: "a.ts",
    line: 3,
  });
  expect(bodyOf({ epoch: 1 })).toMatchObject({ epoch: 1, commit: "a".repeat(40) });
  expect(bodyOf({ epoch: 9 })).toContain("has had no attempt of epoch 9 to comment on");
  expect(bodyOf({ line: 3 })).toContain("say which with --path");
  expect(bodyOf({ path: "a\nb" })).toContain("control characters");
  const fresh = decided(worldOf(), {});
  expect(fresh.ok ? "" : fresh.error.message).toContain("has had no attempt to comment on");
});

test("an item takes so many comments and no more", () => {
  const { world, ops } = takenOver();
  for (let at = 0; at < LIMITS.comments; at++) world.write(comment(`${at}`), ops["won"]);
  const refused = decided(world, {});
  expect(refused.ok ? "" : refused.error.message).toContain(`has ${LIMITS.comments} comments, and no more are taken`);
});

test("an agent is told the comments on attempts before its own, in their order, with their places", () => {
  const { world, ops } = takenOver();
  world.write(comment("Name it.\nBoth of them.", { path: "src/a.ts", line: 7, commit: "a".repeat(40) }), ops["won"]);
  world.write(comment("Too much.", { by: "Ada" }), ops["won"]);
  world.write(comment("On its own.", { epoch: 2 }), ops["won"]);
  expect(commentsTold(world.item(), 1, naming)).toBe("");
  expect(commentsTold(world.item(), 2, naming)).toBe(`
## What people said of the attempts before

- alder on epoch 1 at aaaaaaaaaaaa, src/a.ts, line 7:

    Name it.
    Both of them.

- Ada on epoch 1, the whole:

    Too much.
`);
  expect(commentsTold(world.item(), 3, naming)).toContain("On its own.");
});

test("too many comments are told from the newest on, and that there are more", () => {
  const { world, ops } = takenOver();
  for (let at = 0; at < 60; at++) world.write(comment(`number ${at}`), ops["won"]);
  const told = commentsTold(world.item(), 2, naming);
  expect(told).toContain("10 earlier comments are left out here.");
  expect(told).toContain("number 59");
  expect(told).not.toContain("number 9\n");
  for (let at = 0; at < 30; at++) world.write(comment("x".repeat(1_000)), ops["won"]);
  expect(commentsTold(world.item(), 2, naming).length).toBeLessThan(14_000);
});

test("a comment counts once under its name, and not on an attempt that there was not", () => {
  const { world, ops } = takenOver();
  const once = comment("once");
  world.write(once, ops["won"]);
  world.write(once, ops["won"]);
  const future = world.write(comment("later", { epoch: 3 }), ops["won"]);
  expect(commentsOf(world.item(), naming).map(({ text }) => text)).toEqual(["once"]);
  expect(world.row(future)).toMatchObject({ effect: "rejected", reason: "there was no such attempt" });
  world.write(back);
  expect(commentsOf(world.item(), naming)).toHaveLength(1);
});

test("the board has no stories and no criteria, and says of an item that it is another one when these are", () => {
  const world = worldOf();
  const before = projectItem(world.item(), naming);
  world.write({ kind: "item.set", field: "text", value: "in green" });
  const between = projectItem(world.item(), naming);
  world.write({ kind: "item.set", field: "criteria", value: "it is green" });
  const after = projectItem(world.item(), naming);
  expect(JSON.stringify(after)).not.toContain("green");
  expect(between.revision).toBeGreaterThan(before.revision);
  expect(after.revision).toBeGreaterThan(between.revision);
  expect(projectWhole(world.item(), naming)).toEqual({ ...after, text: "in green", criteria: "it is green" });
});

test("what is said of an item names it where a command is to be given, and counts no attempt as idle that was none", () => {
  const { world } = takenOver();
  const why = (): string => explain(world.item(), world.replica.view().items, naming).join(" ");
  world.write(back);
  expect(why()).toMatch(/1 attempt did not succeed\.$/);
  world.write({ kind: "item.archive", reason: "Blocked", note: "" });
  expect(why()).toContain(`It is Archived as Blocked. \`skein item restore ${ITEM}\` brings it back.`);
});
