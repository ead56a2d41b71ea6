/** What one accepted op makes of an item, and the order in which such states compete. */
import { compareStamp, type Place } from "../op/stamp.ts";
import type { Feature, StageState } from "./stage.ts";

/** A lease on an item's stage. It goes with the item from stage to stage until it is released, sent back or taken over. */
export interface Claim {
  /** Id (hex) of the claim op. */
  readonly op: string;
  /** The holding member's id (hex): a rotation of its key changes nothing. */
  readonly holder: string;
  /** The holder's incarnation (hex) at the time. */
  readonly incarnation: string;
  /** The fencing token: results that cite another epoch have no effect. */
  readonly epoch: number;
  readonly ttlMs: number;
  /** Wall time the holder wrote, for people only. */
  readonly since: number;
}

export interface ItemState {
  readonly stage: StageState;
  /** Raised only by an operator's restore. */
  readonly generation: number;
  /** Raised by every claim, take-over, release, send-back and shelving. */
  readonly epoch: number;
  readonly claim: Claim | null;
  /** Attempts that ended in a send-back since the last start or restore; infrastructure failures do not count. */
  readonly attempts: number;
  /** How many of the last ones brought nothing new. */
  readonly noProgress: number;
  /** The last attempt was ended because of its money, and no person has said anything since. */
  readonly overBudget: boolean;
  /** Work that somebody began and could not finish, on its published branch: the next attempt begins with it. */
  readonly left: Feature | null;
  /** One sentence for people: why the last send-back, release or archive happened. */
  readonly note: string;
}

/** Where an op stands in its item's order of precedence. */
export interface Rank extends Place {
  readonly state: ItemState;
}

const STAGE_RANK: Readonly<Record<StageState["stage"], number>> = {
  Backlog: 0,
  Coding: 1,
  Qa: 2,
  Merge: 3,
  // The first and third part of the key already decide for these two.
  Done: 4,
  Archived: 0,
};

export const hasLanded = (state: ItemState): boolean =>
  state.stage.stage === "Done" || (state.stage.stage === "Archived" && state.stage.mergeCommit !== null);

/**
 * Design section 4: (landed, generation, archived, epoch, rank, then the smaller (Lamport, author, id)). Positive when `a`
 * is better. Every accepted op is better than the op it builds on, so a view of an item only ever goes up.
 */
export function compareRank(a: Rank, b: Rank): number {
  return compareState(a.state, b.state) || compareStamp(b, a);
}

export const compareState = (a: ItemState, b: ItemState): number =>
  Number(hasLanded(a)) - Number(hasLanded(b)) ||
  a.generation - b.generation ||
  Number(a.stage.stage === "Archived") - Number(b.stage.stage === "Archived") ||
  a.epoch - b.epoch ||
  STAGE_RANK[a.stage.stage] - STAGE_RANK[b.stage.stage];
