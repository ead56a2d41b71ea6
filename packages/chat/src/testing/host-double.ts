/** A mesh in front of a transport under test: what it hands in is kept in arrays, and the disk can be told to refuse. */
import { err, ok } from "@skein/core";

import type { DeliveryStatus, InboundEvent, IngressHost, Trouble } from "../transport.ts";

export interface HostDouble extends IngressHost {
  /** Every event of every batch that was accepted, repetitions included. */
  readonly received: InboundEvent[];
  readonly statuses: DeliveryStatus[];
  readonly troubles: Trouble[];
  readonly cursors: string[];
  /** How often the transport said that it is connected. */
  connections: number;
  /** False: what comes is acknowledged and nobody's business. */
  isListening: boolean;
  /** While this is set, nothing can be made durable. */
  failure: string | undefined;
  /** Who asked for completions, and where. */
  readonly asked: Parameters<IngressHost["complete"]>[1][];
  /** Items that `complete` knows, by id. */
  items: readonly { readonly value: string; readonly label: string }[];
  /** Ms after which `spend` allows one more; 0 allows. */
  exhaustedMs: number;
  readonly spent: string[];
}

export function createHostDouble(cursor?: string): HostDouble {
  const host: HostDouble = {
    received: [],
    statuses: [],
    troubles: [],
    cursors: [],
    spent: [],
    asked: [],
    connections: 0,
    isListening: true,
    hears: () => host.isListening,
    failure: undefined,
    items: [],
    exhaustedMs: 0,
    cursor,
    receive: (events) => {
      if (host.failure !== undefined) return Promise.resolve(err(host.failure));
      host.received.push(...events);
      return Promise.resolve(ok(undefined));
    },
    delivered: (statuses) => void host.statuses.push(...statuses),
    trouble: (problem) => void host.troubles.push(problem),
    connected: () => void (host.connections += 1),
    moved: (to) => void host.cursors.push(to),
    complete: (beginning, who) => {
      host.asked.push(who);
      return host.items.filter(({ value }) => value.startsWith(beginning));
    },
    spend: (budget) => {
      if (host.exhaustedMs > 0) return Promise.resolve(err(host.exhaustedMs));
      host.spent.push(budget);
      return Promise.resolve(ok(undefined));
    },
  };
  return host;
}
