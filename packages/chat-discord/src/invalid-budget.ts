/**
 * Discord shuts out an address that got 10,000 answers of 401, 403 or 429 within ten minutes. This process stops asking
 * before that, also when everything that it sends is refused.
 */
import type { TransportServices } from "@skein/chat";

export const INVALID_MAX = 8_000;
const WINDOW_MINUTES = 10;
const MINUTE_MS = 60_000;

export interface InvalidBudget {
  note(status: number): void;
  /** 0 while requests may be made. */
  waitMs(): number;
}

/** Counted by the minute, so that an attack costs no memory. */
export function createInvalidBudget(clock: Pick<TransportServices["clock"], "monoMs">): InvalidBudget {
  let minutes: { readonly minute: number; count: number }[] = [];
  const recent = (): typeof minutes => {
    const now = Math.floor(clock.monoMs() / MINUTE_MS);
    // The minute that has begun counts on top of ten whole ones.
    minutes = minutes.filter(({ minute }) => minute >= now - WINDOW_MINUTES);
    return minutes;
  };
  return {
    note: (status) => {
      if (status !== 401 && status !== 403 && status !== 429) return;
      const now = Math.floor(clock.monoMs() / MINUTE_MS);
      const last = recent().at(-1);
      if (last?.minute === now) last.count++;
      else minutes.push({ minute: now, count: 1 });
    },
    waitMs: () => {
      const counted = recent();
      if (counted.reduce((sum, { count }) => sum + count, 0) < INVALID_MAX) return 0;
      const oldest = counted[0]?.minute ?? 0;
      return Math.max(MINUTE_MS, (oldest + WINDOW_MINUTES + 1) * MINUTE_MS - clock.monoMs());
    },
  };
}
