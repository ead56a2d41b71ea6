/**
 * Discord's ids. They say when they were made, so they stand in for the platform's clock, and their order is the order in
 * time.
 */
import { z } from "zod";

export const snowflake = z.string().regex(/^\d{1,20}$/);

/** The first second of 2015. */
const EPOCH_MS = 1_420_070_400_000n;
const TIME_SHIFT = 22n;

export const snowflakeMs = (id: string): number => Number((BigInt(id) >> TIME_SHIFT) + EPOCH_MS);

/** The newer of two; whatever is there when one is missing. */
export function newer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return BigInt(a) >= BigInt(b) ? a : b;
}

/** An id from so much earlier, to ask for everything after it. Never before `floor`. */
export function earlier(id: string, byMs: number, floor: string): string {
  const moved = BigInt(id) - (BigInt(byMs) << TIME_SHIFT);
  return moved > BigInt(floor) ? moved.toString() : floor;
}

/** An id of that moment, to ask for everything after it. */
export const afterMs = (wallMs: number): string => {
  const since = BigInt(Math.max(0, Math.floor(wallMs))) - EPOCH_MS;
  return String(since > 0n ? since << TIME_SHIFT : 0n);
};
