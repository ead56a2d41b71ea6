/**
 * The node's own bare repository: everything it fetched, every attempt it collected, every merge it built. It is a cache
 * of the remote plus the work that is not there yet.
 *
 * Its HEAD names a branch that never exists, so that no tree in it is "current" and no attributes file of a project takes
 * part in a merge: the same inputs give the same commit on every node. Refs are kept below `refs/skein/`:
 *
 *     base                            the target branch as last seen on the remote
 *     attempts/<item>/<epoch>/<oid>   tips that are here completely
 *     published/<item>/<epoch>/<oid>  tips this node set out to push
 *     merges/<oid>                    merges that have not landed yet
 */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { diskError, gitError } from "./git-error.ts";
import type { Git } from "./hardened-git.ts";
import type { Remote } from "./remote.ts";
import type { InTurn } from "./turns.ts";

export interface Mirror {
  readonly git: Git;
  /** The directory this node keeps everything in; absolute. */
  readonly directory: string;
  readonly gitDir: string;
  readonly remote: Remote;
  readonly base: string;
  readonly inTurn: InTurn;
  /** Packs that clones had from the start, by directory: they hold nothing that an agent made. */
  readonly givenPacks: Map<string, ReadonlySet<string>>;
}

export const BASE_REF = "refs/skein/base";
export const attemptRef = (item: string, epoch: number, tip: Oid): string =>
  `refs/skein/attempts/${item}/${epoch}/${tip}`;
export const publishedRef = (item: string, epoch: number, tip: Oid): string =>
  `refs/skein/published/${item}/${epoch}/${tip}`;
export const mergeRef = (commit: Oid): string => `refs/skein/merges/${commit}`;

export const mirrorPath = (directory: string): string => join(directory, "mirror.git");

type ObjectFormat = "sha1" | "sha256";

/** Where attempts, throw-away checkouts, objects on their way in, and directories on their way out are. */
const SUBDIRECTORIES: readonly string[] = ["attempts", "checkouts", "incoming", "trash", "home"];

/** Makes the bare repository, in one step as seen by a crash: it is complete or it is not there. */
export async function createMirror(
  git: Git,
  directory: string,
  format: ObjectFormat,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const doing = "make the mirror repository";
  const fresh = join(directory, "incoming", "mirror.git");
  try {
    await rm(fresh, { recursive: true, force: true });
  } catch (cause) {
    return err(diskError(doing, cause));
  }
  const args = ["init", "--quiet", "--bare", "--template=", "--initial-branch=skein-none", `--object-format=${format}`];
  const made = await git.output({ doing, args: [...args, "--", fresh] }, signal);
  if (!made.ok) return made;
  for (const [key, value] of SETTINGS) {
    const set = await git.output({ doing, gitDir: fresh, args: ["config", "--local", key, value] }, signal);
    if (!set.ok) return set;
  }
  try {
    await rename(fresh, mirrorPath(directory));
    return ok(undefined);
  } catch (cause) {
    return err(diskError(doing, cause));
  }
}

const SETTINGS: readonly (readonly [string, string])[] = [
  // Clones ask for the exact commit they are made for, which need not be the tip of anything.
  ["uploadpack.allowAnySHA1InWant", "true"],
  ["gc.auto", "0"],
  ["core.logAllRefUpdates", "false"],
  // An empty object file left by a power cut would break every later command that meets it.
  ["core.fsync", "objects,reference"],
];

/** The mirror as it is on disk after a restart: there and sound, not there yet, or broken. */
export async function inspectMirror(
  git: Git,
  directory: string,
  signal: AbortSignal,
): Promise<Result<"sound" | "absent", GitError>> {
  const gitDir = mirrorPath(directory);
  try {
    const names = await readdir(directory);
    if (!names.includes("mirror.git")) return ok("absent");
  } catch (cause) {
    return err(diskError("read the node's repository directory", cause));
  }
  const asked = await git.run(
    { doing: "open the mirror repository", gitDir, args: ["rev-parse", "--is-bare-repository"] },
    signal,
  );
  if (!asked.ok) return asked;
  if (asked.value.code === 0 && asked.value.stdout.toString("utf8").trim() === "true") return ok("sound");
  return err(
    gitError(
      "not-a-repository",
      `The mirror at ${gitDir} is not a bare git repository any more. Move it away and start again: it is fetched anew.`,
    ),
  );
}

/**
 * Removes what a killed git left in the mirror: its lock files, and at the start its half-written packs too. Right only
 * here and only when no git of ours writes to the mirror: at the start, and in turn. Nobody else uses this directory.
 */
