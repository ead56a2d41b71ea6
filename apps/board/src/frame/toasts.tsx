/**
 * Short notes about what just happened. A note goes by itself, a problem stays until somebody has read it. While a dialog is
 * open they stand in that dialog: everything outside of it is neither seen nor read out.
 */
import { type Signal, signal } from "@preact/signals";
import { X } from "lucide-preact";
import type { JSX } from "preact";
import { Ticked } from "../parts/ticked.tsx";
import { frameTexts } from "../texts/frame.ts";

interface Note {
  readonly id: number;
  readonly type: "note" | "problem";
  readonly text: string;
}

const NOTE_MS = 6_000;
/** More than these at once are not read. */
const NOTES_MAX = 4;

const notes = signal<readonly Note[]>([]);
let lastId = 0;

/** The dialogs that are open, by their ids, the one in front last. */
export const dialogs: Signal<readonly string[]> = signal([]);

/** `text` is shown as text; what comes from the mesh in it has to be plain already. */
export function tell(type: Note["type"], text: string): void {
  const id = ++lastId;
  notes.value = [...notes.peek(), { id, type, text }].slice(-NOTES_MAX);
  if (type === "note") setTimeout(() => dismiss(id), NOTE_MS);
}

function dismiss(id: number): void {
  notes.value = notes.peek().filter((note) => note.id !== id);
}

/** `within` is the id of the dialog around it, empty outside of all. What is in front shows them. */
export function Toasts({ within }: { readonly within: string }): JSX.Element {
  const shown = within === (dialogs.value.at(-1) ?? "") ? notes.value : [];
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, type, text }) => (
        <div key={id} class="toast" data-type={type}>
          <bdi>{type === "problem" ? <Ticked text={text} /> : text}</bdi>
          <button type="button" class="icon-button" aria-label={frameTexts.dismiss} onClick={() => dismiss(id)}>
            <X size={16} aria-hidden="true" />
          </button>
        </div>
      ))}
    </div>
  );
}
