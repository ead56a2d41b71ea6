/** What one node plans to claim and to stop, item by item. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { CreateBody, RegisterBody, StageBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { type Candidate, createPlanner, type Intent, type PlanInput } from "./plan.ts";
import { NOTHING_ELSE } from "./testing/plan-input.ts";
import { rankOf } from "./rank.ts";

const signer = testSigner("planner");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);
const OID = "c".repeat(40);
const STAGGER = 100;

interface World {
  readonly replica: Replica;
  add(item: string, changes?: Partial<CreateBody>): void;
  /** Writes an event on the item's head; the id of its op. */
  event(item: string, body: StageBody): string;
  set(item: string, write: RegisterBody): void;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 10;
  const write = (entity: string, body: CreateBody | StageBody | ({ kind: "item.set" } & RegisterBody)): string => {
    const on = replica.view().items.get(entity)?.best?.id ?? null;
    return replica.write([{ entity, on, body }], me, wallMs++).ops[0]?.id ?? "";
  };
  return {
    replica,
    add: (item, changes) => {
      write(item, {
        kind: "item.create",
        title: item,
        text: "",
        type: "story",
        priority: 5,
        labels: [],
        dependsOn: [],
        ...changes,
      });
      write(item, { kind: "item.start" });
    },
    event: write,
    set: (item, register) => void write(item, { kind: "item.set", ...register }),
  };
}

const candidate = (key: string, changes: Partial<Candidate> = {}): Candidate => ({
  key,
  slotsFree: 1,
  labels: {},
  ...changes,
});

/** The node that plans. */
const selfAs = (key: string, changes: Partial<PlanInput["self"]> = {}): PlanInput["self"] => ({
  ...candidate(key),
  incarnation: toHex(me.incarnation),
  ...changes,
});

const inputOf = (world: World, changes: Partial<PlanInput> = {}): PlanInput => ({
  view: world.replica.view(),
  self: selfAs(SELF, { slotsFree: 9 }),
  ...NOTHING_ELSE,
  staggerMs: STAGGER,
  ...changes,
});

const plan = (world: World, changes: Partial<PlanInput> = {}): readonly Intent[] =>
  createPlanner(testCrypto).plan(inputOf(world, changes));

const claims = (world: World, changes: Partial<PlanInput> = {}): readonly string[] =>
  plan(world, changes).flatMap((intent) => (intent.type === "claim" ? [intent.item] : []));

const [A, B, C] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;
const feature = { featureBranch: `skein/${A}/1`, tip: OID, tree: OID, commitsAhead: 1 };

// ── what may be claimed ─────────────────────────────────────────────────────────────────────────────────────────────

test("items in Coding, Qa and Merge are claimed, those in Backlog, Done and Archived are not", () => {
  const world = worldOf();
  const held: Partial<PlanInput> = { isExpired: () => true, self: selfAs("another", { slotsFree: 9 }) };
  world.add(A);
  expect(claims(world, held)).toEqual([A]);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.submit", feature });
  expect(claims(world, held)).toEqual([A]);
  world.event(A, { kind: "item.pass", evidence: { tree: OID, runs: [] } });
  expect(claims(world, held)).toEqual([A]);
  world.event(A, { kind: "item.land", commit: OID, at: 1 });
  expect(claims(world, held)).toEqual([]);
  world.event(A, { kind: "item.archive", reason: "Completed", note: "" });
  expect(claims(world, held)).toEqual([]);
  world.add(B);
  world.event(B, { kind: "item.shelve", note: "" });
  expect(claims(world, held)).toEqual([]);
});

test("another's claim is left alone until it has expired, as this node measures it", () => {
  const world = worldOf();
  world.add(A);
  const on = world.event(A, { kind: "item.claim", ttl: 1_000 });
  const self = selfAs("another");
  expect(plan(world, { self })).toEqual([]);
  expect(plan(world, { self, isExpired: (claim) => claim.holder === SELF })).toEqual([
    { type: "claim", item: A, on, why: "expired" },
  ]);
});

