/**
 * Packing changes nothing: a log of packs and later frames means what the log of all frames means, also when the later
 * ones build on old ops, remove members, rotate keys, or show that a feed has two histories. (I27 of the invariants.)
 */
import { framesOf, isPack, type PackedFrame, type Replica, createReplica, sealPack } from "@skein/core";
import { createPrng, type Prng, testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import {
  command,
  createMesh,
  digest,
  exchangeAll,
  forSeeds,
  load,
  type Mesh,
  partition,
  step,
  writeDrafts,
} from "./mesh.ts";

const SEEDS = 100;

function run(seed: number): Mesh {
  const mesh = createMesh({ seed, size: 3 + (seed % 3) });
  for (let at = 0; at < 40; at++) step(mesh);
  partition(mesh);
  for (let at = 0; at < 40; at++) {
    if (at === 20)
      command(mesh, mesh.prng.pick(mesh.nodes), "member.remove", { member: mesh.prng.pick(mesh.nodes).name });
    // Others have a second history of a feed, written under the key that its node began with.
    if (at % 8 === 3 && seed % 3 === 1) command(mesh, mesh.prng.pick(mesh.nodes), "member.rotate", {});
    step(mesh);
  }
  exchangeAll(mesh);
  return mesh;
}

/** Every frame of the mesh in a causal order, the last ones a second history of a node's feed. */
function someLog(mesh: Mesh): readonly Uint8Array[] {
  const [first, second] = mesh.nodes;
  if (first === undefined || second === undefined) throw new Error("no nodes");
  if (mesh.seed % 3 !== 0) return first.stored;
  const until = Math.floor(second.stored.length * 0.7);
  const twin = { ...second, replica: load(mesh, second.stored.slice(0, until)), stored: [] };
  for (let count = 0; count < 3; count++) {
    writeDrafts({ ...mesh, groups: [[twin]], onChange: () => {} }, twin, [
      {
        entity: "mesh",
        on: null,
        body: { kind: "project.set", name: "p", remote: `r${count}`, base: "b", config: "" },
      },
    ]);
  }
  return [...first.stored, ...twin.stored];
}

const opened = (bytes: Uint8Array): readonly PackedFrame[] => {
  const frames = framesOf(bytes, testCrypto);
  if (!frames.ok) throw new Error(frames.error.message);
  return frames.value;
};

/** Runs of records become packs, with all signatures or without those that others cover. */
function packed(records: readonly Uint8Array[], prng: Prng): Uint8Array[] {
  const packs: Uint8Array[] = [];
  for (let at = 0; at < records.length;) {
    const length = 1 + prng.int(20);
    const part = records.slice(at, at + length);
    const [only] = part;
    if (part.length === 1 && only !== undefined && prng.chance(0.5)) packs.push(only);
    else packs.push(sealPack(part.flatMap(opened), prng.pick(["all", "ends"])));
    at += length;
  }
  return packs;
}

function offer(
  replica: Replica,
  bytes: Uint8Array,
): { readonly news: Uint8Array | undefined; readonly isStale: boolean } {
  const taken = replica.takeRecord(bytes);
  if (!taken.ok) throw new Error(`${taken.error.type}: ${taken.error.message}`);
  const changes = taken.value.frames.flatMap((one) => one.changes);
  return { news: taken.value.news, isStale: changes.some((change) => change.type === "stale") };
}

/** A node that hears of these records: it stores them, and folds again when it has to. */
function hear(mesh: Mesh, records: readonly Uint8Array[]): Replica {
  const replica = createReplica(mesh.id, testCrypto);
  const stored: Uint8Array[] = [];
  for (const bytes of records) {
    const { news, isStale } = offer(replica, bytes);
    if (news !== undefined) stored.push(news);
    if (isStale) reload(replica, stored);
  }
  // What it stored is enough for its next start.
  expect(digest(load(mesh, stored))).toBe(digest(replica));
  return replica;
}

function reload(replica: Replica, stored: readonly Uint8Array[]): void {
  const loaded = replica.reload(stored);
  if (!loaded.ok) throw new Error(loaded.error.message);
}

test("packs and a tail mean what all the frames mean, for who loads them and for who joins", () => {
  let tangled = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed);
    const log = someLog(mesh);
    const prng = createPrng(seed * 7);
    const full = load(mesh, log);
    const split = Math.floor(log.length * (0.4 + 0.5 * (prng.int(100) / 100)));
    // Packed, and later packed again.
    const packs = packed(packed(log.slice(0, split), prng), prng);
    const records = [...packs, ...log.slice(split)];
    expect(digest(load(mesh, records))).toBe(digest(full));
    expect(digest(hear(mesh, records))).toBe(digest(full));
    expect([...load(mesh, records).heads()]).toEqual([...full.heads()]);
    tangled +=
      full.forks().size + [...full.view().membership.members.values()].filter(({ cut }) => cut !== null).length;
  });
  expect(tangled).toBeGreaterThan(SEEDS / 3);
});

test("whoever holds some of a pack takes the rest of it, and stores what stands for itself", () => {
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed);
    const log = someLog(mesh);
    const prng = createPrng(seed * 11);
    const other = mesh.nodes.at(-1)?.stored ?? [];
    const known = other.slice(0, 1 + prng.int(other.length));
    const records = packed(log, prng);
    expect(digest(hear(mesh, [...known, ...records]))).toBe(digest(load(mesh, log)));
    // A second time nothing is news.
    const replica = hear(mesh, records);
    for (const bytes of records.filter(isPack)) {
      expect(replica.takeRecord(bytes)).toMatchObject({ ok: true, value: { news: undefined } });
    }
  });
});

test("a pack that does not fit changes nothing", () => {
  forSeeds(SEEDS / 2, (seed) => {
    const mesh = run(seed);
    const log = someLog(mesh);
    const prng = createPrng(seed * 13);
    const half = Math.floor(log.length / 2);
    const replica = load(mesh, log.slice(0, half));
    const before = digest(replica);
    const late = log.slice(half + 1 + prng.int(5));
    if (late.length === 0) return;
    const taken = replica.takeRecord(sealPack(late.flatMap(opened), "ends"));
    if (taken.ok) return;
    expect(["gap", "missing-dependency", "disputed", "not-a-member"]).toContain(taken.error.type);
    expect(digest(replica)).toBe(before);
    expect([...replica.heads()]).toEqual([...load(mesh, log.slice(0, half)).heads()]);
    for (const bytes of log.slice(half)) if (offer(replica, bytes).isStale) return;
    expect(digest(replica)).toBe(digest(load(mesh, log)));
  });
});
