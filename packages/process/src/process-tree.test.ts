import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endTree, trackTree } from "./process-tree.ts";

/** A leader of its own group that prints a line once it has a child in the background. */
async function startGroup(script: string): Promise<{ readonly child: ChildProcess; readonly leader: number }> {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const leader = child.pid;
  if (leader === undefined) throw new Error("sh did not start");
  await once(child.stdout, "data");
  return { child, leader };
}

test("without a process table the whole group is ended", async () => {
  const { child, leader } = await startGroup(`trap "" TERM; sleep 60 & echo ready; wait`);
  const exited = once(child, "exit");
  expect(await endTree({ leader, isRoom: false, keeper: () => undefined, known: undefined }, 100)).toEqual([]);
  expect(await exited).toEqual([null, "SIGKILL"]);
  expect(() => process.kill(-leader, 0)).toThrow("ESRCH");
});

test("a tree that is gone already takes no grace", async () => {
  const { child, leader } = await startGroup("echo ready; sleep 60");
  const tree = trackTree(leader, "0123456789abcdef");
  child.kill("SIGKILL");
  process.kill(-leader, "SIGKILL");
  await once(child, "exit");
  const startedAt = performance.now();
  expect(await endTree(tree, 60_000)).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
