/**
 * Items that are parts of another: the parent's own work begins when all its parts have landed, so that it can be the one
 * that puts them together. What was deleted or archived without landing is no part any more. A parent that is under way
 * is not stopped by a part that comes later.
 *
 * Two people may make a circle on nodes that do not hear each other; an item above which the parent itself stands is not
 * waited for, or all of them would wait for ever.
 */
import type { ItemHistory } from "../fold/history.ts";
import { hasLanded } from "../fold/item-state.ts";
import { isLive, type LiveItem } from "./find.ts";

type Items = ReadonlyMap<string, ItemHistory>;

export type PartsByParent = ReadonlyMap<string, readonly LiveItem[]>;

/** The parts of every item that has some. */
export function partsByParent(items: Items): PartsByParent {
  const parts = new Map<string, LiveItem[]>();
  for (const item of items.values()) {
    if (!isLive(item) || item.registers.parent.value === "") continue;
    const { value: parent } = item.registers.parent;
    const known = parts.get(parent);
    if (known === undefined) parts.set(parent, [item]);
    else known.push(item);
  }
  return parts;
}

/** The ids of the parts that have not landed, or whose landing does not count for who asks. */
export const openParts = (
  parts: readonly LiveItem[],
  items: Items,
  counts: (item: string) => boolean,
): readonly string[] =>
  parts.flatMap((part) => {
    const { state } = part.best;
    const isOver = hasLanded(state) ? counts(part.id) : state.stage.stage === "Archived";
    return isOver || isAbove(part.id, part.registers.parent.value, items) ? [] : [part.id];
  });

/** Is the item the same as the other, or does it stand above it? */
function isAbove(item: string, other: string, items: Items): boolean {
  const seen = new Set<string>();
  for (let at = other; at !== "" && !seen.has(at); at = items.get(at)?.registers?.parent.value ?? "") {
    if (at === item) return true;
    seen.add(at);
  }
  return false;
}

/** Would the item wait for itself, by its dependencies and its parts, if it waited for the other? */
export function wouldWaitForItself(item: string, other: string, items: Items): boolean {
  const parts = partsByParent(items);
  const seen = new Set<string>();
  const queue = [other];
  for (const at of queue) {
    if (at === item) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    queue.push(...(items.get(at)?.registers?.dependsOn.value ?? []), ...(parts.get(at) ?? []).map(({ id }) => id));
  }
  return false;
}
