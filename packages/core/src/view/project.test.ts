/** The view as people see it, of one item's life from its birth to its archive, and what the queries answer. */
import { expect, test } from "vitest";

import type { Command } from "../command/parse.ts";
import { parseCommand } from "../command/parse.ts";
import { isLive, type LiveItem } from "../command/find.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { CreateBody, OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import {
  compareUrgency,
  explain,
  type Naming,
  openDependencies,
  projectAttempts,
  projectItem,
  projectQueue,
} from "./project.ts";
import type { Landing } from "./landing.ts";
import { liveItems, type Plain, query } from "./queries.ts";

const signer = testSigner("viewer");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);
const OID = "c".repeat(40);
const [A, B, C] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;

const naming: Naming = {
  nameOf: (key) => (key === SELF ? "viewer" : key.slice(0, 6)),
  project: () => "loom",
  isExpired: () => false,
  activityOf: (item) => `working on ${item}`,
  landingOf: () => ({ state: "verified", commit: OID }),
};

interface World {
  readonly replica: Replica;
  item(id: string): LiveItem;
  /** Writes on the item's head at the next tick of its clock; the op's id. */
  write(item: string, body: OpBody, on?: string): string;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "loom", nodeName: "viewer", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 100;
  return {
    replica,
    item: (id) => {
      const item = replica.view().items.get(id);
      if (item === undefined || !isLive(item)) throw new Error(`no item ${id}`);
      return item;
    },
    write: (entity, body, on) => {
      const head = on ?? replica.view().items.get(entity)?.best?.id ?? null;
      return replica.write([{ entity, on: head, body }], me, wallMs++).ops[0]?.id ?? "";
    },
  };
}

const birth = (changes: Partial<CreateBody> = {}): CreateBody => ({
  kind: "item.create",
  title: "Paint it",
  text: "blue",
  type: "story",
  priority: 5,
  labels: ["ui"],
  dependsOn: [],
  ...changes,
});

const featureOf = (
  item: string,
  epoch: number,
): { featureBranch: string; tip: string; tree: string; commitsAhead: number } => ({
  featureBranch: `skein/${item}/${epoch}`,
  tip: OID,
  tree: OID,
  commitsAhead: 3,
});

const pass: OpBody = { kind: "item.pass", evidence: { tree: OID, runs: [] } };

/** An item that was sent back once and then landed and was archived; what it showed on the way. */
function life(): { readonly world: World; readonly seen: ReadonlyMap<string, ReturnType<typeof projectItem>> } {
  const world = worldOf();
  const seen = new Map<string, ReturnType<typeof projectItem>>();
  const events: readonly (readonly [string, OpBody])[] = [
    ["born", birth()],
    ["started", { kind: "item.start" }],
    ["claimed", { kind: "item.claim", ttl: 60_000 }],
    ["submitted", { kind: "item.submit", feature: featureOf(A, 1) }],
    ["sent back", { kind: "item.sendBack", reason: "gate-failed", note: "red", progress: true, evidence: [] }],
    ["claimed again", { kind: "item.claim", ttl: 60_000 }],
    ["submitted again", { kind: "item.submit", feature: featureOf(A, 3) }],
    ["passed", pass],
    ["landed", { kind: "item.land", commit: OID, at: 555 }],
    ["archived", { kind: "item.archive", reason: "Completed", note: "" }],
  ];
  for (const [name, body] of events) {
    world.write(A, body);
    seen.set(name, projectItem(world.item(A), naming));
  }
  return { world, seen };
}

