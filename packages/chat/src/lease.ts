/**
 * Who keeps an account's connection and speaks for it: a lease like any claim, with an epoch and a TTL, renewed by beats.
 * Pure but for the memory of since when the lease could be had, which the stagger counts from.
 */
import { type ChatView, type Crypto, type Lease, rankOf } from "@skein/core";

/** Where the configuration says nothing else. */
export const LEASE_TTL_MS = 30_000;
const STAGGER_MS = 2_000;

export interface LeaseInput {
  readonly account: string;
  readonly chat: ChatView;
  readonly self: string;
  /** The living nodes that can speak for the account, this one among them. */
  readonly speakers: readonly string[];
  /** The node that is to keep it while it lives; undefined when any may. */
  readonly pinned: string | undefined;
  readonly isExpired: (lease: Lease) => boolean;
  readonly isAlive: (member: string) => boolean;
  readonly nowMs: number;
}

export type LeasePlan =
  /** This node holds it, under this epoch. */
  | { readonly type: "held"; readonly lease: Lease }
  /** This node holds it, and the one that is to keep it has come. */
  | { readonly type: "yield"; readonly lease: Lease }
  | { readonly type: "claim"; readonly epoch: number }
  | { readonly type: "other" };

export interface LeaseKeeper {
  plan(input: LeaseInput): LeasePlan;
}

export function createLeaseKeeper(crypto: Crypto): LeaseKeeper {
  /** Epoch → when this node first saw that it could be had. */
  const freeSince = new Map<number, number>();
  /** The lease's op and since when its holder lives and says that it cannot speak: its disk is full, say. */
  let mute: { readonly op: string; readonly sinceMs: number } | undefined;
  const isMute = (lease: Lease, { speakers, isAlive, nowMs }: LeaseInput): boolean => {
    if (!isAlive(lease.holder) || speakers.includes(lease.holder)) mute = undefined;
    else if (mute?.op !== lease.op) mute = { op: lease.op, sinceMs: nowMs };
    return mute !== undefined && nowMs - mute.sinceMs > lease.ttlMs;
  };
  return {
    plan: (input) => {
      const { account, chat, self, speakers, pinned, isExpired, nowMs } = input;
      const lease = chat.leases.get(account);
      const keeper = pinned !== undefined && speakers.includes(pinned) ? pinned : undefined;
      if (lease !== undefined && !lease.released && lease.holder === self) {
        return { type: keeper === undefined || keeper === self ? "held" : "yield", lease };
      }
      const epoch = (lease?.epoch ?? 0) + 1;
      if (lease !== undefined && !lease.released && !isExpired(lease) && !isMute(lease, input)) {
        freeSince.clear();
        return { type: "other" };
      }
      const since = freeSince.get(epoch) ?? nowMs;
      freeSince.set(epoch, since);
      const rank = rankOf(self, keeper === undefined ? speakers : [keeper], { item: account, epoch }, crypto);
      if (rank < 0 || nowMs - since < rank * STAGGER_MS) return { type: "other" };
      return { type: "claim", epoch };
    },
  };
}
