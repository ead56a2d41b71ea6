/**
 * A witness: this node runs the gate on the tree that another one's work makes, and signs what it saw. It holds no claim and changes
 * no stage; who may land the item reads what the witnesses have signed.
 */
import { type Attested, type Evidence, isLive, landingMessage, type LiveItem, ok, type Result } from "@skein/core";

import type { GitError, MergeOutcome, Oid } from "../ports.ts";
import { type AttemptContext, persistently } from "./attempt-context.ts";
import { runGate } from "./gate.ts";
import { submittedAtSeconds } from "./merging.ts";

export async function witness(context: AttemptContext, on: Attested): Promise<void> {
  context.say("running the gate as a witness");
  const seen = await see(context, on);
  if (seen !== undefined) return attest(context, on.tip, seen);
  // What cannot be looked at, or was looked at before, is looked at again in a while.
  if (!context.signal.aborted) context.rests.leaveAlone(context.item, AGAIN_MS);
}

const AGAIN_MS = 30_000;

interface Seen {
  readonly base: Oid;
  readonly evidence: Evidence;
}

async function see(context: AttemptContext, { tip, base, tree }: Attested): Promise<Seen | undefined> {
  const merged = await merge(context, { tip, base });
  if (merged === undefined) return undefined;
  if (merged.tree !== tree) {
    // Whoever signed that has run something else. What this node sees is of the tree that there is.
    context.note(`${tip.slice(0, 12)} merged into ${merged.base.slice(0, 12)} is not ${tree.slice(0, 12)}.`);
    if (hasSigned(context, tip, merged.tree)) return undefined;
  }
  const verdict = await runGate(context, merged);
  return verdict.ok ? { base: merged.base, evidence: verdict.value.evidence } : undefined;
}

const hasSigned = ({ deps, item }: AttemptContext, tip: Oid, tree: Oid): boolean =>
  deps.replica
    .view()
    .items.get(item)
    ?.annotations.attests.some(
      (one) => one.member === deps.self().key && one.tip === tip && one.evidence.tree === tree,
    ) === true;

/** The branch into the base that was named, or into the target branch as it is when there is no such base. */
async function merge(
  context: AttemptContext,
  { tip, base }: Pick<Attested, "tip" | "base">,
): Promise<{ readonly base: Oid; readonly commit: Oid; readonly tree: Oid } | undefined> {
  const { project, signal } = context;
  const { repository } = project;
  const item = stillAt(context, tip);
  const branch = item === undefined ? undefined : featureBranchOf(item);
  if (item === undefined || branch === undefined) return undefined;
  const target = await persistently(context, "Fetching the target branch", () => project.refresh(signal));
  if (!target.ok) return undefined;
  const fetch = (): Promise<Result<void, GitError>> => repository.fetchBranch(branch, tip, signal);
  const fetched = await persistently(context, "Fetching the branch", fetch, ["bad-object", "missing-branch"]);
  if (!fetched.ok) return undefined;
  const message = landingMessage({ title: item.registers.title.value, item: item.id, branch });
  const atSeconds = submittedAtSeconds(item);
  for (const onto of new Set([base, target.value])) {
    const run = (): Promise<Result<MergeOutcome, GitError>> =>
      repository.merge({ base: onto, tip, message, atSeconds }, signal);
    // A base that somebody named may be none: it is tried once, and the target branch for as long as it takes.
    const isNamed = onto !== target.value;
    const outcome = isNamed ? await run() : await persistently(context, "Merging", run, ["bad-object", "no-commits"]);
    if (outcome.ok && outcome.value.type === "merged") return { ...outcome.value, base: onto };
  }
  return undefined;
}

function featureBranchOf({ best }: LiveItem): string | undefined {
  const { stage } = best.state;
  return stage.stage === "Qa" || stage.stage === "Merge" ? stage.featureBranch : undefined;
}

async function attest(context: AttemptContext, tip: Oid, { base, evidence }: Seen): Promise<void> {
  const written = await context.deps.journal.write<never>(() => {
    const now = stillAt(context, tip);
    if (now === undefined) return ok([]);
    return ok([{ entity: now.id, on: now.best.id, body: { kind: "item.attest", tip, base, evidence } }]);
  });
  if (!written.ok) context.note(`The evidence could not be written: ${written.error.message}`);
}

/** The item while it waits with this branch. */
export function stillAt({ deps, item: id }: Pick<AttemptContext, "deps" | "item">, tip: string): LiveItem | undefined {
  const item = deps.replica.view().items.get(id);
  if (item === undefined || !isLive(item)) return undefined;
  const { stage } = item.best.state;
  return (stage.stage === "Qa" || stage.stage === "Merge") && stage.tip === tip ? item : undefined;
}