test("an item shows at each stage what that stage owns, and nothing of another", () => {
  const { seen } = life();
  expect(seen.get("born")).toEqual({
    id: A,
    project: "loom",
    title: "Paint it",
    type: "story",
    stage: "Backlog",
    priority: 5,
    labels: ["ui"],
    dependsOn: [],
    hold: "",
    qa: "",
    generation: 0,
    epoch: 0,
    attempts: 0,
    claim: null,
    branch: null,
    commitsAhead: null,
    mergeCommit: null,
    landing: null,
    mergedAt: null,
    archivedAt: null,
    archiveReason: null,
    activity: "",
    note: "",
    questions: [],
    awaitsPerson: false,
    cost: { microUsd: 0, unknown: 0 },
    createdAt: 100,
    updatedAt: 100,
    revision: 1,
  });
  expect(seen.get("claimed")).toMatchObject({
    stage: "Coding",
    epoch: 1,
    claim: { node: SELF, nodeName: "viewer", epoch: 1, since: 102, expired: false, ttlMs: 60_000 },
    branch: `skein/${A}/1`,
    commitsAhead: null,
    activity: `working on ${A}`,
    createdAt: 100,
    updatedAt: 102,
  });
  expect(seen.get("submitted")).toMatchObject({ stage: "Qa", branch: `skein/${A}/1`, commitsAhead: 3 });
  expect(seen.get("sent back")).toMatchObject({ stage: "Coding", claim: null, branch: null, attempts: 1, note: "red" });
  expect(seen.get("passed")).toMatchObject({ stage: "Merge", branch: `skein/${A}/3`, mergeCommit: null });
  expect(seen.get("landed")).toMatchObject({
    stage: "Done",
    mergedAt: 555,
    mergeCommit: OID,
    claim: null,
    archivedAt: null,
  });
  expect(seen.get("archived")).toMatchObject({
    stage: "Archived",
    archiveReason: "Completed",
    archivedAt: 109,
    mergeCommit: OID,
    mergedAt: null,
  });
});

test("what the board shows is plain data that JSON keeps", () => {
  const { seen } = life();
  for (const item of seen.values()) expect(JSON.parse(JSON.stringify(item))).toEqual(item);
});

test("every accepted claim is an attempt, ended by what came after it", () => {
  const { world } = life();
  expect([...projectAttempts(world.item(A), naming)]).toEqual([
    [
      `${A}/1`,
      {
        item: A,
        epoch: 1,
        node: SELF,
        nodeName: "viewer",
        startedAt: 102,
        endedAt: 104,
        outcome: "sent-back",
        note: "red",
      },
    ],
    [
      `${A}/3`,
      { item: A, epoch: 3, node: SELF, nodeName: "viewer", startedAt: 105, endedAt: 108, outcome: "landed", note: "" },
    ],
  ]);
});

test("an attempt runs until something ends it, and a claim on a losing branch is an alternate", () => {
  const world = worldOf();
  world.write(A, birth());
  const start = world.write(A, { kind: "item.start" });
  world.write(A, { kind: "item.claim", ttl: 1_000 });
  world.write(A, { kind: "item.claim", ttl: 2_000 }, start);
  const outcomes = (): unknown =>
    [...projectAttempts(world.item(A), naming)].map(([key, one]) => [
      key.length > 14,
      one.epoch,
      one.outcome,
      one.endedAt,
    ]);
  expect(outcomes()).toEqual([
    [false, 1, "running", null],
    [true, 1, "alternate", 103],
  ]);
  world.write(A, { kind: "item.claim", ttl: 1_000 });
  expect(outcomes()).toEqual([
    [false, 1, "taken-over", 104],
    [false, 2, "running", null],
    [true, 1, "alternate", 103],
  ]);
});

test("the merge queue is in the order of urgency: priority, then age, then id", () => {
  const world = worldOf();
  for (const [item, priority] of [
    [A, 1],
    [B, 9],
    [C, 1],
  ] as const) {
    world.write(item, birth({ priority }));
    world.write(item, { kind: "item.start" });
    world.write(item, { kind: "item.claim", ttl: 1_000 });
    world.write(item, { kind: "item.submit", feature: featureOf(item, 1) });
    world.write(item, pass);
  }
  world.write("dddddddddddd", birth({ priority: 9 }));
  const queue = projectQueue(liveItems(world.replica.view()));
  expect([...queue.values()]).toEqual([
    { item: B, position: 0 },
    { item: A, position: 1 },
    { item: C, position: 2 },
  ]);
  expect(compareUrgency(world.item(A), world.item(A))).toBe(0);
});

test("a dependency is open until it has landed", () => {
  const world = worldOf();
  world.write(A, birth());
  world.write(B, birth({ dependsOn: [A, C] }));
  const open = (counts = true): readonly string[] =>
    openDependencies(world.item(B), world.replica.view().items, () => counts);
  expect(open()).toEqual([A, C]);
  world.write(A, { kind: "item.archive", reason: "Abandoned", note: "" });
  expect(open()).toEqual([A, C]);
  world.write(A, { kind: "item.land", commit: OID, at: 1 });
  expect(open()).toEqual([C]);
  // The log says so, and whoever asks does not count it.
  expect(open(false)).toEqual([A, C]);
});

