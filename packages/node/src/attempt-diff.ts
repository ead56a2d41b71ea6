/**
 * What an attempt has changed, for people: its branch against where it left the target branch, from this node's own mirror, to
 * which the branch is fetched first. One at a time, and each has a deadline: readers are many, and git is dear.
 */
import {
  attemptMade,
  type CommandError,
  err,
  findItem,
  type LiveItem,
  ok,
  type Plain,
  type Result,
  type View,
} from "@skein/core";

import type { Clock, GitError, Changes, Repository } from "./ports.ts";

export interface DiffDeps {
  readonly clock: Clock;
  readonly view: () => View;
  /** Undefined while the project is not open here. */
  readonly repository: () => Pick<Repository, "diff" | "fetchBranch"> | undefined;
  /** The commit that the item landed as: as this node has found it on the target branch, until then as the log says. */
  readonly landedAs: (item: LiveItem) => string | undefined;
}

export type ReadDiff = (query: {
  readonly item: string;
  readonly epoch?: number | undefined;
}) => Promise<Result<Plain, CommandError>>;

/** A remote that does not answer keeps the next reader waiting no longer. */
const READ_MS = 60_000;

export function createDiffReader(deps: DiffDeps, lifetime: AbortSignal): ReadDiff {
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = last.then(run);
    last = next.catch(() => undefined);
    return next;
  };

  return async ({ item: ref, epoch }) => {
    const item = findItem(deps.view(), ref);
    if (!item.ok) return item;
    const { id } = item.value;
    const made = attemptMade(item.value, epoch);
    if (made === undefined) {
      const which =
        epoch === undefined
          ? `No attempt of item ${id} has published a`
          : `The attempt of epoch ${epoch} of item ${id} has published no`;
      return err({ code: "not-found", message: `${which} branch, so there is no diff.` });
    }
    const repository = deps.repository();
    if (repository === undefined) {
      const message = "This node has not opened the project's repository. `skein doctor` says why.";
      return err({ code: "unavailable", message });
    }
    const { featureBranch: branch, tip } = made.feature;
    const landed = deps.landedAs(item.value);
    const read = await inTurn(() => readChanges(deps.clock, repository, { branch, tip, landed }, lifetime));
    return read.ok
      ? ok({ item: id, epoch: made.epoch, branch, ...plainChanges(read.value) })
      : err({ code: CODES[read.error.type] ?? "unavailable", message: read.error.message });
  };
}

const plainChanges = ({ base, tip, files, filesLeftOut }: Changes): { readonly [key: string]: Plain } => ({
  base,
  tip,
  files: files.map((file) => ({ ...file })),
  filesLeftOut,
});

/** What no waiting heals; everything else may be different in a moment. */
const CODES: Readonly<Partial<Record<GitError["type"], CommandError["code"]>>> = {
  "missing-branch": "not-found",
  "bad-object": "not-found",
};

interface Wanted {
  readonly branch: string;
  readonly tip: string;
  readonly landed: string | undefined;
}

async function readChanges(
  clock: Clock,
  repository: Pick<Repository, "diff" | "fetchBranch">,
  { branch, tip, landed }: Wanted,
  lifetime: AbortSignal,
): Promise<Result<Changes, GitError>> {
  const deadline = new AbortController();
  const cancel = clock.after(READ_MS, () => deadline.abort());
  const signal = AbortSignal.any([lifetime, deadline.signal]);
  try {
    // What has landed is on the target branch, also once its own branch is cleared away.
    const asLanded = landed === undefined ? undefined : await repository.diff({ tip, landed }, signal);
    if (asLanded?.ok === true) return asLanded;
    // The log may name a commit that nobody has.
    const fetched = await repository.fetchBranch(branch, tip, signal);
    return fetched.ok ? await repository.diff({ tip }, signal) : (asLanded ?? fetched);
  } finally {
    cancel();
  }
}
