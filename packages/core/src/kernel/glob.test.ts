/** Two patterns meet when some path is meant by both. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { matchesPath, patternsMeet } from "./glob.ts";

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

const pathOf = (...names: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const path = pathOf("a", "b", "ab", "ba");

/** The same in the words of regular expressions, which nobody but a test may ask them to be. */
const expressionOf = (pattern: string): RegExp => {
  const names = pattern.split("/").map((name) => (name === "**" ? "(?:[^/]+/)*" : `${nameExpression(name)}/`));
  return new RegExp(`^${names.join("")}$`);
};
const nameExpression = (name: string): string => name.replaceAll("*", "[^/]*").replaceAll("?", "[^/]");

test("a path is meant by a pattern as it is by the regular expression that says the same", () => {
  fc.assert(
    fc.property(pathOf("a", "b", "*", "?", "a*", "*b", "**"), path, (pattern, one) => {
      expect(matchesPath(pattern, one)).toBe(expressionOf(pattern).test(`${one}/`));
      expect(patternsMeet(pattern, one)).toBe(matchesPath(pattern, one));
    }),
    { numRuns: 2_000 },
  );
});

test("files and directories meet as the patterns do that mean them", () => {
  const place = fc.tuple(path, fc.boolean()).map(([one, isDirectory]) => (isDirectory ? `${one}/**` : one));
  fc.assert(
    fc.property(place, place, path, (a, b, one) => {
      expect(patternsMeet(a, b)).toBe(patternsMeet(b, a));
      const isMeantByBoth = matchesPath(a, one) && matchesPath(b, one);
      expect(isMeantByBoth && !patternsMeet(a, b)).toBe(false);
      // Of two that meet, one holds a file that the other means, too.
      const files = [a, b].map((pattern) => pattern.replace("**", "x"));
      const isShared = files.some((file) => matchesPath(a, file) && matchesPath(b, file));
      expect(patternsMeet(a, b)).toBe(a === b || isShared || isParent(a, b));
    }),
    { numRuns: 2_000 },
  );
});

/** A directory's pattern means the directory's own name as well. */
const isParent = (a: string, b: string): boolean =>
  [a, b].some((one) => one.endsWith("/**") && [a, b].includes(one.slice(0, -"/**".length)));

test("a name is no pattern, whatever is in it", () => {
  expect(matchesPath("report.xml", "*")).toBe(false);
  expect(matchesPath("a/report.xml", "**")).toBe(false);
  expect(matchesPath("*", "**")).toBe(true);
});
