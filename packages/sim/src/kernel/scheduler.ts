/**
 * Simulated time. Events run one after the other in the order of their times; before time moves on, every promise that an
 * event settled has been followed to its end. Nothing here looks at the machine's clock.
 */
import { createEventQueue, type EventQueue } from "./event-queue.ts";
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

interface State {
  readonly queue: EventQueue<SimEvent>;
  nowMs: number;
  steps: number;
  stopAfter: number;
  stopped: boolean;
  look: () => void;
  fault: (life: Life | undefined, cause: unknown) => void;
}

export function createScheduler(): Scheduler {
  const state: State = {
    queue: createEventQueue<SimEvent>(),
    nowMs: 0,
    steps: 0,
    stopAfter: Number.POSITIVE_INFINITY,
    stopped: false,
    look: () => undefined,
    fault: (_life, cause) => {
      throw cause;
    },
  };
  let order = 0;
  const after = (delayMs: number, run: () => void, life?: Life): (() => void) => {
    const event: SimEvent = { atMs: state.nowMs + Math.max(0, delayMs), order: order++, life, run };
    state.queue.put(event);
    return () => {
      event.run = undefined;
    };
  };
  return {
    nowMs: () => state.nowMs,
    steps: () => state.steps,
    after,
    runUntil: (done, limitMs) => runUntil(state, done, limitMs),
    freeze: (life) => {
      life.frozen = true;
      life.frozenAtMs = state.nowMs;
    },
    thaw: (life) => {
      life.frozen = false;
      life.runningSinceMs = state.nowMs;
      life.lastGapMs = state.nowMs - life.frozenAtMs;
      for (const event of life.held.splice(0)) after(0, () => event.run?.(), life);
    },
    onStep: (next) => {
      state.look = next;
    },
    onFault: (hear) => {
      state.fault = hear;
    },
    settled: async (promise, limitMs) => {
      const box: { settled: boolean } = { settled: false };
      const settle = (): void => {
        box.settled = true;
      };
      promise.then(settle, settle);
      return (await runUntil(state, () => box.settled, limitMs)) ? promise : undefined;
    },
    stopAfter: (limit) => {
      state.stopAfter = limit;
    },
    isStopped: () => state.stopped,
  };
}

async function runUntil(state: State, done: () => boolean, limitMs: number): Promise<boolean> {
  const end = state.nowMs + limitMs;
  await drained();
  while (!state.stopped) {
    if (done()) return true;
    const event = state.queue.peek();
    if (event === undefined || event.atMs > end) {
      state.nowMs = end;
      return done();
    }
    state.queue.take();
    state.nowMs = event.atMs;
    if (!perform(state, event)) continue;
    await drained();
    state.look();
  }
  return false;
}

/** Returns whether something happened. */
function perform(state: State, event: SimEvent): boolean {
  const { life, run } = event;
  if (run === undefined || life?.alive === false) return false;
  if (life?.frozen === true) {
    // The event itself: whoever takes it back later still can.
    life.held.push(event);
    return false;
  }
  state.stopped = state.steps >= state.stopAfter;
  if (state.stopped) return false;
  state.steps++;
  try {
    run();
  } catch (cause) {
    state.fault(life, cause);
  }
  return true;
}

/**
 * Resolves when no microtask is left. Called from a microtask, a tick runs after the whole microtask queue; that costs a
 * quarter of a turn of the event loop.
 */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });
