/**
 * What happened, as one hash and on request as lines. Frequent events are mixed in as numbers, which is cheap; whoever asks
 * to see them gets them as lines too.
 */
import { createHash } from "node:crypto";

import type { Scheduler } from "./scheduler.ts";

export interface Trace {
  /** Something worth a line. */
  line(who: string, what: string): void;
  /** Something frequent: a code and two numbers. */
  mix(code: number, a: number, b: number): void;
  hash(): string;
  /** The last lines, newest last. */
  last(count: number): readonly string[];
}

/** Lines that a failure is shown with. */
const KEPT = 400;
const CHUNK = 1 << 16;

export function createTrace(scheduler: Scheduler, print: ((line: string) => void) | undefined): Trace {
  const sum = createHash("sha256");
  const kept: string[] = [];
  let pending = "";
  let [h1, h2] = [0x9e3779b9, 0x85ebca6b];

  return {
    line: (who, what) => {
      const line = `${scheduler.steps()} ${scheduler.nowMs().toFixed(1)} ${who} ${what}`;
      print?.(line);
      kept.push(line);
      if (kept.length > 2 * KEPT) kept.splice(0, KEPT);
      pending += `${line}\n`;
      if (pending.length < CHUNK) return;
      sum.update(pending);
      pending = "";
    },
    mix: (code, a, b) => {
      h1 = Math.imul(h1 ^ code ^ Math.imul(a | 0, 0x27d4eb2f), 0x165667b1);
      h2 = Math.imul((h2 + (b | 0)) ^ (h1 >>> 15) ^ ((scheduler.nowMs() * 1_000) | 0), 0x9e3779b1);
    },
    hash: () =>
      sum
        .copy()
        .update(`${pending}${scheduler.steps()} ${h1 >>> 0} ${h2 >>> 0}`)
        .digest("hex"),
    last: (count) => kept.slice(-count),
  };
}
