/**
 * This page's copy of a story: what the node said, and what was typed here and is not known to be saved.
 *
 * A connection gives the page a Yjs client of its own, for that connection alone. So what an earlier one left unsaved is
 * typed anew: the node's story and the unsaved part are merged in a third document, and the difference that the part makes
 * there is what is typed. What the node had saved after all makes no difference.
 */
import * as Y from "yjs";

export const ROOT = "text";

/** The origin of what came from the node. */
const NODE = "node";

export interface StoryCopy {
  readonly doc: Y.Doc;
  /** The node said so. */
  hear(update: Uint8Array): void;
  /** Called with every edit that is made here. */
  onEdit(listener: (update: Uint8Array) => void): void;
  /** What was typed here and the node has not said. */
  unsaved(): Kept;
}

/** As it is kept in the browser. */
export interface Kept {
  /** Pieces and deletions that the node has not said. */
  readonly unsaved: Uint8Array;
  /** The whole copy, with them. */
  readonly whole: Uint8Array;
}

const docOf = (...updates: readonly Uint8Array[]): Y.Doc => {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update, NODE);
  return doc;
};

export function createCopy(state: Uint8Array, client?: number): StoryCopy {
  const doc = docOf(state);
  if (client !== undefined) doc.clientID = client;
  const heard = docOf(state);
  return {
    doc,
    hear: (update) => {
      Y.applyUpdate(heard, update, NODE);
      Y.applyUpdate(doc, update, NODE);
    },
    onEdit: (listener) =>
      doc.on("update", (update: Uint8Array, origin: unknown) => {
        if (origin !== NODE) listener(update);
      }),
    unsaved: () => ({
      unsaved: Y.encodeStateAsUpdate(doc, Y.encodeStateVector(heard)),
      whole: Y.encodeStateAsUpdate(doc),
    }),
  };
}

/** The copy as it was kept; it is only good for typing on until a connection gives a new one. */
export const copyOf = ({ whole }: Kept): StoryCopy => createCopy(whole);

/** Types what was kept into the copy that a new connection gave. */
export function retype({ doc }: StoryCopy, kept: Kept): void {
  const now = Y.encodeStateAsUpdate(doc);
  const merged = docOf(now);
  const change = changeBy(merged, kept.unsaved);
  // It builds on something that this node has not heard of: then all of the copy is what was meant.
  const delta = isWhole(merged) ? change : changeBy(docOf(now), kept.whole);
  if (delta.length > 0) doc.getText(ROOT).applyDelta(delta);
}

type Delta = Y.YTextEvent["delta"];

function changeBy(doc: Y.Doc, update: Uint8Array): Delta {
  let delta: Delta = [];
  const text = doc.getText(ROOT);
  text.observe((event) => {
    ({ delta } = event);
  });
  Y.applyUpdate(doc, update, NODE);
  return delta;
}

const isWhole = ({ store }: Y.Doc): boolean => store.pendingStructs === null && store.pendingDs === null;
