/**
 * Simulated time. Events run one after the other in the order of their times; before time moves on, every promise that an
 * event settled has been followed to its end. Nothing here looks at the machine's clock.
 */
import { createEventQueue } from "./event-queue.ts";
import type { HeldEvent, Life } from "./life.ts";

interface SimEvent extends HeldEvent {
  readonly atMs: number;
  readonly order: number;
  /** Undefined for what belongs to nobody: the world's own doing. */
  readonly life: Life | undefined;
}

export interface Scheduler {
  nowMs(): number;
  /** Events that have run. */
  steps(): number;
  /** Returns the function that takes it back. */
  after(delayMs: number, run: () => void, life?: Life): () => void;
  freeze(life: Life): void;
  /** What was held happens now, in its order. */
  thaw(life: Life): void;
  /** Called after each event, when all its promises have settled. */
  onStep(look: () => void): void;
  /** A program threw: what would have ended it. */
  onFault(hear: (life: Life | undefined, cause: unknown) => void): void;
  /** Runs until `done` or for `limitMs` of simulated time. Returns whether it came to be done. */
  runUntil(done: () => boolean, limitMs: number): Promise<boolean>;
  /** Lets time pass until a promise is settled; the promise of a life that ended never is. */
  settled<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined>;
  /** No event after this many. */
  stopAfter(steps: number): void;
  /** An event was due that was not allowed to run any more. */
  isStopped(): boolean;
}

export function createScheduler(): Scheduler {
  const queue = createEventQueue<SimEvent>();
  let nowMs = 0;
  let order = 0;
  let steps = 0;
  let stopAfter = Number.POSITIVE_INFINITY;
  let stopped = false;
  let look = (): void => {};
  let fault = (_life: Life | undefined, cause: unknown): void => {
    throw cause;
  };

  const after = (delayMs: number, run: () => void, life?: Life): (() => void) => {
    const event: SimEvent = { atMs: nowMs + Math.max(0, delayMs), order: order++, life, run };
    queue.put(event);
    return () => {
      event.run = undefined;
    };
  };
  const perform = (event: SimEvent): boolean => {
    const { life, run } = event;
    if (run === undefined || life?.alive === false) return false;
    if (life?.frozen === true) {
      // The event itself: whoever takes it back later still can.
      life.held.push(event);
      return false;
    }
    steps++;
    try {
      run();
    } catch (cause) {
      fault(life, cause);
    }
    return true;
  };

  const runUntil = async (done: () => boolean, limitMs: number): Promise<boolean> => {
    const end = nowMs + limitMs;
    await drained();
    for (;;) {
      if (stopped) return false;
      if (done()) return true;
      const event = queue.peek();
      if (event === undefined || event.atMs > end) {
        nowMs = end;
        return done();
      }
      stopped = steps >= stopAfter;
      if (stopped) return false;
      queue.take();
      nowMs = event.atMs;
      if (!perform(event)) continue;
      await drained();
      look();
    }
  };

  return {
    nowMs: () => nowMs,
    steps: () => steps,
    after,
    runUntil,
    freeze: (life) => {
      life.frozen = true;
      life.frozenAtMs = nowMs;
    },
    thaw: (life) => {
      life.frozen = false;
      life.runningSinceMs = nowMs;
      life.lastGapMs = nowMs - life.frozenAtMs;
      for (const event of life.held.splice(0)) after(0, () => event.run?.(), life);
    },
    onStep: (next) => {
      look = next;
    },
    onFault: (hear) => {
      fault = hear;
    },
    settled: async (promise, limitMs) => {
      const box: { settled: boolean } = { settled: false };
      const settle = (): void => {
        box.settled = true;
      };
      promise.then(settle, settle);
      return (await runUntil(() => box.settled, limitMs)) ? promise : undefined;
    },
    stopAfter: (limit) => {
      stopAfter = limit;
    },
    isStopped: () => stopped,
  };
}

/**
 * Resolves when no microtask is left. Called from a microtask, a tick runs after the whole microtask queue; that costs a
 * quarter of a turn of the event loop.
 */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });
