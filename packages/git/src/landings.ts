/**
 * Which items have landed: the `Skein-Item` trailers on the first-parent chain of the target branch.
 *
 * The index of the last tip is kept and extended by what came on top of it. A tip whose chain does not contain the last
 * one (rewritten history) is indexed anew. Messages are read as they are and understood by the core: git's own reading of
 * trailers stops at a scissors line.
 */
import { err, landedItems, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { gitError, quoted } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";
import { isItemId, isOid } from "./names.ts";

const TRAILER = "Skein-Item";
const FORMAT = "--format=tformat:%H%x00%P%x00%B%x00";
const MAX_LOG_BYTES = 256 * 1024 * 1024;

interface Index {
  readonly tip: Oid;
  readonly landings: ReadonlyMap<string, Oid>;
}

interface Commit {
  readonly oid: Oid;
  readonly firstParent: Oid | undefined;
  readonly items: readonly string[];
}

export type Landings = (tip: Oid, signal: AbortSignal) => Promise<Result<ReadonlyMap<string, Oid>, GitError>>;

export function createLandings(mirror: Mirror): Landings {
  let last: Index | undefined;
  return async (tip, signal) => {
    if (!isOid(tip))
      return err(gitError("git-failed", `${quoted(tip)} is not a commit id, so its history is not read.`));
    const known = last;
    if (known?.tip === tip) return ok(known.landings);
    const extended = known === undefined ? ok(undefined) : await extend(mirror, known, tip, signal);
    if (!extended.ok) return extended;
    const index = extended.value === undefined ? await build(mirror, tip, signal) : ok(extended.value);
    if (!index.ok) return index;
    last = index.value;
    return ok(index.value.landings);
  };
}

/** Undefined when the commit reads as the landing of exactly these items. */
export async function notALanding(
  mirror: Mirror,
  { items, commit }: { readonly items: readonly string[]; readonly commit: Oid },
  signal: AbortSignal,
): Promise<GitError | undefined> {
  const commits = await firstParentChain(mirror, ["--max-count=1", "--end-of-options", commit], signal);
  if (!commits.ok) return commits.error;
  const read = commits.value.flatMap((one) => one.items);
  if (items.length > 0 && read.length === items.length && read.every((item, at) => item === items[at]))
    return undefined;
  const found = read.length === 0 ? "no item" : read.join(", ");
  return gitError(
    "git-failed",
    `The merge commit ${commit} is to land ${items.map(quoted).join(", ")} and reads as the landing of ${found}; nothing was pushed.`,
  );
}

async function build(mirror: Mirror, tip: Oid, signal: AbortSignal): Promise<Result<Index, GitError>> {
  const candidates = ["--basic-regexp", "--regexp-ignore-case", `--grep=^${TRAILER}:`];
  const commits = await firstParentChain(mirror, [...candidates, "--end-of-options", tip], signal);
  return commits.ok ? ok({ tip, landings: withLandings(new Map(), commits.value) }) : commits;
}

/** Undefined when the new chain does not go through the old tip, or the old tip is gone. */
async function extend(
  mirror: Mirror,
  known: Index,
  tip: Oid,
  signal: AbortSignal,
): Promise<Result<Index | undefined, GitError>> {
  const commits = await firstParentChain(mirror, ["--end-of-options", tip, `^${known.tip}`], signal);
  if (!commits.ok) return commits;
  if (commits.value.at(-1)?.firstParent !== known.tip) return ok(undefined);
  return ok({ tip, landings: withLandings(known.landings, commits.value) });
}

/** Newest first. */
async function firstParentChain(
  { git, gitDir }: Mirror,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Result<readonly Commit[], GitError>> {
  const log = await git.output(
    {
      doing: "read which items have landed",
      gitDir,
      args: ["log", "--first-parent", "--topo-order", "--encoding=UTF-8", FORMAT, ...args],
      maxOutputBytes: MAX_LOG_BYTES,
    },
    signal,
  );
  if (!log.ok) return log;
  const fields = log.value.split("\0");
  const commits: Commit[] = [];
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [line = "", parents = "", message = ""] = fields.slice(index, index + 3);
    const oid = line.trim();
    // Git ends a message at a NUL of its own; should one ever come through, what follows is not taken for a commit.
    if (!isOid(oid)) return err(gitError("git-failed", "Git told the history of the target branch in a wrong form."));
    const firstParent = parents.split(" ")[0];
    commits.push({
      oid,
      firstParent: firstParent === "" ? undefined : firstParent,
      items: landedItems(message).filter(isItemId),
    });
  }
  return ok(commits);
}

/** An item lands once: should a trailer appear again further up, the first commit that carried it stays the landing. */
function withLandings(known: ReadonlyMap<string, Oid>, newestFirst: readonly Commit[]): ReadonlyMap<string, Oid> {
  const landings = new Map(known);
  for (const { oid, items } of newestFirst.toReversed())
    for (const item of items) if (!landings.has(item)) landings.set(item, oid);
  return landings;
}
