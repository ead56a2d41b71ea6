/**
 * The network as a TCP connection shows it: ordered, reliable, and then cut. Loss, duplication and reordering of packets
 * come out as delay and as connections that end with messages under way; a one-way partition comes out as messages that
 * wait in one direction only, until the way is free again or an end gives up (half-open).
 */
import { err, LIMITS, ok } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Link, LinkHandlers, PeerNet } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { connect, cutAny, delayOn, dropEnds, release, type Wires } from "./wires.ts";

/** What may go wrong by itself, all zero when the network is calm. */
export interface NetworkRates {
  minDelayMs: number;
  maxDelayMs: number;
  /** A message that takes `spikeMs` longer. */
  spikeChance: number;
  spikeMs: number;
  /** Per message: the connection ends, and what is under way is lost. */
  cutChance: number;
  dialFailChance: number;
  /** A sender's queue is full at this size. */
  outboxBytes: number;
}

export const calmNetwork = (): NetworkRates => ({
  minDelayMs: 1,
  maxDelayMs: 20,
  spikeChance: 0,
  spikeMs: 0,
  cutChance: 0,
  dialFailChance: 0,
  outboxBytes: LIMITS.outboxBytes,
});

export interface NetworkWatch {
  /** A program hands bytes to its socket. */
  readonly onSend: (from: Life, bytes: Uint8Array) => void;
  readonly onDelivered: (from: Life, to: Life, bytes: Uint8Array) => void;
  readonly onCut: (a: Life, b: Life, why: string) => void;
}

export interface Network {
  readonly rates: NetworkRates;
  /** `url`: where this machine listens, the same in each of its lives. */
  netFor(life: Life, url: string): PeerNet;
  /** Messages of one machine to another wait, or flow again. */
  setBlocked(from: string, to: string, blocked: boolean): void;
  clearBlocks(): void;
  /** Ends one connection that is open, if there is one. */
  cutOne(): void;
  /** A program ended. Its peers learn of it, unless the whole machine went (`silent`): then the connections stay half-open. */
  dropLife(life: Life, silent: boolean): void;
  /** Greatest number of bytes that waited in one direction of a link. */
  peakBytes(): number;
}

interface Listener {
  readonly life: Life;
  readonly url: string;
  readonly accept: (link: Link) => LinkHandlers;
}

const DIAL_TIMEOUT_MS = 2_000;

export function createNetwork(scheduler: Scheduler, prng: Prng, watch: NetworkWatch): Network {
  const rates = calmNetwork();
  const listeners = new Map<string, Listener>();
  const blocked = new Set<string>();
  const isBlocked = (from: Life, to: Life): boolean => blocked.size > 0 && blocked.has(`${from.name}>${to.name}`);
  const wires: Wires = { scheduler, prng, rates, watch, isBlocked, pairs: new Set(), peakBytes: 0 };
  return {
    rates,
    peakBytes: () => wires.peakBytes,
    netFor: (life, url) => ({
      listen: (_address, accept) => {
        listeners.set(url, { life, url, accept });
        return Promise.resolve(ok(url));
      },
      dial: (target, handlers) => dial(wires, listeners.get(target), life, handlers),
      close: () => Promise.resolve(),
    }),
    setBlocked: (from, to, isNow) => {
      if (isNow) blocked.add(`${from}>${to}`);
      else if (blocked.delete(`${from}>${to}`)) release(wires, (a, b) => a.name === from && b.name === to);
    },
    clearBlocks: () => {
      blocked.clear();
      release(wires, () => true);
    },
    cutOne: () => cutAny(wires),
    dropLife: (life, silent) => {
      for (const [url, listener] of listeners) if (listener.life === life) listeners.delete(url);
      dropEnds(wires, life, silent);
    },
  };
}

function dial(
  wires: Wires,
  listener: Listener | undefined,
  life: Life,
  handlers: (link: Link) => LinkHandlers,
): ReturnType<PeerNet["dial"]> {
  const { scheduler, prng, rates, isBlocked } = wires;
  return new Promise((resolve) => {
    let waiting = true;
    const giveUp = (why: string): void => {
      if (waiting) resolve(err(why));
      waiting = false;
    };
    if (listener === undefined || !listener.life.alive || prng.chance(rates.dialFailChance)) {
      scheduler.after(delayOn(wires), () => giveUp("refused"), life);
      return;
    }
    scheduler.after(DIAL_TIMEOUT_MS, () => giveUp("no answer"), life);
    if (isBlocked(life, listener.life) || isBlocked(listener.life, life)) return;
    const meet = (): void => {
      // A program that was frozen finds connections of callers who gave up long ago.
      if (!waiting || !life.alive || life.frozen) return;
      waiting = false;
      resolve(ok(connect(wires, { life, handlers }, listener)));
    };
    scheduler.after(2 * delayOn(wires), meet, listener.life);
  });
}
