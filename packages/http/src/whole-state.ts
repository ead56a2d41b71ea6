/**
 * What a reader of the board document lacks. Nearly all readers begin with nothing and lack all of it, which takes long to
 * write: it is written once and sent to all of them, each with the little behind it that has changed since.
 */
import * as Y from "yjs";
import { encodeAnswer, encodeUpdate } from "./yjs-message.ts";

export interface WholeState {
  /** The messages that bring a client with this state up to date, the answer proper last; undefined when it is no state vector. */
  answer(stateVector: Uint8Array): readonly Uint8Array[] | undefined;
}

interface Kept {
  readonly whole: Uint8Array;
  readonly stateVector: Uint8Array;
}

/** What has changed since may be this part of the whole; then that is written anew. */
const SHARE = 1 / 8;

export function createWholeState(doc: Y.Doc): WholeState {
  let kept: Kept | undefined;
  let messages: readonly Uint8Array[] | undefined;
  doc.on("update", () => {
    messages = undefined;
  });

  const written = (): readonly Uint8Array[] => {
    const since = kept === undefined ? undefined : Y.encodeStateAsUpdate(doc, kept.stateVector);
    // Who hears the answer takes it that everything is there by then.
    if (kept !== undefined && since !== undefined && since.length <= kept.whole.length * SHARE) {
      return [kept.whole, encodeAnswer(since)];
    }
    const update = Y.encodeStateAsUpdate(doc);
    kept = { whole: encodeUpdate(update), stateVector: Y.encodeStateVector(doc) };
    return [encodeAnswer(update)];
  };
  const all = (): readonly Uint8Array[] => (messages ??= written());
  return {
    answer: (stateVector) => {
      if (isEmpty(stateVector)) return all();
      try {
        return [encodeAnswer(Y.encodeStateAsUpdate(doc, stateVector))];
      } catch {
        // Its entries are bounded by the size of the message they came in.
        return undefined;
      }
    },
  };
}

/** No clients: what a document says that has nothing. */
const isEmpty = (stateVector: Uint8Array): boolean => stateVector.length === 1 && stateVector[0] === 0;
