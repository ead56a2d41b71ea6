/** A node that was killed leaves its children behind; its next life ends them. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { endLeftovers } from "./processes.ts";

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

function startMarked(mark: string, cwd: string): number {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
    cwd,
    detached: true,
    stdio: "ignore",
    env: { SKEIN_RUN: mark },
  });
  child.unref();
  if (child.pid === undefined) throw new Error("the child did not start");
  return child.pid;
}

test("ends the children of this owner and of nobody else", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "skein-leftovers-"));
  const mine = startMarked("abc123-0001", cwd);
  const others = startMarked("abc1234-0001", cwd);
  try {
    expect(await endLeftovers("abc123", 200)).toBe(0);
    await expect.poll(() => isRunning(mine)).toBe(false);
    expect(isRunning(others)).toBe(true);
  } finally {
    process.kill(others, "SIGKILL");
    rmSync(cwd, { recursive: true, force: true });
  }
});
