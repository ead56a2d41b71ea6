/**
 * The stages of an item with the data each one owns. Only a stage that has a branch can name one, and only Done can
 * name a merge commit: wrong states cannot be written down. Adding a stage breaks the build at every consumer.
 */
export const STAGES: readonly ["Backlog", "Coding", "Qa", "Merge", "Done", "Archived"] = [
  "Backlog",
  "Coding",
  "Qa",
  "Merge",
  "Done",
  "Archived",
];

export type Stage = (typeof STAGES)[number];

export const ARCHIVE_REASONS: readonly [
  "Completed",
  "Abandoned",
  "Superseded",
  "Blocked",
  "MergeFailed",
  "ReviewHeld",
] = ["Completed", "Abandoned", "Superseded", "Blocked", "MergeFailed", "ReviewHeld"];

export type ArchiveReason = (typeof ARCHIVE_REASONS)[number];

/** The work product of an attempt that left Coding. */
export interface Feature {
  /** `skein/<item>/<epoch>`, on the remote. */
  readonly featureBranch: string;
  /** The branch's tip when it was submitted. */
  readonly tip: string;
  readonly tree: string;
  /** Always at least 1: an attempt without a commit never leaves Coding. */
  readonly commitsAhead: number;
  /** Patterns of the paths that it changes, where the node that submitted it has told them. */
  readonly touched?: readonly string[];
}

/** A stage's feature without what else the stage owns. */
export const featureIn = ({ featureBranch, tip, tree, commitsAhead, touched }: Feature): Feature => ({
  featureBranch,
  tip,
  tree,
  commitsAhead,
  ...(touched === undefined ? {} : { touched }),
});

/** What one gate command did on one exact tree. */
export interface GateRun {
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly durationMs: number;
  readonly outputDigest: string;
}

/** Signed evidence by being part of an op: these commands gave these results on this tree. */
export interface Evidence {
  readonly tree: string;
  readonly runs: readonly GateRun[];
}

/** Each command's last run succeeded: one that failed first and then did not is flaky, and both runs are there to see. */
export function isGreen({ runs }: Evidence): boolean {
  const last = new Map(runs.map(({ argv, exitCode }) => [argv.join("\0"), exitCode]));
  return [...last.values()].every((exitCode) => exitCode === 0);
}

export type StageState =
  | { readonly stage: "Backlog" }
  | { readonly stage: "Coding" }
  | ({ readonly stage: "Qa" } & Feature)
  | ({ readonly stage: "Merge"; readonly evidence: Evidence } & Feature)
  | { readonly stage: "Done"; readonly mergedAt: number; readonly mergeCommit: string }
  | {
      readonly stage: "Archived";
      readonly archivedAt: number;
      readonly reason: ArchiveReason;
      /** Set when the item was Done before: what has landed stays landed. */
      readonly mergeCommit: string | null;
    };
