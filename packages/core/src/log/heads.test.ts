import { expect, test } from "vitest";

import { type Heads, totalOps } from "./heads.ts";

const heads = (seqs: Readonly<Record<string, number>>): Heads =>
  new Map(Object.entries(seqs).map(([feed, seq]) => [feed, { author: feed, incarnation: "01", seq, frame: null }]));

test("the ops of a log are the sum over its feeds", () => {
  expect(totalOps(heads({}))).toBe(0);
  expect(totalOps(heads({ a: 3, b: 4 }))).toBe(7);
});
