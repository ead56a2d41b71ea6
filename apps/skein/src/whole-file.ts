/** Small files of the data directory: after a crash or a power cut each is there as a whole, or not there. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Replaces the file. The draft that a killed process left beside it is written over. */
export function writeWholeFile(path: string, text: string, mode: number): void {
  const draft = `${path}.new`;
  const file = openSync(draft, "w", mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
