/** A dialog over the page. The browser keeps the focus in it, gives it back, and closes it on Escape. */
import { X } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { dialogs, Toasts } from "../frame/toasts.tsx";
import { frameTexts } from "../texts/frame.ts";

export interface DialogProps {
  readonly title: string;
  /** Called when somebody closes it; whoever shows it then stops showing it. */
  readonly onClose: () => void;
  /** Called when what had the focus before is gone by the end; without it the page itself gets the focus. */
  readonly onLost?: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, onLost, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    dialogs.value = [...dialogs.peek(), id];
    return () => {
      dialogs.value = dialogs.peek().filter((one) => one !== id);
      // Closed before it is taken out: only then does the focus go back to where it was.
      shown?.close();
      if (before?.isConnected === true) return;
      if (onLost === undefined) document.getElementById("main")?.focus({ preventScroll: true });
      else onLost();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The dialog's own box has no padding: only the backdrop is the dialog itself.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-box">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={frameTexts.close} onClick={onClose}>
            <X size={18} aria-hidden="true" />
          </button>
        </header>
        {children}
      </div>
      <Toasts within={id} />
    </dialog>
  );
}
