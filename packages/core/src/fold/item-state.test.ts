/** The order of precedence, part by part. */
import { expect, test } from "vitest";

import { compareRank, compareState, type ItemState, type Rank } from "./item-state.ts";
import { newItemState } from "./transition.ts";

const OID = "c".repeat(40);
const feature = { featureBranch: "skein/0123456789ab/1", tip: OID, tree: OID, commitsAhead: 1 };
const evidence = { tree: OID, runs: [] };

const state = (changes: Partial<ItemState>): ItemState => ({ ...newItemState, ...changes });
const archived = (mergeCommit: string | null): ItemState["stage"] => ({
  stage: "Archived",
  archivedAt: 1,
  reason: mergeCommit === null ? "Abandoned" : "Completed",
  mergeCommit,
});
const done: ItemState["stage"] = { stage: "Done", mergedAt: 1, mergeCommit: OID };

/** Each is better than all before it. */
const ASCENDING: readonly ItemState[] = [
  state({}),
  state({ stage: { stage: "Coding" } }),
  state({ stage: { stage: "Qa", ...feature } }),
  state({ stage: { stage: "Merge", ...feature, evidence } }),
  state({ epoch: 1 }),
  state({ epoch: 2, stage: { stage: "Coding" } }),
  state({ stage: archived(null) }),
  state({ stage: archived(null), epoch: 1 }),
  state({ generation: 1 }),
  state({ generation: 1, stage: archived(null) }),
  state({ stage: done }),
  state({ stage: done, epoch: 9 }),
  state({ stage: archived(OID) }),
  state({ stage: done, generation: 1 }),
];

test("landed, generation, archived, epoch and stage decide in this order", () => {
  for (const [low, worse] of ASCENDING.entries()) {
    for (const [high, better] of ASCENDING.entries()) {
      expect([low, high, Math.sign(compareState(better, worse))]).toEqual([low, high, Math.sign(high - low)]);
    }
  }
});

test("equal states are decided by the smaller stamp, then author, then id", () => {
  const rank = (lamport: number, author: string, id: string): Rank => ({ state: newItemState, lamport, author, id });
  const ascending = [rank(9, "b", "b"), rank(8, "b", "b"), rank(8, "a", "c"), rank(8, "a", "b")];
  for (const [low, worse] of ascending.entries()) {
    for (const [high, better] of ascending.entries()) {
      expect(Math.sign(compareRank(better, worse))).toBe(Math.sign(high - low));
    }
  }
});

test("a better state wins over any stamp", () => {
  const late: Rank = { state: state({ epoch: 1 }), lamport: 1_000, author: "z", id: "z" };
  const early: Rank = { state: newItemState, lamport: 1, author: "a", id: "a" };
  expect(compareRank(late, early)).toBeGreaterThan(0);
});
