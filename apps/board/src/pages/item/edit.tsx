/** The way to another title, other labels and another priority. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Ask } from "../../parts/ask.tsx";
import { PrioritySelect } from "../../parts/priority-select.tsx";
import { maySteer } from "../../parts/rights.ts";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { changesOf, type Typed, typedOf } from "./changed.ts";
import type { Details } from "./details.ts";

interface EditProps {
  readonly session: Session;
  readonly item: Details;
  /** The item has been changed, or somebody has thought better of it. */
  readonly onDone: () => void;
}

const texts = itemTexts.change;

export function Edit(props: EditProps): JSX.Element | null {
  const isOpen = useSignal(false);
  if (!maySteer(props.session)) return null;
  const close = (): void => {
    isOpen.value = false;
    props.onDone();
  };
  return (
    <>
      <button type="button" class="link" aria-label={texts.label} onClick={() => (isOpen.value = true)}>
        {texts.name}
      </button>
      {isOpen.value ? <EditDialog {...props} onDone={close} /> : null}
    </>
  );
}

function EditDialog({ session, item, onDone }: EditProps): JSX.Element {
  // What it was when the dialog was opened, whatever becomes of it meanwhile.
  const opened = useSignal(typedOf(item)).value;
  const typed = useSignal(opened);
  const change = (part: Partial<Typed>): void => {
    typed.value = { ...typed.peek(), ...part };
  };
  const { title, labels, priority } = typed.value;
  return (
    <Ask
      session={session}
      title={texts.title}
      help={texts.help}
      confirm={texts.go}
      done={texts.done(plainText(title))}
      command={() => ["item.edit", { item: item.id, ...changesOf(opened, typed.peek(), item) }]}
      onClose={onDone}
    >
      <label class="field">
        <span>{texts.itemTitle}</span>
        <input
          type="text"
          autofocus
          required
          dir="auto"
          autocomplete="off"
          value={title}
          onInput={(event) => change({ title: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{texts.labels}</span>
        <textarea
          rows={3}
          dir="auto"
          autocomplete="off"
          value={labels}
          onInput={(event) => change({ labels: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{texts.priority}</span>
        <PrioritySelect value={priority} onChoose={(chosen) => change({ priority: chosen })} />
      </label>
    </Ask>
  );
}
