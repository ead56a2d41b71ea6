/**
 * Qa and Merge: the branch merged into the target without a checkout, the gate on exactly that tree, and landing by
 * compare-and-swap of the target ref. The remote's ref is the one linearization point: whatever two nodes do at once, an
 * item's trailer enters the first-parent chain once.
 */
import { assert, chainOf, type Feature, landingMessage, type LiveItem, ok, type Result } from "@skein/core";

import type { GitError, MergeOutcome, Oid } from "../ports.ts";
import {
  type AttemptContext,
  currentBase,
  heldItem,
  persistently,
  type StepEnd,
  writeFact,
  writeStage,
} from "./attempt-context.ts";
import { runGate } from "./gate.ts";
import { giveBack } from "./give-back.ts";
import { PROJECT_FILE } from "./project.ts";

interface Merged {
  readonly base: Oid;
  readonly commit: Oid;
  readonly tree: Oid;
  /** Seconds, from the op the commit is dated by. */
  readonly atSeconds: number;
}

export async function qa(context: AttemptContext): Promise<StepEnd> {
  context.say("merging for the gate");
  const merged = await mergeNow(context);
  if (merged === undefined) return "over";
  const verdict = await runGate(context, merged);
  if (!verdict.ok) return "over";
  const { evidence } = verdict.value;
  if (verdict.value.type === "red") {
    const feature = featureOf(context);
    await giveBack(context, {
      reason: "gate-failed",
      note: verdict.value.note,
      tree: feature?.tree ?? null,
      evidence: [evidence],
    });
    return "over";
  }
  const written = await writeStage(context, { kind: "item.pass", evidence });
  if (!written.ok) context.note(`The verdict could not be written: ${written.error.message}`);
  return written.ok ? "continue" : "over";
}

export async function land(context: AttemptContext): Promise<StepEnd> {
  for (;;) {
    if (context.signal.aborted) return "over";
    context.say("landing");
    const merged = await mergeNow(context);
    if (merged === undefined) return "over";
    if (!(await isTested(context, merged))) return "over";
    // The last look before the point of no return: a zombie stops here, and the compare-and-swap stops the rest.
    if (heldItem(context) === undefined) return "over";
    const pushed = await persistently(context, "Landing", () => landOnce(context, merged));
    if (!pushed.ok) return "over";
    if (pushed.value === "moved") {
      await writeLanded(context, merged.commit, merged.atSeconds * 1_000);
      return "over";
    }
    context.note("The target branch moved meanwhile: merging again.");
  }
}

/** An unknown outcome is read again before anything is tried again. */
async function landOnce(context: AttemptContext, merged: Merged): Promise<Result<"moved" | "stale", GitError>> {
  const { repository } = context.project;
  const { base: expected, commit } = merged;
  const pushed = await repository.land({ item: context.item, expected, commit }, context.signal);
  if (pushed.ok) return ok(pushed.value.type);
  if (pushed.error.type !== "unknown-outcome") return pushed;
  const tip = await repository.fetchBase(context.signal);
  if (!tip.ok) return tip;
  const landings = await repository.landings(tip.value, context.signal);
  if (!landings.ok) return landings;
  return landings.value.get(context.item) === merged.commit ? ok("moved") : ok("stale");
}

async function writeLanded(context: AttemptContext, commit: Oid, at: number): Promise<void> {
  context.note(`Landed as ${commit}.`);
  const written = await writeFact(context.deps, context.item, { kind: "item.land", commit, at });
  // Not lost when it fails: every node that reads the target branch writes the same fact.
  if (!written.ok) context.note(`The landing could not be written yet: ${written.error.message}`);
}

/** Landed = tested: the very tree of the evidence, or the gate runs again on the tree that is about to land. */
async function isTested(context: AttemptContext, merged: Merged): Promise<boolean> {
  const item = heldItem(context);
  if (item === undefined) return false;
  const { stage } = item.best.state;
  if (stage.stage === "Merge" && stage.evidence.tree === merged.tree) return true;
  context.note("The target branch has moved since the gate: testing the new tree.");
  const verdict = await runGate(context, merged);
  if (!verdict.ok) return false;
  if (verdict.value.type === "green") return true;
  const tree = featureOf(context)?.tree ?? null;
  await giveBack(context, {
    reason: "gate-failed",
    note: verdict.value.note,
    tree,
    evidence: [verdict.value.evidence],
  });
  return false;
}

/**
 * The target branch as it is now with the item's branch merged in. Undefined when there is nothing more to do: it has
 * landed already, it conflicts, or the attempt was stopped.
 */
async function mergeNow(context: AttemptContext): Promise<Merged | undefined> {
  const item = heldItem(context);
  const feature = featureOf(context);
  if (item === undefined || feature === undefined) return undefined;
  // Read now: after a wait the item's best branch may be another one, which was never submitted.
  const atSeconds = submittedAtSeconds(item);
  const { project, signal } = context;
  const { repository } = project;
  const base = await currentBase(context);
  if (base === undefined) return undefined;
  const landings = await persistently(context, "Reading the target branch", () => repository.landings(base, signal));
  if (!landings.ok) return undefined;
  const landed = landings.value.get(item.id);
  if (landed !== undefined) {
    context.note("The target branch has this item already.");
    await writeLanded(context, landed, context.deps.clock.wallMs());
    return undefined;
  }
  const fetch = (): Promise<Result<void, GitError>> =>
    repository.fetchBranch(feature.featureBranch, feature.tip, signal);
  // A branch that is not there, or was moved, does not come back by waiting: the work has to be done again.
  const fetched = await persistently(context, "Fetching the branch", fetch, ["bad-object", "missing-branch"]);
  if (!fetched.ok) {
    await refuseUnlessStopped(context, feature, fetched.error);
    return undefined;
  }
  const message = landingMessage({
    title: item.registers.title.value,
    item: item.id,
    branch: feature.featureBranch,
  });
  return mergeInto(context, message, feature, { base, atSeconds });
}

async function mergeInto(
  context: AttemptContext,
  message: string,
  feature: Feature,
  { base, atSeconds }: { readonly base: Oid; readonly atSeconds: number },
): Promise<Merged | undefined> {
  const inputs = { base, tip: feature.tip, message, atSeconds };
  const merge = (): Promise<Result<MergeOutcome, GitError>> => context.project.repository.merge(inputs, context.signal);
  const merged = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);
  if (!merged.ok) {
    await refuseUnlessStopped(context, feature, merged.error);
    return undefined;
  }
  if (merged.value.type === "conflict") {
    const paths = merged.value.paths.slice(0, 8).join(", ");
    await refuse(
      context,
      feature,
      "conflict",
      `The branch conflicts with ${context.project.project.base} in ${paths}.`,
    );
    return undefined;
  }
  const { commit, tree } = merged.value;
  const changed = await changesRules(context, base, commit);
  if (context.signal.aborted) return undefined;
  if (changed) {
    await refuse(
      context,
      feature,
      "agent-failed",
      `The branch changes ${PROJECT_FILE}. People change the rules, attempts do not.`,
    );
    return undefined;
  }
  return { base, commit, tree, atSeconds };
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
function submittedAtSeconds(item: LiveItem): number {
  const submit = chainOf(item, item.best.id).find((entry) => entry.kind === "item.submit");
  assert(submit !== undefined, "an item in Qa or Merge was submitted");
  return Math.floor(submit.wall / 1_000);
}

function featureOf(context: AttemptContext): Feature | undefined {
  const stage = heldItem(context)?.best.state.stage;
  return stage?.stage === "Qa" || stage?.stage === "Merge" ? stage : undefined;
}
