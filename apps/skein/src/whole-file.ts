/** Small files of the data directory: after a crash or a power cut each is there as a whole, or not there. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface WholeFileOptions {
  readonly mode: number;
  /** Where the text is put together; in the same file system. The default is beside the file. */
  readonly draft?: string;
}

/** Replaces the file. A draft that a killed process left behind is written over. */
export function writeWholeFile(path: string, text: string, { mode, draft = `${path}.new` }: WholeFileOptions): void {
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
