/** The fold is a function of the set of ops: nothing about how they travelled shows in what they mean. */
import type { ItemHistory, ItemState, View } from "@skein/core";
import { expect, test } from "vitest";

import {
  createMesh,
  digest,
  exchangeAll,
  forSeeds,
  load,
  type Mesh,
  type Node,
  receive,
  replay,
  step,
} from "./mesh.ts";

const SEEDS = 200;
const STEPS = 80;

function run(seed: number, wallMs?: () => number): Mesh {
  const mesh = createMesh({ seed, size: 2 + (seed % 5), ...(wallMs === undefined ? {} : { wallMs }) });
  for (let at = 0; at < STEPS; at++) step(mesh);
  return mesh;
}

/** The key of design section 4, written again: an oracle that shares no code with the fold. */
function keyOf({ stage, generation, epoch }: ItemState): readonly number[] {
  const landed = stage.stage === "Done" || (stage.stage === "Archived" && stage.mergeCommit !== null);
  const rank = { Backlog: 0, Coding: 1, Qa: 2, Merge: 3, Done: 0, Archived: 0 }[stage.stage];
  return [landed ? 1 : 0, generation, stage.stage === "Archived" ? 1 : 0, epoch, rank];
}

type Rank = NonNullable<ItemHistory["best"]>;

/** Positive when `a` is better. */
function compare(a: Rank, b: Rank): number {
  const [left, right] = [keyOf(a.state), keyOf(b.state)];
  for (const [place, value] of left.entries()) {
    const difference = value - (right[place] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.lamport !== b.lamport) return b.lamport - a.lamport;
  const [first, second] = [`${a.author} ${a.id}`, `${b.author} ${b.id}`];
  return first < second ? 1 : first > second ? -1 : 0;
}

const unionOf = (mesh: Mesh): readonly Uint8Array[] => mesh.nodes[0]?.stored ?? [];

test("after a full exchange all nodes have one digest, whatever was lost, repeated or reordered on the way", () => {
  let ops = 0;
  let tangled = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed);
    tangled += new Set(mesh.nodes.map((node) => digest(node.replica))).size > 1 ? 1 : 0;
    exchangeAll(mesh);
    const [first] = mesh.nodes;
    for (const node of mesh.nodes) {
      expect(node.replica.opCount()).toBe(first?.replica.opCount());
      expect(digest(node.replica)).toBe(digest(first?.replica ?? node.replica));
      // The same from the disk, in the order this node stored it.
      expect(digest(load(mesh, node.stored))).toBe(digest(node.replica));
    }
    ops += first?.replica.opCount() ?? 0;
  });
  // The seeds did diverge before they met, and did do something.
  expect(tangled).toBeGreaterThan(SEEDS / 2);
  expect(ops).toBeGreaterThan(SEEDS * 20);
});

test("any causally possible order of the same frames gives the same digest", () => {
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed);
    exchangeAll(mesh);
    const frames = unionOf(mesh);
    const expected = digest(mesh.nodes[0]?.replica ?? replay(mesh, frames));
    for (let time = 0; time < 2; time++) {
      expect(digest(replay(mesh, mesh.prng.shuffle([...frames, ...mesh.prng.shuffle(frames).slice(0, 9)])))).toBe(
        expected,
      );
    }
    expect(digest(replay(mesh, frames.toReversed()))).toBe(expected);
  });
});

test("a node's view of an item only ever goes up", () => {
  let raised = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = createMesh({ seed, size: 3 + (seed % 3) });
    const seen = new Map<Node, Map<string, ItemHistory["best"]>>(mesh.nodes.map((node) => [node, new Map()]));
    mesh.onChange = (node) => {
      for (const [id, { best }] of node.replica.view().items) {
        const before = seen.get(node)?.get(id);
        if (before !== undefined && best !== undefined) {
          const change = compare(best, before);
          if (change < 0) throw new Error(`${node.name}'s view of ${id} went down`);
          if (change > 0) raised++;
        }
        if (before !== undefined && best === undefined) throw new Error(`${node.name} forgot ${id}`);
        seen.get(node)?.set(id, best);
      }
    };
    for (let at = 0; at < STEPS; at++) step(mesh);
    exchangeAll(mesh);
  });
  expect(raised).toBeGreaterThan(SEEDS);
});

test("every accepted op is better than the op it builds on", () => {
  forSeeds(100, (seed) => {
    const mesh = run(seed);
    exchangeAll(mesh);
    for (const item of mesh.nodes[0]?.replica.view().items.values() ?? []) {
      for (const entry of item.entries.values()) {
        const parent = entry.on === null ? undefined : item.entries.get(entry.on);
        if (entry.outcome.type !== "accepted" || parent?.outcome.type !== "accepted") continue;
        const rank = { ...entry, state: entry.outcome.state };
        expect(compare(rank, { ...parent, state: parent.outcome.state })).toBeGreaterThan(0);
        expect(compare(item.best ?? rank, rank)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

test("frames that come again change nothing", () => {
  forSeeds(40, (seed) => {
    const mesh = run(seed);
    exchangeAll(mesh);
    for (const node of mesh.nodes) {
      const before = [digest(node.replica), node.replica.opCount(), node.replica.lamport(), node.stored.length];
      for (const bytes of mesh.prng.shuffle(node.stored)) receive(mesh, node, bytes);
      expect([digest(node.replica), node.replica.opCount(), node.replica.lamport(), node.stored.length]).toEqual(
        before,
      );
    }
  });
});

/** What a view says, without ids and wall times: ops are named by their author and place in its feed. */
function meaningOf(view: View): unknown {
  return [...view.items.values()].map((item) => {
    const place = (id: string): string => {
      const entry = item.entries.get(id);
      return entry === undefined ? "?" : `${entry.author}#${entry.seq}`;
    };
    const state = item.best?.state;
    return {
      id: item.id,
      deleted: item.deleted,
      best: item.best === undefined ? null : place(item.best.id),
      stage: state?.stage.stage,
      holder: state?.claim?.holder,
      numbers: [state?.generation, state?.epoch, state?.attempts, state?.noProgress],
      registers: Object.values(item.registers ?? {}).map((register) => [place(register.id), register.value]),
      outcomes: [...item.entries.values()].map((entry) => [place(entry.id), entry.outcome.type]),
    };
  });
}

test("the same story under other wall clocks has the same winners", () => {
  forSeeds(60, (seed) => {
    const plain = run(seed);
    let ticks = 0;
    // Clocks that jump by years, forwards and backwards, from one op to the next, and one that stands still at zero.
    for (const wallMs of [() => (ticks = (ticks * 48_271 + seed) % 2_147_483_647) * 1_000, () => 0]) {
      const skewed = run(seed, wallMs);
      for (const mesh of [plain, skewed]) exchangeAll(mesh);
      for (const [place, node] of plain.nodes.entries()) {
        expect(meaningOf(skewed.nodes[place]?.replica.view() ?? node.replica.view())).toEqual(
          meaningOf(node.replica.view()),
        );
      }
    }
  });
});

test("the same seed gives the same digest", () => {
  forSeeds(10, (seed) => {
    const digests = [run(seed), run(seed)].map((mesh) => mesh.nodes.map((node) => digest(node.replica)));
    expect(digests[0]).toEqual(digests[1]);
  });
});
