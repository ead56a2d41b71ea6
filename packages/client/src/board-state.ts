/**
 * The board as maps that never change: a map is a new one when something in it changed, and a value in it is the same object
 * until it changed, also over a connection that was made anew or to another node.
 */
import type { Board, BoardAttempt, BoardChange, BoardItem, BoardNode, BoardQueueEntry } from "@skein/core";
import type * as Y from "yjs";

export const EMPTY_BOARD: Board = { items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() };

/** The maps of a board document. A document that nobody has written yet has them empty. */
interface DocumentMaps {
  readonly items: Y.Map<BoardItem>;
  readonly nodes: Y.Map<BoardNode>;
  readonly attempts: Y.Map<BoardAttempt>;
  readonly queue: Y.Map<BoardQueueEntry>;
}

export const mapsOf = (doc: Y.Doc): DocumentMaps => ({
  items: doc.getMap("items"),
  nodes: doc.getMap("nodes"),
  attempts: doc.getMap("attempts"),
  queue: doc.getMap("queue"),
});

/** What a board is read off: such a document, or the last copy. */
export type Readable = { readonly [Name in keyof Board]: Pick<Board[Name], "get" | "keys"> };

export type Keys = Readonly<Record<keyof Board, ReadonlySet<string> | "all">>;

/** The keys that a transaction has touched. */
export function touchedBy(maps: DocumentMaps, changed: Y.Transaction["changed"]): Keys {
  const of = (map: unknown): ReadonlySet<string> => {
    const found = [...changed].find(([type]) => type === map);
    return new Set([...(found?.[1] ?? [])].filter((key) => key !== null));
  };
  return { items: of(maps.items), nodes: of(maps.nodes), attempts: of(maps.attempts), queue: of(maps.queue) };
}

export const ALL: Keys = { items: "all", nodes: "all", attempts: "all", queue: "all" };

/** The board after these keys may have changed, and what did; undefined when nothing did. */
export function follow(
  before: Board,
  maps: Readable,
  keys: Keys,
): { readonly board: Board; readonly change: BoardChange } | undefined {
  const items = changesIn(before.items, maps.items, keys.items);
  const nodes = changesIn(before.nodes, maps.nodes, keys.nodes);
  const attempts = changesIn(before.attempts, maps.attempts, keys.attempts);
  const queue = changesIn(before.queue, maps.queue, keys.queue);
  if (items.size + nodes.size + attempts.size + queue.size === 0) return undefined;
  return {
    board: {
      items: applied(before.items, items),
      nodes: applied(before.nodes, nodes),
      attempts: applied(before.attempts, attempts),
      queue: applied(before.queue, queue),
    },
    change: { items, nodes, attempts, queue },
  };
}

function changesIn<T>(
  before: ReadonlyMap<string, T>,
  now: Pick<ReadonlyMap<string, T>, "get" | "keys">,
  keys: ReadonlySet<string> | "all",
): ReadonlyMap<string, T | null> {
  const changes = new Map<string, T | null>();
  for (const key of keys === "all" ? new Set([...before.keys(), ...now.keys()]) : keys) {
    const [old, value] = [before.get(key), now.get(key)];
    if (value === undefined) {
      if (old !== undefined) changes.set(key, null);
    } else if (old === undefined || !isSame(old, value)) changes.set(key, value);
  }
  return changes;
}

/** Values are plain JSON. A whole board is compared when a node answers anew, so nothing is made for it. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function applied<T>(before: ReadonlyMap<string, T>, changes: ReadonlyMap<string, T | null>): ReadonlyMap<string, T> {
  if (changes.size === 0) return before;
  const now = new Map(before);
  for (const [key, value] of changes) {
    if (value === null) now.delete(key);
    else now.set(key, value);
  }
  return now;
}
