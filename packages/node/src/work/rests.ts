/** What this node leaves alone for a while, and why it comes back to it by itself: nothing of it is replicated. */
import type { OwnTrouble } from "@skein/core";

import type { Clock } from "../ports.ts";

export interface Rests {
  /** Items to leave alone until then (monotonic ms). */
  readonly notBefore: ReadonlyMap<string, number>;
  /** Nothing goes into Coding here until then (monotonic ms): this node's agent did not start, or its provider has cut it off. */
  readonly codingFrom: number;
  leaveAlone(item: string, ms: number): void;
  /** A fault of this program or its machine that may pass. */
  afterFault(item: string): void;
  /** A machine that is broken breaks the next attempt, too: it waits twice as long each time. */
  failedAgain(item: string): void;
  blockCoding(ms: number): void;
}

const FIRST_MS = 30_000;
const LONGEST_MS = 15 * 60_000;

export function createRests(clock: Clock): Rests {
  const notBefore = new Map<string, number>();
  const failures = new Map<string, number>();
  let codingFrom = 0;
  const leaveAlone = (item: string, ms: number): void =>
    void notBefore.set(item, Math.max(notBefore.get(item) ?? 0, clock.monoMs() + ms));
  return {
    notBefore,
    get codingFrom(): number {
      return codingFrom;
    },
    leaveAlone,
    afterFault: (item) => leaveAlone(item, FIRST_MS),
    failedAgain: (item) => {
      const times = failures.get(item) ?? 0;
      failures.set(item, times + 1);
      leaveAlone(item, Math.min(FIRST_MS * 2 ** times, LONGEST_MS));
    },
    blockCoding: (ms) => {
      codingFrom = Math.max(codingFrom, clock.monoMs() + ms);
    },
  };
}

/** The same in the time that people read, and only what is not over yet. */
export function restsOf(
  clock: Clock,
  { notBefore, codingFrom }: Pick<Rests, "notBefore" | "codingFrom">,
): Pick<OwnTrouble, "restsUntil" | "codingFrom"> {
  const wallOf = (monoMs: number): number | undefined => {
    const left = monoMs - clock.monoMs();
    return left > 0 ? Math.ceil(clock.wallMs() + left) : undefined;
  };
  return { restsUntil: (item) => wallOf(notBefore.get(item) ?? 0), codingFrom: wallOf(codingFrom) };
}
