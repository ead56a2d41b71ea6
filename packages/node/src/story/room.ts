/**
 * One story, or the criteria of one, that people edit together on this node.
 *
 *     a session's edit ──► gate ──► waiting ──► one op for all that waits ──► log, fsync ──► fold ──► every seat
 *
 * Nobody is told of an edit before it is durable, the others in the same room neither: what they build on is always there.
 * So an edit goes to the log soon after the typing pauses, and at the latest after a second of typing without one.
 */
import {
  type Crypto,
  type Draft,
  err,
  type FeedParts,
  feedOf,
  isLive,
  joinUpdates,
  LIMITS,
  memberPrincipal,
  ok,
  readStoryUpdate,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
  STORY_ROOT,
  storyClient,
  storyDocument,
  type StoryState,
  type StoryText,
  storyStateOf,
  storyTextOf,
  writeBodyOf,
} from "@skein/core";

import type { Journal } from "../journal.ts";
import type { Cancel, Clock, Random } from "../ports.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Cursor, SessionEnd, StorySeat, StorySession, Writer } from "./story-api.ts";
import { newSession } from "./story-writing.ts";

export interface RoomDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly replica: Pick<Replica, "view">;
  readonly journal: Pick<Journal, "write">;
  readonly secrets: Pick<Secrets, "text">;
  /** The feed that this node writes. */
  readonly feed: () => FeedParts;
  readonly role: () => Role | undefined;
  /** Id (hex) of this node's member. */
  readonly self: () => string;
  /** A cursor of this room moved, or is gone; for other nodes. */
  readonly onCursor: (at: StoryText, client: number, cursor: Cursor | undefined) => void;
  /** Cursors of other nodes in this text. */
  readonly farCursors: (at: StoryText) => readonly Cursor[];
}

export interface Room {
  readonly at: StoryText;
  enter(who: Writer, seat: StorySeat): StorySession;
  /** The item changed. */
  look(): void;
  /** A cursor of another node. */
  cursor(client: number, cursor: Cursor | undefined): void;
  /** Cursors of this node's own sessions. */
  ownCursors(): readonly Cursor[];
  isEmpty(): boolean;
  end(why: SessionEnd): void;
}

/** After this long without an edit, and this long after the first one, what waits is written. */
const PAUSE_MS = 200;
const LONGEST_MS = 1_000;
/** Of one session; a browser that was away sends what it kept in pieces. */
const WAITING_BYTES = 512 * 1024;

interface Sitting {
  readonly seat: StorySeat;
  readonly session: number;
  readonly client: number;
  readonly who: Writer;
  /** The clock at which its next edit begins. */
  next: number;
  waitingBytes: number;
  saved: number;
  selection: Cursor["selection"];
  isOver: boolean;
}

interface Waiting {
  readonly by: Sitting;
  readonly update: Uint8Array;
}

/** What everybody in the room has been told of the story. */
interface Told {
  readonly feed: string;
  readonly story: StoryState;
  readonly turn: number;
  /** So many updates of it. */
  landed: number;
}

const GONE: SessionEnd = { type: "gone", message: "The item was deleted." };
/** What the fold would not count is not written: who typed it would be told that it is saved. */
const WORN_OUT = `This node has edited this text ${LIMITS.storyEdits} times. Write it as a whole with skein item edit --text.`;
const AGAIN: SessionEnd = { type: "again", message: "The story was written anew meanwhile." };

