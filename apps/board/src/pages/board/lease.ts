/**
 * How long leases are still good, without comparing two machines' clocks: the node says in its own time when it heard each
 * holder and what time it was when it said so, and from then on this browser's own clock counts.
 */
import type { BoardClaim, BoardNode } from "@skein/core";

export interface Hearing {
  readonly nodes: ReadonlyMap<string, BoardNode>;
  /** When this copy of `nodes` came, on this browser's monotonic clock. */
  readonly takenAtMs: number;
}

/** Never below 0; undefined when the lease is over, or nobody has heard the holder. */
export function leaseLeftMs({ nodes, takenAtMs }: Hearing, claim: BoardClaim, nowMs: number): number | undefined {
  const heard = nodes.get(claim.node)?.lastHeardAt ?? undefined;
  const said = [...nodes.values()].find(({ self }) => self)?.lastHeardAt ?? undefined;
  if (claim.expired || heard === undefined || said === undefined) return undefined;
  const silentMs = Math.max(0, said - heard) + Math.max(0, nowMs - takenAtMs);
  return Math.max(0, claim.ttlMs - silentMs);
}
