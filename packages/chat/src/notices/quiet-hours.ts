/** Hours of the day, in somebody's own time zone, in which nothing is said that can wait. */

export interface QuietHours {
  /** Minutes since midnight there. The end may lie before the beginning: over midnight. */
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly zone: string;
}

const PATTERN = /^([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)$/;

/** Of `22:00-07:00`; undefined when it is no such span, or the zone is not known here. */
export function parseQuietHours(span: string, zone: string): QuietHours | undefined {
  const match = PATTERN.exec(span.trim());
  if (match === null || !isZone(zone)) return undefined;
  const [from, to] = [minutes(match[1], match[2]), minutes(match[3], match[4])];
  return from === to ? undefined : { from, to, zone };
}

const minutes = (hours: string | undefined, rest: string | undefined): number => Number(hours) * 60 + Number(rest);

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

export const isQuiet = ({ from, to, zone }: QuietHours, nowMs: number): boolean => {
  const now = minuteOfDay(nowMs, zone);
  return from < to ? now >= from && now < to : now >= from || now < to;
};

const MINUTE_MS = 60_000;

/**
 * The quiet span that ended last, when that was within `withinMs`; wall times. A span is found by its minutes, so that a change
 * to or from summer time moves its ends as a wall clock there shows them.
 */
export function quietSpanBefore(
  quiet: QuietHours,
  nowMs: number,
  withinMs: number,
): { readonly start: number; readonly end: number } | undefined {
  if (isQuiet(quiet, nowMs)) return undefined;
  const end = lastAt(quiet.to, nowMs, quiet.zone);
  return nowMs - end < withinMs ? { start: lastAt(quiet.from, end - MINUTE_MS, quiet.zone), end } : undefined;
}

const DAY_MINUTES = 24 * 60;

/** The last moment, at `nowMs` or before, when a clock there showed this minute of the day. */
function lastAt(minute: number, nowMs: number, zone: string): number {
  const now = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const guess = now - ((minuteOfDay(now, zone) - minute + DAY_MINUTES) % DAY_MINUTES) * MINUTE_MS;
  // A clock that was changed in between is off by what it was changed by.
  const off = ((minute - minuteOfDay(guess, zone) + DAY_MINUTES + DAY_MINUTES / 2) % DAY_MINUTES) - DAY_MINUTES / 2;
  return guess + off * MINUTE_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(atMs: number, zone: string): number {
  const known = formats.get(zone);
  const format =
    known ?? new Intl.DateTimeFormat("en", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (known === undefined) formats.set(zone, format);
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return minutes(parts.get("hour"), parts.get("minute"));
}
