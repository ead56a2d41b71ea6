/** How long a platform asks to be left alone. */

const LONGEST_MS = 60 * 60 * 1_000;

/** `Retry-After` in seconds or as a date; `otherwiseMs` when there is none. At most an hour: a header is no reason to stop. */
export function retryAfterMs(headers: Headers, nowMs: number, otherwiseMs: number): number {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return otherwiseMs;
  const askedMs = /^\d{1,9}(?:\.\d{1,6})?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(askedMs) ? Math.min(Math.max(Math.ceil(askedMs), 0), LONGEST_MS) : otherwiseMs;
}
