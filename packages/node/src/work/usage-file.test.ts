import { expect, test } from "vitest";

import { readUsage, type UsageRead } from "./usage-file.ts";

const read = (...lines: readonly string[]): UsageRead =>
  readUsage(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));

test("each line tells one model's use in all, and a later one does not lower it", () => {
  const { models, problem } = read(
    '{"model": "big", "input": 10, "output": 2, "usd": 0.25}',
    '{"model": "big", "input": 30, "usd": 0.1}',
    '{"input": 1, "future": true}',
  );
  expect(problem).toBeUndefined();
  expect(models).toEqual(
    new Map([
      [
        "big",
        new Map([
          ["input", 30],
          ["output", 2],
          ["microUsd", 250_000],
        ]),
      ],
      ["", new Map([["input", 1]])],
    ]),
  );
});

test("a line that is still being written is left alone", () => {
  const half = new TextEncoder().encode('{"usd": 1}\n{"usd": 2');
  expect(readUsage(half)).toEqual({ models: new Map([["", new Map([["microUsd", 1_000_000]])]]), problem: undefined });
});

test.each(["null", "[]", "7", '"usd"', "{", '{"usd": -1}', '{"usd": "1"}', '{"usd": 1e300}', '{"input": {}}'])(
  "what is no use is said and counts for nothing: %s",
  (line) => {
    const { models, problem } = read(line);
    expect(models.size).toBe(0);
    expect(problem).toMatch(/^1 line of usage\.jsonl cannot be read/);
  },
);

test("a model's name is one short line, and there are only so many", () => {
  const names = [
    "x".repeat(1_000),
    "two\nlines \u001b[31m",
    "__proto__",
    ...Array.from({ length: 40 }, (_, at) => `m${at}`),
  ];
  const { models, problem } = read(...names.map((model) => JSON.stringify({ model, usd: 1 })));
  expect(models.size).toBe(15);
  expect([...models.keys()].slice(0, 3)).toEqual(["x".repeat(100), "two?lines ?[31m", ""]);
  expect(problem).toMatch(/^28 lines/);
});
