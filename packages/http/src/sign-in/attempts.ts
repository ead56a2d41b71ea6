/** How often one address may be wrong. Codes are too long to be guessed; this keeps the trying cheap for the node. */
export interface Attempts {
  /** True when the address has been wrong too often lately. */
  isBarred(address: string): boolean;
  wrong(address: string): void;
}

const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 1_000;

export function createAttempts({ perMinute, now }: { perMinute: number; now: () => number }): Attempts {
  const counts = new Map<string, { count: number; readonly sinceMs: number }>();
  const current = (address: string): { count: number } | undefined => {
    const known = counts.get(address);
    return known !== undefined && now() - known.sinceMs < WINDOW_MS ? known : undefined;
  };
  return {
    isBarred: (address) => (current(address)?.count ?? 0) >= perMinute,
    wrong: (address) => {
      const known = current(address);
      if (known !== undefined) {
        known.count++;
        return;
      }
      if (counts.size >= ADDRESSES_MAX) counts.clear();
      counts.set(address, { count: 1, sinceMs: now() });
    },
  };
}
