/**
 * The merge of an attempt into the target branch, made without a checkout: no hooks, no filters, no files on disk.
 *
 * Author, committer, dates, message and every setting that steers the merge are fixed by the inputs, so two nodes that
 * merge the same commits make the same commit, and a double merge is one.
 */
import { err, ok, type Result } from "@skein/core";
import type { GitError, MergeOutcome, Oid } from "@skein/node";
import { failed, gitError, quoted } from "./git-error.ts";
import { isAncestor, mergeRef, writeRef, type Mirror } from "./mirror.ts";
import { isOid } from "./names.ts";
import { checkTree, listPaths } from "./tree-check.ts";

const NAME = "Skein";
const EMAIL = "skein@localhost";

const SETTINGS: readonly string[] = [
  "merge.renames=true",
  "merge.directoryRenames=conflict",
  "merge.renameLimit=7000",
  "merge.renormalize=false",
  "diff.renames=true",
  "diff.renameLimit=7000",
  "i18n.commitEncoding=UTF-8",
];

export interface MergeInputs {
  readonly base: Oid;
  readonly tip: Oid;
  readonly message: string;
  /** Unix seconds; the date of the commit in UTC. */
  readonly atSeconds: number;
}

export async function merge(
  mirror: Mirror,
  inputs: MergeInputs,
  signal: AbortSignal,
): Promise<Result<MergeOutcome, GitError>> {
  const { base, tip, message, atSeconds } = inputs;
  if (!isOid(base) || !isOid(tip))
    return err(gitError("git-failed", `${quoted(isOid(base) ? tip : base)} is not a commit id, so nothing is merged.`));
  if (!Number.isSafeInteger(atSeconds) || atSeconds < 0 || message.trim() === "" || message.includes("\0"))
    return err(gitError("git-failed", "The merge needs a message without NUL characters and a date in whole seconds."));
  const contained = await isAncestor(mirror, { ancestor: tip, descendant: base }, signal);
  if (!contained.ok) return contained;
  if (contained.value)
    return err(gitError("no-commits", `${tip} is already part of ${mirror.base}: there is nothing to land.`));
  return mirror.inTurn(signal, () => mergeInTurn(mirror, inputs, signal));
}

async function mergeInTurn(
  mirror: Mirror,
  inputs: MergeInputs,
  signal: AbortSignal,
): Promise<Result<MergeOutcome, GitError>> {
  const { base, tip } = inputs;
  // Another node published it, and nobody here has looked at it yet.
  const bounded = await listPaths(mirror, tip, signal);
  if (!bounded.ok) return bounded;
  const merged = await mergeTrees(mirror, { base, tip }, signal);
  if (!merged.ok) return merged;
  if (merged.value.type === "conflict") return ok(merged.value);
  const { tree } = merged.value;
  const checked = await checkTree(mirror, { base, tip: tree }, signal);
  if (!checked.ok) return checked;
  const commit = await commitTree(mirror, { ...inputs, tips: [tip], tree }, signal);
  if (!commit.ok) return commit;
  const kept = await writeRef(mirror, mergeRef(commit.value), commit.value, signal);
  return kept.ok ? ok({ type: "merged", commit: commit.value, tree }) : kept;
}

export interface JoinInputs {
  readonly base: Oid;
  readonly tips: readonly Oid[];
  /** Of a merge that was made here. */
  readonly tree: Oid;
  readonly message: string;
  readonly atSeconds: number;
}

/** Several attempts as one commit: what lies between two commits of the target branch was tested as a whole. */
export function join(mirror: Mirror, inputs: JoinInputs, signal: AbortSignal): Promise<Result<Oid, GitError>> {
  const bad = [inputs.base, inputs.tree, ...inputs.tips].find((oid) => !isOid(oid));
  if (bad !== undefined) {
    return Promise.resolve(err(gitError("git-failed", `${quoted(bad)} is not an object id, so nothing is joined.`)));
  }
  return mirror.inTurn(signal, async () => {
    const commit = await commitTree(mirror, inputs, signal);
    if (!commit.ok) return commit;
    const kept = await writeRef(mirror, mergeRef(commit.value), commit.value, signal);
    return kept.ok ? commit : kept;
  });
}

type MergedTrees =
  | { readonly type: "tree"; readonly tree: Oid }
  | { readonly type: "conflict"; readonly paths: readonly string[] };

async function mergeTrees(
  { git, gitDir }: Mirror,
  { base, tip }: { readonly base: Oid; readonly tip: Oid },
  signal: AbortSignal,
): Promise<Result<MergedTrees, GitError>> {
  const doing = `merge ${tip} into ${base}`;
  const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, tip];
  const exit = await git.run({ doing, gitDir, args, config: SETTINGS, reads: "foreign" }, signal);
  if (!exit.ok) return exit;
  const { code, stdout, stderr } = exit.value;
  // 0 is a clean merge, 1 a conflict; anything else means that there was no merge.
  if (code !== 0 && code !== 1) return err(failed(doing, stderr));
  const [tree = "", ...paths] = stdout.toString("utf8").split("\0");
  if (!isOid(tree.trim())) return err(failed(doing, stderr));
  if (code === 0) return ok({ type: "tree", tree: tree.trim() });
  return ok({ type: "conflict", paths: [...new Set(paths.filter((path) => path !== ""))].toSorted() });
}

async function commitTree(
  { git, gitDir }: Mirror,
  { base, tips, tree, message, atSeconds }: JoinInputs,
  signal: AbortSignal,
): Promise<Result<Oid, GitError>> {
  const date = `@${atSeconds} +0000`;
  const written = await git.output(
    {
      doing: "write the merge commit",
      gitDir,
      args: ["commit-tree", tree, "-p", base, ...tips.flatMap((tip) => ["-p", tip]), "-F", "-"],
      config: SETTINGS,
      stdin: message,
      env: {
        GIT_AUTHOR_NAME: NAME,
        GIT_AUTHOR_EMAIL: EMAIL,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: NAME,
        GIT_COMMITTER_EMAIL: EMAIL,
        GIT_COMMITTER_DATE: date,
      },
    },
    signal,
  );
  return written.ok ? ok(written.value.trim()) : written;
}
