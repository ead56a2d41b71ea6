import { expect, test } from "vitest";
import { didYouMean, editDistance } from "./did-you-mean.ts";

const KEYS = ["project", "base", "remote", "agent", "gate", "sandbox", "claim", "retries", "limits"];

test.each([
  ["projct", "project"],
  ["porject", "project"],
  ["Gate", "gate"],
  ["gates", "gate"],
  ["retires", "retries"],
  ["sandbxo", "sandbox"],
])("%s most probably means %s", (written, meant) => {
  expect(didYouMean(written, KEYS)).toBe(meant);
});

test.each(["x", "", "branch", "zzzz", "a".repeat(10_000)])("%.20s means nothing known", (written) => {
  expect(didYouMean(written, KEYS)).toBeUndefined();
});

test("distance counts insertions, deletions, substitutions and swaps", () => {
  expect(
    [
      ["", ""],
      ["", "ab"],
      ["ab", ""],
      ["abc", "abd"],
      ["abc", "acb"],
      ["kitten", "sitting"],
    ].map(([a = "", b = ""]) => editDistance(a, b)),
  ).toEqual([0, 2, 2, 1, 1, 3]);
});
