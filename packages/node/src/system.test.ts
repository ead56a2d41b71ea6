/** Random bytes that are drawn in advance are as good as others. */
import { expect, test } from "vitest";

import { toHex } from "@skein/core";

import { systemRandom } from "./system.ts";

test.each([1, 8, 16, 17, 32, 10_000])("%i random bytes are that many", (length) => {
  expect(systemRandom.bytes(length)).toHaveLength(length);
});

test("no bytes are given out twice", () => {
  const drawn = Array.from({ length: 5_000 }, (_, at) => toHex(systemRandom.bytes(at % 3 === 0 ? 16 : 8)));
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("what is given out is nobody else's memory", () => {
  const first = systemRandom.bytes(8);
  const second = systemRandom.bytes(8);
  const before = toHex(second);
  first.fill(0);
  expect(toHex(second)).toBe(before);
  expect(first.buffer.byteLength).toBe(8);
});
