/**
 * Which of the nodes that could take an item had better take it: one with room on its disk, then the one that worked on it
 * last and still has its clone, caches and agent's session, then the least busy. What is left equal is decided by rendezvous.
 *
 * All of it is hearsay of some seconds ago. Nodes that judge it differently only try out of turn; the claim decides.
 */
import type { LiveItem } from "../command/find.ts";
import { chainOf } from "../view/project.ts";

/** How busy a node's machine is. */
export interface Burden {
  readonly slots: number;
  /** Load average per core, in percent. */
  readonly load: number;
  readonly lowDisk: boolean;
}

interface Burdened {
  readonly key: string;
  readonly slotsFree: number;
  /** Left out where nothing is known: then it counts as idle. */
  readonly burden?: Burden;
}

const LOW_DISK = 1_000;
const COLD = 100;
const PER_LOAD = 10;
const BUSIEST = 4;

/** 0 for the best node there could be; greater is worse. Steps are coarse, so that small differences leave it to the hash. */
export function handicapOf({ key, slotsFree, burden }: Burdened, warm: string | undefined): number {
  const { slots, load, lowDisk } = burden ?? { slots: 0, load: 0, lowDisk: false };
  const busy = slots === 0 ? 0 : Math.floor((BUSIEST * Math.max(0, slots - slotsFree)) / slots);
  const overload = Math.min(BUSIEST, Math.floor(load / 100));
  return (lowDisk ? LOW_DISK : 0) + (key === warm ? 0 : COLD) + overload * PER_LOAD + Math.min(BUSIEST, busy);
}

/**
 * Member id of who worked on the item last and did not give it back: it could go on where that attempt ended. Undefined when
 * nobody did.
 */
export function warmNodeOf(item: LiveItem): string | undefined {
  for (const { kind, outcome } of chainOf(item, item.best.id)) {
    if (kind === "item.release" || kind === "item.shelve" || kind === "item.restore") return undefined;
    if (kind === "item.claim" && outcome.type === "accepted") return outcome.state.claim?.holder;
  }
  return undefined;
}
