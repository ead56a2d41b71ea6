import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { childrenOf, parsePs, parseStat } from "./child-processes.ts";

test("a child is found while it lives", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  await once(child, "spawn");
  expect(childrenOf(process.pid)).toContain(child.pid);
  child.stdin?.end();
  await once(child, "exit");
  expect(childrenOf(process.pid)).not.toContain(child.pid);
});

test("a process name with spaces and parentheses does not hide the parent", () => {
  expect(parseStat("42 (a) b (c) S 7 42 42 0 -1")).toEqual({ pid: 42, parent: 7 });
});

test("the columns of ps are read", () => {
  expect(parsePs("    1     0\n  42     7\n")).toEqual([
    { pid: 1, parent: 0 },
    { pid: 42, parent: 7 },
  ]);
});
