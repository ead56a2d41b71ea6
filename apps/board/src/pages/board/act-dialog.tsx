/** Everything that may be done with a card, in one dialog: each move with the reason where there is none. */
import { useSignal } from "@preact/signals";
import { planMove } from "@skein/core/move";
import type { BoardItem } from "@skein/core";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { PageCommand } from "../../commands.ts";
import { addressOf, goTo } from "../../frame/router.ts";
import { Copy } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { PrioritySelect } from "../../parts/priority-select.tsx";
import { plainText } from "../../text.ts";
import { actTexts, boardTexts, cardTexts } from "../../texts/board.ts";
import { act, movable, moveItem } from "./act.ts";
import { COLUMN_STAGES } from "./columns.ts";
import type { BoardModel } from "./model.ts";
import { titleOf } from "./view.ts";

export interface ActDialogProps {
  readonly model: BoardModel;
  readonly id: string;
}

export function ActDialog({ model, id }: ActDialogProps): JSX.Element {
  const item = model.session.board.value.items.get(id);
  const close = (): void => {
    model.acting.value = undefined;
  };
  return (
    <Dialog
      title={item === undefined ? boardTexts.itemGone : titleOf(item)}
      onClose={close}
      // Its card was drawn anew, in another column.
      onLost={() => (model.focusing.value = true)}
    >
      {item === undefined ? null : (
        <div class="acts">
          <p class="act-line">
            <button
              type="button"
              onClick={() => {
                close();
                goTo(addressOf(`/items/${id}`));
              }}
            >
              {actTexts.open}
            </button>
            <code>{plainText(id)}</code>
            <Copy text={id} label={actTexts.copy} />
          </p>
          {model.mayChange.value ? <Changes model={model} item={item} onDone={close} /> : <p>{boardTexts.noRights}</p>}
        </div>
      )}
    </Dialog>
  );
}

interface ChangeProps {
  readonly model: BoardModel;
  readonly item: BoardItem;
  readonly onDone: () => void;
}

function Changes(props: ChangeProps): JSX.Element {
  const { item } = props;
  const isUnderWay = item.stage === "Qa" || item.stage === "Merge";
  return (
    <>
      {item.questions.map((question) => (
        <Answer key={question.question} {...props} question={question} />
      ))}
      {item.awaitsPerson ? <Approve {...props} /> : null}
      <Moves {...props} />
      {isUnderWay ? <SendBack {...props} /> : null}
      <Hold {...props} />
      <Priority {...props} />
    </>
  );
}

/** Runs a command and closes the dialog when the node did it. */
function runner({ model, onDone }: ChangeProps): (name: PageCommand, input: object, done: string) => void {
  return (name, input, done) => void act(model.session, name, input, done).then((did) => (did ? onDone() : undefined));
}

function Moves({ model, item, onDone }: ChangeProps): JSX.Element {
  const id = useId();
  const planned = COLUMN_STAGES.filter((stage) => stage !== item.stage).map((stage) => ({
    stage,
    move: planMove(movable(item), stage),
  }));
  const possible = planned.flatMap(({ stage, move }) => (move.possible ? [stage] : []));
  const reasons = new Set(planned.flatMap(({ move }) => (move.possible ? [] : [move.why])));
  return (
    <fieldset class="moves">
      <legend>{actTexts.move}</legend>
      <div class="act-line">
        {possible.map((stage, place) => (
          <button
            key={stage}
            type="button"
            autofocus={place === 0}
            aria-describedby={stage === "Archived" ? `${id}-archive` : undefined}
            onClick={() => void moveItem(model.session, item, stage).then((did) => (did ? onDone() : undefined))}
          >
            {cardTexts.stages[stage]}
          </button>
        ))}
      </div>
      {possible.includes("Archived") ? (
        <p class="quiet" id={`${id}-archive`}>
          {actTexts.archiveAsk}
        </p>
      ) : null}
      {[...reasons].map((reason) => (
        <p key={reason} class="quiet">
          {reason}
        </p>
      ))}
    </fieldset>
  );
}

interface LineProps {
  readonly label: string;
  readonly button: string;
  readonly required?: boolean;
  readonly onSend: (text: string) => void;
}

/** One line of text and the button that sends it. */
function Line({ label, button, required = false, onSend }: LineProps): JSX.Element {
  const id = useId();
  const text = useSignal("");
  return (
    <form
      class="act-line"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(text.value.trim());
      }}
    >
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        required={required}
        autocomplete="off"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button type="submit">{button}</button>
    </form>
  );
}

function Hold(props: ChangeProps): JSX.Element {
  const { item } = props;
  const run = runner(props);
  const title = titleOf(item);
  if (item.hold !== "") {
    return (
      <p class="act-line">
        <span>
          {cardTexts.notices.hold} <bdi>{plainText(item.hold)}</bdi>
        </span>
        <button
          type="button"
          onClick={() => run("item.hold", { item: item.id, release: true }, actTexts.releaseDone(title))}
        >
          {actTexts.release}
        </button>
      </p>
    );
  }
  return (
    <Line
      label={actTexts.holdReason}
      button={actTexts.hold}
      onSend={(reason) =>
        run("item.hold", reason === "" ? { item: item.id } : { item: item.id, reason }, actTexts.holdDone(title))
      }
    />
  );
}

function SendBack(props: ChangeProps): JSX.Element {
  const { item } = props;
  const run = runner(props);
  return (
    <Line
      label={actTexts.sendBackNote}
      button={actTexts.sendBack}
      required
      onSend={(note) => run("item.reject", { item: item.id, note }, actTexts.sendBackDone(titleOf(item)))}
    />
  );
}

function Approve(props: ChangeProps): JSX.Element {
  const { item } = props;
  const run = runner(props);
  return (
    <p class="act-line">
      <span>
        {cardTexts.notices.awaits} {cardTexts.awaits}
      </span>
      <button
        type="button"
        class="primary"
        onClick={() => run("item.approve", { item: item.id }, actTexts.approveDone(titleOf(item)))}
      >
        {actTexts.approve}
      </button>
    </p>
  );
}

type Question = BoardItem["questions"][number];

function Answer({ question, ...props }: ChangeProps & { readonly question: Question }): JSX.Element {
  const run = runner(props);
  const answer = (text: string): void =>
    run("item.answer", { item: props.item.id, text, question: question.question }, actTexts.answerDone);
  return (
    <div class="question">
      <p>
        <strong>{cardTexts.notices.asks}</strong> <bdi>{plainText(question.text)}</bdi>
      </p>
      {question.options.length === 0 ? (
        <Line label={actTexts.answerText} button={actTexts.answer} required onSend={answer} />
      ) : (
        <p class="act-line">
          {question.options.map((option) => (
            <button key={option} type="button" onClick={() => answer(option)}>
              <bdi>{plainText(option)}</bdi>
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

/** Arrow keys choose as they go: so it is sent by a button of its own. */
function Priority(props: ChangeProps): JSX.Element {
  const { item } = props;
  const chosen = useSignal(item.priority);
  const id = useId();
  const run = runner(props);
  return (
    <form
      class="act-line"
      onSubmit={(event) => {
        event.preventDefault();
        const priority = chosen.peek();
        run("item.edit", { item: item.id, priority }, actTexts.priorityDone(titleOf(item), priority));
      }}
    >
      <label for={id}>{actTexts.priority}</label>
      <PrioritySelect id={id} value={chosen.value} onChoose={(priority) => (chosen.value = priority)} />
      <button type="submit">{actTexts.setPriority}</button>
    </form>
  );
}
