// What both Yjs stacks have in common: the items in one map, each as one JSON value or (`shape: "nested"`) as a map of its
// fields.
import * as Y from "yjs";

import { titlesOf } from "../item.mjs";
import { itemOf } from "./item.mjs";

export function fill(doc, { items = 0, shape }) {
  if (items === 0) return;
  doc.transact(() => {
    const map = doc.getMap("items");
    for (const title of titlesOf("item", 0, items)) map.set(title, valueOf(title, shape));
  });
}

function valueOf(title, shape) {
  if (shape !== "nested") return itemOf(title);
  const { labels, dependsOn, ...fields } = itemOf(title);
  const lists = { labels: Y.Array.from(labels), dependsOn: Y.Array.from(dependsOn) };
  return new Y.Map([...Object.entries(fields), ...Object.entries(lists)]);
}

/** `connect` opens the connection and resolves when the document is synced; `buffered` is what waits in the socket. */
export function yjsClient(doc, { shape }, { connect, buffered }) {
  const items = doc.getMap("items");
  return {
    connect,
    set: (title) => void items.set(title, valueOf(title, shape)),
    setMany: (titles) => doc.transact(() => titles.forEach((title) => items.set(title, valueOf(title, shape)))),
    drained: async () => {
      while (buffered() > 1_000_000) await new Promise((resolve) => setImmediate(resolve));
    },
    count: () => items.size,
    has: (title) => items.has(title),
    onChange: (listener) => items.observe(listener),
    /** The state as a file would hold it. */
    logBytes: () => Y.encodeStateAsUpdate(doc).length,
  };
}

/** What a server that keeps documents in memory asks of its process. */
export const documentBytes = (doc) => ({ logBytes: () => Y.encodeStateAsUpdate(doc).length });