export async function clearStaleLocks(directory: string, when: "start" | "in-turn"): Promise<Result<void, GitError>> {
  const gitDir = mirrorPath(directory);
  try {
    const top = await readdir(gitDir);
    const refs = await readdir(join(gitDir, "refs"), { recursive: true });
    const packs = await readdir(join(gitDir, "objects", "pack"));
    const infos = await readdir(join(gitDir, "objects", "info"));
    const stale = [
      ...top.filter(isLock),
      ...refs.filter(isLock).map((name) => join("refs", name)),
      ...packs
        .filter((name) => isLock(name) || (when === "start" && name.startsWith("tmp_")))
        .map((name) => join("objects", "pack", name)),
      ...infos.filter(isLock).map((name) => join("objects", "info", name)),
    ];
    for (const name of stale) await rm(join(gitDir, name), { force: true });
    return ok(undefined);
  } catch (cause) {
    return err(diskError("remove what an earlier run left in the mirror", cause));
  }
}

const isLock = (name: string): boolean => name.endsWith(".lock");

/** Writers take turns, so a lock that the one in turn runs into was left by a git that was killed: once without it. */
export function withoutStaleLocks(inTurn: InTurn, directory: string): InTurn {
  // Long ref names leave no room for the rest of the sentence; other failures to create something have another type.
  const locked = ({ type, message }: GitError): boolean =>
    type === "git-failed" && message.includes(`Unable to create '${mirrorPath(directory)}/`);
  return (signal, run) =>
    inTurn(signal, async () => {
      const first = await run();
      if (first.ok || !locked(first.error)) return first;
      const cleared = await clearStaleLocks(directory, "in-turn");
      return cleared.ok ? run() : cleared;
    });
}

/** Merges that never landed are built again when they are needed; after a restart nobody waits for them. */
export async function forgetMerges(git: Git, gitDir: string, signal: AbortSignal): Promise<Result<void, GitError>> {
  const doing = "forget merges of an earlier run";
  const listed = await git.output(
    { doing, gitDir, args: ["for-each-ref", "--format=delete %(refname)", "refs/skein/merges/"] },
    signal,
  );
  if (!listed.ok) return listed;
  if (listed.value === "") return ok(undefined);
  const deleted = await git.output({ doing, gitDir, args: ["update-ref", "--stdin"], stdin: listed.value }, signal);
  return deleted.ok ? ok(undefined) : deleted;
}

/** Directories the repository needs; existing ones are kept. */
export async function makeDirectories(directory: string): Promise<Result<void, GitError>> {
  try {
    for (const name of SUBDIRECTORIES) await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (cause) {
    return err(diskError("make the node's repository directories", cause));
  }
}

/** The object id of a revision of ours, which has to exist in the mirror. */
export async function resolve(
  mirror: Mirror,
  revision: string,
  doing: string,
  signal: AbortSignal,
): Promise<Result<Oid, GitError>> {
  const { git, gitDir } = mirror;
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision];
  const asked = await git.run({ doing, gitDir, args }, signal);
  if (!asked.ok) return asked;
  if (asked.value.code === 0) return ok(asked.value.stdout.toString("utf8").trim());
  return err(
    gitError(
      "bad-object",
      `Could not ${doing}: ${revision} is not in this node's mirror. Fetch it first, then try again.`,
    ),
  );
}

/** Whether a ref of ours exists and is exactly there. */
export async function refIsAt(
  mirror: Mirror,
  ref: string,
  oid: Oid,
  signal: AbortSignal,
): Promise<Result<boolean, GitError>> {
  const { git, gitDir } = mirror;
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", ref];
  const asked = await git.run({ doing: "read a ref of the mirror", gitDir, args }, signal);
  if (!asked.ok) return asked;
  return ok(asked.value.code === 0 && asked.value.stdout.toString("utf8").trim() === oid);
}

/** Sets or (without `oid`) deletes a ref of ours. To be called in turn. */
export async function writeRef(
  mirror: Mirror,
  ref: string,
  oid: Oid | undefined,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const { git, gitDir } = mirror;
  const args = oid === undefined ? ["update-ref", "-d", ref] : ["update-ref", ref, oid];
  const written = await git.output({ doing: "write a ref of the mirror", gitDir, args }, signal);
  return written.ok ? ok(undefined) : written;
}

/** Whether `ancestor` is reachable from `descendant`; both have to be in the mirror. */
export async function isAncestor(
  mirror: Mirror,
  { ancestor, descendant }: { readonly ancestor: Oid; readonly descendant: Oid },
  signal: AbortSignal,
): Promise<Result<boolean, GitError>> {
  const { git, gitDir } = mirror;
  const args = ["merge-base", "--is-ancestor", ancestor, descendant];
  const asked = await git.run({ doing: "compare two commits", gitDir, args }, signal);
  return asked.ok ? ok(asked.value.code === 0) : asked;
}
