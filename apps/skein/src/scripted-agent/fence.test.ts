import { expect, test } from "vitest";
import { findFences } from "./fence.ts";

test("a fence gives its info, its lines and its place", () => {
  expect(findFences("intro\r\n```skein attempt=1\r\n- a\r\n\r\n- b\r\n```\r\nafter")).toEqual([
    { info: "skein attempt=1", text: "- a\n\n- b\n", line: 2, closed: true },
  ]);
});

test("a longer fence holds a shorter one, and tildes hold backticks", () => {
  expect(findFences("````md\n```skein\n```\n````\n~~~ x\n```\n~~~").map((fence) => [fence.info, fence.text])).toEqual([
    ["md", "```skein\n```\n"],
    ["x", "```\n"],
  ]);
});

test("an indented fence loses its indentation, at most that much", () => {
  expect(findFences("  ```a\n  one\n    two\n three\n  ```")[0]?.text).toBe("one\n  two\nthree\n");
});

test("four spaces, inline code and a fence in mid-line open nothing", () => {
  expect(findFences("    ```a\nsee ```b\n``` c ``` d\n")).toEqual([]);
});

test("a fence without an end is marked", () => {
  expect(findFences("```a\nx")).toEqual([{ info: "a", text: "x\n", line: 1, closed: false }]);
});
