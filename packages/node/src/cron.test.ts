/** Cron expressions in time zones: what is read, what is refused, and clock changes. */
import { expect, test } from "vitest";

import { parseSchedule, type Schedule } from "./cron.ts";

const at = (text: string): number => Date.parse(text);

function scheduleOf(expression: string, zone: string): Schedule {
  const parsed = parseSchedule(expression, zone);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function following(expression: string, zone: string, from: string, count: number): readonly string[] {
  const schedule = scheduleOf(expression, zone);
  const found: string[] = [];
  for (let now = at(from); found.length < count;) {
    now = schedule.next(now) ?? Number.NaN;
    found.push(new Date(now).toISOString().slice(0, 16));
  }
  return found;
}

test("a time that a clock change leaves out is due right after it, one that comes twice is due once", () => {
  expect(following("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z", 3)).toEqual([
    "2026-03-28T01:30",
    "2026-03-29T01:00",
    "2026-03-30T00:30",
  ]);
  expect(following("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00Z", 3)).toEqual([
    "2026-10-24T00:30",
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ]);
});

test("what is due every so often goes on through both clock changes, also where they are half an hour", () => {
  expect(following("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:30Z", 4)).toEqual([
    "2026-10-25T00:00",
    "2026-10-25T00:30",
    "2026-10-25T01:00",
    "2026-10-25T01:30",
  ]);
  expect(following("*/15 * * * *", "Australia/Lord_Howe", "2026-04-04T14:45Z", 3)).toEqual([
    "2026-04-04T15:00",
    "2026-04-04T15:15",
    "2026-04-04T15:30",
  ]);
});

test.each(["30 2 * * *", "*/20 1-3 * * *", "0 9 * * MON-FRI", "0 0 L * *"])(
  "looking back from an occurrence of %s finds it, and a moment earlier the one before",
  (expression) => {
    const schedule = scheduleOf(expression, "America/New_York");
    let before = schedule.next(at("2026-01-01T00:00Z")) ?? Number.NaN;
    for (let index = 0; index < 400; index++) {
      const now = schedule.next(before) ?? Number.NaN;
      expect([schedule.latest(now), schedule.latest(now - 1)]).toEqual([now, before]);
      before = now;
    }
  },
);

test.each([
  "",
  "* * * *",
  "* * * * * *",
  "0 0 * * 1 2030",
  "? * * * *",
  "@daily",
  "60 * * * *",
  "*  * * * *",
  "* * * * *\n",
  "1-90 * * * *",
  `${"1,".repeat(80)}1 * * * *`,
])("%j is refused as a cron expression", (expression) => {
  expect(parseSchedule(expression, "UTC").ok).toBe(false);
});

test.each(["", "Mars/Olympus", "+01:00", "Europe/Berlin; rm", "../etc"])("%j is refused as a time zone", (zone) => {
  expect(parseSchedule("0 9 * * *", zone)).toEqual({ ok: false, error: expect.stringContaining("is not a time zone") });
});

test("an expression of a day that never comes has no occurrence", () => {
  expect(scheduleOf("0 0 30 2 *", "UTC").next(at("2026-01-01T00:00Z"))).toBeUndefined();
});
