import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { makeStaging } from "./staging.ts";

function newPlace(): string {
  const place = mkdtempSync(join(tmpdir(), "skein-staging-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  return place;
}

/** The number of a process that has ended. */
const endedPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

test("what a killed init left beside is taken away, and nothing else is", () => {
  const place = newPlace();
  const dead = endedPid();
  const kept = [`data.init-${process.pid}-0011aabb`, `data.init-${dead}`, `other.init-${dead}-0011aabb`, "data.init-x"];
  for (const name of [...kept, `data.init-${dead}-0011aabb`]) mkdirSync(join(place, name, "git"), { recursive: true });
  const staging = makeStaging(join(place, "data"));
  expect(existsSync(staging)).toBe(true);
  expect(readdirSync(place).toSorted()).toEqual([...kept, basename(staging)].toSorted());
});
