/** What comes from the remote into the mirror: the target branch, and the branches of attempts that others published. */
import { rm } from "node:fs/promises";
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { condense, diskError, failed, gitError, quoted } from "./git-error.ts";
import {
  attemptRef,
  BASE_REF,
  createMirror,
  isAncestor,
  publishedRef,
  refIsAt,
  resolve,
  writeRef,
  type Mirror,
} from "./mirror.ts";
import { isOid, parseAttemptBranch } from "./names.ts";
import { joinPacks } from "./upkeep.ts";

const INCOMING_REF = "refs/skein/incoming";

/** The tip of a branch on the remote right now, or undefined when the remote has no such branch. */
export async function readRemoteRef(
  { git, gitDir, remote }: Mirror,
  ref: string,
  signal: AbortSignal,
): Promise<Result<Oid | undefined, GitError>> {
  const listed = await git.output(
    {
      doing: `read ${ref} from ${remote.shown}`,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: ["ls-remote", "--quiet", "--end-of-options", remote.address, ref],
    },
    signal,
  );
  if (!listed.ok) return listed;
  // The pattern also matches longer names that end in this one.
  const line = listed.value.split("\n").find((line) => line.endsWith(`\t${ref}`));
  const oid = line?.slice(0, line.indexOf("\t"));
  if (oid === undefined) return ok(undefined);
  return isOid(oid) ? ok(oid) : err(gitError("git-failed", `${remote.shown} answered with ${quoted(oid)} for ${ref}.`));
}

export async function fetchBase(mirror: Mirror, signal: AbortSignal): Promise<Result<Oid, GitError>> {
  return mirror.inTurn(signal, async () => {
    const doing = `fetch ${mirror.base} from ${mirror.remote.shown}`;
    const fetched = await fetchInto(mirror, { doing, from: `refs/heads/${mirror.base}`, to: BASE_REF }, signal);
    if (fetched.ok) return resolve(mirror, BASE_REF, doing, signal);
    return fetched.error.type === "missing-branch" ? err(await describeMissingBase(mirror, signal)) : fetched;
  });
}

async function describeMissingBase(mirror: Mirror, signal: AbortSignal): Promise<GitError> {
  const { git, gitDir, remote, base } = mirror;
  const listed = await git.output(
    {
      doing: `list the branches of ${remote.shown}`,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: ["ls-remote", "--quiet", "--heads", "--end-of-options", remote.address],
    },
    signal,
  );
  if (!listed.ok) return listed.error;
  return listed.value === ""
    ? gitError("no-commits", `${remote.shown} has no commits yet. Push a first commit to ${base}, then try again.`)
    : gitError(
        "missing-branch",
        `${remote.shown} has no branch ${base}. Push it, or set \`base\` in skein.yaml to the branch to land on.`,
      );
}

/** Makes sure that a tip which somebody published is in the mirror with everything it needs. */
export async function fetchBranch(
  mirror: Mirror,
  { branch, tip }: { readonly branch: string; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const attempt = parseAttemptBranch(branch);
  if (attempt === undefined || !isOid(tip)) return err(notOurs(branch));
  const ref = attemptRef(attempt.item, attempt.epoch, tip);
  for (const known of [ref, publishedRef(attempt.item, attempt.epoch, tip)]) {
    const here = await refIsAt(mirror, known, tip, signal);
    if (!here.ok) return here;
    if (here.value) return ok(undefined);
  }
  return mirror.inTurn(signal, async () => {
    const doing = `fetch ${branch} from ${mirror.remote.shown}`;
    const fetched = await fetchInto(mirror, { doing, from: `refs/heads/${branch}`, to: INCOMING_REF }, signal);
    if (!fetched.ok) return fetched;
    const contained = await isAncestor(mirror, { ancestor: tip, descendant: INCOMING_REF }, signal);
    if (!contained.ok) return contained;
    if (contained.value) return writeRef(mirror, ref, tip, signal);
    return err(
      gitError(
        "missing-branch",
        `${branch} on ${mirror.remote.shown} does not contain ${tip} any more: somebody moved it. The work has to be done again.`,
      ),
    );
  });
}

export const notOurs = (branch: string): GitError =>
  gitError("git-failed", `${quoted(branch)} is not a branch of Skein's (skein/<item>/<epoch>), so it is left alone.`);

interface Transfer {
  readonly doing: string;
  readonly from: string;
  readonly to: string;
}

/** To be called in turn. */
async function fetchInto(mirror: Mirror, transfer: Transfer, signal: AbortSignal): Promise<Result<void, GitError>> {
  const fetched = await runFetch(mirror, transfer, signal);
  if (!fetched.ok) return fetched;
  if (fetched.value === "") {
    // What was fetched is here whatever becomes of this, and the next fetch tries again.
    await joinPacks(mirror, signal);
    return ok(undefined);
  }
  const format = /mismatched algorithms: .*server (sha1|sha256)/u.exec(fetched.value)?.[1];
  if (format !== "sha1" && format !== "sha256") return err(failed(transfer.doing, fetched.value));
  const remade = await remake(mirror, format, fetched.value, signal);
  if (!remade.ok) return remade;
  const again = await runFetch(mirror, transfer, signal);
  if (!again.ok) return again;
  return again.value === "" ? ok(undefined) : err(failed(transfer.doing, again.value));
}

/** What git had to say when it failed; empty when it did not. */
async function runFetch(
  { git, gitDir, remote }: Mirror,
  { doing, from, to }: Transfer,
  signal: AbortSignal,
): Promise<Result<string, GitError>> {
  const options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
  const exit = await git.run(
    {
      doing,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: ["fetch", ...options, "--end-of-options", remote.address, `+${from}:${to}`],
    },
    signal,
  );
  if (!exit.ok) return exit;
  if (exit.value.code === 0) return ok("");
  return ok(exit.value.stderr === "" ? `fatal: exit code ${exit.value.code}` : exit.value.stderr);
}

/** The mirror was made before anybody asked the remote which hash it uses. An empty one is simply made again. */
async function remake(
  mirror: Mirror,
  format: "sha1" | "sha256",
  said: string,
  signal: AbortSignal,
): Promise<Result<void, GitError>> {
  const refs = await mirror.git.output(
    { doing: "list the mirror's refs", gitDir: mirror.gitDir, args: ["for-each-ref", "--count=1"] },
    signal,
  );
  if (!refs.ok) return refs;
  if (refs.value !== "")
    return err(
      gitError(
        "git-failed",
        `${mirror.remote.shown} uses another hash than this node's mirror (${condense(said)}). Move ${mirror.gitDir} away and start again.`,
      ),
    );
  try {
    await rm(mirror.gitDir, { recursive: true, force: true });
  } catch (cause) {
    return err(diskError("make the mirror again", cause));
  }
  return createMirror(mirror.git, mirror.directory, format, signal);
}
