/**
 * A path that came from a browser, a file that lies in a repository nobody has called trusted yet: what may be looked at,
 * and how it is read. A repository can be made so that git names another place as its top, and its files can be links,
 * pipes or without end.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";

import { err, ok, type Result } from "@skein/core";

import { Failure, reasonOf } from "./failure.ts";

const PATH_LENGTH = 4_096;
/** The longest file that is read, from its beginning: manifests are short, and of lockfiles the first lines are asked. */
const FILE_BYTES = 1024 * 1024;

/** The directory as the disk knows it, without links; or a sentence saying why it is none to look at. */
export function directoryAt(path: string, dataDirectory: string): Result<string, string> {
  const problem = problemOf(path);
  if (problem !== undefined) return err(problem);
  try {
    const real = realpathSync(path);
    if (!statSync(real).isDirectory()) return err("There is a file at that path. Name the directory of your project.");
    const data = realpathSync(dataDirectory);
    if (isWithin(real, data)) return err("That path is inside this node's data directory. Name a repository of yours.");
    return ok(real);
  } catch (cause) {
    return err(explain(cause));
  }
}

function problemOf(path: string): string | undefined {
  if (path.length > PATH_LENGTH) return `A path has at most ${PATH_LENGTH} characters.`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/u.test(path)) return "The path has control characters in it.";
  if (!isAbsolute(path)) return "Name the whole path, which begins with /, as it is on the node's machine.";
  const plain = path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path;
  if (normalize(plain) !== plain) return 'Name the path itself, without ".", ".." and doubled slashes.';
  return undefined;
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "There is no directory at that path on this node's machine. Check its spelling.";
    case "EACCES":
    case "EPERM":
      return "The user who runs this node may not look into that directory.";
    case "ELOOP":
    case "ENAMETOOLONG":
      return "That path leads nowhere: it is too long, or its links go in a circle.";
    default:
      return `That path cannot be looked at: ${reasonOf(cause)}.`;
  }
}

export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

/**
 * What git says is the top must be where a person would see it: the directory itself or one above it, with a `.git` of its
 * own that is no link. A bare repository has no file to put skein.yaml in.
 */
export function isPlainTop(root: string, named: string): boolean {
  const git = lstatSync(join(root, ".git"), { throwIfNoEntry: false });
  return isWithin(named, root) && git !== undefined && (git.isDirectory() || git.isFile());
}

/**
 * The beginning of a plain file at the top of a repository; undefined when there is none of that name.
 * @throws Failure when something else has that name, or it cannot be read
 */
export function readRepositoryFile(root: string, name: string): string | undefined {
  const path = join(root, name);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  let file: number;
  try {
    // A pipe would hold the node until somebody writes into it.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Failure(`${path} cannot be read: ${linkOr(cause)}.`);
  }
  try {
    if (!fstatSync(file).isFile()) throw new Failure(`${path} is not a plain file.`);
    return readStart(file);
  } finally {
    closeSync(file);
  }
}

const linkOr = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && cause.code === "ELOOP" ? "it is a link" : reasonOf(cause);

function readStart(file: number): string {
  const bytes = Buffer.alloc(FILE_BYTES);
  let length = 0;
  for (;;) {
    const read = readSync(file, bytes, length, bytes.length - length, length);
    if (read === 0) return bytes.toString("utf8", 0, length);
    length += read;
  }
}
