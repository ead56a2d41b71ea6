/**
 * The `Repository` port over real git: a private bare mirror, fresh clones, and the remote.
 *
 * Opening it talks to nobody; the first `fetchBase` does. A directory belongs to one node at a time.
 */
import { isAbsolute, join, resolve as absolute } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { AttemptResult, AttemptWorkspace, GitError, Oid, Repository } from "@skein/node";
import { collectAttempt } from "./collect.ts";
import { diff } from "./diff.ts";
import { fetchBase, fetchBranch } from "./fetch.ts";
import { gitError, oneLine, quoted } from "./git-error.ts";
import { createGit, type Deadlines, type Git, type RemoteAccess } from "./hardened-git.ts";
import { createLandings } from "./landings.ts";
import { remembered } from "./memo.ts";
import { join as joinTips, merge, type MergeInputs } from "./merge.ts";
import {
  clearStaleLocks,
  createMirror,
  forgetMerges,
  inspectMirror,
  makeDirectories,
  mirrorPath,
  type Mirror,
  withoutStaleLocks,
} from "./mirror.ts";
import { attemptBranch, isBaseBranch, isDirectoryName, isOid, type AttemptName } from "./names.ts";
import { deleteBranches } from "./old-branches.ts";
import { land, publishBranch } from "./push.ts";
import { type FileAt, readFile } from "./read-file.ts";
import { parseRemote } from "./remote.ts";
import { createTurns } from "./turns.ts";
import { isNewEnough, OLDEST_GIT } from "./version.ts";
import { attemptDirectory, clearLeftovers, cloneAt, discard, lastAttempt, ownDirectory } from "./workspace.ts";

export interface RepositoryOptions {
  /** Absolute; holds `mirror.git`, `attempts/`, `checkouts/`. Used by this node alone. */
  readonly directory: string;
  /** URL or absolute path, as `resolveRemote` gives it. */
  readonly remote: string;
  /** The target branch. */
  readonly base: string;
  /** What reaching the remote needs; attempts and checkouts never get any of it. */
  readonly access?: RemoteAccess;
  readonly deadlines?: Deadlines;
}

export async function openRepository(
  options: RepositoryOptions,
  signal: AbortSignal,
): Promise<Result<Repository, GitError>> {
  const mirror = await openMirror(options, signal);
  return mirror.ok ? ok(createRepository(mirror.value)) : mirror;
}

