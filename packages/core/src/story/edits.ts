/**
 * The edits of one story text: which of them count, and what the text becomes. The same from any order of edits in which
 * each feed's own come in theirs.
 *
 * An edit builds on text that others wrote in ops of other feeds, which may come later or never. So it *waits* until all
 * that it needs has landed, in ops that stand before it in the order of stamps: whoever wrote it had seen those, and their
 * stamps are smaller. Nothing that waits has an effect, and so nobody can delete or build on what is not written yet.
 *
 * What has landed is always replayed in the order of stamps, one transaction for each edit. Edits that editors made come to
 * the same text in any order; pieces that somebody crafted to stand left of what they stand right of do not.
 */
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";

import { compareText } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { LIMITS } from "../op/limits.ts";
import { compareStamp, type Place } from "../op/stamp.ts";
import { baseClient } from "./clients.ts";
import { baseUpdate, type StoryBase, storyTextOf } from "./document.ts";
import { effortOf, isReady } from "./effort.ts";
import type { StoryUpdate } from "./update.ts";
import { createWaiting, type Waiting } from "./waiting.ts";

/** One op that edits the story. */
export interface StoryEdit extends Place {
  readonly feed: string;
  readonly update: Uint8Array;
  readonly read: StoryUpdate;
}

/** So much of a client has landed with this op. */
interface Landing extends Place {
  readonly end: number;
}

export interface StoryEdits {
  /** Adds one; the clause says why it never counts, whatever comes. */
  add(edit: StoryEdit): Result<void, string>;
  /** How many more of this feed would count. */
  leftOf(feed: string): number;
  text(): string;
  /** False when some of what landed is left out of the text, because Yjs would walk too far to put it in. */
  isWhole(): boolean;
  /** The whole story as one update. */
  state(): Uint8Array;
  /** The updates that landed behind these many, in the order in which they did. Starts again from 0 after a `turn`. */
  landedSince(count: number): readonly Uint8Array[];
  /** Grows when what had landed no longer counts as it did. */
  turn(): number;
  /** How much of this client has landed. */
  endOf(client: number): number;
  /** The last edit by its stamp. */
  last(): Place | undefined;
}

export function createStoryEdits(base: StoryBase): StoryEdits {
  const all: StoryEdit[] = [];
  /** How much a feed has written under a client, landed or not. */
  const written = new Map<string, number>();
  const counts = new Map<string, number>();
  let landed = newLanded(base);
  let turns = 0;
  let last: Place | undefined;

  const leftOf = (feed: string): number => LIMITS.storyEdits - (counts.get(feed) ?? 0);
  const add = (edit: StoryEdit): Result<void, string> => {
    if (leftOf(edit.feed) <= 0) return err(`its feed has edited the story ${LIMITS.storyEdits} times`);
    for (const { client, start, end } of edit.read.runs) {
      const known = written.get(`${edit.feed} ${client}`) ?? 0;
      if (client === baseClient(base.op) || start !== known) return err("it does not go on where its session ended");
      if (end <= start) return err("it writes nothing");
    }
    counts.set(edit.feed, (counts.get(edit.feed) ?? 0) + 1);
    for (const { client, end } of edit.read.runs) written.set(`${edit.feed} ${client}`, end);
    all.push(edit);
    if (last === undefined || compareStamp(edit, last) > 0) last = edit;
    if (claim(landed, edit)) land(landed, edit);
    else {
      // Two feeds under one client, which takes somebody who looked for such a pair: one of them counts, on every node.
      landed = newLanded(base);
      turns++;
      for (const one of all) claim(landed, one);
      for (const one of all) land(landed, one);
    }
    return ok(undefined);
  };
  return {
    add,
    leftOf,
    text: () => textOf(landed),
    isWhole: () => replay(landed).isWhole,
    state: () => encodeStateAsUpdate(replay(landed).doc),
    landedSince: (from) => landed.arrived.slice(from),
    turn: () => turns,
    endOf: (client) => landed.clients.get(client)?.at(-1)?.end ?? 0,
    last: () => last,
  };
}

interface Landed {
  readonly clients: Map<number, Landing[]>;
  /** The feed that each client belongs to. */
  readonly owners: Map<number, string>;
  readonly waiting: Waiting<Arrival>;
  /** In the order in which they landed. */
  readonly arrived: Uint8Array[];
  /** By their stamps. */
  readonly ordered: StoryEdit[];
  readonly base: StoryBase;
  isWatched: boolean;
  /** What they come to; undefined when nobody has asked since the last one. */
  text: string | undefined;
  /** The first of them, so many, in a document; kept for a story that is edited while others look. */
  replayed: Replayed | undefined;
}

interface Replayed {
  readonly doc: Doc;
  readonly count: number;
  /** Steps that all of it took (effort.ts). */
  readonly effort: number;
  readonly isWhole: boolean;
}

