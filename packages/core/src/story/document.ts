/**
 * The story as a Yjs document, built of a base text and updates that readStoryUpdate has let through. Pure: a document's
 * own random number is never written into anything, and every edit names the client that it is by.
 */
import { simpleDiffString } from "lib0/diff";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";

import { storableText } from "../op/codec.ts";
import { LIMITS } from "../op/limits.ts";
import { baseClient } from "./clients.ts";
import { STORY_ROOT } from "./update.ts";

/** A text written as a whole, and the op that wrote it. */
export interface StoryBase {
  readonly op: string;
  readonly text: string;
}

/** The same bytes on every node: who has the base can leave it out. */
export function baseUpdate({ op, text }: StoryBase): Uint8Array {
  const doc = new Doc();
  doc.clientID = baseClient(op);
  doc.getText(STORY_ROOT).insert(0, text);
  return encodeStateAsUpdate(doc);
}

/** A document of one's own of these updates, each after what it builds on. */
export function storyDocument(updates: readonly Uint8Array[]): Doc {
  const doc = new Doc();
  // In one transaction, because what follows every single one of them costs more than the update.
  doc.transact(() => {
    for (const update of updates) applyUpdate(doc, update);
  });
  return doc;
}

/** What the document says, as the text of an item: no longer than one may be, and nothing that an op could not hold. */
export const storyTextOf = (doc: Doc): string =>
  storableText(doc.getText(STORY_ROOT).toJSON().slice(0, LIMITS.textBytes));

/** Many updates as one, with nothing in it but what they brought. They follow `state`, in their order. */
export function joinUpdates(state: Uint8Array, updates: readonly Uint8Array[]): Uint8Array {
  return changing(storyDocument([state]), (doc) => {
    for (const update of updates) applyUpdate(doc, update);
  });
}

/** The update by which `client` makes the story this text: what is alike at both ends stays as it is. */
export function editTo(state: Uint8Array, text: string, client: number): Uint8Array {
  return changing(storyDocument([state]), (doc) => {
    doc.clientID = client;
    const story = doc.getText(STORY_ROOT);
    const { index, remove, insert } = simpleDiffString(story.toJSON(), text);
    story.delete(index, remove);
    story.insert(index, insert);
  });
}

/** The update of what `change` does; one that says nothing when it does nothing. */
function changing(doc: Doc, change: (doc: Doc) => void): Uint8Array {
  let update: Uint8Array = EMPTY_UPDATE;
  doc.on("update", (made: Uint8Array) => {
    update = made;
  });
  doc.transact(() => change(doc));
  return update;
}

/** No pieces and nothing deleted. */
const EMPTY_UPDATE = new Uint8Array([0, 0]);