async function openMirror(options: RepositoryOptions, signal: AbortSignal): Promise<Result<Mirror, GitError>> {
  const remote = parseRemote(options.remote);
  if (!remote.ok) return remote;
  if (!isBaseBranch(options.base))
    return err(
      gitError(
        "missing-branch",
        `${quoted(options.base)} cannot be a target branch. Set \`base\` in skein.yaml to a plain branch name.`,
      ),
    );
  if (!isAbsolute(options.directory) || /[\p{Cc}"]/u.test(options.directory))
    return err(
      gitError(
        "git-failed",
        `${quoted(options.directory)} cannot hold a repository: it has to be an absolute path without quotes.`,
      ),
    );

  const directory = absolute(options.directory);
  const made = await makeDirectories(directory);
  if (!made.ok) return made;
  const git = createGit({
    emptyHome: join(directory, "home"),
    secrets: remote.value.secrets,
    ...(options.access === undefined ? {} : { access: options.access }),
    ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
  });
  const ready = await prepare(git, directory, signal);
  if (!ready.ok) return ready;
  const gitDir = mirrorPath(directory);
  const inTurn = withoutStaleLocks(createTurns(), directory);
  return ok({ git, directory, gitDir, remote: remote.value, base: options.base, inTurn, givenPacks: new Map() });
}

async function prepare(git: Git, directory: string, signal: AbortSignal): Promise<Result<void, GitError>> {
  const version = await checkVersion(git, signal);
  if (!version.ok) return version;
  await clearLeftovers(directory);
  const found = await inspectMirror(git, directory, signal);
  if (!found.ok) return found;
  if (found.value === "absent") return createMirror(git, directory, "sha1", signal);
  const unlocked = await clearStaleLocks(directory, "start");
  return unlocked.ok ? forgetMerges(git, mirrorPath(directory), signal) : unlocked;
}

async function checkVersion(git: Git, signal: AbortSignal): Promise<Result<void, GitError>> {
  const version = await git.output({ doing: "ask git for its version", args: ["version"] }, signal);
  if (!version.ok) return version;
  if (isNewEnough(version.value) === true) return ok(undefined);
  const found = oneLine(version.value);
  return err(
    gitError("git-failed", `Skein needs git ${OLDEST_GIT.join(".")} or newer and found "${found}". Update git.`),
  );
}

/** A merge is made for the gate and again to land, and skein.yaml is read of every commit on the way. */
const MERGES_KEPT = 64;
const FILES_KEPT = 32;

function createRepository(mirror: Mirror): Repository {
  const mergeOf = remembered(MERGES_KEPT, mergeKey, (inputs: MergeInputs, signal) => merge(mirror, inputs, signal));
  const fileOf = remembered(
    FILES_KEPT,
    ({ commit, path }: FileAt) => `${commit}:${path}`,
    (file, signal) => readFile(mirror, file, signal),
  );
  return {
    fetchBase: (signal) => fetchBase(mirror, signal),
    landings: createLandings(mirror),
    readFile: (commit, path, signal) => fileOf({ commit, path }, signal),
    openAttempt: (attempt, signal) => openAttempt(mirror, attempt, signal),
    recoverAttempt: (attempt, signal) => recoverAttempt(mirror, attempt, signal),
    collectAttempt: (workspace, signal) => collectAttempt(mirror, workspace, signal),
    publishBranch: (branch, tip, signal) => publishBranch(mirror, { branch, tip }, signal),
    fetchBranch: (branch, tip, signal) => fetchBranch(mirror, { branch, tip }, signal),
    deleteBranches: (items, signal) => deleteBranches(mirror, items, signal),
    diff: (inputs, signal) => diff(mirror, inputs, signal),
    merge: mergeOf,
    join: (inputs, signal) => joinTips(mirror, inputs, signal),
    openCheckout: (commit, name, signal) => openCheckout(mirror, { commit, name }, signal),
    land: (move, signal) => land(mirror, move, signal),
    remove: async (directory) => {
      const own = ownDirectory(mirror.directory, directory);
      // What resists is in the trash then, and the next start tries again.
      if (own === undefined) return;
      mirror.givenPacks.delete(own);
      await discard(mirror.directory, own);
    },
  };
}

const mergeKey = ({ base, tip, message, atSeconds }: MergeInputs): string =>
  JSON.stringify([base, tip, message, atSeconds]);

async function openAttempt(
  mirror: Mirror,
  { item, epoch, base, start = base }: AttemptName & { readonly base: Oid; readonly start?: Oid },
  signal: AbortSignal,
): Promise<Result<AttemptWorkspace, GitError>> {
  const branch = attemptBranch({ item, epoch });
  if (branch === undefined || !isOid(base) || !isOid(start))
    return err(gitError("git-failed", `${quoted(item)}, epoch ${epoch}, at ${quoted(base)} does not name an attempt.`));
  const directory = attemptDirectory(mirror.directory, { item, epoch });
  const cloned = await cloneAt(mirror, { directory, commit: start, branch, target: base }, signal);
  return cloned.ok ? ok({ directory, branch, base, start }) : cloned;
}

async function openCheckout(
  mirror: Mirror,
  { commit, name }: { readonly commit: Oid; readonly name: string },
  signal: AbortSignal,
): Promise<Result<string, GitError>> {
  if (!isOid(commit) || !isDirectoryName(name))
    return err(gitError("git-failed", `${quoted(name)} at ${quoted(commit)} does not name a checkout.`));
  const directory = join(mirror.directory, "checkouts", name);
  const cloned = await cloneAt(mirror, { directory, commit }, signal);
  return cloned.ok ? ok(directory) : cloned;
}

/** The directory is discarded whatever was in it: what is worth keeping is in the mirror then. */
async function recoverAttempt(
  mirror: Mirror,
  { item, epoch, base }: AttemptName & { readonly base: Oid },
  signal: AbortSignal,
): Promise<Result<AttemptResult | undefined, GitError>> {
  if (attemptBranch({ item, epoch }) === undefined || !isOid(base)) return ok(undefined);
  const last = await lastAttempt(mirror.directory, { item, epoch });
  if (last === undefined) return ok(undefined);
  const directory = attemptDirectory(mirror.directory, last);
  const branch = attemptBranch(last);
  if (branch === undefined) return ok(undefined);
  const collected = await collectAttempt(mirror, { directory, branch, base, start: base }, signal);
  await discard(mirror.directory, directory);
  if (!collected.ok) return collected;
  return ok(collected.value.commitsAhead === 0 ? undefined : collected.value);
}