const FIRST: Place = { lamport: 0, author: "", id: "" };

function newLanded(base: StoryBase): Landed {
  const text = base.text.length === 0 ? [] : [[baseClient(base.op), [{ ...FIRST, end: base.text.length }]] as const];
  return {
    clients: new Map(text.map(([client, landings]) => [client, [...landings]])),
    owners: new Map(),
    waiting: createWaiting(),
    arrived: [],
    ordered: [],
    base,
    isWatched: false,
    text: base.text,
    replayed: undefined,
  };
}

/** Notes whose clients they are; false when one changes hands, and what landed under it has to go. */
function claim({ owners }: Landed, { feed, read }: StoryEdit): boolean {
  let isNew = true;
  for (const { client } of read.runs) {
    const owner = owners.get(client);
    if (owner !== undefined && compareText(owner, feed) <= 0) continue;
    owners.set(client, feed);
    isNew &&= owner === undefined;
  }
  return isNew;
}

/** An edit on its way in: what has to be there before it, and how many of these are. */
interface Arrival {
  readonly edit: StoryEdit;
  readonly needs: StoryUpdate["needs"];
  met: number;
}

function arrivalOf(edit: StoryEdit): Arrival {
  const { runs, needs } = edit.read;
  return { edit, needs: [...runs.map(({ client, start }) => ({ client, end: start })), ...needs], met: 0 };
}

/** Lands the edit and all that waited for it, or has it wait. */
function land(landed: Landed, first: StoryEdit): void {
  const trying = [arrivalOf(first)];
  for (let arrival = trying.pop(); arrival !== undefined; arrival = trying.pop()) {
    const { edit } = arrival;
    const { runs } = edit.read;
    if (runs.some(({ client }) => landed.owners.get(client) !== edit.feed) || !meet(landed, arrival)) continue;
    insert(landed, edit);
    const { lamport, author, id } = edit;
    for (const { client, end } of runs) {
      const landings = landed.clients.get(client) ?? [];
      landings.push({ lamport, author, id, end });
      landed.clients.set(client, landings);
      for (const woken of landed.waiting.take(client, end)) trying.push(woken);
    }
  }
}

/** True when all that the edit needs stands before it; what does is not looked for again. */
function meet({ clients, waiting }: Landed, arrival: Arrival): boolean {
  const { edit, needs } = arrival;
  for (let need = needs[arrival.met]; need !== undefined; need = needs[++arrival.met]) {
    const { client, end } = need;
    const landings = clients.get(client) ?? [];
    const before = landings[placeIn(landings, edit) - 1]?.end ?? 0;
    if (before < end) {
      // A client lands in the order of its stamps: when enough of it is there, and too late, no more of it comes earlier.
      if ((landings.at(-1)?.end ?? 0) < end) waiting.add(client, end, arrival);
      return false;
    }
  }
  return true;
}

/** How many of these, which are in the order of stamps, stand before it. */
function placeIn(ordered: readonly Place[], place: Place): number {
  let [from, to] = [0, ordered.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = ordered[middle];
    if (other !== undefined && compareStamp(other, place) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

function insert(landed: Landed, edit: StoryEdit): void {
  const { arrived, ordered } = landed;
  arrived.push(edit.update);
  const before = placeIn(ordered, edit);
  ordered.splice(before, 0, edit);
  landed.text = undefined;
  if (landed.replayed !== undefined && before < landed.replayed.count) landed.replayed = undefined;
}

/** A story that is read once costs no document; one that is read again after an edit is being edited, and has it kept. */
function textOf(landed: Landed): string {
  if (landed.text !== undefined) return landed.text;
  landed.text = storyTextOf(replay(landed).doc);
  if (!landed.isWatched) landed.replayed = undefined;
  landed.isWatched = true;
  return landed.text;
}

/**
 * One after the other in the order of stamps, so that every node leaves out the same: an edit that would take the story beyond
 * the steps that one may cost, and whatever builds on such a one.
 */
function replay(landed: Landed): Replayed {
  const { ordered, base, replayed } = landed;
  const doc = replayed?.doc ?? new Doc();
  let { effort, isWhole } = replayed ?? { effort: 0, isWhole: true };
  if (replayed === undefined) applyUpdate(doc, baseUpdate(base));
  for (const { update, read } of ordered.slice(replayed?.count ?? 0)) {
    const left = LIMITS.storyEffort - effort;
    const own = isReady(doc, read) ? effortOf(doc, update, left) : Number.POSITIVE_INFINITY;
    if (own > left) isWhole = false;
    else {
      applyUpdate(doc, update);
      effort += own;
    }
  }
  landed.replayed = { doc, count: ordered.length, effort, isWhole };
  return landed.replayed;
}