test("a landing is shown as this node has found it on the target branch, not as somebody wrote it", () => {
  const world = worldOf();
  world.write(A, birth());
  world.write(B, birth({ dependsOn: [A] }));
  world.write(A, { kind: "item.land", commit: OID, at: 1 });
  const actual = "d".repeat(40);
  const shown = (landing: Landing): readonly [string | null, string | null, string, string] => {
    const seen = { ...naming, landingOf: () => landing };
    const why = (id: string): string => explain(world.item(id), world.replica.view().items, seen).join(" ");
    const item = projectItem(world.item(A), seen);
    return [item.landing, item.mergeCommit, why(A), why(B)];
  };
  const verified = shown({ state: "verified", commit: OID });
  expect(verified.slice(0, 2)).toEqual(["verified", OID]);
  expect(verified[2]).toBe("It is Done: merged as cccccccccccc.");
  expect(verified[3]).not.toContain(A);
  expect(shown({ state: "verified", commit: actual }).slice(0, 3)).toEqual([
    "verified",
    actual,
    "It is Done: merged as dddddddddddd on the target branch; viewer had written cccccccccccc.",
  ]);
  const unread = shown({ state: "unverified", commit: null });
  expect(unread.slice(0, 2)).toEqual(["unverified", OID]);
  expect(unread[2]).toContain("as viewer says; this node has not found that on the target branch itself");
  expect(unread[3]).toContain(`A node takes it once it has itself found ${A} on the target branch.`);
  const refuted = shown({ state: "refuted", commit: null });
  expect(refuted.slice(0, 2)).toEqual(["refuted", OID]);
  expect(refuted[2]).toContain("It says Done and was not merged: viewer wrote that it landed as cccccccccccc");
  expect(refuted[2]).toContain("`skein members remove viewer`");
  expect(refuted[3]).toContain(`It waits for ${A} to land first.`);
});

test("why says in words what an item waits for, at each stage", () => {
  const world = worldOf();
  const why = (changes: Partial<Naming> = {}): string =>
    explain(world.item(A), world.replica.view().items, { ...naming, ...changes }).join(" ");
  world.write(A, birth({ dependsOn: [B] }));
  expect(why()).toContain(`It is in Backlog: nobody started it. \`skein item start ${A}\` sends it to Coding.`);
  expect(why()).toContain(`It waits for ${B} to land first.`);
  world.write(A, { kind: "item.start" });
  expect(why()).toContain("It is in Coding: nobody holds it.");
  world.write(A, { kind: "item.claim", ttl: 1_000 });
  expect(why()).toContain("viewer holds it (epoch 1)");
  expect(why({ isExpired: () => true })).toContain("viewer held it (epoch 1) and has gone silent");
  world.write(A, { kind: "item.submit", feature: featureOf(A, 1) });
  expect(why()).toContain(`It is in Qa with 3 commits on skein/${A}/1`);
  world.write(B, birth());
  for (const body of [{ kind: "item.start" }, { kind: "item.claim", ttl: 1_000 }] as const) world.write(B, body);
  world.write(B, { kind: "item.submit", feature: { ...featureOf(B, 1), commitsAhead: 1 } });
  const whyOther = explain(world.item(B), world.replica.view().items, naming).join(" ");
  expect(whyOther).toContain(`It is in Qa with 1 commit on skein/${B}/1`);
  world.write(A, { kind: "item.sendBack", reason: "gate-failed", note: "red", progress: false, evidence: [] });
  expect(why()).toContain("Last note: red");
  expect(why()).toContain("1 attempt did not succeed, the last 1 without progress.");
  world.write(A, { kind: "item.set", field: "hold", value: "legal asks" });
  expect(why()).toContain(`It is on hold: legal asks. \`skein item hold ${A} --release\` ends that.`);
  world.write(A, { kind: "item.land", commit: OID, at: 1 });
  expect(why()).toContain("It is Done: merged as cccccccccccc.");
  expect(why()).not.toContain("waits for");
});

// ── queries ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function commandOf(name: string, input: unknown): Command {
  const parsed = parseCommand(name, input);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value.command;
}

