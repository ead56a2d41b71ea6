/**
 * Which items stand in which column, in which order. Pure, and made from the last answer: a change of one item touches the
 * column it left and the column it is in now, and the other columns stay the very same arrays.
 */
import type { Board, BoardItem, STAGES, Stage } from "@skein/core";

/** Typed by the core's own tuple and not taken from it, so that the page does not carry the core along. */
export const COLUMN_STAGES: typeof STAGES = ["Backlog", "Coding", "Qa", "Merge", "Done", "Archived"];

type Shown = Pick<Board, "items" | "queue">;

export interface Columns extends Shown {
  readonly byStage: Readonly<Record<Stage, readonly BoardItem[]>>;
}

const EMPTY: Columns = {
  items: new Map(),
  queue: new Map(),
  byStage: { Backlog: [], Coding: [], Qa: [], Merge: [], Done: [], Archived: [] },
};

export function columnsOf(board: Shown, before: Columns = EMPTY): Columns {
  const { items, queue } = board;
  const touched = touchedBetween(before.items, items);
  const queueChanged = queue !== before.queue;
  const byStage = { ...before.byStage };
  for (const stage of COLUMN_STAGES) {
    const comes = touched.now.get(stage) ?? [];
    const isReordered = stage === "Merge" && queueChanged;
    if (comes.length === 0 && !touched.left.has(stage) && !isReordered) continue;
    const order = ORDER_BY_STAGE[stage](queue);
    const stays = before.byStage[stage].filter(({ id }) => !touched.ids.has(id));
    byStage[stage] = isReordered ? [...stays, ...comes].sort(order) : merged(stays, comes.sort(order), order);
  }
  return { items, queue, byStage };
}

interface Touched {
  readonly ids: ReadonlySet<string>;
  /** The items that are new or changed, by the stage they are in now. */
  readonly now: ReadonlyMap<Stage, BoardItem[]>;
  /** The stages that something was in before. */
  readonly left: ReadonlySet<Stage>;
}

/** Values are the same objects until they change. */
function touchedBetween(before: Shown["items"], items: Shown["items"]): Touched {
  const ids = new Set<string>();
  const now = new Map<Stage, BoardItem[]>();
  const left = new Set<Stage>();
  if (before === items) return { ids, now, left };
  for (const [id, item] of items) {
    const old = before.get(id);
    if (old === item) continue;
    ids.add(id);
    if (old !== undefined) left.add(old.stage);
    const list = now.get(item.stage);
    if (list === undefined) now.set(item.stage, [item]);
    else list.push(item);
  }
  for (const [id, { stage }] of before) {
    if (items.has(id)) continue;
    ids.add(id);
    left.add(stage);
  }
  return { ids, now, left };
}

type Order = (left: BoardItem, right: BoardItem) => number;

/** Both are in order already. */
function merged(some: readonly BoardItem[], others: readonly BoardItem[], order: Order): readonly BoardItem[] {
  if (others.length === 0) return some;
  const all: BoardItem[] = [];
  let place = 0;
  for (const item of some) {
    for (let next = others[place]; next !== undefined && order(next, item) < 0; next = others[place]) {
      all.push(next);
      place += 1;
    }
    all.push(item);
  }
  return all.concat(others.slice(place));
}

const byId: Order = (left, right) => (left.id < right.id ? -1 : 1);

const mostUrgentFirst: Order = (left, right) =>
  right.priority - left.priority || left.createdAt - right.createdAt || byId(left, right);

const latestFirst =
  (time: (item: BoardItem) => number | null): Order =>
  (left, right) =>
    (time(right) ?? 0) - (time(left) ?? 0) || byId(left, right);

const nextInLineFirst =
  (queue: Shown["queue"]): Order =>
  (left, right) =>
    (queue.get(left.id)?.position ?? Number.MAX_SAFE_INTEGER) -
      (queue.get(right.id)?.position ?? Number.MAX_SAFE_INTEGER) || mostUrgentFirst(left, right);

const ORDER_BY_STAGE: Readonly<Record<Stage, (queue: Shown["queue"]) => Order>> = {
  Backlog: () => mostUrgentFirst,
  Coding: () => mostUrgentFirst,
  Qa: () => mostUrgentFirst,
  Merge: nextInLineFirst,
  Done: () => latestFirst((item) => item.mergedAt),
  Archived: () => latestFirst((item) => item.archivedAt),
};
