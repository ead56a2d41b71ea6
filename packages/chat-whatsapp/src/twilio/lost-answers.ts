/**
 * Messages of this process whose answer was lost, for as long as Twilio may take to show them. Twilio makes a message before
 * it answers, so what is not in its list half a minute after the answer was given up was never accepted.
 */
import type { TransportServices } from "@skein/chat";

const SETTLED_MS = 30_000;
/** So long it is of use when the sending began; then any text since counts. */
const FORGOTTEN_MS = 10 * 60_000;

interface Lost {
  /** When the sending began, by the wall clock. */
  readonly sinceMs: number;
  /** When it was given up, monotonic. */
  readonly atMs: number;
}

export interface LostAnswers {
  add(key: string, sinceMs: number): void;
  remove(key: string): void;
  /** When the sending of this message began; undefined when this process has not tried. */
  sinceMs(key: string): number | undefined;
  /** Twilio may still be about to show it. */
  isFresh(key: string): boolean;
}

export function createLostAnswers(clock: TransportServices["clock"]): LostAnswers {
  const lost = new Map<string, Lost>();
  return {
    add: (key, sinceMs) => {
      for (const [old, { atMs }] of lost) if (clock.monoMs() - atMs > FORGOTTEN_MS) lost.delete(old);
      lost.set(key, { sinceMs, atMs: clock.monoMs() });
    },
    remove: (key) => void lost.delete(key),
    sinceMs: (key) => lost.get(key)?.sinceMs,
    isFresh: (key) => clock.monoMs() - (lost.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) < SETTLED_MS,
  };
}
