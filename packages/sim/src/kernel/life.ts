/**
 * One run of a program, from its start to its end. Everything that happens to a program is an event of its life: a dead
 * one's events are dropped, a frozen one's (SIGSTOP, a closed lid) wait in order.
 */

export interface HeldEvent {
  /** Undefined once it was taken back. */
  run: (() => void) | undefined;
}

export interface Life {
  readonly name: string;
  readonly startedMs: number;
  alive: boolean;
  frozen: boolean;
  /** What happened to it while it was frozen. */
  readonly held: HeldEvent[];
  /** Since when it has run without a gap. */
  runningSinceMs: number;
  /** When it began to stand still last, and for how long it did; 0 before the first time. */
  frozenAtMs: number;
  lastGapMs: number;
}

export const newLife = (name: string, nowMs: number): Life => ({
  name,
  startedMs: nowMs,
  alive: true,
  frozen: false,
  held: [],
  runningSinceMs: nowMs,
  frozenAtMs: 0,
  lastGapMs: 0,
});
