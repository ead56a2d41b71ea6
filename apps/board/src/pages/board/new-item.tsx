/** The dialog that adds an item. What was typed stays until the node has taken it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { Dialog } from "../../parts/dialog.tsx";
import { PrioritySelect } from "../../parts/priority-select.tsx";
import { plainText } from "../../text.ts";
import { newItemTexts as texts } from "../../texts/board.ts";
import { act } from "./act.ts";
import type { BoardModel } from "./model.ts";

interface Draft {
  readonly title: string;
  readonly text: string;
  readonly criteria: string;
  readonly type: string;
  readonly priority: number;
  readonly labels: string;
  readonly start: boolean;
}

const EMPTY: Draft = { title: "", text: "", criteria: "", type: "story", priority: 5, labels: "", start: false };

export function NewItem({ model }: { readonly model: BoardModel }): JSX.Element {
  const draft = useSignal(EMPTY);
  const id = useId();
  const change = (part: Partial<Draft>): void => {
    draft.value = { ...draft.peek(), ...part };
  };
  const close = (): void => {
    model.adding.value = false;
  };
  const busy = useSignal(false);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.peek()) return;
    busy.value = true;
    const labels = draft.value.labels.split(",").map((label) => label.trim());
    const input = { ...draft.value, labels: labels.filter((label) => label !== "") };
    const did = await act(model.session, "item.add", input, texts.done(plainText(input.title)));
    busy.value = false;
    if (did) close();
  };
  const { title, labels, start } = draft.value;
  return (
    <Dialog title={texts.title} onClose={close}>
      <form class="new-item" onSubmit={(event) => void send(event)}>
        <label for={`${id}-title`}>{texts.name}</label>
        <input
          id={`${id}-title`}
          autofocus
          required
          autocomplete="off"
          value={title}
          onInput={(event) => change({ title: event.currentTarget.value })}
        />
        <Wanted draft={draft.value} change={change} />
        <Sort draft={draft.value} change={change} />
        <label for={`${id}-labels`}>{texts.labels}</label>
        <input
          id={`${id}-labels`}
          autocomplete="off"
          value={labels}
          onInput={(event) => change({ labels: event.currentTarget.value })}
        />
        <div class="new-item-end">
          <label class="switch">
            <input
              type="checkbox"
              checked={start}
              onChange={(event) => change({ start: event.currentTarget.checked })}
            />
            {texts.start}
          </label>
          <button type="submit" class="primary">
            {texts.add}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface PartProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
}

/** What is wanted, and how to tell that it is done: the agent is told each in a part of its own. */
function Wanted({ draft: { text, criteria }, change }: PartProps): JSX.Element {
  const id = useId();
  return (
    <>
      <label for={`${id}-text`}>{texts.text}</label>
      <textarea
        id={`${id}-text`}
        rows={6}
        value={text}
        onInput={(event) => change({ text: event.currentTarget.value })}
      />
      <label for={`${id}-criteria`}>{texts.criteria}</label>
      <textarea
        id={`${id}-criteria`}
        rows={3}
        value={criteria}
        onInput={(event) => change({ criteria: event.currentTarget.value })}
      />
    </>
  );
}

/** What sort of work it is, and how soon it is wanted. */
function Sort({ draft: { type, priority }, change }: PartProps): JSX.Element {
  const id = useId();
  return (
    <div class="new-item-row">
      <p>
        <label for={`${id}-type`}>{texts.type}</label>
        <select id={`${id}-type`} value={type} onChange={(event) => change({ type: event.currentTarget.value })}>
          {Object.entries(texts.types).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </p>
      <p>
        <label for={`${id}-priority`}>{texts.priority}</label>
        <PrioritySelect id={`${id}-priority`} value={priority} onChoose={(chosen) => change({ priority: chosen })} />
      </p>
    </div>
  );
}
