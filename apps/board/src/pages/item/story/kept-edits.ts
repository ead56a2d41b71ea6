/**
 * Edits that no node has saved yet, kept in the browser by text: a page that is closed, or a machine that is switched off,
 * takes nothing with it. They go as soon as the node has them.
 *
 * Two tabs may have one text open, so each keeps its edits in a place of its own, which it holds for as long as it is open
 * (kept-places.ts). Whoever opens the text next takes over what lies in places that nobody holds: what another tab is still
 * sending would be typed twice.
 */
import { del, delMany, get, keys, set } from "idb-keyval";
import { mergeUpdates } from "yjs";

import type { StoryText } from "@skein/core";
import { createPlaces, type Places } from "./kept-places.ts";
import type { Kept } from "./story-copy.ts";

export interface KeptEdits {
  read(): Promise<Kept | undefined>;
  /** False when the browser does not keep them. */
  write(kept: Kept): Promise<boolean>;
  forget(): Promise<void>;
}

const PREFIX = "skein story ";

let keepsNothing = false;

/** Somebody signs out, perhaps in another tab: until the page is loaded anew, an editor that is still open keeps nothing more. */
export function keepNothingMore(): void {
  keepsNothing = true;
}

/** Of every story. */
export async function forgetKeptEdits(): Promise<void> {
  const all = await keys().catch(() => []);
  await delMany(all.filter((key) => typeof key === "string" && key.startsWith(PREFIX))).catch(() => undefined);
}

/** Who is signed in, by the id of the member. What one has typed is never sent in the name of another. */
interface Writer {
  readonly mesh: string;
  readonly member: string;
}

const tab = createPlaces(typeof navigator === "object" && "locks" in navigator ? navigator.locks : undefined);

/** A browser that keeps nothing, as in a private window, is no reason not to edit. */
export function keptEdits({ mesh, member }: Writer, { item, field }: StoryText, places: Places = tab): KeptEdits {
  const name = `${PREFIX}${mesh} ${member} ${item}${field === "text" ? "" : ` ${field}`}`;
  const write = async (kept: Kept): Promise<boolean> => {
    const place = keepsNothing ? undefined : await places.own(name);
    // Somebody may have signed out while a place was looked for.
    if (place === undefined || keepsNothing) return false;
    return set(place, kept).then(
      () => true,
      () => false,
    );
  };
  return {
    read: () => places.inTurn(name, () => takeOver(name, { places, write })),
    write,
    forget: async () => {
      const place = await places.own(name);
      if (place !== undefined) await del(place).catch(() => undefined);
    },
  };
}

interface Keeping extends Pick<KeptEdits, "write"> {
  readonly places: Places;
}

/** What this tab has kept, and with it what tabs that are gone have left. */
async function takeOver(name: string, { places, write }: Keeping): Promise<Kept | undefined> {
  const own = await places.own(name);
  let kept = own === undefined ? undefined : await readAt(own);
  await places.eachFree(name, async (place) => {
    const left = await readAt(place);
    if (left === undefined) return;
    const both = kept === undefined ? left : joined(kept, left);
    // It is not let go of there before it is kept here.
    if (!(await write(both))) return;
    kept = both;
    await del(place).catch(() => undefined);
  });
  return kept;
}

async function readAt(place: string): Promise<Kept | undefined> {
  const found: unknown = await get(place).catch(() => undefined);
  return isKept(found) ? found : undefined;
}

const joined = (a: Kept, b: Kept): Kept => ({
  unsaved: mergeUpdates([a.unsaved, b.unsaved]),
  whole: mergeUpdates([a.whole, b.whole]),
});

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" &&
  value !== null &&
  "unsaved" in value &&
  "whole" in value &&
  value.unsaved instanceof Uint8Array &&
  value.whole instanceof Uint8Array;
