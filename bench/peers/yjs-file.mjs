// A process that loads the items from a file into one flat Y.Doc: what a Yjs server does when it starts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as Y from "yjs";

import { fill } from "./yjs-client.mjs";

export async function createServer({ directory, items, write }) {
  const file = join(directory, "board");
  const doc = new Y.Doc();
  const at = performance.now();
  if (write) {
    mkdirSync(directory, { recursive: true });
    fill(doc, { items });
    writeFileSync(file, Y.encodeStateAsUpdate(doc));
  } else {
    Y.applyUpdate(doc, readFileSync(file));
  }
  const took = performance.now() - at;
  return { where: () => ({}), bootMs: () => took, count: () => doc.getMap("items").size };
}
