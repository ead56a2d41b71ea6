/**
 * Takes branches off the remote that nobody needs any more. Only those that this node has pushed itself, and only where they
 * are as it pushed them: the mirror has written down each tip before its push, and the deletion expects exactly that one.
 *
 * What became of a deletion is read from the remote afterwards and never guessed. What is gone there is forgotten here; the
 * commits themselves stay in the mirror.
 */
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { gitError, oneLine } from "./git-error.ts";
import { type Mirror, publishedRef, writeRef } from "./mirror.ts";
import { attemptBranch, type AttemptName, isOid } from "./names.ts";

interface Published extends AttemptName {
  readonly ref: string;
  readonly tip: Oid;
}

/** In one conversation with the remote: all of their names are on one command line. */
const AT_ONCE = 100;

/** The branches that are gone now. An error when one of them resists; the others are gone all the same. */
export async function deleteBranches(
  mirror: Mirror,
  items: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Result<readonly string[], GitError>> {
  const published = await publishedFor(mirror, items, signal);
  if (!published.ok) return published;
  const deleted: string[] = [];
  for (let at = 0; at < published.value.length; at += AT_ONCE) {
    const some = published.value.slice(at, at + AT_ONCE);
    const done = await deleteSome(mirror, some, signal);
    if (!done.ok) return done;
    deleted.push(...done.value);
  }
  return ok(deleted);
}

/** What this node has written down of its own pushes for these items. */
async function publishedFor(
  { git, gitDir }: Mirror,
  items: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Result<readonly Published[], GitError>> {
  const listed = await git.output(
    {
      doing: "list what this node has published",
      gitDir,
      args: ["for-each-ref", "--format=%(refname)", "refs/skein/published/"],
    },
    signal,
  );
  if (!listed.ok) return listed;
  const found = listed.value.split("\n").flatMap((line): readonly Published[] => {
    const [, item = "", epoch = "", tip = ""] = /^refs\/skein\/published\/([^/]+)\/(\d+)\/([^/]+)$/u.exec(line) ?? [];
    const attempt = { item, epoch: Number(epoch) };
    const branch = attemptBranch(attempt);
    if (branch === undefined || !isOid(tip) || !items.has(item)) return [];
    return [{ ...attempt, tip, ref: `refs/heads/${branch}` }];
  });
  return ok(found);
}

async function deleteSome(
  mirror: Mirror,
  published: readonly Published[],
  signal: AbortSignal,
): Promise<Result<readonly string[], GitError>> {
  const before = await readRefs(mirror, published, signal);
  if (!before.ok) return before;
  // A name that holds another commit by now is somebody else's work.
  const own = published.filter(({ ref, tip }) => before.value.get(ref) === tip);
  const said = own.length === 0 ? ok("") : await push(mirror, own, signal);
  if (!said.ok) return said;
  const after = own.length === 0 ? before : await readRefs(mirror, own, signal);
  if (!after.ok) return after;
  const left = own.filter(({ ref, tip }) => after.value.get(ref) === tip);
  for (const { item, epoch, tip } of published.filter((one) => !left.includes(one))) {
    const forgotten = await mirror.inTurn(signal, () =>
      writeRef(mirror, publishedRef(item, epoch, tip), undefined, signal),
    );
    if (!forgotten.ok) return forgotten;
  }
  const [first] = left;
  if (first !== undefined) return err(refusal(mirror, first, said.value));
  return ok(own.flatMap(({ ref }) => (after.value.has(ref) ? [] : [ref.slice("refs/heads/".length)])));
}

/** What these refs are on the remote right now; one that is not there is left out. */
async function readRefs(
  { git, gitDir, remote }: Mirror,
  published: readonly Published[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, Oid>, GitError>> {
  const refs = new Set(published.map(({ ref }) => ref));
  if (refs.size === 0) return ok(new Map());
  const listed = await git.output(
    {
      doing: `read branches from ${remote.shown}`,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: ["ls-remote", "--quiet", "--end-of-options", remote.address, ...refs],
    },
    signal,
  );
  if (!listed.ok) return listed;
  // A pattern also matches longer names that end in it.
  return ok(
    new Map(
      listed.value.split("\n").flatMap((line): readonly [string, Oid][] => {
        const [oid = "", ref = ""] = line.split("\t");
        return refs.has(ref) && isOid(oid) ? [[ref, oid]] : [];
      }),
    ),
  );
}

/** What git said; whether it worked is seen on the remote. */
async function push(
  { git, gitDir, remote }: Mirror,
  published: readonly Published[],
  signal: AbortSignal,
): Promise<Result<string, GitError>> {
  const options = ["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
  const leases = published.map(({ ref, tip }) => `--force-with-lease=${ref}:${tip}`);
  const exit = await git.run(
    {
      doing: `delete branches on ${remote.shown}`,
      gitDir,
      remote: true,
      protocol: remote.protocol,
      args: [
        "push",
        ...options,
        ...leases,
        "--end-of-options",
        remote.address,
        ...published.map(({ ref }) => `:${ref}`),
      ],
    },
    signal,
  );
  if (!exit.ok) return exit;
  return ok(exit.value.stderr === "" ? exit.value.stdout.toString("utf8") : exit.value.stderr);
}

const refusal = ({ remote }: Mirror, { item, epoch }: AttemptName, said: string): GitError =>
  gitError(
    "refused",
    `${remote.shown} keeps the branch skein/${item}/${epoch}, which nobody needs any more: ${oneLine(said)}. Delete it there, or ` +
      "give this node's account the right to.",
  );
