/** Long messages in parts: nothing is lost, nothing changes places, nothing is too long, no character is cut in two. */
import { block, type Body, code, plain } from "@skein/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { partsOf } from "./parts.ts";

/** Half of a pair. */
const LONE = /[\ud800-\udfff]/u;

const textOf = (body: Body): string => body.map(({ text }) => text).join("");

test("a long text is cut behind a line where there is one, else at a space, else anywhere", () => {
  expect(partsOf([plain("aaaa\nbbbb\ncccc")], 11).map(textOf)).toEqual(["aaaa\nbbbb\n", "cccc"]);
  expect(partsOf([plain("aaaa bbbb cccc")], 11).map(textOf)).toEqual(["aaaa bbbb ", "cccc"]);
  expect(partsOf([plain("aaaabbbbcccc")], 5).map(textOf)).toEqual(["aaaab", "bbbcc", "cc"]);
});

test("a piece keeps its style in every part", () => {
  expect(partsOf([code("ab"), block("x\n".repeat(5))], 6)).toEqual([
    [code("ab"), block("x\nx\n")],
    [block("x\nx\nx\n")],
  ]);
});

test("what is empty is no part", () => {
  expect(partsOf([], 10)).toEqual([]);
  expect(partsOf([plain(""), plain(" \n ")], 10)).toEqual([]);
});

test("parts hold everything in its order, each fits, and no pair of surrogates is cut", () => {
  const words = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom("\n", "\n\n", " ", "😀😀😀", "👩‍👩‍👧‍👦", "x".repeat(40)),
  );
  const bodies = fc.array(
    fc.record({
      text: fc.array(words, { maxLength: 6 }).map((all) => all.join("")),
      style: fc.constantFrom("plain" as const, "strong" as const, "code" as const, "block" as const),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(bodies, fc.integer({ min: 2, max: 60 }), (body, max) => {
      const parts = partsOf(body, max);
      for (const part of parts) {
        expect(textOf(part).length).toBeLessThanOrEqual(max);
        expect(textOf(part).trim()).not.toBe("");
      }
      // Only parts of nothing but space are left out.
      const spaceless = (text: string): string => text.replaceAll(/\s/gu, "");
      expect(spaceless(parts.map(textOf).join(""))).toBe(spaceless(textOf(body)));
      expect(parts.every((part) => !LONE.test(textOf(part)))).toBe(!LONE.test(textOf(body)));
    }),
    { numRuns: 2_000 },
  );
});
