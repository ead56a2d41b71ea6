import { expect, test } from "vitest";
import { isAtRest } from "./at-rest.ts";

const field = { isConnected: true, isContentEditable: false, value: "half a sentence" };
const rest = { lastAtMs: 0, typedIn: undefined, hasDialog: false };

test("a page is at rest when nobody has done anything in it for some seconds and nothing would be lost", () => {
  expect(isAtRest(rest, 60_000)).toBe(true);
  expect(isAtRest({ ...rest, lastAtMs: 59_000 }, 60_000)).toBe(false);
  expect(isAtRest({ ...rest, hasDialog: true }, 60_000)).toBe(false);
});

test("what was typed holds the page for as long as its field is there with it", () => {
  expect(isAtRest({ ...rest, typedIn: field }, 60_000)).toBe(false);
  expect(isAtRest({ ...rest, typedIn: { ...field, value: "" } }, 60_000)).toBe(true);
  expect(isAtRest({ ...rest, typedIn: { ...field, isConnected: false } }, 60_000)).toBe(true);
  // A story's editor has no value of its own.
  expect(isAtRest({ ...rest, typedIn: { isConnected: true, isContentEditable: true } }, 60_000)).toBe(false);
});
