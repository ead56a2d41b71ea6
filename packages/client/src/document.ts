/**
 * One connection to the board document of one node. Every connection gets a new, empty document: a node that restarted
 * writes its board under a new author, and what is left of the old one would win over it or linger beside it.
 */
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

import { ALL, type Keys, mapsOf, touchedBy } from "./board-state.ts";
import { dialFor, type Place } from "./place.ts";

export type SocketClass = typeof WebSocket;

interface DocumentListeners {
  /** The whole state is there, or these keys of it changed. */
  readonly onBoard: (maps: ReturnType<typeof mapsOf>, keys: Keys) => void;
  /** It is over. A node that said why is asked again: what it said of this socket may be of an earlier session. */
  readonly onEnd: () => void;
}

export interface OpenDocument {
  close(): void;
}

export function openDocument(
  place: Place,
  socket: SocketClass | undefined,
  { onBoard, onEnd }: DocumentListeners,
): OpenDocument {
  const doc = new Y.Doc();
  const maps = mapsOf(doc);
  const { url, protocols } = dialFor(place, "yjs");
  const provider = new WebsocketProvider(url, "board", doc, {
    disableBc: true,
    protocols,
    ...(socket === undefined ? {} : { WebSocketPolyfill: socket }),
  });
  // What comes in would be encoded anew to be sent on, and a reader sends nothing of it: a third of the time until a board of
  // thousands of items is there. The provider has no other way to say so.
  // oxlint-disable-next-line no-underscore-dangle
  doc.off("update", provider._updateHandler);
  // A reader has no presence to tell.
  provider.awareness.setLocalState(null);
  let isOver = false;
  const close = (): void => {
    if (isOver) return;
    isOver = true;
    provider.destroy();
    doc.destroy();
  };
  provider.on("sync", (synced: boolean) => {
    if (synced) onBoard(maps, ALL);
  });
  doc.on("afterTransaction", ({ changed }: Y.Transaction) => {
    if (provider.synced) onBoard(maps, touchedBy(maps, changed));
  });
  provider.on("connection-close", () => {
    if (isOver) return;
    // Not within the provider's own handler, which goes on after this one.
    queueMicrotask(() => {
      if (isOver) return;
      close();
      onEnd();
    });
  });
  return { close };
}
