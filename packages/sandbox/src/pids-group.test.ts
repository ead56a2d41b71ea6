import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

import { openPidsGroup } from "./pids-group.ts";

/** Where whoever runs the tests may make groups; containers and people without the right have none. */
const V1 = "/sys/fs/cgroup/pids";
const mayMake = process.getuid?.() === 0 && existsSync(join(V1, "cgroup.procs"));

const FORKS =
  "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 30 >/dev/null 2>&1 & done; echo all of them";

test("what runs in a group has no more tasks than its processes may have, and the group goes with it", async () => {
  const group = openPidsGroup(1, [V1]);
  expect(group !== undefined).toBe(mayMake);
  if (group === undefined) return;
  const [program, ...args] = group.through(["/bin/sh", "-c", FORKS]);
  const directory = args[2] ?? "";
  // In a process group of its own, so that all of it can be ended.
  const child = promisify(execFile)("setsid", ["-w", program, ...args], { timeout: 20_000, killSignal: "SIGKILL" });
  const failed = await child.then(
    ({ stdout }) => stdout,
    (cause: unknown) => String(cause),
  );
  expect(failed).toMatch(/fork/);
  await promisify(execFile)("sh", ["-c", 'while read -r pid; do kill -9 "$pid"; done <"$0"/cgroup.procs', directory]);
  await expect.poll(() => (group.leave(), existsSync(directory)), { timeout: 20_000 }).toBe(false);
});

test("a directory that is no control group is left as it was", () => {
  const root = mkdtempSync(join(tmpdir(), "skein-pids-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "skein-room-1-0011aabbccdd"));
  expect(openPidsGroup(8, [root, join(root, "missing")])).toBeUndefined();
  expect(readdirSync(root)).toEqual(["skein-room-1-0011aabbccdd"]);
});

test("no limit needs no group", () => {
  expect(openPidsGroup(undefined)).toBeUndefined();
});
