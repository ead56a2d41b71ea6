/**
 * The files of a directory that a project asked to keep, by patterns. Whoever wrote the directory may be
 * hostile: no link is followed, only plain files that have one name are opened, and there is a limit to everything.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { join } from "node:path";

import { matchesName, matchesPath } from "@skein/core";
import type { DeclaredFile } from "@skein/node";

const FILES_MAX = 16;
const FILE_BYTES_MAX = 32 * 1024 * 1024;
const ENTRIES_MAX = 100_000;
const DEPTH_MAX = 32;
const PIECE_BYTES = 64 * 1024;

/** In the order of their names. What is asked for and cannot be taken is told in one sentence each. */
export function declaredFiles(
  root: string,
  patterns: readonly string[],
  onRefused: (message: string) => void,
): readonly DeclaredFile[] {
  const globs = patterns.map((pattern) => pattern.split("/"));
  const found: DeclaredFile[] = [];
  let left = ENTRIES_MAX;
  const walk = (path: readonly string[]): void => {
    if (path.length > DEPTH_MAX) return;
    const entries = readdirSync(join(root, ...path), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= FILES_MAX || left-- <= 0) return;
      if (path.length === 0 && entry.name === ".git") continue;
      const inner = [...path, entry.name];
      // A link is neither; so is a socket, a pipe, a device.
      if (entry.isDirectory() && globs.some((glob) => mayHold(glob, inner))) walk(inner);
      else if (entry.isFile() && patterns.some((pattern) => matchesPath(pattern, inner.join("/"))))
        take(inner.join("/"));
    }
  };
  const take = (name: string): void => {
    const problem = problemOf(root, name);
    if (problem === undefined) found.push({ name, content: contentOf(join(root, name)) });
    else onRefused(`${JSON.stringify(name.slice(0, 200))} is not kept: ${problem}.`);
  };
  if (globs.length > 0) walk([]);
  return found;
}

function problemOf(root: string, name: string): string | undefined {
  if (/\p{Cc}/u.test(name) || name.length > 200) return "its name is too long, or not of one line";
  const path = join(root, name);
  if (realpathSync(path) !== join(realpathSync(root), name)) return "it is reached through a link";
  const file = openPlain(path);
  try {
    const { size, nlink } = fstatSync(file);
    // The other name may be outside of the directory.
    if (nlink !== 1) return "it has more than one name";
    return size > FILE_BYTES_MAX ? `it has more than ${FILE_BYTES_MAX} bytes` : undefined;
  } finally {
    closeSync(file);
  }
}

const openPlain = (path: string): number =>
  openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);

function* contentOf(path: string): Generator<Uint8Array> {
  const file = openPlain(path);
  try {
    for (let left = FILE_BYTES_MAX; left > 0;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      const count = readSync(file, piece);
      if (count === 0) return;
      left -= count;
      yield piece.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** Can something in this directory match? */
function mayHold(glob: readonly string[], directory: readonly string[]): boolean {
  for (const [at, name] of directory.entries()) {
    const pattern = glob[at];
    if (pattern === "**") return true;
    if (pattern === undefined || !matchesName(pattern, name)) return false;
  }
  return glob.length > directory.length;
}