function ask(world: World, name: string, input: unknown = {}): Plain {
  const { replica } = world;
  const answer = query(commandOf(name, input), {
    view: replica.view(),
    heads: replica.heads(),
    opCount: replica.opCount(),
    today: "2026-11-21",
    naming,
    crypto: testCrypto,
  });
  if (answer === undefined) throw new Error(`${name} is not a query`);
  return answer.ok ? answer.value : { ...answer.error };
}

test("a list leaves out archived and deleted items, unless it is asked for the archived", () => {
  const world = worldOf();
  for (const item of [A, B, C]) world.write(item, birth());
  world.write("dddddddddddd", birth());
  world.write(B, { kind: "item.archive", reason: "Abandoned", note: "" });
  world.write("dddddddddddd", { kind: "item.delete", note: "" });
  world.write(C, { kind: "item.start" });
  const ids = (input: object): unknown => (ask(world, "item.list", input) as { id: string }[]).map((item) => item.id);
  expect(ids({})).toEqual([A, C]);
  expect(ids({ all: true })).toEqual([A, C, B]);
  expect(ids({ stage: "archived" })).toEqual([B]);
  expect(ids({ stage: "CODING" })).toEqual([C]);
  expect(ask(world, "item.list", { stage: "review" })).toMatchObject({ code: "bad-input" });
});

test("a history shows every op in the total order: what won, what is alternate, and rejected ones with their reason", () => {
  const world = worldOf();
  world.write(A, birth());
  const start = world.write(A, { kind: "item.start" });
  const won = world.write(A, { kind: "item.claim", ttl: 1_000 });
  const lost = world.write(A, { kind: "item.claim", ttl: 1_000 }, start);
  const refused = world.write(A, { kind: "item.restore", note: "" });
  const onRefused = world.write(A, { kind: "item.claim", ttl: 1_000 }, refused);
  const noted = world.write(A, { kind: "item.set", field: "title", value: "new" });
  const entries = ask(world, "item.history", { item: A }) as {
    op: string;
    lamport: number;
    winning: boolean;
    outcome: string;
    reason?: string;
  }[];
  expect(entries.map((entry) => entry.lamport)).toEqual(
    entries.map((entry) => entry.lamport).toSorted((a, b) => a - b),
  );
  const of = (op: string): unknown => entries.find((entry) => entry.op === op);
  expect(of(won)).toMatchObject({
    winning: true,
    outcome: "accepted",
    stage: "Coding",
    epoch: 1,
    author: SELF,
    on: start,
  });
  expect(of(lost)).toMatchObject({ winning: false, outcome: "accepted" });
  expect(of(refused)).toMatchObject({
    winning: false,
    outcome: "rejected",
    reason: "restore is not possible in Coding",
  });
  expect(of(onRefused)).toMatchObject({ outcome: "rejected", reason: "the op it builds on was rejected" });
  expect(of(noted)).toMatchObject({ winning: false, outcome: "noted" });
  expect(entries).toHaveLength(7);
});

test("an item is shown with why it is where it is, by the beginning of its id", () => {
  const world = worldOf();
  world.write(A, birth());
  expect(ask(world, "item.show", { item: "aa" })).toMatchObject({ id: A, why: [expect.stringContaining("Backlog")] });
  expect(ask(world, "why", { item: "aa" })).toMatchObject({ id: A, title: "Paint it", stage: "Backlog" });
  expect(ask(world, "item.show", { item: "zz" })).toMatchObject({ code: "not-found" });
});

test("members, projects and the digest are answered as plain data", () => {
  const world = worldOf();
  world.write("mesh", { kind: "project.set", name: "demo", remote: "origin", base: "main", config: "" });
  world.write("mesh", { kind: "member.invite", ticket: new Uint8Array(32).fill(7), role: "agent", expires: 9 });
  expect(ask(world, "members")).toEqual({
    mesh: "loom",
    members: [{ id: SELF, key: SELF, earlierKeys: [], name: "viewer", role: "owner", joinedAt: 1, removed: false }],
    invites: [{ ticket: "07".repeat(32), role: "agent", expires: 9, by: SELF, usedBy: null, dead: false }],
    rejected: {},
  });
  expect(ask(world, "projects")).toEqual([{ name: "demo", remote: "origin", base: "main", config: "" }]);
  const digest = ask(world, "digest");
  expect(digest).toEqual({
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    foldVersion: 8,
    ops: 3,
    heads: { [`${SELF}/${"01".repeat(8)}`]: 3 },
  });
  for (const answer of [ask(world, "members"), digest]) expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
});
