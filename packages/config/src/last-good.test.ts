import { expect, test } from "vitest";
import { createLastGoodConfig, type LastGoodConfig } from "./last-good.ts";
import { parseProjectConfig } from "./parse.ts";

function setupHolder(text: string): LastGoodConfig {
  const parsed = parseProjectConfig(text, "skein.yaml");
  if (!parsed.ok) throw new Error(parsed.error.message);
  return createLastGoodConfig(parsed.value);
}

test("a good version is taken and reported as a change", () => {
  const holder = setupHolder("project: demo\n");
  const offered = holder.offer("project: demo\nbase: dev\n", "skein.yaml");
  expect(offered).toMatchObject({ config: { base: "dev" }, problem: null, changed: true });
  expect(holder.current()).toBe(offered.config);
});

test("a bad version is reported and the last good one stays in force", () => {
  const holder = setupHolder("project: demo\nbase: dev\n");
  const before = holder.current();
  const offered = holder.offer("project: demo\nbase: [\n", "skein.yaml");
  expect(offered.config).toBe(before);
  expect(offered.changed).toBe(false);
  expect(offered.problem?.problems[0]).toMatchObject({ file: "skein.yaml", key: "base" });
  expect(holder.offer("project: demo\nbase: dev\n", "skein.yaml")).toEqual({
    config: before,
    problem: null,
    changed: false,
  });
});

test("a version that only looks different is no change", () => {
  const holder = setupHolder("project: demo\n");
  const same = "# comment\nretries: { total: 8, noProgress: 3 }\nproject: demo\nclaim: { ttl: 1m }\n";
  expect(holder.offer(same, "skein.yaml")).toMatchObject({ problem: null, changed: false });
});

test.each(["gate: [[a], [b]]", "gate: [[a, b]]", "agent: { kind: command, run: [a] }", "limits: { output: 1MiB }"])(
  "a difference anywhere is a change: %s",
  (line) => {
    const holder = setupHolder("project: demo\ngate: [[b], [a]]\n");
    expect(holder.offer(`project: demo\n${line}\n`, "skein.yaml").changed).toBe(true);
  },
);
