/** Two patterns meet when some path is meant by both. */
import { expect, test } from "vitest";

import { patternsMeet } from "./glob.ts";

test.each([
  ["src/a.ts", "src/a.ts"],
  ["src/*.ts", "src/a.ts"],
  ["src/?.ts", "src/a.ts"],
  ["src/**", "src/deep/er/a.ts"],
  ["**/a.ts", "a.ts"],
  ["src/**/a.ts", "src/a.ts"],
  ["src/a*", "src/*b"],
  ["src/**/test/*.ts", "src/core/**"],
  ["**", "*"],
  ["a/**/b/**", "**/b/c"],
])("%s and %s", (a, b) => {
  expect([patternsMeet(a, b), patternsMeet(b, a)]).toEqual([true, true]);
});

test.each([
  ["src/a.ts", "src/b.ts"],
  ["src/*.ts", "src/deep/a.ts"],
  ["src/*.ts", "src/*.md"],
  ["src/?.ts", "src/ab.ts"],
  ["docs/**", "src/**"],
  ["src/**/a.ts", "src/deep/b.ts"],
  ["a**", "a/b"],
  ["a+b.ts", "aab.ts"],
])("%s and %s do not", (a, b) => {
  expect([patternsMeet(a, b), patternsMeet(b, a)]).toEqual([false, false]);
});

test("a pattern made to be slow is answered like any other", () => {
  expect(patternsMeet(`${"*a".repeat(50)}b`, "a".repeat(100))).toBe(false);
  expect(patternsMeet(`${"**/a/".repeat(25)}b`, `${"a/".repeat(49)}a`)).toBe(false);
});
