/** Dates and time zones for the core, which has neither. */
import { type Calendar, err, ok, type Result } from "@skein/core";
import { Cron } from "croner";

import { isZone, parseSchedule } from "./cron.ts";

const MOMENT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(Z|[+-]\d\d:\d\d)?$/;

export const calendar: Calendar = {
  momentOf: (text, zone) => {
    const [, day = "", , offset] = MOMENT.exec(text) ?? [];
    if (day === "" || !isDay(day)) return err(`"${text}" is not a date and time like 2026-12-01T09:00.`);
    if (!isZone(zone)) return err(`"${zone}" is not a time zone. Give one like Europe/Berlin or UTC.`);
    return offset === undefined ? inZone(text, zone) : ok(Date.parse(text));
  },
  firstOf: (cron, zone, afterMs) => {
    const parsed = parseSchedule(cron, zone);
    if (!parsed.ok) return parsed;
    const first = parsed.value.next(afterMs);
    return first === undefined ? err(`"${cron}" never comes.`) : ok(first);
  },
};

/** `Date.parse` takes the 30th of February for a day in March. */
function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

function inZone(text: string, zone: string): Result<number, string> {
  const moment = new Cron(text.length === 16 ? `${text}:00` : text, { timezone: zone, paused: true }).nextRun(
    new Date(0),
  );
  return moment === null ? err(`${text} does not come in ${zone}.`) : ok(moment.getTime());
}
