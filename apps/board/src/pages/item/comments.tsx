/** Comments on what an attempt has made, and the form for one more. */
import { useSignal } from "@preact/signals";
import type { BoardComment, BoardItem } from "@skein/core";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { tell } from "../../frame/toasts.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { useDraft } from "./drafts.ts";
import { textLines } from "./lines.ts";

/** What a comment is about, beside its place. */
export interface Saying {
  readonly session: Session;
  readonly item: string;
  readonly epoch: number;
  readonly commit: string;
  /** Whether anybody works on the item after this. */
  readonly later: Later;
}

export type Later = keyof typeof itemTexts.commentSent;

/** What has landed is never reopened; what was archived may be restored. */
export const laterOf = ({ stage, mergeCommit }: Pick<BoardItem, "stage" | "mergeCommit">): Later =>
  stage === "Done" || mergeCommit !== null ? "landed" : stage === "Archived" ? "shelved" : "open";

interface ListProps {
  readonly comments: readonly BoardComment[];
  readonly withPlace?: boolean;
}

export function CommentList({ comments, withPlace = false }: ListProps): JSX.Element | null {
  if (comments.length === 0) return null;
  return (
    <ul class="item-comments" aria-label={itemTexts.comments}>
      {comments.map((comment) => (
        <li key={comment.comment} class="item-comment">
          <p class="item-line">
            <bdi class="who">{plainText(comment.by)}</bdi>
            <span class="quiet">
              <Time atMs={comment.at} />
            </span>
            {withPlace ? <span class="quiet">{itemTexts.epoch(comment.epoch)}</span> : null}
            {withPlace && comment.path !== "" ? <code dir="ltr">{plainText(comment.path)}</code> : null}
            {withPlace && comment.line > 0 ? <span class="quiet">{itemTexts.line(comment.line)}</span> : null}
          </p>
          <p class="item-text" dir="auto">
            {textLines(comment.text)}
          </p>
        </li>
      ))}
    </ul>
  );
}

interface FormProps {
  /** `path:line`, a path, or empty for all of it. */
  readonly place: string;
  readonly saying: Saying;
  readonly onDone: () => void;
}

export function CommentForm({ place, saying, onDone }: FormProps): JSX.Element {
  const { session, item, epoch, commit, later } = saying;
  const draft = useDraft(`${item} comment ${epoch} ${place}`);
  const busy = useSignal(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = async (): Promise<void> => {
    if (busy.peek() || draft.text.peek().trim() === "") return;
    busy.value = true;
    const text = draft.text.peek().trim();
    const answer = await session.command("item.comment", { item, text, epoch, commit, ...pathAndLine(place) });
    busy.value = false;
    if (!answer.ok) {
      tell("problem", plainText(answer.error.message));
      return;
    }
    draft.write("");
    tell("note", itemTexts.commentSent[later]);
    onDone();
  };
  return (
    <form
      class="item-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        ref={field}
        rows={3}
        maxLength={2_000}
        aria-label={itemTexts.comment}
        value={draft.text.value}
        onInput={(event) => draft.write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && draft.text.peek() === "") onDone();
        }}
      />
      <p class="item-buttons">
        <span class="quiet">{itemTexts.commentHint[later]}</span>
        <button
          type="button"
          onClick={() => {
            draft.write("");
            onDone();
          }}
        >
          {itemTexts.throwAway}
        </button>
        <button type="submit" class="primary" aria-disabled={busy.value || draft.text.value.trim() === ""}>
          {itemTexts.comment}
        </button>
      </p>
    </form>
  );
}

/** A path may have colons itself; a line is what stands behind the last one, and only lines have a number there. */
export function pathAndLine(place: string): { readonly path?: string; readonly line?: number } {
  const [, path, line] = /^(.*):([1-9]\d*)$/su.exec(place) ?? [];
  if (path !== undefined && line !== undefined) return { path, line: Number(line) };
  return place === "" ? {} : { path: place };
}
