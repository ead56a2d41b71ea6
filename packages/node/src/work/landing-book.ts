/**
 * What this node knows of landings from reading the target branch itself, kept in memory and told to nobody.
 *
 * An item's landing is verified while the branch carries its trailer, and refuted once the branch was read twice without
 * it: a remote that answers from a copy may lag behind for a moment, and a refutation accuses somebody. With several
 * projects in the mesh a miss proves nothing, because the item may have landed in the repository of another one.
 */
import { type Landing, type LandingState, unverified } from "@skein/core";

import type { Oid } from "../ports.ts";

export interface LandingBook {
  of(item: string): Landing;
  /**
   * Compares the items that the log calls landed with what the branch carries. Returns those whose state or commit is
   * another one now. `conclusive` is false where a miss proves nothing.
   */
  read(
    landed: readonly string[],
    onBranch: ReadonlyMap<string, Oid>,
    conclusive: boolean,
  ): readonly { readonly item: string; readonly before: Landing; readonly now: Landing }[];
  /** Another look may say more about one of them. */
  isUnsettled(landed: readonly string[]): boolean;
  count(state: LandingState): number;
  /** Another repository: nothing that was read counts any more. */
  clear(): void;
}

const MISSES_TO_REFUTE = 2;

interface Entry extends Landing {
  readonly misses: number;
}

export function createLandingBook(): LandingBook {
  const entries = new Map<string, Entry>();
  const judge = (item: string, onBranch: ReadonlyMap<string, Oid>, conclusive: boolean): Entry => {
    const commit = onBranch.get(item);
    if (commit !== undefined) return { state: "verified", commit, misses: 0 };
    const before = entries.get(item) ?? { ...unverified, misses: 0 };
    const misses = before.misses + 1;
    // What was on this branch once and is gone needs no other project to look at.
    const proves = misses >= MISSES_TO_REFUTE && (conclusive || before.state !== "unverified");
    return proves ? { state: "refuted", commit: null, misses } : { ...before, misses };
  };

  return {
    of: (item) => {
      const { state, commit } = entries.get(item) ?? unverified;
      return { state, commit };
    },
    read: (landed, onBranch, conclusive) =>
      landed.flatMap((item) => {
        const before = entries.get(item) ?? unverified;
        const now = judge(item, onBranch, conclusive);
        entries.set(item, now);
        return before.state === now.state && before.commit === now.commit ? [] : [{ item, before, now }];
      }),
    isUnsettled: (landed) =>
      landed.some((item) => {
        const entry = entries.get(item);
        if (entry === undefined) return true;
        return entry.misses < MISSES_TO_REFUTE && (entry.state !== "verified" || entry.misses > 0);
      }),
    count: (state) => [...entries.values()].filter((entry) => entry.state === state).length,
    clear: () => entries.clear(),
  };
}
