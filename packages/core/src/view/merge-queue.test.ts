/** What lands next and who lands it, as every node derives it. */
import { expect, test } from "vitest";

import { isLive } from "../command/find.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { mergeQueueOf, type QueueHearing } from "./merge-queue.ts";

const signer = testSigner("queue");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);
const OID = "c".repeat(40);
const [A, B, C] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;
const HEARING: QueueHearing = { isExpired: () => false, isVerified: () => true, qa: () => undefined };

interface World {
  readonly replica: Replica;
  write(entity: string, body: OpBody): void;
  /** Into Merge, held by this node unless it gives the claim back. */
  pass(item: string, more?: { priority?: number; dependsOn?: readonly string[]; release?: boolean }): void;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 10;
  const write = (entity: string, body: OpBody): void => {
    const on = entity === "mesh" ? null : (replica.view().items.get(entity)?.best?.id ?? null);
    replica.write([{ entity, on, body }], me, wallMs++);
  };
  write("mesh", { kind: "project.set", name: "demo", remote: "/r", base: "main", config: "" });
  return {
    replica,
    write,
    pass: (item, { priority = 5, dependsOn = [], release = false } = {}) => {
      const feature = { featureBranch: `skein/${item}/1`, tip: OID, tree: OID, commitsAhead: 1 };
      write(item, { kind: "item.create", title: item, text: "", type: "story", priority, labels: [], dependsOn });
      write(item, { kind: "item.start" });
      write(item, { kind: "item.claim", ttl: 1_000 });
      write(item, { kind: "item.submit", feature });
      write(item, { kind: "item.pass", evidence: { tree: OID, runs: [] } });
      if (release) write(item, { kind: "item.release", note: "" });
    },
  };
}

const queueOf = ({ replica }: World, hearing: Partial<QueueHearing> = {}): ReturnType<typeof mergeQueueOf> =>
  mergeQueueOf(replica.view(), { ...HEARING, ...hearing });

const lineOf = (world: World, hearing: Partial<QueueHearing> = {}): readonly string[] =>
  queueOf(world, hearing).line.map(({ id }) => id);

const asideOf = (world: World): Readonly<Record<string, string>> =>
  Object.fromEntries(queueOf(world).aside.map(({ item, why }) => [item.id, why]));

test("the most urgent is the head, then the oldest, and nothing from other stages is in line", () => {
  const world = worldOf();
  world.pass(B);
  world.pass(A);
  world.pass(C, { priority: 9 });
  world.write("dddddddddddd", {
    kind: "item.create",
    title: "d",
    text: "",
    type: "story",
    priority: 9,
    labels: [],
    dependsOn: [],
  });
  expect(lineOf(world)).toEqual([C, B, A]);
});

test("who holds the head alive is the merger, and nobody is while its lease is expired or given back", () => {
  const world = worldOf();
  world.pass(A);
  world.pass(B);
  expect(queueOf(world).merger).toBe(SELF);
  expect(queueOf(world, { isExpired: () => true }).merger).toBeUndefined();
  world.write(A, { kind: "item.release", note: "" });
  expect(queueOf(world).merger).toBeUndefined();
  expect(lineOf(world)).toEqual([A, B]);
});

test("what is on hold or waits for another lets the others pass, and says why", () => {
  const world = worldOf();
  world.pass(A);
  world.pass(B, { dependsOn: [C] });
  world.pass(C);
  world.write(A, { kind: "item.set", field: "hold", value: "legal asks" });
  expect(lineOf(world)).toEqual([C]);
  expect(asideOf(world)).toEqual({ [A]: "it is on hold: legal asks", [B]: `it waits for ${C} to land first` });
});

test("a paused queue lands nothing; a draining one what was in it before; an open one everything", () => {
  const world = worldOf();
  const set = (mode: "open" | "paused" | "draining", note: string): void =>
    world.write("mesh", { kind: "queue.set", name: "demo", mode, note });
  world.pass(A);
  set("paused", "a release");
  world.pass(B);
  expect(lineOf(world)).toEqual([]);
  expect(asideOf(world)[A]).toBe("the merge queue is paused: a release");
  set("draining", "");
  world.pass(C);
  expect(lineOf(world)).toEqual([A, B]);
  expect(asideOf(world)).toEqual({ [C]: "the merge queue takes nothing new" });
  set("open", "");
  expect(lineOf(world)).toEqual([A, B, C]);
});

test("another project's queue is another one", () => {
  const world = worldOf();
  world.pass(A);
  world.write("mesh", { kind: "queue.set", name: "other", mode: "paused", note: "" });
  expect(lineOf(world)).toEqual([A]);
  expect([...world.replica.view().items.values()].filter(isLive)).toHaveLength(1);
});
