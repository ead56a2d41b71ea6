/**
 * Qa: the branch merged into the target without a checkout, and the gate on exactly that tree. A red gate is the item's fault
 * only when the target branch is green without it.
 */
import type { Evidence } from "@skein/core";

import type { Oid } from "../ports.ts";
import { type AttemptContext, currentBase, type StepEnd, writeStage } from "./attempt-context.ts";
import { runGate, type Verdict } from "./gate.ts";
import { giveBack } from "./give-back.ts";
import { featureOf, type Merged, mergeOnto } from "./merging.ts";
import { targetIsRed, untilTargetMoves } from "./target-health.ts";

export async function qa(context: AttemptContext): Promise<StepEnd> {
  for (;;) {
    context.say("merging for the gate");
    const merged = await mergeNow(context);
    if (merged === undefined) return "over";
    const verdict = await runGate(context, merged);
    if (!verdict.ok) return "over";
    if (verdict.value.type === "green") return pass(context, verdict.value.evidence);
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

async function pass(context: AttemptContext, evidence: Evidence): Promise<StepEnd> {
  const written = await writeStage(context, { kind: "item.pass", evidence });
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
