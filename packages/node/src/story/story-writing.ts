/**
 * Every text that this node writes for an item that is there, from a command, a room or a timer, becomes an edit of the
 * story, so that what others type meanwhile stays. It comes behind the removal of secrets, which an edit would hide.
 */
import {
  type Crypto,
  type Draft,
  type FeedParts,
  isLive,
  isStoryBody,
  ok,
  type Replica,
  storyDraft,
} from "@skein/core";

import type { Journal } from "../journal.ts";
import type { Random } from "../ports.ts";

export interface StoryWritingDeps {
  readonly random: Random;
  readonly crypto: Crypto;
  readonly replica: Pick<Replica, "view">;
  /** The feed that this node writes. */
  readonly feed: () => FeedParts;
}

export function withStoryEdits(journal: Journal, deps: StoryWritingDeps): Journal {
  return {
    ...journal,
    write: (decide) =>
      journal.write(() => {
        const decided = decide();
        return decided.ok ? ok(decided.value.map((draft) => asEdit(draft, deps))) : decided;
      }),
  };
}

function asEdit(draft: Draft, { random, crypto, replica, feed }: StoryWritingDeps): Draft {
  const { body, entity } = draft;
  if (body.kind !== "item.set" || !isStoryBody(body)) return draft;
  const item = replica.view().items.get(entity);
  if (item === undefined || !isLive(item)) return draft;
  return storyDraft(item, body.field, body.value, { feed: feed(), session: newSession(random), crypto });
}

/** 48 bits, so that no two sessions of a feed ever have the same. */
export const newSession = (random: Random): number => random.bytes(6).reduce((number, byte) => number * 256 + byte, 0);
