/**
 * When a cron expression is due, in a time zone. Five fields, so nothing is due more often than once a minute, and each
 * occurrence is a whole minute that all nodes name alike.
 *
 * Croner knows the calendar and daylight saving time: a fixed time that a clock change leaves out is due right after the
 * change, one that comes twice is due the first time; what is due every so often goes on through both.
 */
import { err, ok, type Result } from "@skein/core";
import { Cron } from "croner";

export interface Schedule {
  /** The first occurrence after this moment (Unix ms); undefined when there is none any more. */
  next(afterMs: number): number | undefined;
  /** The last occurrence at this moment or before. */
  latest(atMs: number): number | undefined;
}

/** `?` means the moment at which the expression is read, which no two nodes share; names like @daily are not fields. */
const FIELDS = /^[\dA-Za-z*/,#-]{1,60}(?: [\dA-Za-z*/,#-]{1,60}){4}$/;
/** Offsets are no zones: they know no daylight saving time. */
const ZONE = /^[A-Za-z]{1,20}(?:[/_+-][A-Za-z0-9_+-]{1,30}){0,3}$/;

export function parseSchedule(expression: string, zone: string): Result<Schedule, string> {
  if (!FIELDS.test(expression)) {
    return err(
      `"${expression}" is not a cron expression: five fields with one space between them, minute, hour, day, month and weekday, like "30 9 * * 1-5".`,
    );
  }
  if (!isZone(zone)) return err(`"${zone}" is not a time zone. Give one like Europe/Berlin or UTC.`);
  try {
    const cron = new Cron(expression, { timezone: zone, mode: "5-part", paused: true });
    return ok({
      next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
      latest: (atMs) => cron.previousRuns(1, new Date(atMs + 1))[0]?.getTime(),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^Cron\w+: /, "") : String(cause);
    return err(`"${expression}" is not a cron expression: ${why}`);
  }
}

export function isZone(zone: string): boolean {
  if (!ZONE.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
