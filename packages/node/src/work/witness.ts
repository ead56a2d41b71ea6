/**
 * A witness: this node runs the gate on the tree that another one's work makes, and signs what it saw. It holds no claim and changes
 * no stage; who may land the item reads what the witnesses have signed.
 */
import { type Attested, isLive, landingMessage, type LiveItem, ok } from "@skein/core";

import { type AttemptContext, persistently } from "./attempt-context.ts";
import { runGate } from "./gate.ts";
import { submittedAtSeconds } from "./merging.ts";

export async function witness(context: AttemptContext, { tip, base, tree }: Attested): Promise<void> {
  const { project, signal, deps } = context;
  const { repository } = project;
  const item = stillAt(context, tip);
  if (item === undefined) return;
  const { stage } = item.best.state;
  const branch = stage.stage === "Qa" || stage.stage === "Merge" ? stage.featureBranch : "";
  context.say("running the gate as a witness");
  const base1 = await persistently(context, "Fetching the target branch", () => project.refresh(signal));
  if (!base1.ok) return;
  const fetched = await persistently(
    context,
    "Fetching the branch",
    () => repository.fetchBranch(branch, tip, signal),
    ["bad-object", "missing-branch"],
  );
  if (!fetched.ok) return;
  const message = landingMessage({ title: item.registers.title.value, item: item.id, branch });
  const inputs = { base, tip, message, atSeconds: submittedAtSeconds(item) };
  const merged = await persistently(context, "Merging", () => repository.merge(inputs, signal), [
    "bad-object",
    "no-commits",
  ]);
  if (!merged.ok || merged.value.type !== "merged") return;
  if (merged.value.tree !== tree) {
    return context.note(
      `What ${tip.slice(0, 12)} makes of ${base.slice(0, 12)} is another tree than ${tree.slice(0, 12)}.`,
    );
  }
  const verdict = await runGate(context, merged.value);
  if (!verdict.ok) return;
  const { evidence } = verdict.value;
  const written = await deps.journal.write<never>(() => {
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
