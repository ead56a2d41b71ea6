/**
 * The board as a Yjs document: four root maps of plain JSON values, written by this node alone.
 *
 * The document is a copy made for readers. It starts empty with every process and is never loaded, merged or written by
 * anybody else, so nothing a client sends can become part of it. A reader begins with a fresh document of its own at
 * every connection: what it kept from an earlier process of this node has another author and would linger.
 */
import type { BoardAttempt, BoardChange, BoardItem, BoardNode, BoardQueueEntry } from "@skein/core";
import type { BoardSource } from "@skein/node";
import * as Y from "yjs";

export interface BoardDocument {
  readonly doc: Y.Doc;
  /** Ends the subscription; the document stays as it is. */
  close(): void;
}

export function createBoardDocument(options: {
  readonly source: BoardSource;
  readonly clientId: number;
}): BoardDocument {
  const doc = new Y.Doc();
  doc.clientID = options.clientId;
  const maps: BoardMaps = {
    items: doc.getMap("items"),
    nodes: doc.getMap("nodes"),
    attempts: doc.getMap("attempts"),
    queue: doc.getMap("queue"),
  };
  // Subscribed first: a change between the two lines would otherwise be lost.
  const unsubscribe = options.source.subscribe((change) => doc.transact(() => write(maps, change)));
  doc.transact(() => write(maps, options.source.current()));
  return {
    doc,
    close: () => {
      unsubscribe();
      doc.destroy();
    },
  };
}

interface BoardMaps {
  readonly items: Y.Map<BoardItem>;
  readonly nodes: Y.Map<BoardNode>;
  readonly attempts: Y.Map<BoardAttempt>;
  readonly queue: Y.Map<BoardQueueEntry>;
}

function write(maps: BoardMaps, change: BoardChange): void {
  writeMap(maps.items, change.items);
  writeMap(maps.nodes, change.nodes);
  writeMap(maps.attempts, change.attempts);
  writeMap(maps.queue, change.queue);
}

function writeMap<T>(map: Y.Map<T>, change: ReadonlyMap<string, T | null>): void {
  for (const [key, value] of change) {
    if (value === null) map.delete(key);
    else map.set(key, value);
  }
}
