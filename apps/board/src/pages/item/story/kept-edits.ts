/**
 * Edits that no node has saved yet, kept in the browser by text: a page that is closed, or a machine that is switched off,
 * takes nothing with it. They go as soon as the node has them.
 */
import { del, delMany, get, keys, set } from "idb-keyval";

import type { StoryText } from "@skein/core";
import type { Kept } from "./story-copy.ts";

export interface KeptEdits {
  read(): Promise<Kept | undefined>;
  write(kept: Kept): Promise<void>;
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

/** A browser that keeps nothing, as in a private window, is no reason not to edit. */
export function keptEdits({ mesh, member }: Writer, { item, field }: StoryText): KeptEdits {
  const key = `${PREFIX}${mesh} ${member} ${item}${field === "text" ? "" : ` ${field}`}`;
  const quietly = async (doing: Promise<void>): Promise<void> => doing.catch(() => undefined);
  return {
    read: async () => {
      const found: unknown = await get(key).catch(() => undefined);
      return isKept(found) ? found : undefined;
    },
    write: async (kept) => (keepsNothing ? undefined : quietly(set(key, kept))),
    forget: () => quietly(del(key)),
  };
}

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" &&
  value !== null &&
  "unsaved" in value &&
  "whole" in value &&
  value.unsaved instanceof Uint8Array &&
  value.whole instanceof Uint8Array;
