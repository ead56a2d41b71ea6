/**
 * What it costs Yjs to put an edit into a story: for each piece it walks over everything between the two neighbours that the
 * piece names, to find its place among what others wrote there at the same time (YATA; Nicolaescu et al., 2016). Editors name
 * neighbours that stood side by side. Pieces that somebody crafted to share one wide gap are compared with each other, all
 * with all: without a bound a few hundred kilobytes of them would hold every node for as long as anybody waits.
 */
import { decodeUpdate, type Doc, getItem, getState, type ID, Item } from "yjs";

import { type StoryUpdate, STORY_ROOT } from "./update.ts";

/** So many pieces of one edit in one gap are compared with each other for nothing; a typist's second has fewer. */
const FREE_PIECES = 64;

/** What stands between a piece's neighbours, from `start` and up to `stop`, without it; null is the end of the text. */
interface Gap {
  readonly start: Item | null;
  readonly stop: Item | null;
}

interface Placed extends Gap {
  readonly client: number;
  readonly clock: number;
  readonly end: number;
}

/** Steps, at most; more than `atMost` as soon as it is more. Everything that the edit builds on is in the document. */
export function effortOf(doc: Doc, update: Uint8Array, atMost: number): number {
  const placed: Placed[] = [];
  const sharing = new Map<Item | null, number>();
  let effort = 0;
  for (const piece of decodeUpdate(update).structs) {
    if (!(piece instanceof Item)) continue;
    const gap = gapOf(doc, piece, placed);
    const before = sharing.get(gap.start) ?? 0;
    sharing.set(gap.start, before + 1);
    effort += stepsIn(gap, atMost - effort) + Math.max(0, before - FREE_PIECES);
    if (effort > atMost) return effort;
    placed.push({ ...gap, client: piece.id.client, clock: piece.id.clock, end: piece.id.clock + piece.length });
  }
  return effort;
}

/** Everything that the edit builds on is there, and nothing of itself. */
export const isReady = ({ store }: Doc, { runs, needs }: StoryUpdate): boolean =>
  runs.every(({ client, start }) => getState(store, client) === start) &&
  needs.every(({ client, end }) => getState(store, client) >= end);

function gapOf(doc: Doc, { origin, rightOrigin }: Item, placed: readonly Placed[]): Gap {
  return {
    // Where a text begins has no other name in Yjs.
    // oxlint-disable-next-line no-underscore-dangle
    start: origin === null ? doc.getText(STORY_ROOT)._start : behind(doc, origin, placed),
    stop: rightOrigin === null ? null : at(doc, rightOrigin, placed),
  };
}

/** A neighbour in the same edit stands somewhere in its own gap. */
function behind(doc: Doc, id: ID, placed: readonly Placed[]): Item | null {
  if (getState(doc.store, id.client) <= id.clock) return among(placed, id)?.start ?? null;
  const item = getItem(doc.store, id);
  return id.clock === item.id.clock + item.length - 1 ? item.right : item;
}

function at(doc: Doc, id: ID, placed: readonly Placed[]): Item | null {
  return getState(doc.store, id.client) > id.clock ? getItem(doc.store, id) : (among(placed, id)?.stop ?? null);
}

const among = (placed: readonly Placed[], { client, clock }: ID): Placed | undefined =>
  placed.findLast((one) => one.client === client && one.clock <= clock && clock < one.end);

function stepsIn({ start, stop }: Gap, atMost: number): number {
  let steps = 0;
  for (let item = start; item !== null && item !== stop && steps <= atMost; item = item.right) steps++;
  return steps;
}
