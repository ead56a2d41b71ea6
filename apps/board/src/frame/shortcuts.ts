/**
 * Keys that act without a field or dialog having them: each part of the page registers its own while it is shown, and the
 * `?` sheet lists those that are there. A shortcut is one key, or two pressed one after the other such as `g b`.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { singleKeys } from "./preferences.ts";

export interface Shortcut {
  /** As `KeyboardEvent.key` says it, two with a space between them: `Enter`, `/`, `g b`. */
  readonly keys: string;
  readonly text: string;
  readonly place: "here" | "everywhere";
  /** Left out where the browser does it by itself and the sheet only tells of it. */
  readonly run?: () => void;
}

const registered = signal<readonly Shortcut[]>([]);

export const shortcuts: ReadonlySignal<readonly Shortcut[]> = registered;

/** The list is read once, when the part is first shown. */
export function useShortcuts(list: () => readonly Shortcut[]): void {
  useEffect(() => {
    const added = list();
    registered.value = [...registered.peek(), ...added];
    return () => {
      registered.value = registered.peek().filter((one) => !added.includes(one));
    };
  }, []);
}

/** How long the second key of two may take. */
const SECOND_KEY_MS = 1_500;

/** Listens for as long as the page lives; once, at the start. */
export function followKeys(): void {
  let first: { readonly key: string; readonly atMs: number } | undefined;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !isFree(event)) return;
    const before = first !== undefined && event.timeStamp - first.atMs < SECOND_KEY_MS ? first.key : undefined;
    first = undefined;
    const found = findShortcut(registered.peek(), before, event.key);
    if (found?.run !== undefined) {
      event.preventDefault();
      found.run();
    } else if (event.key.length === 1) first = { key: event.key, atMs: event.timeStamp };
  });
}

/** What was registered last wins: it belongs to the part that is in front. */
export function findShortcut(list: readonly Shortcut[], before: string | undefined, key: string): Shortcut | undefined {
  const wanted = before === undefined ? key : `${before} ${key}`;
  return list.findLast(({ keys }) => keys === wanted) ?? list.findLast(({ keys }) => keys === key);
}

function isFree(event: KeyboardEvent): boolean {
  const { key, ctrlKey, metaKey, altKey, isComposing } = event;
  // From inside a shadow root, as of the editor of stories, the event's own target is only the host.
  const [target] = event.composedPath();
  if (ctrlKey || metaKey || altKey || isComposing || document.querySelector("dialog[open]") !== null) return false;
  if (key.length === 1 && !singleKeys.peek()) return false;
  return !(target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null);
}
