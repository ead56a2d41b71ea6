/** The end of an attempt without success: back to Coding, or out of the pipeline once the retry caps are reached. */
import {
  BLAMELESS,
  type Evidence,
  type Feature,
  type LiveItem,
  type SendBackReason,
  type StageBody,
} from "@skein/core";

import { type AttemptContext, heldItem, writeStage } from "./attempt-context.ts";

export interface Failure {
  readonly reason: SendBackReason;
  /** One sentence: what went wrong. */
  readonly note: string;
  /** Tree of what the attempt made, when it made anything. */
  readonly tree: string | null;
  readonly evidence: readonly Evidence[];
  /** What the next attempt can go on with. */
  readonly left?: Feature | undefined;
}

/**
 * An attempt made progress when its tree is one that no earlier attempt of the item submitted. Infrastructure failures
 * count neither way.
 */
export async function giveBack(context: AttemptContext, failure: Failure): Promise<void> {
  const item = heldItem(context);
  if (item === undefined) return;
  const progress = failure.tree !== null && !submittedTrees(item, context.epoch).has(failure.tree);
  if (failure.reason === "infrastructure") context.rests.failedAgain(context.item);
  const body = bodyFor(context, item, failure, progress);
  context.note(body.kind === "item.archive" ? `Giving up: ${body.note}` : `Back to Coding: ${failure.note}`);
  const written = await writeStage(context, body);
  if (!written.ok) context.note(`This could not be written: ${written.error.message}`);
}

function bodyFor(context: AttemptContext, item: LiveItem, failure: Failure, progress: boolean): StageBody {
  const { retries } = context.project.config();
  const { attempts, noProgress } = item.best.state;
  const counts = !BLAMELESS.has(failure.reason);
  const total = attempts + (counts ? 1 : 0);
  const stuck = !counts ? noProgress : progress ? 0 : noProgress + 1;
  const note = shorten(failure.note);
  if (counts && total >= retries.total) {
    return { kind: "item.archive", reason: "Blocked", note: `${total} attempts were not enough; the last: ${note}` };
  }
  if (counts && stuck >= retries.noProgress) {
    return { kind: "item.archive", reason: "Blocked", note: `${stuck} attempts without progress; the last: ${note}` };
  }
  const { reason, evidence, left } = failure;
  return { kind: "item.sendBack", reason, note, progress, evidence, ...(left === undefined ? {} : { left }) };
}

/** A note has room for so much. */
export const shorten = (note: string): string => (note.length <= 500 ? note : `${note.slice(0, 499)}…`);

/** Trees that attempts before this one submitted. */
function submittedTrees(item: LiveItem, epoch: number): ReadonlySet<string> {
  const trees = new Set<string>();
  for (const { outcome } of item.entries.values()) {
    if (outcome.type !== "accepted" || outcome.state.stage.stage !== "Qa") continue;
    const { featureBranch, tree } = outcome.state.stage;
    if (Number(featureBranch.split("/")[2]) < epoch) trees.add(tree);
  }
  return trees;
}
