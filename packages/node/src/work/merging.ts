/**
 * A branch merged into what it is to land on, without a checkout. What is wrong with the branch itself ends its attempt here:
 * it goes back to Coding with the reason, and the reason is what the next attempt is told.
 */
import {
  assert,
  chainOf,
  type Feature,
  featureIn,
  landingMessage,
  type LandingText,
  type LiveItem,
  type Result,
} from "@skein/core";

import type { GitError, MergeOutcome, Oid } from "../ports.ts";
import { type AttemptContext, heldItem, persistently, writeFact } from "./attempt-context.ts";
import { giveBack } from "./give-back.ts";
import { PROJECT_FILE } from "./project.ts";

export interface Merged {
  /** What it was merged into. */
  readonly base: Oid;
  readonly commit: Oid;
  readonly tree: Oid;
  /** Seconds, from the op the commit is dated by. */
  readonly atSeconds: number;
  readonly tip: Oid;
  readonly text: LandingText;
}

/** Onto the target branch, or onto others that are to land before it. */
export interface Onto {
  /** The tip of the target branch. */
  readonly target: Oid;
  readonly commit: Oid;
}

/** `behind`: it conflicts with one that is to land before it, so its turn is after that. `over`: there is nothing to do. */
export type MergeStep =
  | { readonly type: "merged"; readonly merged: Merged }
  | { readonly type: "behind" }
  | { readonly type: "over" };

export async function mergeOnto(context: AttemptContext, { target, commit: base }: Onto): Promise<MergeStep> {
  const item = heldItem(context);
  const feature = featureOf(context);
  if (item === undefined || feature === undefined) return OVER;
  // Read now: after a wait the item's best branch may be another one, which was never submitted.
  const atSeconds = submittedAtSeconds(item);
  const { repository } = context.project;
  const { signal } = context;
  const landings = await persistently(context, "Reading the target branch", () => repository.landings(target, signal));
  if (!landings.ok) return OVER;
  const landed = landings.value.get(item.id);
  if (landed !== undefined) {
    context.note("The target branch has this item already.");
    await writeLanded(context, landed, context.deps.clock.wallMs());
    return OVER;
  }
  const fetch = (): Promise<Result<void, GitError>> =>
    repository.fetchBranch(feature.featureBranch, feature.tip, signal);
  // A branch that is not there, or was moved, does not come back by waiting: the work has to be done again.
  const fetched = await persistently(context, "Fetching the branch", fetch, ["bad-object", "missing-branch"]);
  if (!fetched.ok) {
    await refuseUnlessStopped(context, feature, fetched.error);
    return OVER;
  }
  const text = { title: item.registers.title.value, item: item.id, branch: feature.featureBranch };
  const inputs = { base, tip: feature.tip, message: landingMessage(text), atSeconds };
  const merge = (): Promise<Result<MergeOutcome, GitError>> => repository.merge(inputs, signal);
  const outcome = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);
  if (outcome.ok) return judge(context, feature, { base, atSeconds, text, isBehind: base !== target }, outcome.value);
  await refuseUnlessStopped(context, feature, outcome.error);
  return OVER;
}

const OVER: MergeStep = { type: "over" };

async function judge(
  context: AttemptContext,
  feature: Feature,
  { isBehind, ...inputs }: Pick<Merged, "base" | "atSeconds" | "text"> & { readonly isBehind: boolean },
  outcome: MergeOutcome,
): Promise<MergeStep> {
  if (outcome.type === "conflict") {
    if (isBehind) return { type: "behind" };
    const paths = outcome.paths.slice(0, 8).join(", ");
    const note = `The branch conflicts with ${context.project.project.base} in ${paths}.`;
    const { resolver } = context.project.config().merge;
    // Said in the log only where somebody goes on with it: everybody else begins anew on the new target branch.
    const left = resolver === undefined ? undefined : featureIn(feature);
    await giveBack(context, { reason: "conflict", note, tree: feature.tree, evidence: [], left });
    return OVER;
  }
  const { commit, tree } = outcome;
  const changed = await changesRules(context, inputs.base, commit);
  if (context.signal.aborted) return OVER;
  if (!changed) return { type: "merged", merged: { ...inputs, commit, tree, tip: feature.tip } };
  const note = `The branch changes ${PROJECT_FILE}. People change the rules, attempts do not.`;
  await refuse(context, feature, "agent-failed", note);
  return OVER;
}

export async function writeLanded(context: AttemptContext, commit: Oid, at: number): Promise<void> {
  context.note(`Landed as ${commit}.`);
  const written = await writeFact(context.deps, context.item, { kind: "item.land", commit, at });
  // Not lost when it fails: every node that reads the target branch writes the same fact.
  if (!written.ok) context.note(`The landing could not be written yet: ${written.error.message}`);
}

/**
 * skein.yaml says which programs run with which rights, and it counts as soon as it is on the target branch. An attempt
 * that could land a change of it would give itself any right it likes.
 */
async function changesRules(context: AttemptContext, base: Oid, commit: Oid): Promise<boolean> {
  const { repository } = context.project;
  const read = (at: Oid): Promise<Result<string | undefined, GitError>> =>
    persistently(context, `Reading ${PROJECT_FILE}`, () => repository.readFile(at, PROJECT_FILE, context.signal));
  const [before, after] = [await read(base), await read(commit)];
  return !before.ok || !after.ok || before.value !== after.value;
}

async function refuseUnlessStopped(context: AttemptContext, feature: Feature, error: GitError): Promise<void> {
  if (context.signal.aborted) return;
  await refuse(context, feature, error.type === "no-commits" ? "no-commits" : "conflict", error.message);
}

const refuse = (
  context: AttemptContext,
  feature: Feature,
  reason: "conflict" | "no-commits" | "agent-failed",
  note: string,
): Promise<void> => giveBack(context, { reason, note, tree: feature.tree, evidence: [] });

/** The commit is dated by the op that brought its branch, so that two nodes make the same commit. */
export function submittedAtSeconds(item: LiveItem): number {
  const submit = chainOf(item, item.best.id).find((entry) => entry.kind === "item.submit");
  assert(submit !== undefined, "an item in Qa or Merge was submitted");
  return Math.floor(submit.wall / 1_000);
}

export function featureOf(context: AttemptContext): Feature | undefined {
  const stage = heldItem(context)?.best.state.stage;
  return stage?.stage === "Qa" || stage?.stage === "Merge" ? stage : undefined;
}
