/**
 * What goes to the remote: one ref per push, with the old value expected.
 *
 * Landing is the compare-and-swap everything else relies on, so its outcome is never guessed. When git does not say that
 * the ref moved, the remote is read again, and what is there now decides. A push of several refs would not be atomic
 * on a remote that is killed in the middle; the item's id is inside the merge commit instead.
 */
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid, PushOutcome } from "@skein/node";
import { aloneAtCheckout } from "./checkout-lock.ts";
import { aborted, failed, gitError, neverConnected, oneLine, quoted } from "./git-error.ts";
import { notOurs, readRemoteRef } from "./fetch.ts";
import type { GitExit } from "./hardened-git.ts";
import { BASE_REF, isAncestor, mergeRef, publishedRef, refIsAt, resolve, writeRef, type Mirror } from "./mirror.ts";
import { notALanding } from "./landings.ts";
import { isOid, parseAttemptBranch } from "./names.ts";

/**
 * Lets a push into a directory on this machine move the branch that is checked out there, together with its files, when
 * these are unchanged. The text is fixed: git runs it through a shell.
 */
const RECEIVE_INTO_CHECKOUT = "--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack";
/** Another pusher holds the ref, or moved it and back. A hook may say the same words and means no. */
const CONTENDED =
  /^(?!.*hook declined).*(?:cannot lock ref|Unable to create '.*\.lock'|failed to update ref|incorrect old value|reference already exists|stale info|fetch first|non-fast-forward)/iu;
const DIRTY =
  /has (?:un)?staged changes|Up-to-date check failed|Could not update working tree|Working directory is dirty/iu;
const TRIES = 4;
const PAUSE_MS = 150;

export async function land(
  mirror: Mirror,
  { items, expected, commit }: { readonly items: readonly string[]; readonly expected: Oid; readonly commit: Oid },
  signal: AbortSignal,
): Promise<Result<PushOutcome, GitError>> {
  if (!isOid(expected) || !isOid(commit))
    return err(
      gitError("git-failed", `${quoted(isOid(commit) ? expected : commit)} is not a commit id; nothing was pushed.`),
    );
  const parent = await resolve(mirror, `${commit}^1`, "read the merge that is to land", signal);
  if (!parent.ok) return parent;
  if (parent.value !== expected)
    return err(
      gitError(
        "git-failed",
        `${commit} is built on ${parent.value}, not on ${expected}; nothing was pushed. Merge again.`,
      ),
    );
  // What the branch does not show afterwards would land again.
  const unreadable = await notALanding(mirror, { items, commit }, signal);
  if (unreadable !== undefined) return err(unreadable);
  const ref = `refs/heads/${mirror.base}`;
  const moved = await move(mirror, { ref, expected, commit }, signal);
  if (moved.ok && moved.value.type === "moved") {
    // Keeps the commit reachable as the base. It is on the remote whatever becomes of this.
    await mirror.inTurn(signal, () => writeRef(mirror, BASE_REF, commit, signal));
    await mirror.inTurn(signal, () => writeRef(mirror, mergeRef(commit), undefined, signal));
  }
  return moved;
}

