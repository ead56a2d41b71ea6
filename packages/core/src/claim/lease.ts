/**
 * Leases as one observer sees them.
 *
 * A holder renews by moving its beat counter. The observer measures how long ago *it* last saw the counter move, on *its
 * own* monotonic clock, and starts every measurement again after its own pause, restart or reconnection, because then
 * the silence was its own. Nobody compares wall clocks. (The client-go leader-election rule with own-stall grace;
 * without the grace, healthy holders lose their claims to an observer that slept.)
 */
export interface LeaseObserver {
  /** A beat of this node was heard. */
  heard(node: string, counter: bigint, nowMs: number): void;
  /** The observer itself was away: every silence starts again. */
  grace(nowMs: number): void;
  /** This node has just proved its key on a new link, which is a sign of life that no repeated message can give. */
  met(node: string, nowMs: number): void;
  /** Has the holder been silent for a whole TTL? A node never heard counts from when it was first asked about. */
  isExpired(lease: { readonly holder: string; readonly ttlMs: number }, nowMs: number): boolean;
  /** The same for whoever only looks: it begins no measurement, so that looking changes nothing. */
  looksExpired(lease: { readonly holder: string; readonly ttlMs: number }, nowMs: number): boolean;
  /** Monotonic time of the last sign of life, undefined when there was none. */
  lastHeardMs(node: string): number | undefined;
}

interface Observation {
  counter: bigint;
  /** When the silence being measured began. */
  sinceMs: number;
  heardMs: number | undefined;
}

export function createLeaseObserver(): LeaseObserver {
  const observations = new Map<string, Observation>();
  return {
    heard: (node, counter, nowMs) => {
      const known = observations.get(node);
      // A repeated or late beat is no sign of life: only a counter that moves is.
      if (known !== undefined && counter <= known.counter) return;
      observations.set(node, { counter, sinceMs: nowMs, heardMs: nowMs });
    },
    grace: (nowMs) => {
      for (const observation of observations.values()) observation.sinceMs = nowMs;
    },
    met: (node, nowMs) => {
      const known = observations.get(node);
      if (known !== undefined) known.sinceMs = nowMs;
    },
    isExpired: ({ holder, ttlMs }, nowMs) => {
      const known = observations.get(holder);
      if (known === undefined) {
        observations.set(holder, { counter: -1n, sinceMs: nowMs, heardMs: undefined });
        return false;
      }
      return nowMs - known.sinceMs > ttlMs;
    },
    looksExpired: ({ holder, ttlMs }, nowMs) => nowMs - (observations.get(holder)?.sinceMs ?? nowMs) > ttlMs,
    lastHeardMs: (node) => observations.get(node)?.heardMs,
  };
}

/**
 * Notices the observer's own stalls: the time between two ticks that were meant to be `intervalMs` apart. More than
 * `intervalMs + toleranceMs` means that this process slept (SIGSTOP, laptop lid, a blocked event loop).
 */
export function createStallDetector(toleranceMs: number): (nowMs: number, intervalMs: number) => boolean {
  let lastMs: number | undefined;
  return (nowMs, intervalMs) => {
    const stalled = lastMs !== undefined && nowMs - lastMs > intervalMs + toleranceMs;
    lastMs = nowMs;
    return stalled;
  };
}
