/** `skein sim` as a program: the same seed gives the same answer wherever it runs, on one thread or several, pretended or real. */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../../apps/skein/bin/skein.js", import.meta.url));

interface Answer {
  readonly traceHash: string;
  readonly digest: string;
  readonly violations: readonly unknown[];
  readonly sometimes: Readonly<Record<string, number>>;
}

function sim(args: readonly string[], surroundings: { cwd?: string; env?: NodeJS.ProcessEnv; flags?: string[] } = {}) {
  const { cwd = process.cwd(), env = {}, flags = [] } = surroundings;
  const run = spawnSync(process.execPath, [...flags, BIN, "sim", ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

function answerOf(run: ReturnType<typeof sim>): Answer {
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  // The object that docs/simulation.md describes.
  return JSON.parse(run.stdout) as Answer;
}

const SMALL = ["--ops", "25", "--nodes", "3", "--json"];

test("a seed gives the same trace in another process, time zone, language, directory and with another stack", () => {
  const here = answerOf(sim(["--seed", "7", ...SMALL]));
  const env = { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };
  const there = answerOf(sim(["--seed", "7", ...SMALL], { cwd: tmpdir(), env, flags: ["--stack-size=700"] }));
  expect(there).toEqual(here);
  expect(here.traceHash).toMatch(/^[0-9a-f]{64}$/);
  expect(here.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(here.violations).toEqual([]);
});

test("several seeds give the same on one thread and on two", () => {
  const one = answerOf(sim(["--seed", "20", "--seeds", "4", "--jobs", "1", ...SMALL]));
  const two = answerOf(sim(["--seed", "20", "--seeds", "4", "--jobs", "2", ...SMALL]));
  expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 });
  expect(Object.keys(one.sometimes).length).toBeGreaterThan(5);
});

test("real signatures and stores hold the same promises, and give the same trace twice", () => {
  const [first, again] = [0, 1].map(() => answerOf(sim(["--seed", "3", "--real", ...SMALL])));
  expect(first?.violations).toEqual([]);
  expect(again).toEqual(first);
});

test("people get the faults, the counts and the hash", () => {
  const shown = sim(["--seed", "7", "--ops", "5", "--nodes", "2", "--faults", "clock,kill"]);
  expect(shown.status).toBe(0);
  expect(shown.stdout).toMatch(/seed 7: 5 ops\n {2}clock .*\n {2}kill .*\n {2}trace [0-9a-f]{64}\n/);
  expect(shown.stdout).toContain("nothing was violated");
});

test.each([
  [["--faults", "gremlins"], 'there is no fault class "gremlins"; there are'],
  [["--faults", "none,kill"], 'there is no fault class "none"; there are'],
  [["--also", "none"], 'there is no fault class "none"; there are'],
  [["--seeds", "2", "--trace"], "--trace and --until are for one seed; leave out --seeds"],
])("%j is answered with a sentence and 2", (args, sentence) => {
  const wrong = sim(args);
  expect(wrong.status).toBe(2);
  expect(wrong.stdout).toBe("");
  expect(wrong.stderr).toContain(sentence);
  // A program reads the same in an object, as of any line that could not be understood.
  const asked = sim([...args, "--json"]);
  expect(asked.status).toBe(2);
  expect(JSON.parse(asked.stdout)).toEqual({ error: { code: "usage", message: expect.stringContaining(sentence) } });
});

test("the trace can be seen, up to one event", () => {
  const run = sim(["--seed", "7", "--ops", "5", "--nodes", "2", "--faults", "none", "--trace", "--until", "30"]);
  expect(run.stdout).toMatch(/^0 0\.0 node-1 starts, boot 1$/m);
  expect(run.stdout).toContain("30 events in");
});
