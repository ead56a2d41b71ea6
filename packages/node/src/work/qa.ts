/**
 * Qa: the branch merged into the target without a checkout, the gate on exactly that tree, and whoever else has to be content. A
 * red gate is the item's fault only when the target branch is green without it. What waits for a person is given back
 * with the evidence signed, and goes on from there.
 */
import {
  awaitedOf,
  type Evidence,
  greenOn,
  isApproved,
  type LiveItem,
  ok,
  otherThan,
  qaModeOf,
  type QaPolicy,
} from "@skein/core";

import type { Oid } from "../ports.ts";
import {
  type AttemptContext,
  currentBase,
  giveClaimBack,
  heldItem,
  type StepEnd,
  writeStage,
} from "./attempt-context.ts";
import { runGate, type Verdict } from "./gate.ts";
import { giveBack } from "./give-back.ts";
import { featureOf, type Merged, mergeOnto } from "./merging.ts";
import { type Review, review, type ReviewedLater } from "./reviewer.ts";
import { targetIsRed, untilTargetMoves } from "./target-health.ts";

export async function qa(context: AttemptContext): Promise<StepEnd> {
  for (;;) {
    context.say("merging for the gate");
    const merged = await mergeNow(context);
    if (merged === undefined) return "over";
    const known = evidenceOn(context, merged.tree);
    if (known !== undefined) return judge(context, merged, known, true);
    const verdict = await runGate(context, merged);
    if (!verdict.ok) return "over";
    if (verdict.value.type === "green") return judge(context, merged, verdict.value.evidence, false);
    const red = await targetIsRed(context, merged.base);
    if (context.signal.aborted || red === undefined) return "over";
    if (!red) return sendBack(context, verdict.value);
    await untilTargetMoves(context, merged.base);
  }
}

/** Undefined when there is nothing more to do: it has landed already, it conflicts, or the attempt was stopped. */
async function mergeNow(context: AttemptContext): Promise<Merged | undefined> {
  const target: Oid | undefined = await currentBase(context);
  if (target === undefined) return undefined;
  const step = await mergeOnto(context, { target, commit: target });
  return step.type === "merged" ? step.merged : undefined;
}

/** What was signed of this very tree already, before the item waited for somebody. */
function evidenceOn(context: AttemptContext, tree: Oid): Evidence | undefined {
  const item = heldItem(context);
  if (item === undefined) return undefined;
  const { gate } = context.project.config();
  return greenOn(item, tree, context.deps.self().key).find(({ runs }) => runs.length > 0 || gate.length === 0);
}

/** The commands are content. `known`: somebody has signed so before. */
async function judge(context: AttemptContext, merged: Merged, evidence: Evidence, known: boolean): Promise<StepEnd> {
  const item = heldItem(context);
  if (item === undefined) return "over";
  const { qa: policy } = context.project.config();
  const reviewed = await reviewOf(context, item, merged, policy);
  if (reviewed === "stopped") return "over";
  if (reviewed?.type === "later") return postpone(context, merged, { evidence, known }, reviewed);
  if (reviewed?.type === "reject") {
    const runs = [...evidence.runs, reviewed.run];
    const note = `The reviewer rejects it: ${reviewed.note}`;
    return sendBack(context, { type: "red", note, evidence: { tree: evidence.tree, runs } });
  }
  if (qaModeOf(item, policy) !== "human" && reviewed?.type !== "none") return pass(context, evidence, reviewed);
  // A node signs what it has run itself, and nothing else.
  const runs = [...(known ? [] : evidence.runs), ...(reviewed === undefined ? [] : [reviewed.run])];
  if (!known || runs.length > 0) await attest(context, merged, { tree: evidence.tree, runs });
  const now = heldItem(context);
  if (now === undefined) return "over";
  const { person, notBy } = awaitedOf(now, policy);
  if (!person) return pass(context, evidence, reviewed);
  const { members } = context.deps.replica.view().membership;
  const other = otherThan(notBy, (id) => members.get(id)?.name ?? id);
  const why = reviewed?.type === "none" ? reviewed.note : "its gate is green";
  await giveClaimBack(context, `It waits to be approved or rejected by a person${other}: ${why}.`);
  return "over";
}

/** Undefined when nobody has to review it, or a person has said already that it is good. */
async function reviewOf(
  context: AttemptContext,
  item: LiveItem,
  merged: Merged,
  policy: QaPolicy,
): Promise<Review | ReviewedLater | "stopped" | undefined> {
  if (qaModeOf(item, policy) !== "agent" || isApproved(item, policy)) return undefined;
  const said = await review(context, item, merged.commit);
  return said.ok ? said.value : "stopped";
}

/** The gate's evidence is signed, so that whoever goes on does not run it again: this node later, or another one now. */
async function postpone(
  context: AttemptContext,
  merged: Merged,
  { evidence, known }: { readonly evidence: Evidence; readonly known: boolean },
  { why, restMs }: ReviewedLater,
): Promise<StepEnd> {
  if (!known) await attest(context, merged, evidence);
  context.rests.leaveAlone(context.item, restMs);
  await giveClaimBack(context, why);
  return "over";
}

async function attest(context: AttemptContext, { tip, base }: Merged, evidence: Evidence): Promise<void> {
  const written = await context.deps.journal.write<never>(() => {
    const item = heldItem(context);
    if (item === undefined) return ok([]);
    return ok([{ entity: item.id, on: item.best.id, body: { kind: "item.attest", tip, base, evidence } }]);
  });
  if (!written.ok) context.note(`The evidence could not be written: ${written.error.message}`);
}

async function pass(context: AttemptContext, evidence: Evidence, reviewed: Review | undefined): Promise<StepEnd> {
  const runs = [...evidence.runs, ...(reviewed?.type === "approve" ? [reviewed.run] : [])];
  const written = await writeStage(context, { kind: "item.pass", evidence: { tree: evidence.tree, runs } });
  if (!written.ok) context.note(`The verdict could not be written: ${written.error.message}`);
  return written.ok ? "continue" : "over";
}

export async function sendBack(
  context: AttemptContext,
  { note, evidence }: Extract<Verdict, { type: "red" }>,
): Promise<StepEnd> {
  const tree = featureOf(context)?.tree ?? null;
  await giveBack(context, { reason: "gate-failed", note, tree, evidence: [evidence] });
  return "over";
}
