/**
 * Takes an attempt's commits out of a directory that a hostile agent may have written every byte of.
 *
 * No git of ours ever opens that repository: its configuration, hooks, HEAD and index are not read. The branch's tip is
 * read as plain text, its objects are copied into an empty repository of ours, and the mirror fetches from that one with
 * every object checked.
 */
import { open, lstat, mkdir, realpath, rm, writeFile } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result, touchedBy } from "@skein/core";
import type { AttemptResult, AttemptWorkspace, GitError, Oid } from "@skein/node";
import { diskError, gitError, isNotFound, quoted } from "./git-error.ts";
import { attemptRef, resolve, writeRef, type Mirror } from "./mirror.ts";
import { isOid, parseAttemptBranch, type AttemptName } from "./names.ts";
import { refused, takeObjects, type Taken } from "./take-objects.ts";
import { checkTree } from "./tree-check.ts";
import { ownDirectory } from "./workspace.ts";

const MAX_REF_FILE_BYTES = 8 * 1024 * 1024;

export async function collectAttempt(
  mirror: Mirror,
  workspace: AttemptWorkspace,
  signal: AbortSignal,
): Promise<Result<AttemptResult, GitError>> {
  const attempt = parseAttemptBranch(workspace.branch);
  const directory = ownDirectory(mirror.directory, workspace.directory);
  if (attempt === undefined || directory === undefined || !isOid(workspace.base)) {
    const named = `${quoted(workspace.branch)} in ${quoted(workspace.directory)}`;
    return err(gitError("git-failed", `${named} is not an attempt of this node, so nothing is collected from it.`));
  }
  const tip = await readTip(directory, workspace.branch);
  if (!tip.ok) return tip;
  const taken = await takeIn(mirror, { attempt, directory, tip: tip.value }, signal);
  return taken.ok ? judge(mirror, { attempt, base: workspace.base, tip: tip.value }, signal) : taken;
}

