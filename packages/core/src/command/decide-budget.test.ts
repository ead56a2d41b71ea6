import { expect, test } from "vitest";

import { dateOf } from "./decide-budget.ts";

test("a day is named as the calendar names it, in leap years and at the turn of years", () => {
  for (let day = 0; day < 60_000; day += 17) {
    expect(dateOf(day)).toBe(new Date(day * 86_400_000).toISOString().slice(0, 10));
  }
  expect([11_016, 11_017, 47_540, 47_541].map(dateOf)).toEqual([
    "2000-02-29",
    "2000-03-01",
    "2100-02-28",
    "2100-03-01",
  ]);
});