test("a node's own claim that it does not run, after a restart, is taken up again at once, before any stagger", () => {
  const world = worldOf();
  world.add(A);
  const op = world.event(A, { kind: "item.claim", ttl: 1_000 });
  const others = Array.from({ length: 20 }, (_, at) => candidate(`other ${at}`));
  expect(plan(world, { others })).toEqual([{ type: "claim", item: A, on: op, why: "own" }]);
  expect(plan(world, { others, running: new Map([[A, op]]) })).toEqual([]);
});

test("a node's own claim of another incarnation, which a copy of it may be working at, is taken up after a TTL", () => {
  const world = worldOf();
  world.add(A);
  const on = world.event(A, { kind: "item.claim", ttl: 1_000 });
  const planner = createPlanner(testCrypto);
  const at = (nowMs: number): readonly Intent[] =>
    planner.plan(inputOf(world, { self: selfAs(SELF, { incarnation: "ffffffffffffffff" }), nowMs }));
  expect(at(0)).toEqual([]);
  expect(at(999)).toEqual([]);
  expect(at(1_000)).toEqual([{ type: "claim", item: A, on, why: "own" }]);
});

test("items on hold, deleted, to be left alone for a while, or with dependencies that have not landed are not claimed", () => {
  const world = worldOf();
  world.add(A);
  world.add(B, { dependsOn: [A] });
  world.add(C, { dependsOn: ["zzzzzzzzzzzz"] });
  expect(claims(world)).toEqual([A]);
  expect(claims(world, { notBefore: new Map([[A, 1]]) })).toEqual([]);
  expect(claims(world, { notBefore: new Map([[A, 1]]), nowMs: 1 })).toEqual([A]);
  world.set(A, { field: "hold", value: "wait" });
  expect(claims(world)).toEqual([]);
  world.set(A, { field: "hold", value: "" });
  expect(claims(world)).toEqual([A]);
  world.event(A, { kind: "item.land", commit: OID, at: 1 });
  expect(claims(world)).toEqual([B]);
  // Somebody wrote that it landed, and this node has not found it on the target branch.
  expect(claims(world, { isVerified: () => false })).toEqual([]);
  // A landed dependency counts when it is archived too.
  world.event(A, { kind: "item.archive", reason: "Completed", note: "" });
  expect(claims(world)).toEqual([B]);
  world.replica.write(
    [{ entity: B, on: world.replica.view().items.get(B)?.best?.id ?? null, body: { kind: "item.delete", note: "" } }],
    me,
    99,
  );
  expect(claims(world)).toEqual([]);
});

test("a label with = is a requirement on the node, any other label is not", () => {
  const world = worldOf();
  world.add(A, { labels: ["os=linux", "urgent", "=odd", "ratio=1=2"] });
  expect(claims(world)).toEqual([]);
  expect(claims(world, { self: selfAs(SELF, { labels: { os: "linux" } }) })).toEqual([]);
  expect(claims(world, { self: selfAs(SELF, { labels: { os: "darwin", ratio: "1=2" } }) })).toEqual([]);
  expect(claims(world, { self: selfAs(SELF, { labels: { os: "linux", ratio: "1=2" } }) })).toEqual([A]);
});

test("a requirement named like an inherited property is met by nobody", () => {
  const world = worldOf();
  world.add(A, { labels: ["constructor=x"] });
  expect(claims(world)).toEqual([]);
});

test("a node that cannot work plans no claims, and stops what it must all the same", () => {
  const world = worldOf();
  world.add(A);
  expect(plan(world, { ready: false })).toEqual([]);
  expect(plan(world, { ready: false, running: new Map([[A, "gone"]]) })).toMatchObject([{ type: "stop", item: A }]);
});

