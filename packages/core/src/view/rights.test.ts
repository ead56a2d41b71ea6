/** Whose part of the fleet's budget is how large, and who gives whom. */
import { expect, test } from "vitest";

import { budgetOn, overdrafts, planGift, type Rights, shareOf } from "./rights.ts";

const DAY = "2026-11-21";
const stamp = (lamport: number): { id: string; lamport: number; author: string; wall: number } => ({
  id: `op${lamport}`,
  lamport,
  author: "a",
  wall: 1,
});
const budget = (lamport: number, from: string, microUsd: number | null): Parameters<typeof budgetOn>[0] => ({
  budgets: new Map([[`op${lamport}`, { ...stamp(lamport), from, microUsd, shares: new Map() }]]),
});
const both = (...all: readonly ReturnType<typeof budget>[]): ReturnType<typeof budget> => ({
  budgets: new Map(all.flatMap(({ budgets }) => [...budgets])),
});

test("a day's budget is the last one that was set for it, and none once that says so", () => {
  const set = both(budget(2, "2026-11-22", 9), budget(1, DAY, 7), budget(3, "2026-11-24", null));
  expect(
    ["2026-11-20", DAY, "2026-11-22", "2026-11-23", "2026-11-24"].map((day) => budgetOn(set, day)?.microUsd),
  ).toEqual([undefined, 7, 9, 9, undefined]);
});

test("parts are rounded down, so that they are never more than the whole, and a member without a weight has none", () => {
  const setting = {
    microUsd: 2 ** 48 - 1,
    shares: new Map([
      ["a", 1_000_000],
      ["b", 999_999],
      ["c", 0],
    ]),
  };
  const parts = ["a", "b", "c", "d"].map((member) => shareOf(setting, member));
  expect(parts.slice(2)).toEqual([0, 0]);
  expect((parts[0] ?? 0) + (parts[1] ?? 0)).toBeLessThanOrEqual(setting.microUsd);
  expect(
    shareOf(
      {
        microUsd: 10,
        shares: new Map([
          ["a", 1],
          ["b", 2],
        ]),
      },
      "a",
    ),
  ).toBe(3);
});

const rightsWith = (left: Readonly<Record<string, number>>, more: Partial<Rights> = {}): ReadonlyMap<string, Rights> =>
  new Map(
    Object.entries(left).map(([member, amount]) => [
      member,
      { member, share: 0, received: 0, given: 0, refused: 0, spent: 0, reserved: 0, left: amount, ...more },
    ]),
  );

const gift = (
  left: Readonly<Record<string, number>>,
  self: string,
  short: readonly string[],
  saved = 0,
): ReturnType<typeof planGift> =>
  planGift({
    rights: rightsWith(left),
    self,
    short: new Set(short),
    alive: new Set(Object.keys(left)),
    need: 10,
    saved,
  });

test("the richest of those that need none gives, at least what an attempt lacks, and nobody gives twice", () => {
  const left = { a: 4, b: 30, c: 40, d: 0 };
  expect(gift(left, "c", ["a"])).toEqual({ to: "a", microUsd: 20 });
  expect(gift(left, "b", ["a"])).toBeUndefined();
  expect(gift({ a: 4, b: 7 }, "b", ["a"])).toEqual({ to: "a", microUsd: 6 });
  expect(gift({ a: 24, b: 30 }, "b", ["a"])).toBeUndefined();
  expect(gift(left, "c", ["a"], 15)).toEqual({ to: "a", microUsd: 12 });
  expect(gift(left, "c", ["a"], 40)).toBeUndefined();
  expect(gift(left, "c", [])).toBeUndefined();
  expect(gift(left, "c", ["gone"])).toBeUndefined();
});

test("when nobody has enough for an attempt, those that are short put what they have together", () => {
  const left = { a: 6, b: 5, c: 0 };
  expect(gift(left, "b", ["a", "b", "c"])).toEqual({ to: "a", microUsd: 5 });
  expect(gift(left, "a", ["a", "b", "c"])).toBeUndefined();
  expect(gift(left, "c", ["a", "b", "c"])).toBeUndefined();
});

test("who has taken more than was theirs is named with the amount", () => {
  const words = overdrafts(rightsWith({ a: -250_000, b: 0 }, { refused: 0 }), (member) => `node ${member}`);
  expect([...words.values()]).toEqual(["node a has taken $0.25 more than its part of the day's budget."]);
  expect([...overdrafts(rightsWith({ a: 1 }, { refused: 1_000_000 }), String).values()]).toEqual([
    "a tried to give away $1.00 that it did not have.",
  ]);
});
