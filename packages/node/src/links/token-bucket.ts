/** So much a second in the long run and so much at once, on the monotonic clock of whoever asks. May go into debt. */
import type { Budget } from "@skein/core";

export interface TokenBucket {
  /** Takes so much, whether it is there or not, and returns what is left. */
  take(amount: number, nowMs: number): number;
  /** What is there now; below zero it is owed. */
  level(nowMs: number): number;
}

export function createTokenBucket({ perSecond, burst }: Omit<Budget, "patienceMs">): TokenBucket {
  let kept = burst;
  let atMs = 0;
  const level = (nowMs: number): number => {
    if (nowMs <= atMs) return kept;
    kept = Math.min(burst, kept + ((nowMs - atMs) / 1_000) * perSecond);
    atMs = nowMs;
    return kept;
  };
  return {
    // Nobody owes more than a burst: whatever somebody did, it is forgotten after a known time.
    take: (amount, nowMs) => (kept = Math.max(-burst, level(nowMs) - amount)),
    level,
  };
}
