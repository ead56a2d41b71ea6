/** Simulated time: timers fire in order when the test says so, and nothing happens in between. */
import type { Clock } from "@skein/node";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export interface VirtualTime {
  /** One node's clock: its wall time is off by `skewMs`, and it stands still once the node is dead. */
  clockFor(node: { readonly skewMs: number; readonly isAlive: () => boolean }): Clock;
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
  /** Runs timers until `done` or until `limitMs` of simulated time have passed. Returns whether it came to be done. */
  runUntil(done: () => boolean, limitMs: number): Promise<boolean>;
}

const WALL_START_MS = 1_790_000_000_000;

export function createVirtualTime(): VirtualTime {
  const timers = new Set<Timer>();
  let nowMs = 0;
  let order = 0;

  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order: order++, run };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  };

  return {
    nowMs: () => nowMs,
    after,
    clockFor: ({ skewMs, isAlive }) => ({
      monoMs: () => nowMs,
      wallMs: () => Math.floor(WALL_START_MS + nowMs + skewMs),
      after: (delayMs, run) =>
        after(delayMs, () => {
          if (isAlive()) run();
        }),
    }),
    runUntil: async (done, limitMs) => {
      const end = nowMs + limitMs;
      for (;;) {
        // The engine's promises resolve in an order of their own; all of them are through before time moves on.
        await drained();
        if (done()) return true;
        const timer = next();
        if (timer === undefined || timer.atMs > end) return false;
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.run();
      }
    },
  };
}

const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