// ── the merge queue ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Into Merge, with nobody holding it. */
function queued(world: World, item: string): void {
  world.add(item);
  world.event(item, { kind: "item.claim", ttl: 1_000 });
  world.event(item, { kind: "item.submit", feature: { ...feature, featureBranch: `skein/${item}/1` } });
  world.event(item, { kind: "item.pass", evidence: { tree: OID, runs: [] } });
  world.event(item, { kind: "item.release", note: "" });
}

test("of what waits to land anybody may claim the head, and who holds that the others, as far as its train goes", () => {
  const world = worldOf();
  for (const item of [A, B, C]) queued(world, item);
  const another = { self: selfAs("another", { slotsFree: 9 }) };
  expect(claims(world)).toEqual([A]);
  expect(claims(world, another)).toEqual([A]);
  const mine = world.event(A, { kind: "item.claim", ttl: 1_000 });
  const running = new Map([[A, mine]]);
  expect(claims(world, another)).toEqual([]);
  expect(claims(world, { running })).toEqual([B, C]);
  expect(claims(world, { running, trainRoom: 1 })).toEqual([B]);
  expect(claims(world, { running, trainRoom: 0 })).toEqual([]);
  // The merger is silent: whoever takes the head over is the next.
  expect(claims(world, { ...another, isExpired: () => true })).toEqual([A]);
});

test("landing takes no slot", () => {
  const world = worldOf();
  queued(world, A);
  world.add(B);
  expect(claims(world, { self: selfAs(SELF, { slotsFree: 0 }) })).toEqual([A]);
  expect(claims(world, { self: selfAs(SELF, { slotsFree: 1 }), trainRoom: 0 })).toEqual([B]);
});

// ── in which order ──────────────────────────────────────────────────────────────────────────────────────────────────

test("free slots are filled with the most urgent items, and finishing comes before beginning", () => {
  const world = worldOf();
  world.add(B, { priority: 9 });
  world.add(C, { priority: 1 });
  world.add(A, { priority: 1 });
  expect(claims(world)).toEqual([B, C, A]);
  const slots = (slotsFree: number): Partial<PlanInput> => ({ self: selfAs(SELF, { slotsFree }) });
  expect(claims(world, slots(0))).toEqual([]);
  expect(claims(world, slots(2))).toEqual([B, C]);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.submit", feature });
  expect(claims(world, slots(1))).toEqual([A]);
});

test("the k-th node in rendezvous order waits k staggers from when it first saw the item", () => {
  const world = worldOf();
  world.add(A);
  const keys = [SELF, "b", "c", "d"];
  for (const key of keys) {
    const rank = rankOf(key, keys, { item: A, epoch: 0 }, testCrypto);
    const planner = createPlanner(testCrypto);
    const others = keys.filter((other) => other !== key).map((other) => candidate(other));
    const at = (nowMs: number): readonly Intent[] => planner.plan(inputOf(world, { self: selfAs(key), others, nowMs }));
    expect(at(5_000)).toHaveLength(rank === 0 ? 1 : 0);
    expect(at(5_000 + Math.max(0, rank * STAGGER - 1))).toHaveLength(rank === 0 ? 1 : 0);
    expect(at(5_000 + rank * STAGGER)).toHaveLength(1);
  }
});

test("only nodes that could take the item count in the order", () => {
  const world = worldOf();
  world.add(A, { labels: ["os=linux"] });
  const self = selfAs("zz", { labels: { os: "linux" } });
  const busy = Array.from({ length: 30 }, (_, at) =>
    candidate(`busy ${at}`, { slotsFree: 0, labels: { os: "linux" } }),
  );
  const unfit = Array.from({ length: 30 }, (_, at) => candidate(`unfit ${at}`));
  expect(claims(world, { self, others: [...busy, ...unfit] })).toEqual([A]);
});

