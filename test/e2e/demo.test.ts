/** `skein demo` as a program runs it: one summary object, every story Done, well under a minute, and nothing left behind. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";

import { processesUnder } from "../support/processes.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

interface Summary {
  readonly items: readonly {
    readonly id: string;
    readonly title: string;
    readonly stage: string;
    readonly mergeCommit: string | null;
  }[];
  readonly nodes: readonly unknown[];
  readonly elapsedMs: number;
}

test.each(
  [
    ["demo", "--exit", "--json"],
    ["demo", "--exit", "--json", "--kill"],
  ].map((words) => ({ words, line: words.join(" ") })),
)("$line ends with 0 and a summary of three Done items", async ({ words }) => {
  const temporary = world.directory("tmp");
  const before = performance.now();
  const result = await world.skein(words, {
    env: { TMPDIR: temporary },
    withinMs: 120_000,
  });
  expect(result.code, result.stderr).toBe(0);
  const summary = result.json<Summary>();
  expect(summary.items).toHaveLength(3);
  for (const item of summary.items) {
    expect(item).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{12}$/),
      title: expect.stringMatching(/\w/),
      stage: "Done",
      mergeCommit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  }
  expect(new Set(summary.items.map((item) => item.mergeCommit)).size).toBe(3);
  expect(summary.nodes).toHaveLength(3);
  expect(summary.elapsedMs).toBeGreaterThan(0);
  expect(summary.elapsedMs).toBeLessThan(60_000);
  expect(summary.elapsedMs).toBeLessThan(performance.now() - before + 1);
  expect(readdirSync(temporary).filter((name) => name.startsWith("skein"))).toEqual([]);
  expect(processesUnder(temporary)).toEqual([]);
});

test("people who do not look at a terminal get plain lines, and the git log at the end", async () => {
  const result = await world.skein(["demo", "--exit"], { env: { TMPDIR: world.directory("tmp") }, withinMs: 120_000 });
  expect(result.code, result.stderr).toBe(0);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(result.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(result.stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/#\/login\?code=[\w-]{43}/);
  expect(result.stdout.match(/Skein-Item: [0-9a-z]{12}/g)).toHaveLength(3);
});
