/** How a story or its criteria are edited by whoever has all of it in hand: as an edit of what is there, so that others' edits stay. */
import type { Draft } from "../log/replica.ts";
import { storableText } from "../op/codec.ts";
import type { Crypto } from "../op/crypto.ts";
import { feedOf, type FeedParts } from "../op/frame.ts";
import type { StoryField, WriteBody } from "../op/story-body.ts";
import { storyClient } from "../story/clients.ts";
import { editTo, storyDocument, storyTextOf } from "../story/document.ts";
import { createStoryEdits, type StoryEdits } from "../story/edits.ts";
import { readStoryUpdate } from "../story/update.ts";
import type { LiveItem } from "./find.ts";

export interface StoryState {
  /** The op that edits of it build on. */
  readonly base: string;
  /** All of it as one Yjs update. */
  readonly state: Uint8Array;
  /** Another object once somebody has edited it for the first time, or once everything was folded again. */
  readonly edits: StoryEdits;
  /**
   * What the state comes to is what the item says. It does not when a member has signed pieces that no editor makes: then
   * only another text as a whole helps.
   */
  readonly isSound: boolean;
}

export function storyStateOf(
  { registers, stories }: Pick<LiveItem, "registers" | "stories">,
  field: StoryField,
): StoryState {
  const { [field]: story } = stories;
  const { [field]: text } = registers;
  const base = story?.base ?? text.id;
  const edits = story?.edits ?? createStoryEdits({ op: base, text: text.value });
  const state = edits.state();
  return { base, state, edits, isSound: edits.isWhole() && storyTextOf(storyDocument([state])) === text.value };
}

/**
 * Makes this field of the item this text: as a whole where an edit would not come to it, or would not count. `session` is a
 * number that was never used before, up to `LIMITS.counter`.
 */
export function storyDraft(
  item: LiveItem,
  field: StoryField,
  text: string,
  { feed, session, crypto }: { readonly feed: FeedParts; readonly session: number; readonly crypto: Crypto },
): Draft {
  const { base, state, edits, isSound } = storyStateOf(item, field);
  const wanted = storableText(text);
  const update = editTo(state, wanted, storyClient(feed, item.id, session, crypto));
  const comesTo = storyTextOf(storyDocument([state, update]));
  const counts = edits.leftOf(feedOf(feed)) > 0 && readStoryUpdate(update).ok;
  if (!isSound || comesTo !== wanted || !counts) {
    return { entity: item.id, on: item.registers[field].id, body: { kind: "item.set", field, value: text } };
  }
  return { entity: item.id, on: base, body: writeBodyOf(field, [session], update) };
}

/** An edit of the story itself names no text: it is what every version means. So it is where nobody has to be named. */
export const writeBodyOf = (
  field: StoryField,
  sessions: readonly number[],
  update: Uint8Array,
  by: readonly string[] = [],
): WriteBody => ({
  kind: "item.write",
  ...(field === "text" ? {} : { field }),
  sessions,
  update,
  ...(by.length === 0 ? {} : { by }),
});
