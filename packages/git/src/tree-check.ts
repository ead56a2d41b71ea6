/**
 * What an attempt may not bring into the tree: entries that make some git, file system or build tool act outside of it.
 *
 * Only what differs from the base is looked at: a repository that already has submodules or odd links keeps them, an
 * agent cannot add or change one.
 */
import { posix } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { gitError, quoted } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";

const GITLINK = "160000";
const SYMLINK = "120000";
const DELETED = "000000";
const MAX_DIFF_BYTES = 256 * 1024 * 1024;
/** A tree of a few objects can name more files than any disk holds. The largest repositories people have need 30 MiB. */
const MAX_LIST_BYTES = 128 * 1024 * 1024;
const MAX_LINK_BYTES = 4096;
/** What file systems can hold; a checkout of anything longer fails on the node that tries. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;
/** Of one file, and of all files that an attempt adds or changes: they are written out for every gate. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_CHANGED_BYTES = 1024 * 1024 * 1024;

interface Entry {
  readonly mode: string;
  readonly oid: Oid;
  readonly path: string;
}

/** The paths that differ, of a tree that may come in. */
export async function checkTree(
  mirror: Mirror,
  { base, tip }: { readonly base: Oid; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<readonly string[], GitError>> {
  const paths = await listPaths(mirror, tip, signal);
  if (!paths.ok) return paths;
  const differing = await changedEntries(mirror, { base, tip }, signal);
  if (!differing.ok) return differing;
  const entries = differing.value.filter(({ mode }) => mode !== DELETED);
  for (const { mode, path } of entries) {
    const problem = mode === GITLINK ? "is a submodule" : pathProblem(path);
    if (problem !== undefined) return err(refusal(path, problem));
  }
  const collision = findCollision(paths.value, entries);
  if (collision !== undefined) return err(collision);
  const sizes = await checkSizes(mirror, entries, signal);
  if (!sizes.ok) return sizes;
  const links = entries.filter(({ mode }) => mode === SYMLINK);
  const linked = links.length === 0 ? ok(undefined) : await checkLinks(mirror, links, signal);
  return linked.ok ? ok(differing.value.map(({ path }) => path)) : linked;
}

/**
 * Every path of a tree that somebody else made. This comes before anything else that walks it: git prints this list while it
 * walks, and is ended when there is no end of it, where a diff or a merge gathers everything in memory first.
 */
export async function listPaths(
  { git, gitDir }: Mirror,
  tip: Oid,
  signal: AbortSignal,
): Promise<Result<readonly string[], GitError>> {
  const listed = await git.output(
    {
      doing: `list the files of ${tip}`,
      gitDir,
      args: ["ls-tree", "-r", "-z", "--name-only", "--full-tree", tip],
      maxOutputBytes: MAX_LIST_BYTES,
      reads: "foreign",
    },
    signal,
  );
  return listed.ok ? ok(listed.value.split("\0")) : listed;
}

function refusal(path: string, problem: string): GitError {
  return gitError(
    "bad-object",
    `The attempt's tree is refused: ${quoted(path)} ${problem}. Remove it from the commit, or let a person add it to the target branch.`,
  );
}

async function changedEntries(
  { git, gitDir }: Mirror,
  { base, tip }: { readonly base: Oid; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<readonly Entry[], GitError>> {
  const options = ["-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=none"];
  const diff = await git.output(
    {
      doing: "compare the attempt's tree with its base",
      gitDir,
      args: ["diff-tree", ...options, base, tip],
      maxOutputBytes: MAX_DIFF_BYTES,
      reads: "foreign",
    },
    signal,
  );
  return diff.ok ? ok(parseRawDiff(diff.value)) : diff;
}

/** `:<old mode> <new mode> <old oid> <new oid> <status>` NUL `<path>` NUL, repeated. */
function parseRawDiff(text: string): readonly Entry[] {
  const fields = text.split("\0");
  const entries: Entry[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, mode, , oid] = (fields[index] ?? "").split(" ");
    const path = fields[index + 1];
    if (mode === undefined || oid === undefined || path === undefined) continue;
    entries.push({ mode, oid, path });
  }
  return entries;
}

/** Why a path may not be in a tree, or undefined. Covers what HFS+ and NTFS take for `.git` as well. */
export function pathProblem(path: string): string | undefined {
  if (/\p{Cc}/u.test(path)) return "has a control character in its name";
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return "is too long a path";
  for (const component of path.split("/")) {
    if (Buffer.byteLength(component) > MAX_NAME_BYTES) return "has too long a name";
    if (component === "" || component === "." || component === "..") return "is not a plain path";
    // HFS+ ignores these characters; NTFS ignores trailing dots and spaces and takes what follows a colon for a stream.
    const folded = component.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu, "").toLowerCase();
    const names = folded.split("\\").map((name) => name.replace(/:.*$/su, "").replace(/[. ]+$/u, ""));
    if (names.some((name) => name === ".git" || name === "git~1")) return "names a git directory";
    if (names.some((name) => name === ".gitmodules" || /^(?:gitmod|gi7eba)~[0-9]+$/u.test(name)))
      return "configures submodules";
  }
  return undefined;
}

/**
 * Two names that are one on a file system which ignores case or the way accents are written: the checkout there is not the
 * tree that was tested. What the base has already stays.
 */
function findCollision(paths: readonly string[], changed: readonly Entry[]): GitError | undefined {
  const mine = new Map<string, string>();
  const clash = (path: string): GitError | undefined => {
    for (const prefix of prefixesOf(path)) {
      const other = mine.get(folded(prefix));
      if (other !== undefined && other !== prefix)
        return refusal(other, `is the same name as ${quoted(prefix)} where case does not count`);
    }
    return undefined;
  };
  for (const { path } of changed) {
    const found = clash(path);
    if (found !== undefined) return found;
    for (const prefix of prefixesOf(path)) mine.set(folded(prefix), prefix);
  }
  if (mine.size === 0) return undefined;
  for (const path of paths) {
    const found = clash(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Upper case first: it also makes one of letters that have several lower-case forms. */
const folded = (path: string): string => path.normalize("NFC").toUpperCase().toLowerCase();

/** `a`, `a/b`, `a/b/c`. */
function prefixesOf(path: string): readonly string[] {
  const prefixes: string[] = [];
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) prefixes.push(path.slice(0, end));
  return [...prefixes, path];
}

/** A file that is named twice is written twice. */
async function checkSizes(
  { git, gitDir }: Mirror,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  if (entries.length === 0) return ok(undefined);
  const read = await git.output(
    {
      doing: "read how big the attempt's files are",
      gitDir,
      args: ["cat-file", "--batch-check=%(objectsize)"],
      stdin: `${entries.map(({ oid }) => oid).join("\n")}\n`,
      maxOutputBytes: entries.length * 100 + 1024,
      reads: "foreign",
    },
    signal,
  );
  if (!read.ok) return read;
  let total = 0;
  for (const [index, size] of read.value.trimEnd().split("\n").entries()) {
    const path = entries[index]?.path ?? "";
    total += Number(size);
    if (Number(size) > MAX_FILE_BYTES)
      return err(refusal(path, `has ${size} bytes; at most ${MAX_FILE_BYTES} can land`));
    if (total > MAX_CHANGED_BYTES)
      return err(refusal(path, `brings the changed files to more than ${MAX_CHANGED_BYTES} bytes in all`));
  }
  return ok(undefined);
}

async function checkLinks(
  { git, gitDir }: Mirror,
  links: readonly Entry[],
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const doing = "read the attempt's symbolic links";
  const stdin = `${links.map(({ oid }) => oid).join("\n")}\n`;
  const sizes = await git.output({ doing, gitDir, args: ["cat-file", "--batch-check=%(objectsize)"], stdin }, signal);
  if (!sizes.ok) return sizes;
  const long = sizes.value.split("\n").findIndex((size) => Number(size) > MAX_LINK_BYTES);
  const longLink = links[long];
  if (longLink !== undefined) return err(refusal(longLink.path, "is a symbolic link with an overlong target"));

  const maxOutputBytes = links.length * (MAX_LINK_BYTES + 200);
  const read = await git.run({ doing, gitDir, args: ["cat-file", "--batch"], stdin, maxOutputBytes }, signal);
  if (!read.ok) return read;
  const targets = parseBatch(read.value.stdout);
  for (const [index, { path }] of links.entries()) {
    const target = targets[index];
    if (target === undefined || !staysInside(path, target))
      return err(refusal(path, "is a symbolic link that does not stay inside the tree"));
  }
  return ok(undefined);
}

/** `<oid> <type> <size>` LF, the content, LF, repeated. */
function parseBatch(bytes: Buffer): readonly string[] {
  const contents: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const end = bytes.indexOf(10, offset);
    const size = Number(bytes.toString("latin1", offset, end).split(" ")[2]);
    if (end < 0 || !Number.isSafeInteger(size)) return contents;
    contents.push(bytes.toString("utf8", end + 1, end + 1 + size));
    offset = end + 1 + size + 1;
  }
  return contents;
}

/**
 * Whether a link can only lead inside the tree. `..` is allowed at the front alone: there it climbs real directories of
 * the tree, after a name it would climb out of wherever another link of that name leads.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/") || /[\p{Cc}\\]/u.test(target)) return false;
  const components = target.split("/").filter((part) => part !== "" && part !== ".");
  const firstName = components.findIndex((part) => part !== "..");
  if (firstName >= 0 && components.slice(firstName).includes("..")) return false;
  if (components.some((part) => pathProblem(part) !== undefined && part !== "..")) return false;
  const landing = posix.normalize(posix.join(posix.dirname(path), target));
  return landing !== ".." && !landing.startsWith("../");
}
