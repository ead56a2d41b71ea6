/** A clock that only the test moves, from timer to timer. */
import type { Clock } from "@skein/node";

export interface SteppingClock extends Clock {
  /** Timers that wait. */
  waiting(): number;
  /** Goes to the next timer and runs it. False when none waits. */
  step(): boolean;
  /** Lets so much time pass, timer by timer. */
  advance(ms: number): void;
}

/** An ordinary day. */
const START_MS = 1_790_000_000_000;

export function createSteppingClock(): SteppingClock {
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  let nowMs = 0;
  const next = (): { readonly atMs: number; readonly run: () => void } | undefined =>
    [...timers].toSorted((a, b) => a.atMs - b.atMs)[0];
  const clock: SteppingClock = {
    monoMs: () => nowMs,
    wallMs: () => START_MS + nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    waiting: () => timers.size,
    step: () => {
      const timer = next();
      if (timer === undefined) return false;
      timers.delete(timer);
      nowMs = Math.max(nowMs, timer.atMs);
      timer.run();
      return true;
    },
    advance: (ms) => {
      const untilMs = nowMs + ms;
      for (let timer = next(); timer !== undefined && timer.atMs <= untilMs; timer = next()) clock.step();
      nowMs = untilMs;
    },
  };
  return clock;
}
