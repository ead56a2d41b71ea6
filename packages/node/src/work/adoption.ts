/** Takes the finished result of another attempt to the gate, instead of doing the work again. */
import { type Feature, finishedWork } from "@skein/core";

import type { GitError } from "../ports.ts";
import { type AttemptContext, heldItem, persistently, type StepEnd, writeStage } from "./attempt-context.ts";

/** Only what this node can have: a branch that is gone is not waited for. */
export function adoptable(context: AttemptContext): Feature | undefined {
  const item = heldItem(context);
  if (item?.best.state.stage.stage !== "Coding") return undefined;
  const found = finishedWork(item);
  return found === undefined || context.unfetchable.has(found.tip) ? undefined : found;
}

const FINAL: readonly GitError["type"][] = ["bad-object", "missing-branch"];

/** Fetches it, once: what fails for a reason that passes is tried again when something changes. */
export async function canAdopt(context: AttemptContext): Promise<boolean> {
  const feature = adoptable(context);
  if (feature === undefined) return false;
  const { featureBranch, tip } = feature;
  const fetched = await context.project.repository.fetchBranch(featureBranch, tip, context.signal);
  if (!fetched.ok && FINAL.includes(fetched.error.type)) context.unfetchable.add(tip);
  return fetched.ok;
}

/** Undefined when there is nothing to adopt: then the work has to be done. */
export async function adopt(context: AttemptContext): Promise<StepEnd | undefined> {
  const feature = adoptable(context);
  if (feature === undefined) return undefined;
  const { repository } = context.project;
  const { featureBranch, tip } = feature;
  context.say("taking over a finished result");
  const fetched = await persistently(
    context,
    "Fetching a finished result",
    () => repository.fetchBranch(featureBranch, tip, context.signal),
    FINAL,
  );
  if (context.signal.aborted) return "over";
  if (!fetched.ok) {
    context.unfetchable.add(tip);
    context.note(
      `A finished result on ${featureBranch} cannot be had, so the work is done again: ${fetched.error.message}`,
    );
    return undefined;
  }
  context.note(`Another attempt has finished this already: its result on ${featureBranch} goes to the gate.`);
  const written = await writeStage(context, { kind: "item.submit", feature });
  if (!written.ok) context.note(`The result could not be taken over: ${written.error.message}`);
  return written.ok ? "continue" : "over";
}
