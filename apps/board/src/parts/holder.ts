/**
 * What is known of the node that holds an item, by one rule for card, claim, item page and the nodes' own chips: what this page
 * has heard of that node, and not only how long its lease is good. Pure.
 */
import type { BoardClaim, BoardNode } from "@skein/core";

/** What a page knows of nodes: `isLive` is false while no node says anything to it. */
export interface Known {
  readonly nodes: ReadonlyMap<string, BoardNode>;
  readonly isLive: boolean;
}

/** `silent`: not heard, and its lease is still good. `unknown`: nobody says anything of it now. */
export type HolderState = "alive" | "silent" | "expired" | "unknown";

export function holderState({ nodes, isLive }: Known, claim: Pick<BoardClaim, "node" | "expired">): HolderState {
  if (!isLive) return "unknown";
  if (claim.expired) return "expired";
  return nodes.get(claim.node)?.alive === true ? "alive" : "silent";
}

export const HOLDER_COLOURS = { alive: "good", silent: "warn", expired: "warn", unknown: "off" } as const;
