/**
 * Whose work the branch of an item is. One node may have made it and another one taken it over, finished or not; who
 * submitted it last is only one of them, and none of them is a second pair of eyes.
 *
 *     A: claim ─ release (left: x) ─ B: claim ─ submit y      y goes on from x: A and B
 *     A: claim ─┬─ submit y
 *               └─ B: claim ─ submit y                        B took over what A had finished: A and B
 *
 * Only what a member has signed itself makes it a coder, so nobody can keep another one from approving.
 */
import { type HistoryEntry, type ItemHistory, parentOf, stateOf } from "../fold/history.ts";
import type { ItemState } from "../fold/item-state.ts";
import type { LiveItem } from "./find.ts";

/** The member that submitted the branch as it is now. */
export function coderOf(item: LiveItem): string | undefined {
  let entry = item.entries.get(item.best.id);
  while (entry !== undefined && entry.kind !== "item.submit") entry = parentOf(item, entry);
  return stateOf(entry)?.claim?.holder;
}

/** Member ids of all whose work the branch is; nobody where there is no branch. */
export function codersOf(item: LiveItem): ReadonlySet<string> {
  const coders = new Set<string>();
  const tip = tipIn(item.best.state);
  if (tip === undefined) return coders;
  const seen = new Set<string>();
  for (const entry of item.entries.values()) {
    if (leftIn(entry) === tip && leavesSomething(item, entry)) coders.add(memberOf(entry));
    if (entry.kind !== "item.submit" || tipIn(stateOf(entry)) !== tip) continue;
    coders.add(memberOf(entry));
    for (const leaver of leaversBefore(item, entry, seen)) coders.add(leaver);
  }
  coders.delete("");
  return coders;
}

/** Whose unfinished work the attempt went on with, and whose that one had gone on with, back to where one began afresh. */
function leaversBefore(item: ItemHistory, submitted: HistoryEntry, seen: Set<string>): readonly string[] {
  const leavers: string[] = [];
  let entry = parentOf(item, submitted);
  while (entry !== undefined && leftIn(entry) !== undefined && !seen.has(entry.id)) {
    seen.add(entry.id);
    if (leavesSomething(item, entry)) leavers.push(memberOf(entry));
    entry = parentOf(item, entry);
  }
  return leavers;
}

const leavesSomething = (item: ItemHistory, entry: HistoryEntry): boolean => {
  const parent = parentOf(item, entry);
  return parent === undefined || leftIn(parent) !== leftIn(entry);
};

const leftIn = (entry: HistoryEntry): string | undefined => stateOf(entry)?.left?.tip;

const tipIn = (state: ItemState | undefined): string | undefined =>
  state?.stage.stage === "Qa" || state?.stage.stage === "Merge" ? state.stage.tip : undefined;

const memberOf = ({ outcome }: HistoryEntry): string => (outcome.type === "accepted" ? outcome.member : "");
