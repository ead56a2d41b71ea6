/**
 * view → board: keeps the board's four maps up to date and tells subscribers exactly what changed. What changed in the
 * log is recomputed when it is committed; what depends on hearing (leases, nodes) is looked at on every beat. While
 * nobody subscribes, what changed is only noted, and computed when somebody asks.
 */
import {
  type Board,
  type BoardAttempt,
  type BoardChange,
  type BoardItem,
  type BoardNode,
  type BoardQueueEntry,
  isLive,
  type ItemHistory,
  type Naming,
  projectAttempts,
  projectItem,
  projectQueue,
  type View,
} from "@skein/core";

import type { BoardSource } from "./api.ts";

export interface BoardKeeper extends BoardSource {
  /** These items changed; undefined means that any may have. */
  update(items: ReadonlySet<string> | undefined): void;
  /** Leases, activities and nodes may look different now. */
  refresh(): void;
}

export interface BoardDeps {
  readonly view: () => View;
  readonly naming: Naming;
  readonly nodes: () => readonly BoardNode[];
}

interface Maps {
  readonly items: Map<string, BoardItem>;
  readonly nodes: Map<string, BoardNode>;
  readonly attempts: Map<string, BoardAttempt>;
  readonly queue: Map<string, BoardQueueEntry>;
}

interface Changes {
  readonly items: Map<string, BoardItem | null>;
  readonly nodes: Map<string, BoardNode | null>;
  readonly attempts: Map<string, BoardAttempt | null>;
  readonly queue: Map<string, BoardQueueEntry | null>;
}

export function createBoardKeeper(deps: BoardDeps): BoardKeeper {
  const board: Maps = { items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() };
  const attemptsOf = new Map<string, ReadonlySet<string>>();
  /** The items in Merge: the queue is read off these, not off everything there ever was. */
  const merging = new Set<string>();
  const listeners = new Set<(change: BoardChange) => void>();

  const updateItem = (changes: Changes, id: string, history: ItemHistory | undefined): void => {
    const item = history !== undefined && isLive(history) ? history : undefined;
    put(board.items, changes.items, id, item === undefined ? null : projectItem(item, deps.naming));
    if (item?.best.state.stage.stage === "Merge") merging.add(id);
    else merging.delete(id);
    const attempts = item === undefined ? new Map<string, BoardAttempt>() : projectAttempts(item, deps.naming);
    for (const key of attemptsOf.get(id) ?? [])
      if (!attempts.has(key)) put(board.attempts, changes.attempts, key, null);
    for (const [key, attempt] of attempts) put(board.attempts, changes.attempts, key, attempt);
    attemptsOf.set(id, new Set(attempts.keys()));
  };
  const updateQueue = (changes: Changes): void => {
    const all = deps.view().items;
    const waiting = [...merging].flatMap((id) => all.get(id) ?? []).filter(isLive);
    const queue = projectQueue(waiting);
    for (const key of board.queue.keys()) if (!queue.has(key)) put(board.queue, changes.queue, key, null);
    for (const [key, entry] of queue) put(board.queue, changes.queue, key, entry);
  };
  const updateNodes = (changes: Changes): void => {
    for (const node of deps.nodes()) put(board.nodes, changes.nodes, node.id, node);
  };
  const publish = (change: (changes: Changes) => void): void => {
    const changes: Changes = { items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() };
    change(changes);
    if (Object.values(changes).every((map: ReadonlyMap<string, unknown>) => map.size === 0)) return;
    for (const listener of listeners) listener(changes);
  };

  /** Not yet in the board, because nobody looks: the items that changed, or all of them. */
  let behind: Set<string> | "everything" = new Set();
  let nodesBehind = true;

  const apply = (items: ReadonlySet<string> | undefined): void =>
    publish((changes) => {
      const all = deps.view().items;
      for (const id of items ?? all.keys()) updateItem(changes, id, all.get(id));
      if (touchesQueue(board, changes)) updateQueue(changes);
      if (items === undefined) updateNodes(changes);
    });
  const isNewPolicy = changeOf(() => JSON.stringify(deps.naming.qa?.() ?? null));
  const look = (): void =>
    publish((changes) => {
      // What waits for a person has no holder who would be heard.
      const isNew = isNewPolicy();
      for (const [id, { claim, stage }] of board.items) {
        const mayWait = isNew && (stage === "Qa" || stage === "Merge");
        if (claim !== null || mayWait) updateItem(changes, id, deps.view().items.get(id));
      }
      updateNodes(changes);
    });
  const catchUp = (): void => {
    const items = behind;
    behind = new Set();
    if (items === "everything" || items.size > 0) apply(items === "everything" ? undefined : items);
    if (nodesBehind) look();
    nodesBehind = false;
  };

  return {
    current: (): Board => {
      catchUp();
      return board;
    },
    subscribe: (listener) => {
      catchUp();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update: (items) => {
      if (listeners.size > 0) return apply(items);
      if (items === undefined) behind = "everything";
      else if (behind !== "everything") for (const id of items) behind.add(id);
      return undefined;
    },
    refresh: () => {
      if (listeners.size > 0) look();
      else nodesBehind = true;
    },
  };
}

/** Whether it is another one than when this was asked last. */
function changeOf(read: () => string): () => boolean {
  let last = "";
  return () => {
    const now = read();
    const isNew = now !== last;
    last = now;
    return isNew;
  };
}

/** Only a change that concerns the queue is worth sorting it again. */
const touchesQueue = (board: Maps, changes: Changes): boolean =>
  [...changes.items].some(([id, item]) => item?.stage === "Merge" || board.queue.has(id));

/** Notes a value only when it differs from what the board shows. */
function put<T>(shown: Map<string, T>, changes: Map<string, T | null>, key: string, value: T | null): void {
  const before = shown.get(key);
  if (value === null) {
    if (before === undefined) return;
    shown.delete(key);
  } else {
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(value)) return;
    shown.set(key, value);
  }
  changes.set(key, value);
}
