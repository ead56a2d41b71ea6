/** Quiet hours by the clock on somebody's wall, also over midnight and when that clock is changed. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { isQuiet, parseQuietHours, type QuietHours, quietSpanBefore } from "./quiet-hours.ts";

const HOUR_MS = 3_600_000;
const at = (text: string): number => Date.parse(text);

function hours(span: string, zone: string = "UTC"): QuietHours {
  const parsed = parseQuietHours(span, zone);
  if (parsed === undefined) throw new Error(`${span} is no span`);
  return parsed;
}

test.each([
  ["24:00-07:00", "UTC"],
  ["22:00", "UTC"],
  ["22:00-22:00", "UTC"],
  ["22:00-07:00", "Mars/Base"],
  ["22:60-07:00", "UTC"],
])("%s in %s is no span", (span, zone) => {
  expect(parseQuietHours(span, zone)).toBeUndefined();
});

test.each([
  ["22:00-07:00", "UTC", "2026-11-21T21:59:59Z", false],
  ["22:00-07:00", "UTC", "2026-11-21T22:00:00Z", true],
  ["22:00-07:00", "UTC", "2026-11-22T06:59:59Z", true],
  ["22:00-07:00", "UTC", "2026-11-22T07:00:00Z", false],
  ["22:00-07:00", "Europe/Berlin", "2026-11-21T21:30:00Z", true],
  ["12:00-13:00", "Asia/Kolkata", "2026-11-21T06:45:00Z", true],
  ["12:00-13:00", "Asia/Kolkata", "2026-11-21T12:30:00Z", false],
])("%s in %s at %s: %s", (span, zone, moment, quiet) => {
  expect(isQuiet(hours(span, zone), at(moment))).toBe(quiet);
});

test.each([
  ["22:00-07:00", "UTC", "2026-11-22T07:10:30Z", "2026-11-21T22:00:00Z", "2026-11-22T07:00:00Z"],
  ["12:00-13:00", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"],
  // The night in which Berlin's clocks go back has an hour more, the other one an hour less.
  ["22:00-07:00", "Europe/Berlin", "2026-10-25T06:20:00Z", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z"],
  ["22:00-07:00", "Europe/Berlin", "2026-03-29T05:20:00Z", "2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z"],
])("%s in %s, seen at %s, lasted from %s to %s", (span, zone, now, start, end) => {
  expect(quietSpanBefore(hours(span, zone), at(now), HOUR_MS)).toEqual({ start: at(start), end: at(end) });
});

test("a span that is under way, or that ended too long ago, is none", () => {
  expect(quietSpanBefore(hours("22:00-07:00"), at("2026-11-22T06:59:00Z"), HOUR_MS)).toBeUndefined();
  expect(quietSpanBefore(hours("22:00-07:00"), at("2026-11-22T08:00:00Z"), HOUR_MS)).toBeUndefined();
});

test("whenever it is looked, a span ends where it stops being quiet and starts where it began", () => {
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata");
  const minute = fc.integer({ min: 0, max: 1_439 });
  const moment = fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2027-01-01T00:00:00Z") });
  fc.assert(
    fc.property(minute, minute, zones, moment, (from, to, zone, now) => {
      fc.pre(from !== to);
      const quiet = { from, to, zone };
      const span = quietSpanBefore(quiet, now, HOUR_MS);
      if (span === undefined) return;
      expect(span.end).toBeLessThanOrEqual(now);
      expect(now - span.end).toBeLessThan(HOUR_MS);
      // In the hour that a clock skips or repeats a time of day is there not at all or twice.
      const changes = [isQuiet(quiet, span.end - 1), isQuiet(quiet, span.end), isQuiet(quiet, span.start)];
      expect([changes, span.end - span.start > 0]).toEqual([[true, false, true], true]);
    }),
    { numRuns: 500 },
  );
});
