/** A command behind a dialog that says what it does before it does it, and why when the node refuses. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

import { tell } from "../frame/toasts.tsx";
import type { PageCommand } from "../commands.ts";
import type { Session } from "../session.ts";
import { askTexts } from "../texts/ask.ts";
import { Dialog } from "./dialog.tsx";
import { Ticked } from "./ticked.tsx";

export interface AskProps {
  readonly session: Session;
  /** Called when it is over, done or not. */
  readonly onClose: () => void;
  readonly title: string;
  readonly help: string;
  readonly confirm: string;
  readonly isGrave?: boolean;
  readonly done: string;
  /** The command and its input, as they stand when somebody confirms. */
  readonly command: () => readonly [name: PageCommand, input: object];
  readonly children?: ComponentChildren;
}

/** Says what happens, asks for what it needs, and stays open with the reason when the node refuses. */
export function Ask(props: AskProps): JSX.Element {
  const { session, title, help, confirm, isGrave = false, done, command, onClose, children } = props;
  const problem = useSignal("");
  const working = useSignal(false);
  const run = async (): Promise<void> => {
    if (working.peek()) return;
    working.value = true;
    const answer = await session.command(...command());
    working.value = false;
    if (!answer.ok) {
      problem.value = answer.error.message;
      return;
    }
    tell("note", done);
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <p class="quiet">{help}</p>
        {children}
        <p class="form-problem" role="alert">
          <bdi>
            <Ticked text={problem.value} />
          </bdi>
        </p>
        <div class="form-buttons">
          <button type="button" onClick={onClose}>
            {askTexts.cancel}
          </button>
          <button type="submit" class={isGrave ? "grave" : "primary"} aria-disabled={working.value}>
            {working.value ? askTexts.working : confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
