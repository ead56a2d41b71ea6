/**
 * Work that is cut off by something that is not its fault: a limit of the agent's provider, a hold, a node that is shut
 * down or that died. What is there is committed, published as the attempt's branch and named in the log, so that the next
 * attempt, on whichever node, goes on with it instead of paying for it again.
 */
import { type Feature, featureIn, type LiveItem, refusedTips } from "@skein/core";

import type { AttemptResult, AttemptWorkspace, Oid } from "../ports.ts";
import { type AttemptContext, persistently } from "./attempt-context.ts";
import { gitInRoom } from "./room-git.ts";

/** A node that is shut down does not wait longer than this for a remote that does not answer. */
const LAST_PUSH_MS = 10_000;
const SAVE_MS = 10_000;
const SAVED_AS = "Unfinished work, as it was when the attempt was cut off";

/**
 * Commits what the agent had not committed yet. The agent may have changed every byte of the clone's git: this runs where
 * the agent ran, with the agent's rights and in its room, and its result is believed no more than the agent's.
 */
export async function commitRest(context: AttemptContext, { directory }: AttemptWorkspace): Promise<void> {
  const until = deadline(context);
  for (const args of [
    ["add", "--all"],
    ["commit", "--quiet", "--no-verify", `--message=${SAVED_AS}`],
  ]) {
    const { end } = await gitInRoom(context, { cwd: directory, args, keepBytes: 0, wallMs: SAVE_MS }, until.signal);
    // Nothing to commit ends with an error, too; what is committed is there all the same.
    if (end.type !== "exited" || end.code !== 0) break;
  }
  until.cancel();
}

/** Undefined when there is nothing to go on with, or nowhere to put it. */
export async function publishRest(
  context: AttemptContext,
  workspace: AttemptWorkspace,
  result: AttemptResult,
): Promise<Feature | undefined> {
  const { tip, commitsAhead } = result;
  // What was there before the attempt is named in the log already.
  if (commitsAhead === 0 || tip === workspace.start) return undefined;
  const until = deadline(context);
  const published = await context.project.repository.publishBranch(workspace.branch, tip, until.signal);
  until.cancel();
  if (!published.ok) {
    context.note(`The unfinished work stays on this node only: ${published.error.message}`);
    return undefined;
  }
  context.note(`The unfinished work is on ${workspace.branch}: the next attempt goes on with it.`);
  return featureIn({ featureBranch: workspace.branch, ...result });
}

function deadline({ deps }: AttemptContext): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, cancel: deps.clock.after(LAST_PUSH_MS, () => controller.abort()) };
}

/** The commit that an attempt goes on from: what was left in the log, or what an attempt of before left on this node. */
export async function unfinishedWork(
  context: AttemptContext,
  { best, ...item }: LiveItem,
  base: Oid,
): Promise<Oid | undefined> {
  const { repository } = context.project;
  const { left } = best.state;
  const refused = refusedTips({ best, ...item });
  if (left !== null && !refused.has(left.tip)) {
    const fetch = (): ReturnType<typeof repository.fetchBranch> =>
      repository.fetchBranch(left.featureBranch, left.tip, context.signal);
    const fetched = await persistently(context, "Fetching the unfinished work", fetch, [
      "bad-object",
      "missing-branch",
    ]);
    if (fetched.ok) return left.tip;
    context.note(`The unfinished work cannot be had, so the attempt starts afresh: ${fetched.error.message}`);
    return undefined;
  }
  const rest = await repository.recoverAttempt({ item: context.item, epoch: context.epoch, base }, context.signal);
  if (!rest.ok || rest.value === undefined || refused.has(rest.value.tip)) return undefined;
  context.note(`Going on with ${rest.value.commitsAhead} commits of an attempt that ended with this node.`);
  return rest.value.tip;
}
