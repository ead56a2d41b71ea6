/** The story and its criteria, what the agent asks, what people say, and their notes. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { StoryField, StoryText } from "@skein/core";
import { tell } from "../../frame/toasts.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { maySteer } from "../../parts/rights.ts";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { textBlocks, textLines } from "./lines.ts";
import type { Asked, Details } from "./details.ts";
import { useDraft } from "./drafts.ts";
import { keptEdits } from "./story/kept-edits.ts";
import type { StoryEditor } from "./story/story-editor.tsx";
import type { TabProps } from "./index.tsx";

export const QUESTIONS_ID = "questions-title";

export function StoryTab({ session, item }: TabProps): JSX.Element {
  return (
    <>
      <Questions session={session} item={item} />
      <Story session={session} item={item} field="text" />
      <Story session={session} item={item} field="criteria" />
      <Approvals item={item} />
      <Notes session={session} item={item} />
    </>
  );
}

interface PartProps {
  readonly session: Session;
  readonly item: Details;
}

function Questions({ session, item }: PartProps): JSX.Element | null {
  if (item.asked.length === 0) return null;
  const sorted = item.asked.toSorted((a, b) => Number(b.open) - Number(a.open) || a.askedAt - b.askedAt);
  return (
    <section class="item-section" aria-labelledby={QUESTIONS_ID}>
      <h2 id={QUESTIONS_ID} tabIndex={-1}>
        {itemTexts.questions}
      </h2>
      <ul class="item-questions">
        {sorted.map((asked) => (
          <li key={asked.question} class="item-question" data-open={asked.open}>
            <p class="item-text" dir="auto">
              {textLines(asked.text)}
            </p>
            {asked.open && maySteer(session) ? (
              <AnswerForm session={session} item={item} asked={asked} />
            ) : (
              <Answered asked={asked} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Answered({ asked }: { readonly asked: Asked }): JSX.Element {
  if (asked.open) return <StateWord state="warn" word={itemTexts.asksNow} />;
  if (asked.answer === null) {
    return (
      <p class="quiet">
        {itemTexts.notAnswered} <bdi>{plainText(asked.over ?? "")}</bdi>
      </p>
    );
  }
  return (
    <p>
      <bdi>{plainText(asked.answer)}</bdi>{" "}
      <span class="quiet">{itemTexts.answered(plainText(asked.answeredBy ?? ""))}</span>
    </p>
  );
}

function AnswerForm({ session, item, asked }: PartProps & { readonly asked: Asked }): JSX.Element {
  const draft = useDraft(`${item.id} answer ${asked.question}`);
  const busy = useSignal(false);
  const give = async (text: string): Promise<void> => {
    if (busy.peek()) return;
    busy.value = true;
    const answer = await session.command("item.answer", { item: item.id, question: asked.question, text });
    busy.value = false;
    if (answer.ok) draft.write("");
    else tell("problem", plainText(answer.error.message));
  };
  return (
    <form
      class="item-answer"
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.text.peek().trim() !== "") void give(draft.text.peek().trim());
      }}
    >
      <StateWord state="warn" word={itemTexts.asksNow} />
      {asked.options.length > 0 ? (
        asked.options.map((option) => (
          <button key={option} type="button" aria-disabled={busy.value} onClick={() => void give(option)}>
            <bdi>{plainText(option)}</bdi>
          </button>
        ))
      ) : (
        <>
          <input
            aria-label={itemTexts.yourAnswer}
            placeholder={itemTexts.yourAnswer}
            maxLength={2_000}
            value={draft.text.value}
            onInput={(event) => draft.write(event.currentTarget.value)}
          />
          <button type="submit" class="primary" aria-disabled={busy.value || draft.text.value.trim() === ""}>
            {itemTexts.answer}
          </button>
        </>
      )}
    </form>
  );
}

/** The editor is the largest part of the page, so it is loaded when somebody writes. */
function Story({ session, item, field }: PartProps & { readonly field: StoryField }): JSX.Element {
  const id = field === "text" ? "story-title" : "criteria-title";
  const words = itemTexts.storyPart[field];
  const at: StoryText = { item: item.id, field };
  /** Somebody wants to write now, and has not just come by. */
  const asked = useRef(false);
  const editor = useSignal<"closed" | "loading" | "failed" | { readonly shown: typeof StoryEditor }>("closed");
  const open = (isAsked: boolean): void => {
    if (editor.peek() === "loading") return;
    asked.current = isAsked;
    editor.value = "loading";
    import("./story/story-editor.tsx").then(
      (module) => (editor.value = { shown: module.StoryEditor }),
      () => (editor.value = "failed"),
    );
  };
  const mesh = session.node.value?.mesh ?? "";
  const member = session.who.value?.member ?? "";
  useEffect(() => {
    // What was typed and not sent shows itself, and goes on its way.
    void keptEdits({ mesh, member }, at)
      .read()
      .then((kept) => kept === undefined || editor.peek() !== "closed" || open(false));
  }, [mesh, member, item.id, field]);
  const { value } = editor;
  const Shown = typeof value === "object" ? value.shown : undefined;
  return (
    <section class="item-section" aria-labelledby={id}>
      <h2 id={id}>
        {words.title}
        {!maySteer(session) ? null : Shown === undefined ? (
          <button type="button" aria-label={words.edit} aria-disabled={value === "loading"} onClick={() => open(true)}>
            {itemTexts.edit}
          </button>
        ) : (
          <button type="button" aria-label={words.done} onClick={() => (editor.value = "closed")}>
            {itemTexts.editDone}
          </button>
        )}
        {value === "failed" ? <span class="quiet">{itemTexts.editorFailed}</span> : null}
      </h2>
      {Shown !== undefined ? (
        <Shown session={session} at={at} takesFocus={asked.current} />
      ) : item[field].trim() === "" ? (
        <EmptyState>{words.none}</EmptyState>
      ) : (
        <StoryLines text={item[field]} />
      )}
    </section>
  );
}