/** What the mirror can say about the tip once it has it; a tree that is refused is not kept. */
async function judge(
  mirror: Mirror,
  { attempt, base, tip }: { readonly attempt: AttemptName; readonly base: Oid; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<AttemptResult, GitError>> {
  const { git, gitDir } = mirror;
  const tree = await resolve(mirror, `${tip}^{tree}`, "read the attempt's tree", signal);
  if (!tree.ok) return tree;
  const related = await git.run({ doing: "find the merge base", gitDir, args: ["merge-base", base, tip] }, signal);
  if (!related.ok) return related;
  if (related.value.code !== 0)
    return err(refused("its branch shares no commit with the branch it started from. Start the attempt again"));
  const checked = await checkTree(mirror, { base, tip }, signal);
  if (!checked.ok) {
    const dropped = await mirror.inTurn(signal, () =>
      writeRef(mirror, attemptRef(attempt.item, attempt.epoch, tip), undefined, signal),
    );
    return dropped.ok ? checked : dropped;
  }
  const count = await git.output(
    { doing: "count the attempt's commits", gitDir, args: ["rev-list", "--count", `${base}..${tip}`] },
    signal,
  );
  if (!count.ok) return count;
  return ok({ tip, tree: tree.value, commitsAhead: Number(count.value), touched: touchedBy(checked.value) });
}

// ── out of the agent's directory ────────────────────────────────────────────────────────────────────────────────────

/** Reads the branch as git keeps it: a file of its own, or a line in `packed-refs`. Never through a link. */
async function readTip(directory: string, branch: string): Promise<Result<Oid, GitError>> {
  const gitDir = join(directory, ".git");
  const ref = `refs/heads/${branch}`;
  try {
    const loose = await readPlainFile(gitDir, ref);
    const packed = loose === undefined ? await readPlainFile(gitDir, "packed-refs") : undefined;
    const line = packed?.split("\n").find((line) => line.endsWith(` ${ref}`));
    const oid = (loose ?? line?.slice(0, line.indexOf(" ")))?.trim();
    if (oid === undefined)
      return err(
        gitError(
          "missing-branch",
          `The attempt's directory has no branch ${branch} any more: the agent removed or renamed it.`,
        ),
      );
    return isOid(oid) ? ok(oid) : err(refused(`its branch ${branch} does not name a commit`));
  } catch (cause) {
    return err(
      refused(`its repository cannot be read (${quoted(cause instanceof Error ? cause.message : String(cause))})`),
    );
  }
}

/** The text of a regular file exactly there, undefined when there is none; throws at links, devices and big files. */
async function readPlainFile(gitDir: string, name: string): Promise<string | undefined> {
  const path = join(gitDir, name);
  try {
    if ((await lstat(gitDir)).isSymbolicLink() || (await realpath(path)) !== join(await realpath(gitDir), name))
      throw new Error(`${name} is reached through a link`);
    if (!(await lstat(path)).isFile()) return undefined;
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    throw cause;
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MAX_REF_FILE_BYTES) throw new Error(`${name} is too big`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

// ── into the mirror ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Delivery {
  readonly attempt: AttemptName;
  readonly directory: string;
  readonly tip: Oid;
}

async function takeIn(mirror: Mirror, delivery: Delivery, signal: AbortSignal): Promise<Result<void, GitError>> {
  const lender = join(mirror.directory, "incoming", `${delivery.attempt.item}-${delivery.attempt.epoch}.git`);
  try {
    await rm(lender, { recursive: true, force: true });
    return await fetchThrough(mirror, lender, delivery, signal);
  } catch (cause) {
    return err(diskError("take in the attempt's commits", cause));
  } finally {
    // Only copies are in it; what a failing disk keeps is cleared at the next start.
    await rm(lender, { recursive: true, force: true }).catch(() => undefined);
  }
}

const DOING = "take in the attempt's commits";

async function fetchThrough(
  mirror: Mirror,
  lender: string,
  { attempt, directory, tip }: Delivery,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const { git, gitDir } = mirror;
  const made = await makeLender(mirror, lender, signal);
  if (!made.ok) return made;
  const given = mirror.givenPacks.get(directory) ?? new Set();
  const taken = await takeObjects({ from: join(directory, ".git", "objects"), to: join(lender, "objects"), given });
  if (!taken.ok) return taken;
  const indexed = await indexPacks(mirror, lender, taken.value, signal);
  if (!indexed.ok) return asBadObject(indexed.error, taken.value);
  const pin = ["update-ref", "refs/heads/tip", tip];
  const pinned = await git.output({ doing: DOING, gitDir: lender, args: pin }, signal);
  if (!pinned.ok) return asBadObject(pinned.error, taken.value);
  const options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
  const refspec = `+refs/heads/tip:${attemptRef(attempt.item, attempt.epoch, tip)}`;
  const args = ["fetch", ...options, "--end-of-options", lender, refspec];
  const fetched = await mirror.inTurn(signal, () =>
    git.output({ doing: DOING, gitDir, protocol: "file", args }, signal),
  );
  return fetched.ok ? ok(undefined) : asBadObject(fetched.error, taken.value);
}

/** An empty repository of ours that has what the mirror has, and will have what the agent made. */
async function makeLender(
  { git, gitDir }: Mirror,
  lender: string,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const format = await git.output({ doing: DOING, gitDir, args: ["rev-parse", "--show-object-format"] }, signal);
  if (!format.ok) return format;
  const init = ["init", "--quiet", "--bare", "--template=", `--object-format=${format.value.trim()}`, "--", lender];
  const made = await git.output({ doing: DOING, args: init }, signal);
  if (!made.ok) return made;
  await mkdir(join(lender, "objects", "info"), { recursive: true });
  await writeFile(join(lender, "objects", "info", "alternates"), `${join(gitDir, "objects")}\n`);
  return ok(undefined);
}

async function indexPacks(
  { git }: Mirror,
  lender: string,
  { packs }: Taken,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  for (const pack of packs) {
    // Found sound when the mirror fetches them; a name of ours needs no end of options, and there is none here.
    const args = ["index-pack", pack];
    const indexed = await git.output({ doing: DOING, gitDir: lender, args }, signal);
    if (!indexed.ok) return indexed;
  }
  return ok(undefined);
}

/**
 * Both ends are on this machine and ours, so a "connection" that fails, a git that needs too long, and one that breaks down
 * mean objects that were made for it. A full disk is nobody's doing.
 */
function asBadObject({ type, message }: GitError, { tooBig }: Taken): Result<never, GitError> {
  const blamed = type !== "disk" && type !== "aborted";
  const because = blamed && tooBig !== undefined ? ` Object ${tooBig}.` : "";
  return err(gitError(blamed ? "bad-object" : type, `${message}${because}`));
}
