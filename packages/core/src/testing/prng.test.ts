/** The generator is frozen: every recorded seed of a bug depends on it. */
import { expect, test } from "vitest";

import { createPrng } from "./prng.ts";

test("a seed gives these numbers, for ever", () => {
  const prng = createPrng(42);
  expect(Array.from({ length: 8 }, () => prng.u32())).toMatchInlineSnapshot(`
    [
      1518397874,
      271658881,
      2061353271,
      1466074086,
      3890777989,
      4249280256,
      3212817493,
      1678483037,
    ]
  `);
});

test("a seed beyond 32 bits is another seed", () => {
  const prng = createPrng(2 ** 32 + 42);
  expect(Array.from({ length: 3 }, () => prng.u32())).toMatchInlineSnapshot(`
    [
      1027771790,
      3730215581,
      2852834300,
    ]
  `);
});

test("every way to draw gives these values, for ever", () => {
  const prng = createPrng(7);
  expect([
    prng.int(100),
    prng.chance(0.5),
    [...prng.bytes(4)],
    prng.pick(["a", "b", "c"]),
    prng.shuffle([1, 2, 3, 4, 5]),
  ]).toMatchInlineSnapshot(`
      [
        67,
        true,
        [
          222,
          92,
          66,
          172,
        ],
        "b",
        [
          1,
          3,
          4,
          2,
          5,
        ],
      ]
    `);
});

test("draws are in range and spread over it", () => {
  const prng = createPrng(1);
  const seen = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 10_000; draw++) {
    const value = prng.int(10);
    expect(Number.isInteger(value) && value >= 0 && value < 10).toBe(true);
    seen[value] = (seen[value] ?? 0) + 1;
  }
  for (const count of seen) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  expect(prng.shuffle([1, 2, 3, 4]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  expect(() => prng.pick([])).toThrow("nothing to pick from");
});
