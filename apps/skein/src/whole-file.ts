/** Small files: after a crash or a power cut each is there as a whole, or not there. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Replaces the file. The draft that a killed process left beside it is written over. */
export function writeWholeFile(path: string, text: string, mode: number): void {
  const draft = `${path}.new`;
  writeDurably(draft, "w", text, mode);
  renameSync(draft, path);
  syncDirectory(dirname(path));
}

/**
 * Makes the file in a directory where others write too: its draft follows no link that lies there. False when something
 * has that name already.
 */
export function makeWholeFile(path: string, text: string, mode: number): boolean {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  writeDurably(draft, "wx", text, mode);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    rmSync(draft);
    return false;
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
  return true;
}

function writeDurably(path: string, flags: "w" | "wx", text: string, mode: number): void {
  const file = openSync(path, flags, mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A rename is durable once its directory is. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
