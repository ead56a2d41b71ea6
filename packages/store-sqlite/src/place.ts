/**
 * Where a log lives: this file on this machine. A copy of a data directory, and a backup put back, live elsewhere: another
 * inode or another machine. A file overwritten in place is not noticed here; the node's peers notice it.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";

export function placeOf(file: string): Uint8Array {
  const { ino, birthtimeMs } = statSync(file, { bigint: true });
  return createHash("sha256").update(`${machineId()}\n${ino}\n${birthtimeMs}`).digest().subarray(0, 16);
}

/** Linux only; elsewhere the inode has to do. */
function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}