test("when the epoch moves, the wait begins again", () => {
  const world = worldOf();
  world.add(A);
  const keys = ["a", "b", "c"];
  const lastAt = (epoch: number): string =>
    keys.find((key) => rankOf(key, keys, { item: A, epoch }, testCrypto) === 2) ?? "";
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.release", note: "" });
  const key = lastAt(2);
  const planner = createPlanner(testCrypto);
  const others = keys.filter((other) => other !== key).map((other) => candidate(other));
  const at = (nowMs: number): number => planner.plan(inputOf(world, { self: selfAs(key), others, nowMs })).length;
  expect(at(0)).toBe(0);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  expect(at(500)).toBe(0);
  world.event(A, { kind: "item.release", note: "" });
  const rank = rankOf(key, keys, { item: A, epoch: 4 }, testCrypto);
  expect(at(1_000)).toBe(rank === 0 ? 1 : 0);
  expect(at(1_000 + rank * STAGGER)).toBe(1);
});

// ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("work whose claim was lost, landed, sent back or whose item was deleted is stopped without a release", () => {
  const world = worldOf();
  world.add(A);
  const mine = world.event(A, { kind: "item.claim", ttl: 1_000 });
  const running = new Map([[A, mine]]);
  expect(plan(world, { running })).toEqual([]);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  const stopped = [{ type: "stop", item: A, why: "the claim is not this node's any more", release: false }];
  expect(plan(world, { running })).toEqual(stopped);
  world.event(A, { kind: "item.land", commit: OID, at: 1 });
  expect(plan(world, { running })).toEqual(stopped);
  expect(plan(world, { running: new Map([["zzzzzzzzzzzz", mine]]) })).toEqual([
    { type: "stop", item: "zzzzzzzzzzzz", why: "the item was deleted", release: false },
  ]);
});

test("work on an item that was put on hold is stopped, and its claim released", () => {
  const world = worldOf();
  world.add(A);
  const running = new Map([[A, world.event(A, { kind: "item.claim", ttl: 1_000 })]]);
  world.set(A, { field: "hold", value: "legal asks" });
  expect(plan(world, { running })).toEqual([{ type: "stop", item: A, why: "on hold: legal asks", release: true }]);
});

test("what a node is about to claim it does not witness as well", () => {
  const world = worldOf();
  queued(world, A);
  const body = { kind: "item.attest" as const, tip: OID, base: OID, evidence: { tree: OID, runs: [] } };
  const on = world.replica.view().items.get(A)?.best?.id ?? null;
  world.replica.write([{ entity: A, on, body }], me, 60);
  const qa: PlanInput["qa"] = () => ({ mode: "commands", witnesses: 1, fourEyes: false });
  const intents = plan(world, { qa, self: selfAs("another", { slotsFree: 2 }), isExpired: () => true });
  const types = intents.filter(({ item }) => item === A).map(({ type }) => type);
  expect(types.filter((type) => type === "claim" || type === "witness")).toHaveLength(1);
});

test("a node whose provider has cut it off codes nothing until then, and still gates and lands what others made", () => {
  const world = worldOf();
  const later: Partial<PlanInput> = { codingFrom: 5_000, nowMs: 4_999, isExpired: () => true };
  world.add(A);
  world.add(B);
  expect(claims(world, later)).toEqual([]);
  expect(claims(world, { ...later, nowMs: 5_000 })).toHaveLength(2);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.submit", feature });
  expect(claims(world, later)).toEqual([A]);
});

// ── draining, freezing, and room ────────────────────────────────────────────────────────────────────────────────────

const say = (world: World, member: string, mode: "open" | "draining" | "leaving", note = ""): void =>
  void world.replica.write([{ entity: "mesh", on: null, body: { kind: "work.set", member, mode, note } }], me, 50);

test.each(["itself", "everybody"])("a node that is to take nothing, like %s, goes on with what it has", (who) => {
  const world = worldOf();
  world.add(A);
  const on = world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.add(B);
  say(world, who === "itself" ? SELF : "", "draining");
  expect(plan(world)).toEqual([{ type: "claim", item: A, on, why: "own" }]);
  expect(plan(world, { running: new Map([[A, on]]) })).toEqual([]);
  expect(claims(world, { self: selfAs("another"), isExpired: () => true })).toHaveLength(who === "itself" ? 1 : 0);
  say(world, who === "itself" ? SELF : "", "open");
  expect(claims(world)).toEqual([A, B]);
});