/** Publishes a tip under its attempt's branch. Work of somebody else under that name is never overwritten. */
export async function publishBranch(
  mirror: Mirror,
  { branch, tip }: { readonly branch: string; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const attempt = parseAttemptBranch(branch);
  if (attempt === undefined || !isOid(tip)) return err(notOurs(branch));
  const ref = `refs/heads/${branch}`;
  const current = await readRemoteRef(mirror, ref, signal);
  if (!current.ok) return current;
  if (current.value === tip) return ok(undefined);
  if (current.value !== undefined) {
    const replaceable = await mayReplace(mirror, { ...attempt, current: current.value, tip }, signal);
    if (!replaceable.ok) return replaceable;
    if (!replaceable.value) return err(takenByOthers(mirror, branch));
  }
  // Written down before the push: a restarted node has to know its own work on the remote.
  const noted = await mirror.inTurn(signal, () =>
    writeRef(mirror, publishedRef(attempt.item, attempt.epoch, tip), tip, signal),
  );
  if (!noted.ok) return noted;
  const moved = await move(mirror, { ref, expected: current.value, commit: tip }, signal);
  if (!moved.ok) return moved;
  return moved.value.type === "moved" ? ok(undefined) : err(takenByOthers(mirror, branch));
}

const takenByOthers = (mirror: Mirror, branch: string): GitError =>
  gitError(
    "branch-taken",
    `${branch} on ${mirror.remote.shown} holds work of another node, which is kept. This attempt needs a new claim.`,
  );

async function mayReplace(
  mirror: Mirror,
  {
    item,
    epoch,
    current,
    tip,
  }: { readonly item: string; readonly epoch: number; readonly current: Oid; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<boolean, GitError>> {
  const own = await refIsAt(mirror, publishedRef(item, epoch, current), current, signal);
  return own.ok && !own.value ? isAncestor(mirror, { ancestor: current, descendant: tip }, signal) : own;
}

// ── one ref, one swap ───────────────────────────────────────────────────────────────────────────────────────────────

interface Move {
  readonly ref: string;
  /** Undefined: the ref must not exist. */
  readonly expected: Oid | undefined;
  readonly commit: Oid;
}

type Answer =
  | { readonly type: "moved" }
  | { readonly type: "rejected"; readonly reason: string }
  /** Nothing was sent. */
  | { readonly type: "no-connection"; readonly error: GitError }
  /** Something may have been sent, and nobody said what came of it. */
  | { readonly type: "silence"; readonly said: string };

async function move(mirror: Mirror, swap: Move, signal: AbortSignal): Promise<Result<PushOutcome, GitError>> {
  for (let tried = 1; ; tried += 1) {
    const turn = await aloneAtCheckout(mirror, signal, () => push(mirror, swap, signal));
    if (!turn.ok) return turn;
    const answer = turn.value;
    if (answer.type === "moved") return ok({ type: "moved" });
    if (answer.type === "no-connection") return err(answer.error);
    const now = await readRemoteRef(mirror, swap.ref, signal);
    if (!now.ok) return err(now.error.type === "aborted" ? now.error : unknown(mirror, swap, now.error.message));
    if (now.value === swap.commit) return ok({ type: "moved" });
    if (now.value !== swap.expected) return ok({ type: "stale" });
    if (answer.type === "silence") return err(unknown(mirror, swap, answer.said));
    if (!CONTENDED.test(answer.reason) || tried === TRIES) return err(rejection(mirror, swap, answer.reason));
    await delay(PAUSE_MS * tried, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return err(aborted(`push to ${mirror.remote.shown}`));
  }
}

async function push(mirror: Mirror, { ref, expected, commit }: Move, signal: AbortSignal): Promise<Answer> {
  const { git, gitDir, remote } = mirror;
  const doing = `push ${ref} to ${remote.shown}`;
  const options = ["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
  const lease = `--force-with-lease=${ref}:${expected ?? ""}`;
  const receive = remote.protocol === "file" ? [RECEIVE_INTO_CHECKOUT] : [];
  const exit = await git.run(
    {
      doing,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: ["push", ...options, lease, ...receive, "--end-of-options", remote.address, `${commit}:${ref}`],
    },
    signal,
  );
  // An abort leaves the outcome open; the caller asked for that. The other failures are looked into.
  if (!exit.ok && exit.error.type === "aborted") return { type: "no-connection", error: exit.error };
  if (!exit.ok) return { type: "silence", said: exit.error.message };
  return readAnswer(ref, exit.value, doing);
}

/** `<flag> TAB <from>:<to> TAB <summary>`, one line per ref; see OUTPUT in git-push(1). */
function readAnswer(ref: string, { code, stdout, stderr }: GitExit, doing: string): Answer {
  const line = stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .find(([, names]) => names?.endsWith(`:${ref}`));
  const [flag, , summary] = line ?? [];
  if (flag !== undefined && flag !== "!" && code === 0) return { type: "moved" };
  if (flag === "!") return { type: "rejected", reason: reasonOf(summary ?? "", stderr) };
  if (neverConnected(stderr)) return { type: "no-connection", error: failed(doing, stderr) };
  return { type: "silence", said: failed(doing, stderr).message };
}

/** What the remote's hook printed says more than the summary; lock trouble only shows there. */
function reasonOf(summary: string, stderr: string): string {
  const brief = oneLine(/\((.*)\)\s*$/u.exec(summary)?.[1] ?? summary);
  const remote = stderr
    .split(/[\r\n]+/u)
    .filter((line) => /^remote:\s*\S/u.test(line))
    .map((line) => oneLine(line).replace(/^remote:\s*(?:error:\s*)?/u, ""));
  return oneLine([brief, ...remote.slice(0, 4)].filter((part) => part !== "").join(": "));
}

function rejection({ remote }: Mirror, { ref }: Move, reason: string): GitError {
  const branch = ref.replace(/^refs\/heads\//u, "");
  if (DIRTY.test(reason))
    return gitError(
      "refused",
      `${remote.shown} has ${branch} checked out with uncommitted changes, so nothing can land there. Commit or stash them; it is tried again.`,
    );
  if (CONTENDED.test(reason))
    return gitError(
      "unknown-outcome",
      `${remote.shown} did not move ${branch}: ${reason}. Another push may be under way; it is read again. If it stays, remove the stale lock there.`,
    );
  return gitError(
    "refused",
    `${remote.shown} refused the push to ${branch}: ${reason}. Change the remote's rules or give this node's account the right to push.`,
  );
}

function unknown({ remote }: Mirror, { ref }: Move, said: string): GitError {
  return gitError(
    "unknown-outcome",
    `The connection to ${remote.shown} was lost while ${ref} was pushed (${oneLine(said)}); whether it moved is read again.`,
  );
}