function StoryLines({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="item-story">
      {textBlocks(text).map((block, at) =>
        block.type === "prose" ? (
          <p key={at} class="item-text" dir="auto">
            {block.text}
          </p>
        ) : (
          <pre key={at} class="item-code" dir="ltr">
            {block.text}
          </pre>
        ),
      )}
    </div>
  );
}

function Approvals({ item }: { readonly item: Details }): JSX.Element | null {
  if (item.approvals.length === 0) return null;
  return (
    <section class="item-section" aria-labelledby="approvals-title">
      <h2 id="approvals-title">{itemTexts.approvals}</h2>
      <ul>
        {item.approvals.map(({ by, tip, note, at }) => (
          <li key={`${by} ${tip}`} class="item-line">
            <bdi class="who">{plainText(by)}</bdi>
            <code title={tip}>{tip.slice(0, 12)}</code>
            <span class="quiet">
              <Time atMs={at} />
            </span>
            <bdi>{plainText(note)}</bdi>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Notes({ session, item }: PartProps): JSX.Element {
  const draft = useDraft(`${item.id} note`);
  const id = useId();
  const busy = useSignal(false);
  const add = async (): Promise<void> => {
    if (busy.peek() || draft.text.peek().trim() === "") return;
    busy.value = true;
    const answer = await session.command("item.note", { item: item.id, text: draft.text.peek().trim() });
    busy.value = false;
    if (answer.ok) draft.write("");
    else tell("problem", plainText(answer.error.message));
  };
  return (
    <section class="item-section" aria-labelledby="notes-title">
      <h2 id="notes-title">{itemTexts.notes}</h2>
      {item.notes.length === 0 ? <EmptyState>{itemTexts.noNotes}</EmptyState> : null}
      <ul class="item-notes">
        {item.notes.map(({ by, text, at }, index) => (
          <li key={index}>
            <p class="item-line">
              <bdi class="who">{plainText(by)}</bdi>
              <span class="quiet">
                <Time atMs={at} />
              </span>
            </p>
            <p class="item-text" dir="auto">
              {textLines(text)}
            </p>
          </li>
        ))}
      </ul>
      <form
        class="item-answer"
        hidden={!maySteer(session)}
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <input
          id={id}
          aria-label={itemTexts.note}
          placeholder={itemTexts.addNote}
          maxLength={2_000}
          value={draft.text.value}
          onInput={(event) => draft.write(event.currentTarget.value)}
        />
        <button type="submit" aria-disabled={busy.value || draft.text.value.trim() === ""}>
          {itemTexts.addNote}
        </button>
      </form>
    </section>
  );
}