test("a node that is to leave gives back what it runs, and what it holds and does not run", () => {
  const world = worldOf();
  world.add(A);
  const on = world.event(A, { kind: "item.claim", ttl: 1_000 });
  say(world, SELF, "leaving", "a new disk");
  const why = "drained: a new disk";
  expect(plan(world, { running: new Map([[A, on]]) })).toEqual([{ type: "stop", item: A, why, release: true }]);
  expect(plan(world)).toEqual([{ type: "yield", item: A, on, why }]);
});

test("a merger that is drained lands what it holds, and takes nothing along", () => {
  const world = worldOf();
  for (const item of [A, B]) queued(world, item);
  const running = new Map([[A, world.event(A, { kind: "item.claim", ttl: 1_000 })]]);
  say(world, SELF, "draining");
  expect(claims(world, { running })).toEqual([]);
});

test("nobody waits for a node that takes nothing", () => {
  const world = worldOf();
  world.add(A);
  const others = Array.from({ length: 30 }, (_, at) => candidate(at.toString(16).padStart(64, "0")));
  for (const { key } of others) say(world, key, "draining");
  expect(claims(world, { self: selfAs("another"), others })).toEqual([A]);
});

test("a node without room for what it holds yields it at once, after it has filled its slots with what it holds", () => {
  const world = worldOf();
  world.add(C, { priority: 9 });
  const mine = [A, B].map((item) => {
    world.add(item);
    return world.event(item, { kind: "item.claim", ttl: 1_000 });
  });
  expect(plan(world, { self: selfAs(SELF, { slotsFree: 1 }) })).toEqual([
    { type: "claim", item: A, on: mine[0], why: "own" },
    { type: "yield", item: B, on: mine[1], why: "this node has no room for it" },
  ]);
});

test("who worked on an item last tries first, unless it gave the item back or its disk is almost full", () => {
  const world = worldOf();
  world.add(A);
  const others = Array.from({ length: 30 }, (_, at) => candidate(`other ${at}`));
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.sendBack", reason: "gate-failed", note: "", progress: true, evidence: [] });
  expect(claims(world, { others })).toEqual([A]);
  const burden = { slots: 4, load: 0, lowDisk: true };
  expect(claims(world, { others, self: selfAs(SELF, { burden }) })).toEqual([]);
  world.event(A, { kind: "item.claim", ttl: 1_000 });
  world.event(A, { kind: "item.release", note: "no quota" });
  const work = { item: A, epoch: 4 };
  const first = rankOf(SELF, [SELF, ...others.map(({ key }) => key)], work, testCrypto) === 0;
  expect(claims(world, { others })).toEqual(first ? [A] : []);
});

test("of nodes that know an item equally little, the least busy tries first", () => {
  const world = worldOf();
  world.add(A);
  const busy = [
    { slots: 2, load: 0, lowDisk: false },
    { slots: 1, load: 150, lowDisk: false },
    { slots: 1, load: 0, lowDisk: true },
  ].flatMap((burden, kind) => Array.from({ length: 10 }, (_, at) => candidate(`busy ${kind} ${at}`, { burden })));
  const self = selfAs(SELF, { burden: { slots: 1, load: 90, lowDisk: false } });
  expect(claims(world, { self, others: busy })).toEqual([A]);
});

test("a label needs:key asks for a node that has the label, whatever its value", () => {
  const world = worldOf();
  world.add(A, { labels: ["needs:gpu"] });
  expect(claims(world)).toEqual([]);
  expect(claims(world, { self: selfAs(SELF, { labels: { gpu: "" } }) })).toEqual([A]);
});
