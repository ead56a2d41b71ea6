/**
 * The last copy of the board, kept so that a page opens at once, and without any node. It is gone when somebody signs out.
 *
 * All but the nodes is kept as pieces of JSON: a browser reads nothing faster, and they are made one by one, so that somebody
 * who scrolls a board of thousands meanwhile does not notice.
 */
import type { Board, BoardAttempt, BoardItem, BoardQueueEntry } from "@skein/core";
import { clear, createStore, getMany, setMany } from "idb-keyval";

import type { Signed } from "./facts.ts";

/** Whose board it is, where it came from and who was signed in; and the nodes, which change with every beat. */
interface CopyHead extends Signed {
  /** Unix ms. */
  readonly savedMs: number;
  readonly nodes: Board["nodes"];
}

export interface Copy {
  readonly head: CopyHead;
  readonly pieces: readonly string[];
}

/** Where it is kept: one per page. What fails there costs the copy and nothing else. */
export interface Copies {
  load(): Promise<Copy | undefined>;
  /** Without pieces those that are there stay. */
  save(head: CopyHead, pieces: readonly string[] | undefined): Promise<void>;
  clear(): Promise<void>;
}

const HEAD = "board";
const PIECES = "pieces";

/** In this origin's IndexedDB: other nodes' pages, on other ports too, have their own. */
export function copiesInBrowser(): Copies {
  const store = createStore("skein", "copies");
  return {
    load: async () => {
      // In one look: another tab may clear it, and save that of somebody else.
      const [head, pieces] = await getMany<CopyHead | readonly string[] | undefined>([HEAD, PIECES], store);
      // One of a version before has no pieces.
      return head === undefined || !("savedMs" in head) || !Array.isArray(pieces) ? undefined : { head, pieces };
    },
    save: (head, pieces) =>
      setMany(
        pieces === undefined
          ? [[HEAD, head]]
          : [
              [HEAD, head],
              [PIECES, pieces],
            ],
        store,
      ),
    clear: () => clear(store),
  };
}

interface Entries {
  readonly items?: readonly (readonly [string, BoardItem])[];
  readonly attempts?: readonly (readonly [string, BoardAttempt])[];
  readonly queue?: readonly (readonly [string, BoardQueueEntry])[];
}

/** About a millisecond's work. */
const PIECE_ENTRIES = 250;

/** Everything but the nodes. A board never changes, so that there may be anything between two pieces. */
export function* piecesOf({ items, attempts, queue }: Board): Generator<string> {
  for (const some of partsOf(items)) yield JSON.stringify({ items: some } satisfies Entries);
  for (const some of partsOf(attempts)) yield JSON.stringify({ attempts: some } satisfies Entries);
  for (const some of partsOf(queue)) yield JSON.stringify({ queue: some } satisfies Entries);
}

function* partsOf<T>(map: ReadonlyMap<string, T>): Generator<(readonly [string, T])[]> {
  const entries = [...map];
  for (let from = 0; from < entries.length; from += PIECE_ENTRIES) yield entries.slice(from, from + PIECE_ENTRIES);
}

/** Undefined when it cannot be read: whatever a browser has kept may have been cut off, or be of another version. */
export function boardOf(copy: Copy): Board | undefined {
  try {
    return joined(copy);
  } catch {
    return undefined;
  }
}

function joined({ head, pieces }: Copy): Board | undefined {
  if (!(head.nodes instanceof Map)) return undefined;
  const items = new Map<string, BoardItem>();
  const attempts = new Map<string, BoardAttempt>();
  const queue = new Map<string, BoardQueueEntry>();
  for (const piece of pieces) {
    const entries: Entries = JSON.parse(piece);
    for (const [key, item] of entries.items ?? []) items.set(key, item);
    for (const [key, attempt] of entries.attempts ?? []) attempts.set(key, attempt);
    for (const [key, entry] of entries.queue ?? []) queue.set(key, entry);
  }
  return { items, nodes: head.nodes, attempts, queue };
}

/** All that the pieces hold is the same. */
export const hasSamePieces = (a: Board, b: Board): boolean =>
  a.items === b.items && a.attempts === b.attempts && a.queue === b.queue;
