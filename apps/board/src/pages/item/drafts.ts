/**
 * What somebody is typing, kept in the browser until it is sent: neither a reload nor a closed tab loses it. By the item and the
 * place that it is meant for; the oldest go when there are too many.
 */
import { type Signal, useSignal } from "@preact/signals";

const PREFIX = "skein.draft ";
const DRAFTS_KEPT = 60;

type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const keysIn = (shelf: Pick<Shelf, "key" | "length">): readonly string[] =>
  Array.from({ length: shelf.length }, (_, at) => shelf.key(at) ?? "").filter((key) => key.startsWith(PREFIX));

interface Kept {
  readonly text: string;
  readonly at: number;
}

function read(shelf: Shelf, key: string): Kept | undefined {
  try {
    const kept: unknown = JSON.parse(shelf.getItem(key) ?? "");
    if (typeof kept !== "object" || kept === null || !("text" in kept) || !("at" in kept)) return undefined;
    return typeof kept.text === "string" && typeof kept.at === "number" ? { text: kept.text, at: kept.at } : undefined;
  } catch {
    return undefined;
  }
}

export const draftAt = (shelf: Shelf, place: string): string => read(shelf, PREFIX + place)?.text ?? "";

export function keepDraft(shelf: Shelf, place: string, text: string, atMs: number): void {
  try {
    if (text === "") {
      shelf.removeItem(PREFIX + place);
      return;
    }
    shelf.setItem(PREFIX + place, JSON.stringify({ text, at: atMs }));
    const old = keysIn(shelf)
      .map((key) => ({ key, at: read(shelf, key)?.at ?? 0 }))
      .toSorted((a, b) => b.at - a.at)
      .slice(DRAFTS_KEPT);
    for (const { key } of old) shelf.removeItem(key);
  } catch {
    // The browser keeps nothing (private window, full): what is typed stays on the page for as long as that is open.
  }
}

/** What is being typed in an open field is kept again at its next letter. */
export function forgetDrafts(shelf: Pick<Shelf, "key" | "length" | "removeItem">): void {
  for (const key of keysIn(shelf)) shelf.removeItem(key);
}

/** The places below this one that hold a draft. */
export const draftsBelow = (shelf: Shelf, place: string): readonly string[] =>
  keysIn(shelf)
    .filter((key) => key.startsWith(`${PREFIX}${place} `))
    .map((key) => key.slice(PREFIX.length + place.length + 1));

export interface Draft {
  readonly text: Signal<string>;
  readonly write: (text: string) => void;
}

/** `initial` is what stands there while nobody has typed. */
export function useDraft(place: string, initial: string = ""): Draft {
  const text = useSignal(draftAt(localStorage, place) || initial);
  return {
    text,
    write: (next) => {
      text.value = next;
      keepDraft(localStorage, place, next === initial ? "" : next, Date.now());
    },
  };
}
