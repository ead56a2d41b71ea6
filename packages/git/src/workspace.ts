/**
 * Fresh clones and how they go away again.
 *
 * A clone has a `.git` of its own with copies of the objects, no remote, no hooks, no credentials: what an agent or a
 * gate does in it reaches nothing else. Host-side git writes it once, before anybody else does, and never runs in it
 * again.
 */
import { randomUUID } from "node:crypto";
import { appendFile, chmod, lstat, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve as absolute } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { diskError, isNotFound } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";
import type { AttemptName } from "./names.ts";
import { packsIn } from "./take-objects.ts";

/** Appended to a clone's configuration, so that an agent can commit and git starts nothing in the background. */
const CLONE_CONFIG = `[user]
\tname = Skein agent
\temail = agent@skein.invalid
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;

export interface CloneRequest {
  readonly directory: string;
  readonly commit: Oid;
  /** The branch to be on; without it HEAD is detached. */
  readonly branch?: string;
  /** The target branch's tip, where it is another commit: whoever works there can merge it. */
  readonly target?: Oid;
}

/** Clones the mirror at one commit. What was in the directory before is removed. */
export async function cloneAt(
  mirror: Mirror,
  request: CloneRequest,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const { directory } = request;
  const cleared = await discard(mirror.directory, directory);
  if (!cleared.ok) return cleared;
  const cloned = await fill(mirror, request, signal);
  // Half a clone is of no use to anybody; its removal may fail like any other and is then left for the next start.
  if (!cloned.ok) await discard(mirror.directory, directory);
  return cloned;
}

async function fill(
  mirror: Mirror,
  { directory, commit, branch, target = commit }: CloneRequest,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const { git } = mirror;
  const doing = `make a fresh clone at ${commit}`;
  const format = await git.output(
    { doing, gitDir: mirror.gitDir, args: ["rev-parse", "--show-object-format"] },
    signal,
  );
  if (!format.ok) return format;
  const init = ["init", "--quiet", "--template=", `--object-format=${format.value.trim()}`];
  const start = branch === undefined ? [] : [`--initial-branch=${branch}`];
  const made = await git.output({ doing, args: [...init, ...start, "--", directory] }, signal);
  if (!made.ok) return made;
  const gitDir = join(directory, ".git");
  try {
    await appendFile(join(gitDir, "config"), CLONE_CONFIG);
  } catch (cause) {
    return err(diskError(doing, cause));
  }
  const own = branch === undefined ? ["--no-deref", "HEAD"] : [`refs/heads/${branch}`];
  const others = target === commit ? [] : [target];
  const fetch = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
  const steps = [
    // The mirror checked these objects when they came in.
    {
      args: [...fetch, "--end-of-options", mirror.gitDir, commit, ...others],
      protocol: "file" as const,
      // One pack, so that what an agent adds can be told from what it was given.
      config: ["fetch.fsckObjects=false", "transfer.fsckObjects=false", "fetch.unpackLimit=1"],
    },
    { args: ["update-ref", ...own, commit] },
    ...others.map((oid) => ({ args: ["update-ref", `refs/remotes/target/${mirror.base}`, oid] })),
    // Symlinks stay symlinks in a checkout; those that an attempt brought in were checked when it was collected.
    {
      args: ["read-tree", "--reset", "-u", "--no-recurse-submodules", commit],
      workTree: directory,
      config: ["core.symlinks=true"],
    },
  ];
  for (const step of steps) {
    const done = await git.output({ doing, gitDir, ...step }, signal);
    if (!done.ok) return done;
  }
  if (branch === undefined) return ok(undefined);
  try {
    mirror.givenPacks.set(directory, await packsIn(join(gitDir, "objects")));
    return ok(undefined);
  } catch (cause) {
    return err(diskError(doing, cause));
  }
}

/** The only place where an attempt works. */
export const attemptDirectory = (root: string, { item, epoch }: AttemptName): string =>
  join(root, "attempts", `${item}-${epoch}`);

/** The last one before this epoch whose directory is still there: its node died before it was done. */
export async function lastAttempt(root: string, { item, epoch }: AttemptName): Promise<AttemptName | undefined> {
  const names = await readdir(join(root, "attempts")).catch(() => []);
  const epochs = names
    .flatMap((name) => (name.startsWith(`${item}-`) ? [Number(name.slice(item.length + 1))] : []))
    .filter((other) => Number.isSafeInteger(other) && other < epoch);
  return epochs.length === 0 ? undefined : { item, epoch: Math.max(...epochs) };
}

/** A direct child of `attempts/` or `checkouts/`, or undefined: nothing else is ever removed or collected. */
export function ownDirectory(root: string, directory: string): string | undefined {
  const path = absolute(directory);
  const parent = dirname(path);
  const owned = parent === join(root, "attempts") || parent === join(root, "checkouts");
  return owned ? path : undefined;
}

/** Moves a directory out of the way in one step, then deletes it. What cannot be deleted stays in `trash/`. */
export async function discard(root: string, directory: string): Promise<Result<void, GitError>> {
  const grave = join(root, "trash", randomUUID());
  try {
    const found = await lstat(directory).catch((cause: unknown) => {
      if (isNotFound(cause)) return undefined;
      throw cause;
    });
    if (found === undefined) return ok(undefined);
    if (found.isDirectory()) await chmod(directory, 0o700);
    await rename(directory, grave);
  } catch (cause) {
    return err(diskError("remove an old working directory", cause));
  }
  await deleteTree(grave);
  return ok(undefined);
}

/** Unpublished work of an attempt that died with its node is kept this long for a person to look at. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Deletes what earlier runs could not; called once at the start. Throw-away directories go too, attempts after a week. */
export async function clearLeftovers(root: string): Promise<void> {
  for (const name of ["trash", "incoming", "checkouts"]) {
    for (const child of await childrenOf(join(root, name))) await deleteTree(child);
  }
  const oldest = Date.now() - KEPT_MS;
  for (const child of await childrenOf(join(root, "attempts"))) {
    const found = await lstat(child).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await deleteTree(child);
  }
}

const childrenOf = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory).catch(() => [])).map((name) => join(directory, name));

/** Best effort by design: a tree that resists is met again at the next start. */
async function deleteTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch {
    await makeReachable(directory);
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Far below the length that a path may have, so that names of any length still fit behind it. */
const LONG_PATH = 2_000;

/**
 * An agent may have taken its own permissions away, and may have built directories so deep that no path leads to their
 * end: these are moved up, beside the directory itself, and go on from there. Symlinks are not followed.
 */
async function makeReachable(directory: string): Promise<void> {
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await chmod(next, 0o700).catch(() => undefined);
    const here = next.length > LONG_PATH ? join(directory, randomUUID()) : next;
    const moved = here === next || (await rename(next, here).then(...YES_OR_NO));
    if (!moved) continue;
    const entries = await readdir(here, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) pending.push(join(here, entry.name));
  }
}

const YES_OR_NO = [(): boolean => true, (): boolean => false] as const;
