/** Time that passes when a test says so. Between two moments everything that is under way comes to rest. */
import type { Clock } from "@skein/node";

export interface ClockDouble extends Clock {
  /** Lets that much time pass, timer by timer. */
  pass(ms: number): Promise<void>;
  /** Nothing runs meanwhile, as when the process is stopped; the timers that came due run afterwards. */
  sleep(ms: number): void;
  /** Everything that can go on has gone on. */
  rest(): Promise<void>;
}

const START_MS = 1_790_000_000_000;

export function createClockDouble(): ClockDouble {
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  let now = 0;
  let count = 0;
  const rest = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
  };
  const next = (limit: number): readonly [number, () => void] | undefined => {
    const due = [...timers].filter(([, { atMs }]) => atMs <= limit);
    const [first] = due.toSorted(([a, one], [b, other]) => one.atMs - other.atMs || a - b);
    if (first === undefined) return undefined;
    const [id, { atMs, run }] = first;
    timers.delete(id);
    return [Math.max(now, atMs), run];
  };
  return {
    monoMs: () => now,
    wallMs: () => START_MS + now,
    after: (delayMs, run) => {
      const id = count++;
      timers.set(id, { atMs: now + delayMs, run });
      return () => void timers.delete(id);
    },
    rest,
    sleep: (ms) => {
      now += ms;
    },
    pass: async (ms) => {
      const end = now + ms;
      await rest();
      for (let one = next(end); one !== undefined; one = next(end)) {
        [now] = one;
        one[1]();
        await rest();
      }
      now = Math.max(now, end);
      await rest();
    },
  };
}
