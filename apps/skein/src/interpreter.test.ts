/** The interpreter's command: what it is given, what of its output counts, and what it is not given. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { createInterpreter } from "./interpreter.ts";

const directory = mkdtempSync(join(tmpdir(), "skein-interpreter-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const facts = { text: "get going", verbs: ["start #id: Send"], items: [] };

function running(program: string, timeoutMs: number = 20_000): ReturnType<typeof createInterpreter> {
  const file = join(directory, `${Math.abs(program.length * 31 + timeoutMs)}-${program.length}.mjs`);
  writeFileSync(file, program);
  return createInterpreter(directory, { run: [process.execPath, file], timeoutMs, env: [] });
}

const READ = "let all = ''; for await (const chunk of process.stdin) all += chunk;";

test("it reads the facts and its last line counts", async () => {
  const said = await running(
    `${READ} console.log('thinking'); console.log(JSON.stringify({ say: JSON.parse(all).text }));`,
  )(facts);
  expect(said).toEqual({ ok: true, value: "get going" });
});

test("it gets nothing of the node's environment but what is named, and not the data directory", async () => {
  process.env["SKEIN_TEST_SECRET"] = "canary";
  const said = await running(
    `console.log(JSON.stringify({ say: [process.env.SKEIN_TEST_SECRET, process.cwd()].join(' ') }));`,
  )(facts);
  delete process.env["SKEIN_TEST_SECRET"];
  expect(said).toEqual({ ok: true, value: ` ${join(directory, "interpreter")}` });
});

test.each([
  ["prints no JSON", "console.log('start it')"],
  ["prints another shape", "console.log('{\"do\": 1}')"],
  ["prints nothing", ""],
  ["fails", "process.exit(3)"],
])("one that %s proposes nothing", async (_what, program) => {
  expect((await running(program)(facts)).ok).toBe(false);
});

test("one that does not end is ended", async () => {
  expect((await running("setInterval(() => undefined, 1000)", 1_000)(facts)).ok).toBe(false);
});
