/** The texts of an item that people edit together, and the body of an op that edits one of them. */
import { type Check, integer, list, matching, oneOf, recordWith, someBytes } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** What of an item is edited together live, each a text of its own. */
export const STORY_FIELDS: readonly ["text", "criteria"] = ["text", "criteria"];
export type StoryField = (typeof STORY_FIELDS)[number];

/** One text that people edit together. */
export interface StoryText {
  readonly item: string;
  readonly field: StoryField;
}

/** A register that is one of them. */
export const isStoryBody = <T extends { readonly field: string }>(
  body: T,
): body is Extract<T, { readonly field: StoryField }> => STORY_FIELDS.some((field) => field === body.field);

/**
 * An edit of the story text, or of the text that it names. Builds on the op that wrote that text as a whole; where nobody has,
 * on the item's birth. `update` is a Yjs V1 update (story/update.ts) by clients that are made of the author's feed and these
 * numbers of editing sessions (story/clients.ts).
 */
export interface WriteBody {
  readonly kind: "item.write";
  readonly field?: Exclude<StoryField, "text">;
  readonly sessions: readonly number[];
  readonly update: Uint8Array;
  /** The principals of the members that wrote it; left out when it was the author's own member alone. */
  readonly by?: readonly string[];
}

export const WRITE_BODY: Check<Omit<WriteBody, "kind">> = recordWith(
  {
    sessions: list(integer(0, LIMITS.counter), LIMITS.storySessions),
    update: someBytes(LIMITS.storyUpdateBytes),
  },
  { field: oneOf<"criteria">(["criteria"]), by: list(matching(/^mesh:[0-9a-f]{64}$/), LIMITS.storySessions) },
);