// One room is one closure over its sessions; its parts share all of it.
// oxlint-disable-next-line max-lines-per-function
export function createRoom(at: StoryText, deps: RoomDeps): Room {
  const { clock } = deps;
  const { item, field } = at;
  const sittings = new Map<number, Sitting>();
  let waiting: Waiting[] = [];
  let told: Told | undefined;
  let isWriting = false;
  let firstMs: number | undefined;
  let cancel: Cancel = () => undefined;

  const storyNow = (): StoryState | undefined => {
    const found = deps.replica.view().items.get(item);
    return found !== undefined && isLive(found) ? storyStateOf(found, field) : undefined;
  };
  const feedNow = (): string => feedOf(deps.feed());
  const leave = (one: Sitting): void => {
    one.isOver = true;
    sittings.delete(one.client);
    if (one.selection !== null) moved(one.client, undefined, one);
  };
  const endOne = (one: Sitting, why: SessionEnd): void => {
    if (one.isOver) return;
    leave(one);
    one.seat.end(why);
  };
  const end = (why: SessionEnd): void => {
    for (const one of sittings.values()) endOne(one, why);
  };
  const moved = (client: number, cursor: Cursor | undefined, by: Sitting | undefined): void => {
    for (const one of sittings.values()) if (one !== by) one.seat.cursors(new Map([[client, cursor]]));
    if (by !== undefined) deps.onCursor(at, client, cursor);
  };

  const look = (): void => {
    if (told === undefined || sittings.size === 0) return;
    const found = deps.replica.view().items.get(item);
    if (found === undefined || !isLive(found)) return end(GONE);
    const { [field]: story } = found.stories;
    const base = story?.base ?? found.registers[field].id;
    const edits = story?.edits;
    if (base !== told.story.base || feedNow() !== told.feed) return end(AGAIN);
    if (edits === undefined) return undefined;
    // The first edit makes what the room has told nothing of yet.
    const isFirst = edits !== told.story.edits && told.landed === 0 && told.story.edits.last() === undefined;
    if (isFirst) told = { ...told, story: { ...told.story, edits }, turn: edits.turn() };
    if (edits !== told.story.edits || edits.turn() !== told.turn) return end(AGAIN);
    const news = edits.landedSince(told.landed);
    // What is left out of the text here would cost every browser as much.
    if (news.length > 0 && !edits.isWhole()) return end(AGAIN);
    told.landed += news.length;
    for (const update of news) for (const one of sittings.values()) one.seat.update(update);
    return undefined;
  };

  const schedule = (): void => {
    const nowMs = clock.monoMs();
    firstMs ??= nowMs;
    cancel();
    cancel = clock.after(Math.max(0, Math.min(PAUSE_MS, firstMs + LONGEST_MS - nowMs)), () => void write());
  };
  const write = async (): Promise<void> => {
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    firstMs = undefined;
    const taken = waiting;
    waiting = [];
    let problems: Fitting["problems"] = new Map();
    const written = await deps.journal.write(() => {
      const decided = draftsOf(taken);
      if (decided.ok) ({ problems } = decided.value);
      return decided.ok ? ok(decided.value.drafts) : decided;
    });
    isWriting = false;
    for (const { by, update } of taken) {
      by.waitingBytes -= update.length;
      const problem = problems.get(by);
      if (problem !== undefined) endOne(by, refused(problem));
      else if (written.ok) by.saved++;
      else endOne(by, asEnd(written.error));
    }
    if (written.ok) for (const by of new Set(taken.map((one) => one.by))) if (!by.isOver) by.seat.saved(by.saved);
    if (waiting.length > 0) schedule();
  };
  /** Judged once more at the moment of writing: much may have come in between. */
  const draftsOf = (
    taken: readonly Waiting[],
  ): Result<Pick<Fitting, "problems"> & { readonly drafts: readonly Draft[] }, SessionEnd> => {
    const story = storyNow();
    if (story === undefined) return err(GONE);
    if (told === undefined || feedNow() !== told.feed || story.base !== told.story.base) return err(AGAIN);
    if (!mayEdit(deps.role())) return err(refused("This node may no longer edit."));
    const { fitting, problems } = thatFit(story, taken, deps.secrets);
    const drafts = fitting.length === 0 ? [] : opsOf(at, story, fitting, deps.self());
    return drafts.length > story.edits.leftOf(told.feed) ? err(refused(WORN_OUT)) : ok({ drafts, problems });
  };

  const edit = (one: Sitting, update: Uint8Array): void => {
    if (one.isOver || told === undefined) return undefined;
    const problem = editProblem(one, update, told.story, deps.role());
    if (problem !== undefined) return endOne(one, refused(problem));
    const read = readStoryUpdate(update);
    if (read.ok) one.next = read.value.runs[0]?.end ?? one.next;
    one.waitingBytes += update.length;
    waiting.push({ by: one, update });
    return schedule();
  };
  const cursorOf = ({ client, who, selection }: Sitting): Cursor => ({ client, name: who.name, selection });

  return {
    at,
    look,
    end,
    isEmpty: () => sittings.size === 0 && waiting.length === 0 && !isWriting,
    ownCursors: () => [...sittings.values()].filter(({ selection }) => selection !== null).map(cursorOf),
    cursor: (client, cursor) => moved(client, cursor, undefined),
    enter: (who, seat) => {
      if (told === undefined || sittings.size === 0 || told.feed !== feedNow()) {
        end(AGAIN);
        const story = storyNow();
        if (story !== undefined) {
          told = { feed: feedNow(), story, turn: story.edits.turn(), landed: story.edits.landedSince(0).length };
        }
      }
      look();
      const session = newSession(deps.random);
      const client = storyClient(deps.feed(), item, session, deps.crypto);
      const one: Sitting = {
        seat,
        session,
        client,
        who,
        next: 0,
        waitingBytes: 0,
        saved: 0,
        selection: null,
        isOver: false,
      };
      sittings.set(client, one);
      const others = [...sittings.values()].filter(({ selection }) => selection !== null).map(cursorOf);
      const there = new Map([...deps.farCursors(at), ...others].map((cursor) => [cursor.client, cursor]));
      if (there.size > 0) seat.cursors(there);
      return {
        client,
        mayEdit: mayEdit(deps.role()),
        state: () => storyNow()?.state ?? new Uint8Array([0, 0]),
        edit: (update) => edit(one, update),
        move: (selection) => {
          if (one.isOver) return;
          one.selection = selection;
          moved(client, cursorOf(one), one);
        },
        close: () => {
          if (!one.isOver) leave(one);
          if (waiting.some(({ by }) => by === one)) void write();
        },
      };
    },
  };
}

