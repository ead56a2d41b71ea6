import { expect, test } from "vitest";
import { findShortcut, type Shortcut } from "./shortcuts.ts";

const shortcut = (keys: string, text: string): Shortcut => ({ keys, text, place: "here", run: () => undefined });

test("two keys come before one, and what was registered last before what was there", () => {
  const list = [shortcut("b", "one"), shortcut("g b", "two"), shortcut("b", "later")];
  expect(findShortcut(list, undefined, "b")?.text).toBe("later");
  expect(findShortcut(list, "g", "b")?.text).toBe("two");
  expect(findShortcut(list, "x", "b")?.text).toBe("later");
  expect(findShortcut(list, undefined, "g")).toBeUndefined();
});
