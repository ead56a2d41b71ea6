/** A clock that ticks once a second for as long as anything shown reads it. For what counts down and nothing else. */
import { type ReadonlySignal, signal } from "@preact/signals";

let timer: ReturnType<typeof setInterval> | undefined;

const tick = signal(0, {
  watched: () => {
    tick.value = performance.now();
    timer = setInterval(() => {
      tick.value = performance.now();
    }, 1_000);
  },
  unwatched: () => clearInterval(timer),
});

/** Monotonic, as `performance.now()`. */
export const now: ReadonlySignal<number> = tick;
