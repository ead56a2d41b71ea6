/**
 * Connections of the simulated network: two ends, a pipe to each, messages in their order. What the network may do to them
 * (network.ts) comes in as rates and walls.
 */
import type { Prng } from "@skein/core/testing";
import type { Link, LinkHandlers } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { NetworkRates, NetworkWatch } from "./network.ts";

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
  /** It reads nothing until it resumes. */
  paused: boolean;
  /** Messages to this end, in their order; the first `due` of them have crossed the network. */
  readonly pipe: Message[];
  due: number;
  /** When the last message to this end arrives. */
  lastAtMs: number;
  waitingBytes: number;
}

type Pair = readonly [End, End];

export interface Wires {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly rates: NetworkRates;
  readonly watch: NetworkWatch;
  readonly isBlocked: (from: Life, to: Life) => boolean;
  readonly pairs: Set<Pair>;
  /** Greatest number of bytes that waited in one direction of a link. */
  peakBytes: number;
}

const directions = (pair: Pair): readonly Pair[] => [pair, [pair[1], pair[0]]];

/** How long the next message takes. */
export function delayOn({ rates, prng }: Wires): number {
  const usual = rates.minDelayMs + prng.int(Math.max(1, Math.round(rates.maxDelayMs - rates.minDelayMs)));
  return rates.spikeChance > 0 && prng.chance(rates.spikeChance) ? usual + rates.spikeMs : usual;
}

const newEnd = (life: Life): End => ({
  life,
  handlers: undefined,
  open: true,
  closing: false,
  paused: false,
  pipe: [],
  due: 0,
  lastAtMs: 0,
  waitingBytes: 0,
});

/** Two programs are connected; both get their end. */
export function connect(
  wires: Wires,
  dialer: { readonly life: Life; readonly handlers: (link: Link) => LinkHandlers },
  listener: { readonly life: Life; readonly accept: (link: Link) => LinkHandlers; readonly url: string },
): Link {
  const [own, other] = [newEnd(dialer.life), newEnd(listener.life)];
  const pair: Pair = [own, other];
  wires.pairs.add(pair);
  const link = linkOf(wires, pair, own, other, listener.url);
  other.handlers = listener.accept(linkOf(wires, pair, other, own, `peer-of-${dialer.life.name}`));
  own.handlers = dialer.handlers(link);
  return link;
}

const linkOf = (wires: Wires, pair: Pair, own: End, other: End, remoteAddress: string): Link => ({
  remoteAddress,
  send: (bytes) => {
    const { rates, prng, watch } = wires;
    if (!own.open || own.closing || !own.life.alive) return "closed";
    if (other.waitingBytes + bytes.length > rates.outboxBytes) return "full";
    watch.onSend(own.life, bytes);
    other.waitingBytes += bytes.length;
    wires.peakBytes = Math.max(wires.peakBytes, other.waitingBytes);
    carry(wires, pair, own, other, { bytes, fin: undefined });
    if (rates.cutChance > 0 && prng.chance(rates.cutChance)) cut(wires, pair, "connection reset");
    return "sent";
  },
  bufferedBytes: () => other.waitingBytes,
  rttMs: () => undefined,
  setMaxMessageBytes: () => undefined,
  pause: () => {
    own.paused = true;
  },
  resume: () => {
    own.paused = false;
    flow(wires, pair, other, own);
  },
  close: (reason) => {
    if (!own.open || own.closing || !own.life.alive) return;
    own.closing = true;
    carry(wires, pair, own, other, { bytes: undefined, fin: reason });
    wires.scheduler.after(1, () => finish(wires, pair, own, reason), own.life);
  },
});

function carry(wires: Wires, pair: Pair, from: End, to: End, message: Message): void {
  const { scheduler } = wires;
  to.pipe.push(message);
  to.lastAtMs = Math.max(to.lastAtMs, scheduler.nowMs() + delayOn(wires));
  scheduler.after(to.lastAtMs - scheduler.nowMs(), () => {
    if (to.pipe.length > to.due) to.due++;
    flow(wires, pair, from, to);
  });
}

function flow(wires: Wires, pair: Pair, from: End, to: End): void {
  if (to.paused || wires.isBlocked(from.life, to.life)) return;
  for (; to.due > 0; to.due--) {
    const message = to.pipe.shift();
    // What reaches a frozen program waits in its machine's buffers.
    if (message !== undefined) wires.scheduler.after(0, () => deliver(wires, pair, from, to, message), to.life);
  }
}

function deliver(wires: Wires, pair: Pair, from: End, to: End, message: Message): void {
  to.waitingBytes -= message.bytes?.length ?? 0;
  if (!to.open) {
    // The machine answers with a reset, if that can pass.
    if (!from.open || wires.isBlocked(to.life, from.life)) return;
    wires.scheduler.after(delayOn(wires), () => finish(wires, pair, from, "reset"), from.life);
    return;
  }
  if (message.fin !== undefined) return finish(wires, pair, to, message.fin);
  if (message.bytes === undefined || to.closing) return;
  wires.watch.onDelivered(from.life, to.life, message.bytes);
  to.handlers?.onMessage(message.bytes);
}

/** The end hears that it is over. */
function finish({ pairs }: Wires, pair: Pair, end: End, reason: string): void {
  if (!end.open) return;
  end.open = false;
  end.pipe.length = 0;
  end.due = 0;
  end.waitingBytes = 0;
  if (pair.every(({ open }) => !open)) pairs.delete(pair);
  end.handlers?.onClose(reason);
}

/** Ends a connection; what is under way is lost at once, in both directions. */
function cut(wires: Wires, pair: Pair, why: string): void {
  wires.watch.onCut(pair[0].life, pair[1].life, why);
  for (const end of pair) {
    end.closing = true;
    wires.scheduler.after(delayOn(wires), () => finish(wires, pair, end, why), end.life);
  }
}

/** Ends one connection that is open, if there is one. */
export function cutAny(wires: Wires): void {
  const open = [...wires.pairs].filter((pair) => pair.every((end) => end.open && !end.closing));
  if (open.length > 0) cut(wires, wires.prng.pick(open), "connection reset");
}

/** A wall fell: what waited goes on its way, in its order. */
export function release(wires: Wires, isFree: (from: Life, to: Life) => boolean): void {
  for (const pair of wires.pairs) {
    for (const [from, to] of directions(pair)) if (isFree(from.life, to.life)) flow(wires, pair, from, to);
  }
}

/** A program ended. Its peers hear of it, unless the whole machine went. */
export function dropEnds(wires: Wires, life: Life, silent: boolean): void {
  for (const pair of wires.pairs) {
    for (const [own, other] of directions(pair)) {
      if (own.life !== life) continue;
      own.open = false;
      if (!silent) carry(wires, pair, own, other, { bytes: undefined, fin: "gone" });
      if (pair.every(({ open }) => !open)) wires.pairs.delete(pair);
    }
  }
}
