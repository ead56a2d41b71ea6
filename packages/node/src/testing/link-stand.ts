/** What a link is tried out on: a clock that the test moves and a connection that writes down what is done to it. */
import { decodeMessage, LIMITS, type Message } from "@skein/core";

import type { Clock, Link } from "../ports.ts";

export interface ManualClock extends Clock {
  /** Lets so much time pass, timer by timer. */
  advance(ms: number): void;
}

export function createManualClock(): ManualClock {
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  let nowMs = 0;
  const due = (untilMs: number): { readonly atMs: number; readonly run: () => void } | undefined =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
  return {
    monoMs: () => nowMs,
    wallMs: () => 1_790_000_000_000 + nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (ms) => {
      const untilMs = nowMs + ms;
      for (let timer = due(untilMs); timer !== undefined; timer = due(untilMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.run();
      }
      nowMs = untilMs;
    },
  };
}

export interface RecordedLink extends Link {
  /** What was sent over it, decoded. */
  readonly sent: readonly Message[];
  isPaused(): boolean;
  /** Why it was closed; undefined while it is open. */
  closed(): string | undefined;
}

export function createRecordedLink(remoteAddress = "192.0.2.1:4710"): RecordedLink {
  const sent: Message[] = [];
  let paused = false;
  let closed: string | undefined;
  return {
    remoteAddress,
    sent,
    isPaused: () => paused,
    closed: () => closed,
    send: (bytes) => {
      if (closed !== undefined) return "closed";
      const decoded = decodeMessage(bytes, LIMITS.messageBytes);
      if (!decoded.ok) throw new Error(`what was sent is no message: ${decoded.error}`);
      sent.push(decoded.value);
      return "sent";
    },
    bufferedBytes: () => 0,
    rttMs: () => undefined,
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
    setMaxMessageBytes: () => undefined,
    close: (reason) => {
      closed ??= reason;
    },
  };
}
