/** What can be done with the item now, each behind a dialog that says what it will do. */
import { type Signal, useSignal } from "@preact/signals";
import type { ActionsOn } from "@skein/core";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { addressOf, goTo } from "../../frame/router.ts";
import { useShortcuts } from "../../frame/shortcuts.ts";
import { tell } from "../../frame/toasts.tsx";
import { Ticked } from "../../parts/ticked.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { maySteer } from "../../parts/rights.ts";
import type { Answer, Session } from "../../session.ts";
import { plainText, shorten } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { missingOf } from "../board/filter.ts";
import { whatOf } from "./deeds.ts";
import type { Details } from "./details.ts";
import { type Draft, useDraft } from "./drafts.ts";
import { actionsAsWaysOut } from "./way-out.ts";

const TITLE_LENGTH = 60;

export type ActionName = keyof typeof itemTexts.action;

/** In the order that they stand in; the first of those that are possible is the one to press. */
const SHOWN: readonly ActionName[] = [
  "approve",
  "reject",
  "start",
  "retry",
  "release",
  "hold",
  "shelve",
  "restore",
  "archive",
  "delete",
];

const KEYS: Readonly<Partial<Record<ActionName, string>>> = {
  approve: "a",
  reject: "x",
  start: "s",
  retry: "t",
  hold: "h",
  release: "h",
  shelve: "b",
  restore: "r",
  archive: "e",
  delete: "D",
};

interface ActionProps {
  readonly session: Session;
  readonly item: Details;
}

interface BarProps extends ActionProps {
  /** The action whose dialog is open. */
  readonly open: Signal<ActionName | undefined>;
}

/** Undefined where nothing is against it; the node's own rule says so. */
const whyNot = (item: Pick<Details, "actions">, name: ActionName): string | undefined =>
  item.actions[name === "retry" ? "restore" : (name satisfies keyof ActionsOn)] ?? undefined;

export function ActionBar({ session, item, open }: BarProps): JSX.Element | null {
  const latest = useSignal(item);
  latest.value = item;
  useShortcuts(() =>
    SHOWN.map((name) => ({
      keys: KEYS[name] ?? "",
      text: itemTexts.action[name].name,
      place: "here" as const,
      run: () => {
        const other = name === "hold" || name === "release" ? holdOf(latest.peek()) : name;
        const why = maySteer(session) ? whyNot(latest.peek(), other) : itemTexts.mayLook;
        if (why === undefined) open.value = other;
        else tell("note", `${itemTexts.action[other].name}: ${plainText(why)}.`);
      },
    })),
  );
  if (!maySteer(session)) return <p class="item-actions quiet">{itemTexts.mayLook}.</p>;
  // What stands beside a cause as its way out does not stand here again.
  const elsewhere = actionsAsWaysOut(item);
  const possible = SHOWN.filter((name) => whyNot(item, name) === undefined && !elsewhere.has(name));
  return (
    <div class="item-actions" role="group" aria-label={itemTexts.actions}>
      {possible.map((name, at) => (
        <button
          key={name}
          type="button"
          class={at === 0 && (name === "approve" || name === "start" || name === "retry") ? "primary" : ""}
          data-action={name}
          onClick={() => (open.value = name)}
        >
          {itemTexts.action[name].name}
        </button>
      ))}
      {open.value === undefined ? null : (
        <ActionDialog name={open.value} session={session} item={item} onClose={() => (open.value = undefined)} />
      )}
    </div>
  );
}

const holdOf = (item: Details): ActionName => (item.hold === "" ? "hold" : "release");

interface DialogProps extends ActionProps {
  readonly name: ActionName;
  readonly onClose: () => void;
}

