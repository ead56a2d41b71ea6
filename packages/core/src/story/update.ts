/**
 * Reads a story update: one Yjs V1 update that only inserts text into the root `text` and deletes text. Whatever else
 * Yjs can say (other types, formats, embeds, subdocuments, garbage runs, gaps, map entries) is refused before Yjs sees it.
 *
 * The bytes come from browsers and from members that may mean harm. They are read once, from the front to the end, and
 * every bound is checked before anything is kept, so that no update costs more than its length.
 */
import { createDecoder, type Decoder, readUint8, readVarString, readVarUint } from "lib0/decoding";

import { err, ok, type Result } from "../kernel/result.ts";
import { LIMITS } from "../op/limits.ts";

/** The one root of a story document. */
export const STORY_ROOT = "text";

/** Text that one client wrote, clock by clock without a gap; `end` is the clock behind it. */
interface Run {
  readonly client: number;
  readonly start: number;
  readonly end: number;
}

/** What must be there already: everything of this client up to this clock, without it. */
interface Need {
  readonly client: number;
  readonly end: number;
}

export interface StoryUpdate {
  readonly runs: readonly Run[];
  readonly needs: readonly Need[];
}

/** The clause says what is wrong with it. */
export function readStoryUpdate(bytes: Uint8Array): Result<StoryUpdate, string> {
  if (bytes.length > LIMITS.storyUpdateBytes) return err(`it has more than ${LIMITS.storyUpdateBytes} bytes`);
  try {
    // A copy of its own: the decoder would read on in whatever buffer the bytes are a part of.
    const reading: Reading = { from: createDecoder(bytes.slice()), runs: new Map(), needs: new Map(), length: 0 };
    const problem = readStructs(reading) ?? readDeletes(reading);
    if (problem !== undefined) return err(problem);
    if (reading.from.pos !== bytes.length) return err("something follows its end");
    const needs = [...reading.needs].map(([client, end]) => ({ client, end }));
    return ok({ runs: [...reading.runs.values()], needs });
  } catch {
    // The decoder throws at numbers out of range, text that is not UTF-8, and at the end of the bytes.
    return err("it is not a Yjs update");
  }
}

interface Reading {
  readonly from: Decoder;
  readonly runs: Map<number, Run>;
  readonly needs: Map<number, number>;
  /** Of all text in it, in UTF-16 units. */
  length: number;
}

type Problem = string | undefined;

function readStructs(reading: Reading): Problem {
  const { from, runs } = reading;
  const clients = readVarUint(from);
  if (clients > LIMITS.storySessions) return `it is by more than ${LIMITS.storySessions} clients`;
  let structs = 0;
  for (let read = 0; read < clients; read++) {
    const count = readVarUint(from);
    structs += count;
    if (count === 0 || structs > LIMITS.storyStructs) return `it has no pieces, or more than ${LIMITS.storyStructs}`;
    const client = readVarUint(from);
    const start = readVarUint(from);
    if (runs.has(client)) return "it names one client twice";
    let end = start;
    for (let at = 0; at < count; at++) {
      const length = readPiece(reading, { client, start, end });
      if (typeof length === "string") return length;
      end += length;
    }
    if (end > LIMITS.storyClock) return "a client has written too much";
    runs.set(client, { client, start, end });
  }
  return undefined;
}

const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_KEY = 0x20;
const CONTENT = 0x1f;
const CONTENT_DELETED = 1;
const CONTENT_STRING = 4;

/** One piece of the run so far; its length, or what is wrong with it. */
function readPiece(reading: Reading, run: Run): number | string {
  const { from } = reading;
  const info = readUint8(from);
  const content = info & CONTENT;
  if ((info & HAS_KEY) !== 0 || (content !== CONTENT_DELETED && content !== CONTENT_STRING)) {
    return "it holds something else than text";
  }
  const origins = (info & HAS_ORIGIN ? 1 : 0) + (info & HAS_RIGHT_ORIGIN ? 1 : 0);
  for (let at = 0; at < origins; at++) {
    const client = readVarUint(from);
    const problem = need(reading, run, client, readVarUint(from) + 1);
    if (problem !== undefined) return problem;
  }
  // Beside nothing it says what it is in: only a root has a name, and there is one.
  if (origins === 0 && (readVarUint(from) !== 1 || readVarString(from) !== STORY_ROOT)) {
    return "it writes into something else than the story";
  }
  const length = content === CONTENT_DELETED ? readVarUint(from) : textLength(readVarString(from));
  reading.length += length;
  if (length === 0 || reading.length > LIMITS.storyInserted) return "it has an empty piece, or too much text";
  return length;
}

/** No text of an op has this character, so a text with it counts as none. */
const textLength = (text: string): number => (text.includes("\0") ? 0 : text.length);

/** What stands in the same update counts only when it is the same client's and stands before. */
function need({ runs, needs }: Reading, run: Run, client: number, end: number): Problem {
  const own = client === run.client ? run : runs.get(client);
  if (own !== undefined && end > own.start) {
    return own === run && end <= run.end ? undefined : "it builds on something of itself that comes later";
  }
  needs.set(client, Math.max(end, needs.get(client) ?? 0));
  return undefined;
}

function readDeletes({ from, runs, needs }: Reading): Problem {
  const clients = readVarUint(from);
  const seen = new Set<number>();
  let ranges = 0;
  for (let read = 0; read < clients; read++) {
    const client = readVarUint(from);
    const count = readVarUint(from);
    ranges += count;
    if (seen.has(client) || ranges > LIMITS.storyStructs)
      return `it deletes in more than ${LIMITS.storyStructs} places`;
    seen.add(client);
    for (let at = 0; at < count; at++) {
      const clock = readVarUint(from);
      const length = readVarUint(from);
      const end = clock + length;
      if (length === 0 || end > LIMITS.storyClock) return "it deletes what nobody has written";
      const own = runs.get(client);
      if (own === undefined || end <= own.start) needs.set(client, Math.max(end, needs.get(client) ?? 0));
      else if (end > own.end) return "it deletes what nobody has written";
    }
  }
  return undefined;
}
