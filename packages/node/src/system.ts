/** The machine's own time and randomness. The only place of the engine that touches them. */
import { randomBytes } from "node:crypto";

import type { Clock, Random } from "./ports.ts";

export const systemClock: Clock = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, run) => {
    if (delayMs <= 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const POOL_BYTES = 4_096;
/** Up to this length bytes come from the pool: ids and jitter, never keys, which shall not lie in memory beside others. */
const POOLED_BYTES = 16;

/** Asking the kernel costs as much as the rest of a command's decision, so small amounts are drawn in advance. */
function createRandom(): Random {
  let pool = randomBytes(0);
  let next = 0;
  return {
    bytes: (length) => {
      if (length > POOLED_BYTES) return new Uint8Array(randomBytes(length));
      if (next + length > pool.length) {
        pool = randomBytes(POOL_BYTES);
        next = 0;
      }
      next += length;
      return new Uint8Array(pool.subarray(next - length, next));
    },
  };
}

export const systemRandom: Random = createRandom();
