/**
 * What a person may do with an item now, and why not what they may not: the same rule that judges the command when it comes.
 * Whether the person has the role for it is another question.
 */
import type { LiveItem } from "../command/find.ts";
import { isApproved, type QaPolicy } from "../command/review.ts";
import { hasLanded } from "../fold/item-state.ts";
import { refusal } from "../fold/transition.ts";
import type { StageBody } from "../op/bodies.ts";

export type ItemAction =
  | "start"
  | "shelve"
  | "approve"
  | "reject"
  | "hold"
  | "release"
  | "archive"
  | "restore"
  | "delete";

/** By action; null where nothing is against it, otherwise why it is not possible now. */
export type ActionsOn = { readonly [A in ItemAction]: string | null };

export function actionsOn(item: LiveItem, qa: Pick<QaPolicy, "fourEyes"> = { fourEyes: false }): ActionsOn {
  const judge = (body: StageBody): string | null =>
    refusal(item.best.state, { item: item.id, op: "", member: "", incarnation: "", role: "operator", wall: 0, body })
      ?.message ?? null;
  const reason = hasLanded(item.best.state) ? "Completed" : "Abandoned";
  const isOver = hasLanded(item.best.state) || item.best.state.stage.stage === "Archived";
  const isHeld = item.registers.hold.value !== "";
  return {
    start: judge({ kind: "item.start" }),
    shelve: judge({ kind: "item.shelve", note: "" }),
    approve: whyNotApprove(item, qa),
    reject: judge({ kind: "item.sendBack", reason: "person", note: "", progress: true, evidence: [] }),
    hold: isHeld ? "it is on hold already" : isOver ? "nobody works on it any more" : null,
    release: isHeld ? null : "it is not on hold",
    archive: judge({ kind: "item.archive", reason, note: "" }),
    restore: judge({ kind: "item.restore", note: "" }),
    delete: null,
  };
}

function whyNotApprove(item: LiveItem, qa: Pick<QaPolicy, "fourEyes">): string | null {
  const { stage } = item.best.state;
  if (stage.stage !== "Qa" && stage.stage !== "Merge") return `there is no branch to approve in ${stage.stage}`;
  return isApproved(item, qa) ? "the branch is approved already" : null;
}
