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

interface Message {
  readonly bytes: Uint8Array | undefined;
  /** Set when this is the end of the connection. */
  readonly fin: string | undefined;
}

/** One end of a connection with the pipe that leads to it. */
interface End {
  readonly life: Life;
  handlers: LinkHandlers | undefined;
  open: boolean;
  /** It says nothing any more. */
  closing: boolean;
  /** Messages to this end, in their order; the first `due` of them have crossed the network. */
  readonly pipe: Message[];
  due: number;
  /** When the last message to this end arrives. */
  lastAtMs: number;
  waitingBytes: number;
}

type Pair = readonly [End, End];

interface Listener {
  readonly life: Life;
  readonly accept: (link: Link) => LinkHandlers;
}

const DIAL_TIMEOUT_MS = 2_000;

export function createNetwork(scheduler: Scheduler, prng: Prng, watch: NetworkWatch): Network {
  const rates = calmNetwork();
  const listeners = new Map<string, Listener>();
  const pairs = new Set<Pair>();
  const blocked = new Set<string>();
  let peak = 0;

  const isBlocked = (from: Life, to: Life): boolean => blocked.size > 0 && blocked.has(`${from.name}>${to.name}`);
  const delay = (): number => {
    const usual = rates.minDelayMs + prng.int(Math.max(1, Math.round(rates.maxDelayMs - rates.minDelayMs)));
    return rates.spikeChance > 0 && prng.chance(rates.spikeChance) ? usual + rates.spikeMs : usual;
  };

  const forget = (pair: Pair): void => {
    if (!pair[0].open && !pair[1].open) pairs.delete(pair);
  };
  /** The end hears that it is over. */
  const finish = (pair: Pair, end: End, reason: string): void => {
    if (!end.open) return;
    end.open = false;
    end.pipe.length = 0;
    end.due = 0;
    end.waitingBytes = 0;
    forget(pair);
    if (end.life.alive) end.handlers?.onClose(reason);
  };
  const deliver = (pair: Pair, from: End, to: End, message: Message): void => {
    to.waitingBytes -= message.bytes?.length ?? 0;
    if (!to.open) {
      // The other machine answers with a reset, if that can pass.
      if (from.open && to.life.alive && !isBlocked(to.life, from.life)) finish(pair, from, "reset");
      return;
    }
    if (message.fin !== undefined) return finish(pair, to, message.fin);
    if (message.bytes !== undefined && !to.closing) {
      watch.onDelivered(from.life, to.life, message.bytes);
      to.handlers?.onMessage(message.bytes);
    }
  };
  const flow = (pair: Pair, from: End, to: End): void => {
    if (isBlocked(from.life, to.life)) return;
    for (; to.due > 0; to.due--) {
      const message = to.pipe.shift();
      // What reaches a frozen program waits in its machine's buffers.
      if (message !== undefined) scheduler.after(0, () => deliver(pair, from, to, message), to.life);
    }
  };
  const carry = (pair: Pair, from: End, to: End, message: Message): void => {
    to.pipe.push(message);
    to.lastAtMs = Math.max(to.lastAtMs, scheduler.nowMs() + delay());
    scheduler.after(to.lastAtMs - scheduler.nowMs(), () => {
      if (to.pipe.length > to.due) to.due++;
      flow(pair, from, to);
    });
  };
  /** What waited goes on its way, in its order. */
  const release = (isFree: (from: Life, to: Life) => boolean): void => {
    for (const pair of pairs) {
      for (const [from, to] of [pair, [pair[1], pair[0]]] as const)
        if (isFree(from.life, to.life)) flow(pair, from, to);
    }
  };
  const cut = (pair: Pair, why: string): void => {
    watch.onCut(pair[0].life, pair[1].life, why);
    for (const end of pair) scheduler.after(delay(), () => finish(pair, end, why), end.life);
    // What is under way is lost at once, in both directions.
    for (const end of pair) end.closing = true;
  };

  const linkOf = (pair: Pair, own: End, other: End, remoteAddress: string): Link => ({
    remoteAddress,
    send: (bytes) => {
      if (!own.open || own.closing || !own.life.alive) return "closed";
      if (other.waitingBytes + bytes.length > rates.outboxBytes) return "full";
      watch.onSend(own.life, bytes);
      other.waitingBytes += bytes.length;
      peak = Math.max(peak, other.waitingBytes);
      carry(pair, own, other, { bytes, fin: undefined });
      if (rates.cutChance > 0 && prng.chance(rates.cutChance)) cut(pair, "connection reset");
      return "sent";
    },
    bufferedBytes: () => other.waitingBytes,
    setMaxMessageBytes: () => undefined,
    close: (reason) => {
      if (!own.open || own.closing || !own.life.alive) return;
      own.closing = true;
      carry(pair, own, other, { bytes: undefined, fin: reason });
      scheduler.after(1, () => finish(pair, own, reason), own.life);
    },
  });

  const connect = (dialer: Life, listener: Listener, url: string, handlers: (link: Link) => LinkHandlers): Link => {
    const end = (life: Life): End => ({
      life,
      handlers: undefined,
      open: true,
      closing: false,
      pipe: [],
      due: 0,
      lastAtMs: 0,
      waitingBytes: 0,
    });
    const [own, other] = [end(dialer), end(listener.life)];
    const pair: Pair = [own, other];
    pairs.add(pair);
    const link = linkOf(pair, own, other, url);
    other.handlers = listener.accept(linkOf(pair, other, own, `peer-of-${dialer.name}`));
    own.handlers = handlers(link);
    return link;
  };

  const dial = (life: Life, url: string, handlers: (link: Link) => LinkHandlers): ReturnType<PeerNet["dial"]> =>
    new Promise((resolve) => {
      let waiting = true;
      const giveUp = (why: string): void => {
        if (waiting) resolve(err(why));
        waiting = false;
      };
      const listener = listeners.get(url);
      if (listener === undefined || !listener.life.alive || prng.chance(rates.dialFailChance)) {
        scheduler.after(delay(), () => giveUp("refused"), life);
        return;
      }
      scheduler.after(DIAL_TIMEOUT_MS, () => giveUp("no answer"), life);
      if (isBlocked(life, listener.life) || isBlocked(listener.life, life)) return;
      const meet = (): void => {
        // A program that was frozen finds connections of callers who gave up long ago.
        if (!waiting || !life.alive || life.frozen) return;
        waiting = false;
        resolve(ok(connect(life, listener, url, handlers)));
      };
      scheduler.after(2 * delay(), meet, listener.life);
    });

  return {
    rates,
    peakBytes: () => peak,
    netFor: (life, url) => ({
      listen: (_address, accept) => {
        listeners.set(url, { life, accept });
        return Promise.resolve(ok(url));
      },
      dial: (target, handlers) => dial(life, target, handlers),
      close: () => Promise.resolve(),
    }),
    setBlocked: (from, to, isNow) => {
      if (isNow) {
        blocked.add(`${from}>${to}`);
        return;
      }
      if (blocked.delete(`${from}>${to}`)) release((a, b) => a.name === from && b.name === to);
    },
    clearBlocks: () => {
      blocked.clear();
      release(() => true);
    },
    cutOne: () => {
      const open = [...pairs].filter((pair) => pair.every((end) => end.open && !end.closing));
      if (open.length > 0) cut(prng.pick(open), "connection reset");
    },
    dropLife: (life, silent) => {
      for (const [url, listener] of listeners) if (listener.life === life) listeners.delete(url);
      for (const pair of [...pairs]) {
        for (const [own, other] of [pair, [pair[1], pair[0]]] as const) {
          if (own.life !== life) continue;
          own.open = false;
          if (!silent) carry(pair, own, other, { bytes: undefined, fin: "gone" });
          forget(pair);
        }
      }
    },
  };
}
