/**
 * `node.pid` beside the log names the process that has it open, so that a refused second one can say which. It decides
 * nothing: the lock on the log is the truth, and a file left over by a killed process does no harm.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const fileIn = (directory: string): string => join(directory, "node.pid");

export function writeNodePid(directory: string): void {
  try {
    writeFileSync(fileIn(directory), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // Without it the message to a second process is one word shorter; no reason to refuse the start.
  }
}

export function readNodePid(directory: string): number | undefined {
  try {
    const [, digits] = /^(\d{1,10})\n$/.exec(readFileSync(fileIn(directory), "latin1")) ?? [];
    return digits === undefined ? undefined : Number(digits);
  } catch {
    return undefined;
  }
}

export function removeNodePid(directory: string): void {
  try {
    rmSync(fileIn(directory), { force: true });
  } catch {
    // A stale file is overwritten by the next start.
  }
}
