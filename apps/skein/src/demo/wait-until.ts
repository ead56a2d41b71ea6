/** Waiting for a condition: looked at again and again until it holds, the limit is reached, or a person interrupts. */
import { setTimeout as delay } from "node:timers/promises";

import { Failure } from "../failure.ts";
import { orInterrupted } from "./interrupt.ts";

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** The sentence to fail with. */
  readonly otherwise: () => string | Promise<string>;
}

const LOOK_MS = 60;

export async function waitUntil<T>(look: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadlineMs = performance.now() + options.limitMs;
  for (;;) {
    const found = await orInterrupted(look(), options.signal);
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Failure(await options.otherwise());
    await orInterrupted(delay(LOOK_MS), options.signal);
  }
}
