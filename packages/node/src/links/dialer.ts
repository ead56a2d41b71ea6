/**
 * Keeps trying to be linked: to the rendezvous addresses it was given and to every member's address it heard in a beat.
 * Jittered exponential back-off per address, one attempt at a time.
 */
import { LIMITS } from "@skein/core";

import type { Cancel, Clock, Random } from "../ports.ts";

export interface DialTarget {
  readonly url: string;
  /** The member that is expected there (hex); undefined for a rendezvous address. */
  readonly node: string | undefined;
}

export interface Dialer {
  /** The addresses to keep linked from now on. */
  setTargets(targets: readonly DialTarget[]): void;
  /** Look at once instead of at the next tick. */
  poke(): void;
  stop(): void;
}

export interface DialerDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Is there a link to this target already, or one being made? */
  readonly isLinked: (target: DialTarget) => boolean;
  /** Resolves with true when a link was opened and proved. */
  readonly dial: (target: DialTarget) => Promise<boolean>;
}

const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 15_000;
const TICK_MS = 250;

interface Attempt {
  failures: number;
  notBeforeMs: number;
  underWay: boolean;
}

export function createDialer({ clock, random, isLinked, dial }: DialerDeps): Dialer {
  let targets: readonly DialTarget[] = [];
  const attempts = new Map<string, Attempt>();
  let underWay = 0;
  let cancel: Cancel | undefined;
  let stopped = false;

  const jitter = (ms: number): number => {
    const [byte = 0] = random.bytes(1);
    return ms * (0.5 + byte / 256);
  };

  const attempt = async (target: DialTarget, state: Attempt): Promise<void> => {
    state.underWay = true;
    underWay++;
    const linked = await dial(target);
    underWay--;
    state.underWay = false;
    state.failures = linked ? 0 : state.failures + 1;
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** state.failures, LAST_BACKOFF_MS);
    state.notBeforeMs = clock.monoMs() + jitter(backoff);
  };

  const look = (): void => {
    if (stopped) return;
    cancel?.();
    cancel = clock.after(TICK_MS, look);
    for (const target of targets) {
      const state = attempts.get(target.url) ?? { failures: 0, notBeforeMs: 0, underWay: false };
      attempts.set(target.url, state);
      if (state.underWay || isLinked(target) || clock.monoMs() < state.notBeforeMs) continue;
      if (underWay >= LIMITS.dialsUnderWay) continue;
      void attempt(target, state);
    }
  };

  return {
    setTargets: (next) => {
      targets = next;
      const urls = new Set(next.map((target) => target.url));
      for (const url of attempts.keys()) if (!urls.has(url)) attempts.delete(url);
    },
    poke: look,
    stop: () => {
      stopped = true;
      cancel?.();
    },
  };
}
