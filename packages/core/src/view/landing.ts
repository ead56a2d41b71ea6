/**
 * What one node knows of a landing because it has read the target branch itself. It is never replicated: a member can
 * write any commit into `item.land`, and only the remote can say whether it is true.
 */
export interface Landing {
  /**
   * `verified`: the target branch carries the item's trailer. `refuted`: this node has read the branch and it does not.
   * `unverified`: this node has not read it, or cannot.
   */
  readonly state: LandingState;
  /** The commit of the target branch that carries the trailer, null while this node has seen none. */
  readonly commit: string | null;
}

export type LandingState = "verified" | "unverified" | "refuted";

export const unverified: Landing = { state: "unverified", commit: null };
