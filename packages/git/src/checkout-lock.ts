/**
 * One landing at a time into a directory whose target branch is checked out.
 *
 * git moves the files of such a checkout before it compares and swaps the ref. Two pushes at once therefore land exactly
 * one commit and leave the other one's files behind, after which every landing is refused because of "uncommitted
 * changes". So nodes on this machine take turns, through a ref in that repository: git's own compare-and-swap makes
 * taking, breaking and giving back the lock atomic. The lock protects the files only; what lands is decided by the swap
 * of the branch, with or without it.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { aborted, gitError } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";

export const LOCK_REF = "refs/skein/landing";
/** A holder that this node has watched for so long without a change is taken for dead. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 40;
const DOING = "take turns at the checkout";

/** Runs a push, alone as far as other nodes are concerned when the remote is a checkout on this machine. */
export async function aloneAtCheckout<T>(
  mirror: Mirror,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<Result<T, GitError>> {
  const gitDir = checkoutGitDir(mirror);
  if (gitDir === undefined) return ok(await run());
  const lock = await take(mirror, gitDir, signal);
  if (!lock.ok) return lock;
  try {
    return ok(await run());
  } finally {
    // Also after an abort, which must not leave the lock behind; should it stay, it is broken when this process ends.
    const args = ["update-ref", "-d", LOCK_REF, lock.value];
    await mirror.git.run({ doing: DOING, gitDir, args }, new AbortController().signal);
  }
}

/** The repository of a remote that has files checked out; undefined for a plain bare one and for one far away. */
function checkoutGitDir({ remote }: Mirror): string | undefined {
  if (remote.protocol !== "file") return undefined;
  const inside = join(remote.address, ".git");
  if (existsSync(inside)) return inside;
  return existsSync(join(remote.address, "worktrees")) ? remote.address : undefined;
}

async function take(mirror: Mirror, gitDir: string, signal: AbortSignal): Promise<Result<Oid, GitError>> {
  const { git } = mirror;
  const stdin = JSON.stringify({ host: hostname(), pid: process.pid, turn: randomUUID() });
  const written = await git.output({ doing: DOING, gitDir, args: ["hash-object", "-w", "--stdin"], stdin }, signal);
  if (!written.ok) return written;
  const mine = written.value.trim();
  const nobody = "0".repeat(mine.length);

  let seen: { readonly holder: Oid; readonly sinceMs: number } | undefined;
  for (let tries = 0; !signal.aborted; tries += 1) {
    const holder = await readHolder(mirror, gitDir, signal);
    if (!holder.ok) return holder;
    const old = holder.value ?? nobody;
    if (seen?.holder !== old) seen = { holder: old, sinceMs: performance.now() };
    const outwaited = performance.now() - seen.sinceMs > PATIENCE_MS;
    if (old === nobody || outwaited || (await isGone(mirror, gitDir, old, signal))) {
      const swap = await git.run({ doing: DOING, gitDir, args: ["update-ref", LOCK_REF, mine, old] }, signal);
      if (!swap.ok) return swap;
      if (swap.value.code === 0) return ok(mine);
      if (outwaited) return err(stuck(mirror));
    }
    await delay(Math.min(PAUSE_MS * (tries + 1), 500), undefined, { signal }).catch(() => undefined);
  }
  return err(aborted(DOING));
}

const stuck = ({ remote }: Mirror): GitError =>
  gitError(
    "unknown-outcome",
    `Nothing was pushed: ${LOCK_REF} in ${remote.shown} cannot be taken. Remove a stale lock file there; it is tried again.`,
  );

async function readHolder(
  { git }: Mirror,
  gitDir: string,
  signal: AbortSignal,
): Promise<Result<Oid | undefined, GitError>> {
  const args = ["rev-parse", "--verify", "--quiet", LOCK_REF];
  const asked = await git.run({ doing: DOING, gitDir, args }, signal);
  if (!asked.ok) return asked;
  const oid = asked.value.stdout.toString("utf8").trim();
  return ok(asked.value.code === 0 && oid !== "" ? oid : undefined);
}

/** Whether the holder was a process of this machine that has ended. Of anything else nothing is known. */
async function isGone({ git }: Mirror, gitDir: string, holder: Oid, signal: AbortSignal): Promise<boolean> {
  const read = await git.output({ doing: DOING, gitDir, args: ["cat-file", "blob", holder] }, signal);
  const [, host, pid] = /^\{"host":"([^"]*)","pid":(\d+),/u.exec(read.ok ? read.value : "") ?? [];
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "ESRCH";
  }
}
