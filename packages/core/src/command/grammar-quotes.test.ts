import { expect, test } from "vitest";

import { parseLine } from "./grammar.ts";

const inputOf = (line: string): unknown => {
  const parsed = parseLine(line, { threadItem: undefined, itemByTitle: () => undefined });
  return parsed.ok && parsed.value.type === "command" ? parsed.value.input : parsed;
};

test("what is quoted holds no flags: a title may speak of them", () => {
  expect(inputOf('new "Use --start in the docs"')).toEqual({ title: "Use --start in the docs" });
  expect(inputOf("new \u201cUse --start in the docs\u201d")).toEqual({ title: "Use --start in the docs" });
  expect(inputOf('new Say "a --start b" twice')).toEqual({ title: 'Say "a --start b" twice' });
});

test("flags beside a quoted title count as ever", () => {
  expect(inputOf('new "Use --start" --priority=3')).toEqual({ title: "Use --start", priority: "3" });
  expect(inputOf('new --start "Use --priority=9"')).toEqual({ title: "Use --priority=9", start: true });
  expect(inputOf('new Said --text="a --start b"')).toMatchObject({ text: "a --start b" });
});