const refused = (message: string): SessionEnd => ({ type: "refused", message });

const mayEdit = (role: Role | undefined): boolean => role !== undefined && roleAtLeast(role, "operator");

/** What is wrong with an edit, before anything is done with it. */
function editProblem(
  one: Sitting,
  update: Uint8Array,
  { edits }: StoryState,
  role: Role | undefined,
): string | undefined {
  if (!mayEdit(role)) return "Editing a story needs the role operator.";
  if (one.waitingBytes + update.length > WAITING_BYTES) return "Too much was sent before it could be saved.";
  const read = readStoryUpdate(update);
  if (!read.ok) return `The edit was refused: ${read.error}.`;
  const { runs, needs } = read.value;
  const [run] = runs;
  if (runs.length > 1 || (run !== undefined && (run.client !== one.client || run.start !== one.next))) {
    return "The edit was refused: it is not by this session, or does not go on where the session was.";
  }
  const isThere = needs.every(({ client, end }) => end <= (client === one.client ? one.next : edits.endOf(client)));
  return isThere ? undefined : "The edit was refused: it builds on something that is not part of the story.";
}

/** Not cut to the length that a text may have. */
const storyTextIn = (state: Uint8Array, updates: readonly Uint8Array[]): { text: string; length: number } => {
  const doc = storyDocument([state, ...updates]);
  return { text: storyTextOf(doc), length: doc.getText(STORY_ROOT).length };
};

function textProblem(
  { text, length }: { readonly text: string; readonly length: number },
  secrets: Pick<Secrets, "text">,
): string | undefined {
  if (length > LIMITS.textBytes) return `It has at most ${LIMITS.textBytes} characters. Make it shorter.`;
  return secrets.text(text) === text ? undefined : "A secret of this node is in the text. Leave it out.";
}

interface Fitting {
  readonly fitting: readonly Waiting[];
  /** Why nothing of these is written. */
  readonly problems: ReadonlyMap<Sitting, string>;
}

/** Who would make the text what it may not be is refused alone: each in turn, with those before that fit. */
function thatFit({ state }: StoryState, taken: readonly Waiting[], secrets: Pick<Secrets, "text">): Fitting {
  const problemOf = (some: readonly Waiting[]): string | undefined => {
    const updates = some.map(({ update }) => update);
    return textProblem(storyTextIn(state, updates), secrets);
  };
  const problems = new Map<Sitting, string>();
  if (problemOf(taken) === undefined) return { fitting: taken, problems };
  let fitting: readonly Waiting[] = [];
  for (const by of new Set(taken.map((one) => one.by))) {
    const more = [...fitting, ...taken.filter((one) => one.by === by)];
    const problem = problemOf(more);
    if (problem === undefined) fitting = more;
    else problems.set(by, problem);
  }
  return { fitting, problems };
}

/** One op for all, unless that would be more than an op may hold. */
function opsOf(
  { item, field }: StoryText,
  { base, state }: StoryState,
  taken: readonly Waiting[],
  self: string,
): readonly Draft[] {
  const draft = (by: readonly Sitting[], update: Uint8Array): Draft => ({
    entity: item,
    on: base,
    body: writeBodyOf(field, [...new Set(by.map(({ session }) => session))], update, namesOf(by, self)),
  });
  const joined = joinUpdates(
    state,
    taken.map(({ update }) => update),
  );
  const writers = taken.map(({ by }) => by);
  const read = readStoryUpdate(joined);
  if (!read.ok || new Set(writers).size > LIMITS.storySessions) {
    return taken.map(({ by, update }) => draft([by], update));
  }
  return read.value.runs.length + read.value.needs.length === 0 ? [] : [draft(writers, joined)];
}

/** The signature names the node's own member: only when there is anybody else all of them are named. */
function namesOf(by: readonly Sitting[], self: string): readonly string[] {
  const members = new Set(by.map(({ who }) => who.member ?? self));
  return [...members].some((member) => member !== self) ? [...members].map(memberPrincipal) : [];
}

const asEnd = (error: SessionEnd | { readonly type: "not-saved"; readonly message: string }): SessionEnd => error;
