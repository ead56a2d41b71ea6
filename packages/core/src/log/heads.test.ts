import { expect, test } from "vitest";

import { type Heads, isAheadOf, totalOps } from "./heads.ts";

const heads = (seqs: Readonly<Record<string, number>>): Heads =>
  new Map(Object.entries(seqs).map(([feed, seq]) => [feed, { author: feed, incarnation: "01", seq }]));

test("a log is ahead of another when it holds an op that the other lacks", () => {
  expect(isAheadOf(heads({}), heads({}))).toBe(false);
  expect(isAheadOf(heads({ a: 1 }), heads({}))).toBe(true);
  expect(isAheadOf(heads({}), heads({ a: 1 }))).toBe(false);
  expect(isAheadOf(heads({ a: 2 }), heads({ a: 2 }))).toBe(false);
  expect(isAheadOf(heads({ a: 3 }), heads({ a: 2, b: 9 }))).toBe(true);
});

test("two logs can each be ahead of the other", () => {
  const [one, two] = [heads({ a: 1, b: 2 }), heads({ a: 2, b: 1 })];
  expect(isAheadOf(one, two)).toBe(true);
  expect(isAheadOf(two, one)).toBe(true);
});

test("the ops of a log are the sum over its feeds", () => {
  expect(totalOps(heads({}))).toBe(0);
  expect(totalOps(heads({ a: 3, b: 4 }))).toBe(7);
});
