/** A button that puts a text into the clipboard and says that it did. */
import { Copy as CopyIcon } from "lucide-preact";
import type { JSX } from "preact";
import { tell } from "../frame/toasts.tsx";
import { frameTexts } from "../texts/frame.ts";

export function Copy({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      tell("note", frameTexts.copied);
    } catch {
      tell("problem", frameTexts.notCopied);
    }
  };
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={() => void copy()}>
      <CopyIcon size={14} aria-hidden="true" />
    </button>
  );
}
