/**
 * How much of those who may do nothing here gets into the log. What they say is answered, so that they know how to become
 * somebody; but on most networks anybody can write to the mesh, and each line would be kept by every node for ever.
 */
import type { Clock } from "@skein/node";

export interface Strangers {
  /** False when this one, or all of them together, have been heard enough for now. */
  hear(principal: string): boolean;
}

const WINDOW_MS = 3_600_000;
const LINES_OF_ONE = 100;
const LINES_OF_ALL = 500;

/** `onFull` is told once in each window. */
export function createStrangers(clock: Clock, onFull: () => void): Strangers {
  let lines = new Map<string, number>();
  let all = 0;
  let endsMs = Number.NEGATIVE_INFINITY;
  let isTold = false;
  return {
    hear: (principal) => {
      if (clock.monoMs() >= endsMs) {
        lines = new Map();
        [all, isTold, endsMs] = [0, false, clock.monoMs() + WINDOW_MS];
      }
      const own = lines.get(principal) ?? 0;
      if (own < LINES_OF_ONE && all < LINES_OF_ALL) {
        lines.set(principal, own + 1);
        all++;
        return true;
      }
      if (!isTold) onFull();
      isTold = true;
      return false;
    },
  };
}
