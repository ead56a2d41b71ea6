/**
 * An item's story, or its criteria, over a socket: the node's session on one side, messages of y-websocket on the other.
 *
 * A stock client can read. Who edits has to take the Yjs client that the session names before it writes anything, and hears
 * by `saved` which of its edits are durable.
 */
import type { CursorPlace, StoryText } from "@skein/core";
import type { Cursor, NodeApi, SessionEnd, StorySession, Writer } from "@skein/node";
import { encodeAnswer, encodeAwareness, encodeSession, encodeUpdate, readAwareness } from "./yjs-message.ts";
import type { Enter, Seat, Visit } from "./yjs-sockets.ts";

/** The codes from 4400 on tell a stock client that trying again is pointless. */
const CLOSE_CODES: Readonly<Record<SessionEnd["type"], number>> = {
  again: 4_001,
  "not-saved": 4_002,
  refused: 4_403,
  gone: 4_404,
};
const CLOSE_UNAVAILABLE = 4_003;

/** The largest reason that a close frame holds, in bytes. */
const REASON_BYTES = 123;

/** What somebody says about where they are is this long at most. */
const PRESENCE_BYTES = 1_024;

/** Who sits there, as this server knows them. */
interface Editor extends Writer {
  /** Asked at every edit. What the node itself may not, nobody may in its rooms. */
  readonly mayEdit: () => boolean;
}

export const storyRoom =
  ({ stories }: Pick<NodeApi, "stories">, at: StoryText, { name, member, mayEdit }: Editor): Enter =>
  (seat) => {
    /** Grows with every word about anybody, as presence has to. */
    let clock = 0;
    const opened = stories.open(
      at,
      { name, member },
      {
        update: (update) => seat.send(encodeUpdate(update)),
        saved: (edits) => seat.send(encodeSession({ type: "saved", edits })),
        cursors: (moved) => {
          for (const [client, cursor] of moved) seat.send(encodeAwareness(client, ++clock, stateOf(cursor)));
        },
        end: ({ type, message }) => seat.end(CLOSE_CODES[type], shortened(message)),
      },
    );
    if (!opened.ok) {
      const { code, message } = opened.error;
      seat.end(code === "not-found" ? CLOSE_CODES.gone : CLOSE_UNAVAILABLE, shortened(message));
      return NOBODY;
    }
    return visitOf(opened.value, seat, mayEdit);
  };

const NOBODY: Visit = {
  answer: () => undefined,
  update: () => undefined,
  awareness: () => true,
  leave: () => undefined,
};

function visitOf(session: StorySession, seat: Seat, isAllowed: Editor["mayEdit"]): Visit {
  const { client } = session;
  const mayEdit = session.mayEdit && isAllowed();
  seat.send(encodeSession({ type: "session", client, mayEdit }));
  return {
    // All of it, whatever the client has: it begins with an empty document.
    answer: () => [encodeAnswer(session.state())],
    update: (update) => {
      if (isAllowed()) session.edit(update);
      else seat.end(CLOSE_CODES.refused, "Editing a story needs the role operator.");
    },
    awareness: (update) => {
      // A reader says who it is too, under a number of its own; nobody is told.
      if (!mayEdit) return true;
      const said = update.length > PRESENCE_BYTES ? undefined : readAwareness(update, client);
      if (said === undefined) return isOwnBusiness(update);
      session.move(selectionIn(said.state));
      return true;
    },
    leave: () => session.close(),
  };
}

/** A stock client speaks of itself before it knows its number, and repeats what it heard of others. */
const isOwnBusiness = (update: Uint8Array): boolean => update.length <= PRESENCE_BYTES;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Only the places are taken of what a browser says about itself. */
function selectionIn(state: unknown): Cursor["selection"] {
  const cursor = isRecord(state) ? state["cursor"] : undefined;
  if (!isRecord(cursor)) return null;
  const anchor = placeIn(cursor["anchor"]);
  const head = placeIn(cursor["head"]);
  return anchor === undefined || head === undefined ? null : { anchor, head };
}

function placeIn(value: unknown): CursorPlace | undefined {
  if (!isRecord(value)) return undefined;
  const assoc = typeof value["assoc"] === "number" && value["assoc"] < 0 ? -1 : 0;
  const { item } = value;
  if (item === undefined || item === null) return { item: null, assoc };
  if (!isRecord(item)) return undefined;
  const { client, clock } = item;
  return isCount(client) && isCount(clock) ? { item: { client, clock }, assoc } : undefined;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** As editors' bindings for Yjs have it. */
function stateOf(cursor: Cursor | undefined): object | null {
  if (cursor === undefined) return null;
  const { name, selection } = cursor;
  if (selection === null) return { user: { name } };
  return { user: { name }, cursor: { anchor: positionOf(selection.anchor), head: positionOf(selection.head) } };
}

const positionOf = ({ item, assoc }: CursorPlace): object => ({ type: null, tname: "text", item, assoc });

function shortened(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= REASON_BYTES) return message;
  return `${new TextDecoder().decode(bytes.subarray(0, REASON_BYTES - 6)).replace(/\ufffd+$/u, "")}…`;
}
