/**
 * An item's story text: texts written as a whole, each with the edits that build on it. The text that counts is the one that
 * was written or edited last, by stamp; a birth of the item that nobody has edited is before all others.
 *
 * Older versions know only whole texts. Whoever writes one while others edit replaces what they edit, as it always was.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Crypto } from "../op/crypto.ts";
import { feedOf, type FeedParts } from "../op/frame.ts";
import { compareStamp, type Place } from "../op/stamp.ts";
import { storyClient } from "./clients.ts";
import { createStoryEdits, type StoryEdits } from "./edits.ts";
import { readStoryUpdate } from "./update.ts";

/** A text written as a whole. */
export interface Writing extends Place {
  /** By the birth of the item. */
  readonly isBirth: boolean;
  readonly text: string;
}

interface Version {
  readonly base: Writing;
  readonly edits: StoryEdits | undefined;
}

export interface Story {
  /** The op that wrote the text as a whole on which edits build now. */
  readonly base: string;
  /** Of the last change of it. */
  readonly place: Place;
  readonly isBirth: boolean;
  text(): string;
  /** Undefined while nobody has edited it. */
  readonly edits: StoryEdits | undefined;
}

export interface MutableStory extends Story {
  /** By the op that wrote the whole. */
  readonly versions: Map<string, Version>;
  readonly best: Version;
}

const placeOf = ({ base, edits }: Version): Place => edits?.last() ?? base;

const isUntouched = ({ base, edits }: Version): boolean => base.isBirth && edits?.last() === undefined;

const compareVersions = (a: Version, b: Version): number =>
  Number(isUntouched(b)) - Number(isUntouched(a)) || compareStamp(placeOf(a), placeOf(b));

/** Versions only ever go up, so one that changed is the best or leaves the best as it was. */
function storyOf(versions: Map<string, Version>, before: Version, changed: Version): MutableStory {
  const isSame = before.base === changed.base;
  const best = isSame || compareVersions(changed, before) > 0 ? changed : before;
  const { base, edits } = best;
  return {
    versions,
    best,
    base: base.id,
    place: placeOf(best),
    isBirth: isUntouched(best),
    text: () => edits?.text() ?? base.text,
    edits,
  };
}

/** With a text that was written as a whole beside what was there. */
export function addWriting(story: MutableStory | undefined, base: Writing): MutableStory {
  const versions = story?.versions ?? new Map<string, Version>();
  const version: Version = { base, edits: undefined };
  versions.set(base.id, version);
  return storyOf(versions, story?.best ?? version, version);
}

/** An op that edits the story. */
export interface EditOp extends Place, FeedParts {
  readonly item: string;
  /** The op that it builds on. */
  readonly on: string;
  readonly sessions: readonly number[];
  readonly update: Uint8Array;
}

/** Adds an edit; the clause says why it has no effect, on any node. */
export function addEdit(story: MutableStory, op: EditOp, crypto: Pick<Crypto, "sha256">): Result<MutableStory, string> {
  const version = story.versions.get(op.on);
  if (version === undefined) return err("an edit of the story builds on a text that was written as a whole");
  const read = readStoryUpdate(op.update);
  if (!read.ok) return err(`the edit of the story is refused: ${read.error}`);
  const own = new Set(op.sessions.map((session) => storyClient(op, op.item, session, crypto)));
  if (!read.value.runs.every(({ client }) => own.has(client))) {
    return err("the edit of the story is refused: it is by a client that is not its author's");
  }
  const { base } = version;
  const edits = version.edits ?? createStoryEdits({ op: base.id, text: base.text });
  const { lamport, author, id } = op;
  const added = edits.add({ lamport, author, id, feed: feedOf(op), update: op.update, read: read.value });
  if (!added.ok) return err(`the edit of the story is refused: ${added.error}`);
  const edited: Version = { base, edits };
  story.versions.set(op.on, edited);
  return ok(storyOf(story.versions, story.best, edited));
}
