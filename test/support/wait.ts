/** Waiting for a condition with a deadline. Tests never sleep and hope: they say what they wait for. */
import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

const WITHIN_MS = 20_000;
const EVERY_MS = 40;

/** Thrown in a probe to say why the condition does not hold yet; any other error counts the same. */
export class NotYet extends Error {}

/**
 * Asks `probe` until it gives something other than undefined, null or false, and resolves with that. Fails with `what`
 * and with what the probe last said when the time is over.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T> | T,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { withinMs = WITHIN_MS, everyMs = EVERY_MS } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    let said: string;
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) {
        // TypeScript does not narrow a type parameter by comparison.
        return value as Exclude<T, undefined | null | false>;
      }
      said = `the probe gave ${String(value)}`;
    } catch (cause) {
      said = cause instanceof Error ? cause.message : String(cause);
    }
    if (performance.now() >= deadline) throw new Error(`Waited ${withinMs} ms for ${what}, in vain: ${said}`);
    await delay(everyMs);
  }
}
