/**
 * Up to where everything is durable, as the `ts` of the newest message. It does not pass a message that could not be made
 * durable, and stands still while missed messages are being read, so that whoever goes on from here misses nothing.
 */
import { isLater, TS_PATTERN } from "./timestamp.ts";

export interface Cursor {
  /** Undefined until there is a first message. */
  value(): string | undefined;
  /** This message is durable. */
  durable(ts: string): void;
  /** This one could not be made durable; Slack delivers it again. */
  failed(ts: string): void;
  hold(): void;
  release(): void;
}

/** More than this many messages never wait for the disk at once; without the bound a message that never comes back stays. */
const FAILED_MAX = 1_000;

export function createCursor(initial: string | undefined, moved: (to: string) => void): Cursor {
  let told = initial !== undefined && TS_PATTERN.test(initial) ? initial : undefined;
  let newest = told;
  let holds = 0;
  const failing = new Set<string>();

  const tell = (): void => {
    if (holds > 0 || newest === undefined || newest === told) return;
    for (const ts of failing) if (!isLater(ts, newest)) return;
    told = newest;
    moved(newest);
  };
  return {
    value: () => told,
    durable: (ts) => {
      failing.delete(ts);
      if (newest === undefined || isLater(ts, newest)) newest = ts;
      tell();
    },
    failed: (ts) => {
      failing.add(ts);
      const [oldest] = failing;
      if (failing.size > FAILED_MAX && oldest !== undefined) failing.delete(oldest);
    },
    hold: () => void (holds += 1),
    release: () => {
      holds -= 1;
      tell();
    },
  };
}
