import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PROJECT_NAME_PATTERN, projectNameFrom } from "./project-name.ts";

test.each([
  ["skein", "skein"],
  ["My App", "my-app"],
  ["Ünï_Çode.js", "uni-code-js"],
  ["--x--", "x"],
  ["日本", "project"],
  ["", "project"],
  [`${"a".repeat(62)}-b`, "a".repeat(62)],
  ["..", "project"],
])("a directory called %j gives the project %s", (directory, name) => {
  expect(projectNameFrom(directory)).toBe(name);
});

test("any directory name gives a valid project name, and a valid one stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (name) => {
      expect(projectNameFrom(name)).toMatch(PROJECT_NAME_PATTERN);
    }),
  );
  const plain = fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){0,30}$/);
  fc.assert(
    fc.property(plain, (name) => {
      expect(projectNameFrom(name)).toBe(name);
    }),
  );
});
