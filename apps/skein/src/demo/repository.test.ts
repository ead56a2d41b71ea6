import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPlace } from "./place.ts";
import { demoConfig, makeRepository, parseLog, readLandings } from "./repository.ts";

const { signal } = new AbortController();
const setupPlace = (): ReturnType<typeof openPlace> =>
  openPlace(join(mkdtempSync(join(tmpdir(), "skein-repo-")), "demo"));

test("the repository is on its remote, and its own tests are green", async () => {
  const place = setupPlace();
  await makeRepository(place, demoConfig("none"), signal);
  expect(await readLandings(place, signal)).toMatchObject([
    { subject: "Begin: greetings, money and slugs, with tests", trailers: [] },
  ]);
  const environment = { ...process.env };
  // Set by a test runner around this test; node --test would take itself for a part of it.
  delete environment["NODE_TEST_CONTEXT"];
  execFileSync(process.execPath, ["--test"], { cwd: place.project, env: environment, stdio: "pipe" });
});

test("a surrounding git hook does not lead git elsewhere", async () => {
  const place = setupPlace();
  process.env["GIT_DIR"] = "/nowhere";
  try {
    await makeRepository(place, demoConfig("none"), signal);
  } finally {
    delete process.env["GIT_DIR"];
  }
  expect(await readLandings(place, signal)).toHaveLength(1);
});

test("the log is read with its trailers", () => {
  expect(
    parseLog("abc\u001fA title\u001fSkein-Item: x\nSkein-Attempt: y\n\u001e\ndef\u001fBegin\u001f\u001e\n"),
  ).toEqual([
    { hash: "abc", subject: "A title", trailers: ["Skein-Item: x", "Skein-Attempt: y"] },
    { hash: "def", subject: "Begin", trailers: [] },
  ]);
});
