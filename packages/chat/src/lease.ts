/**
 * Who keeps an account's connection and speaks for it: a lease like any claim, with an epoch and a TTL, renewed by beats.
 * Pure but for the memory of since when the lease could be had, which the stagger counts from.
 */
import { type ChatView, type Crypto, type Lease, rankOf } from "@skein/core";

/** Where the configuration says nothing else. */
export const LEASE_TTL_MS = 30_000;
const STAGGER_MS = 2_000;

interface LeaseInput {
  readonly account: string;
  readonly chat: ChatView;
  readonly self: string;
  /** The living nodes that can speak for the account, this one among them. */
  readonly speakers: readonly string[];
  /** The node that is to keep it while it lives; undefined when any may. */
  readonly pinned: string | undefined;
  readonly isExpired: (lease: Lease) => boolean;
  readonly nowMs: number;
}

export type LeasePlan =
  /** This node holds it, under this epoch. */
  | { readonly type: "held"; readonly lease: Lease }
  | { readonly type: "claim"; readonly epoch: number }
  | { readonly type: "other" };

export interface LeaseKeeper {
  plan(input: LeaseInput): LeasePlan;
}

export function createLeaseKeeper(crypto: Crypto): LeaseKeeper {
  /** `account epoch` → when this node first saw that it could be had. */
  const freeSince = new Map<string, number>();
  return {
    plan: ({ account, chat, self, speakers, pinned, isExpired, nowMs }) => {
      const lease = chat.leases.get(account);
      if (lease !== undefined && !lease.released && lease.holder === self) return { type: "held", lease };
      const epoch = (lease?.epoch ?? 0) + 1;
      const key = `${account} ${epoch}`;
      if (lease !== undefined && !lease.released && !isExpired(lease)) {
        freeSince.delete(key);
        return { type: "other" };
      }
      const since = freeSince.get(key) ?? nowMs;
      freeSince.set(key, since);
      const first = pinned !== undefined && speakers.includes(pinned) ? [pinned] : speakers;
      const rank = rankOf(self, first, { item: account, epoch }, crypto);
      if (rank < 0 || nowMs - since < rank * STAGGER_MS) return { type: "other" };
      return { type: "claim", epoch };
    },
  };
}
