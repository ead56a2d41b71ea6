/** Short notes about what just happened. A note goes by itself, a problem stays until somebody has read it. */
import { signal } from "@preact/signals";
import { X } from "lucide-preact";
import type { JSX } from "preact";
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

/** `text` is shown as text; what comes from the mesh in it has to be plain already. */
export function tell(type: Note["type"], text: string): void {
  const id = ++lastId;
  notes.value = [...notes.peek(), { id, type, text }].slice(-NOTES_MAX);
  if (type === "note") setTimeout(() => dismiss(id), NOTE_MS);
}

function dismiss(id: number): void {
  notes.value = notes.peek().filter((note) => note.id !== id);
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notes.value.map(({ id, type, text }) => (
        <div key={id} class="toast" data-type={type}>
          <bdi>{text}</bdi>
          <button type="button" class="icon-button" aria-label={frameTexts.dismiss} onClick={() => dismiss(id)}>
            <X size={16} aria-hidden="true" />
          </button>
        </div>
      ))}
    </div>
  );
}