function ActionDialog({ name, session, item, onClose }: DialogProps): JSX.Element {
  const words = itemTexts.action[name];
  // What is retried is started out of the Backlog.
  const missing = missingOf({ ...item, stage: "Backlog" }, session.board.value.items);
  const draft = useDraft(`${item.id} do ${name}`);
  const reason = useSignal(item.stage === "Done" ? "Completed" : "Abandoned");
  const confirmed = useSignal("");
  const busy = useSignal(false);
  const refused = useSignal("");
  const isSure = !("confirm" in words) || confirmed.value.trim() === item.id;
  const isFilled = name !== "reject" || draft.text.value.trim() !== "";
  const send = async (): Promise<void> => {
    busy.value = true;
    refused.value = "";
    const answer = await perform(session, name, { item, note: draft.text.peek().trim(), reason: reason.peek() });
    busy.value = false;
    if (!answer.ok) {
      refused.value = answer.error.message;
      return;
    }
    draft.write("");
    tell("note", words.done(shorten(plainText(item.title), TITLE_LENGTH)));
    onClose();
    if (name === "delete") goTo(addressOf("/"));
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form
        class="item-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isSure && isFilled && !busy.peek()) void send();
        }}
      >
        <p>{whatOf(name, item, missing.length)}</p>
        <Fields name={name} item={item} draft={draft} reason={reason} confirmed={confirmed} />
        {refused.value === "" ? null : (
          <p class="item-refused" role="alert">
            <bdi>
              <Ticked text={plainText(refused.value)} />
            </bdi>
          </p>
        )}
        <p class="item-buttons">
          <button type="button" onClick={onClose}>
            {itemTexts.cancel}
          </button>
          <button
            type="submit"
            class={name === "delete" ? "danger" : "primary"}
            aria-disabled={busy.value}
            disabled={!isSure || !isFilled}
          >
            {words.go}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

interface FieldsProps extends Pick<DialogProps, "name" | "item"> {
  readonly draft: Draft;
  readonly reason: Signal<string>;
  readonly confirmed: Signal<string>;
}

function Fields({ name, item, draft, reason, confirmed }: FieldsProps): JSX.Element {
  const words = itemTexts.action[name];
  const fieldId = useId();
  return (
    <>
      {name === "archive" ? (
        <label>
          {itemTexts.action.archive.reason}
          <select value={reason.value} onChange={(event) => (reason.value = event.currentTarget.value)}>
            {reasonsFor(item.stage === "Done").map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {"field" in words ? (
        <label for={fieldId}>
          {words.field}
          <textarea
            id={fieldId}
            rows={3}
            maxLength={name === "hold" ? 200 : 2_000}
            value={draft.text.value}
            onInput={(event) => draft.write(event.currentTarget.value)}
          />
        </label>
      ) : null}
      {"confirm" in words ? (
        <label>
          {words.confirm(item.id)}
          <input
            value={confirmed.value}
            autoComplete="off"
            onInput={(event) => (confirmed.value = event.currentTarget.value)}
          />
        </label>
      ) : null}
    </>
  );
}

/** What has landed is Completed, and nothing else is. */
const reasonsFor = (isDone: boolean): readonly (readonly [string, string])[] =>
  Object.entries(itemTexts.archiveReasons).filter(([value]) => (value === "Completed") === isDone);

interface Wanted {
  readonly item: Details;
  readonly note: string;
  readonly reason: string;
}

async function perform(session: Session, name: ActionName, { item, note, reason }: Wanted): Promise<Answer<unknown>> {
  const { id } = item;
  switch (name) {
    case "start":
      return session.command("item.start", { item: id });
    case "shelve":
      return session.command("item.move", { item: id, stage: "backlog" });
    case "approve":
      // What was looked at: a branch that has moved meanwhile is refused.
      return session.command("item.approve", { item: id, note, ...(item.tip === null ? {} : { tip: item.tip }) });
    case "reject":
      return session.command("item.reject", { item: id, note });
    case "hold":
      return session.command("item.hold", { item: id, ...(note === "" ? {} : { reason: oneLine(note) }) });
    case "release":
      return session.command("item.hold", { item: id, release: true });
    case "archive":
      return session.command("item.archive", { item: id, reason, note });
    case "restore":
      return session.command("item.restore", { item: id, note });
    case "retry": {
      const restored = await session.command("item.restore", { item: id });
      return restored.ok ? session.command("item.start", { item: id }) : restored;
    }
    case "delete":
      return session.command("item.delete", { item: id, note });
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, " ");
