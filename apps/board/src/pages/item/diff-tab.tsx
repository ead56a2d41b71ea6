/** What an attempt has changed, with comments at its lines. */
import { useSignal } from "@preact/signals";
import type { BoardComment } from "@skein/core";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { useShortcuts } from "../../frame/shortcuts.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Problem } from "../../parts/problem.tsx";
import { maySteer } from "../../parts/rights.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { CommentForm, CommentList, laterOf, type Saying } from "./comments.tsx";
import { type Diff, useAnswer } from "./details.ts";
import { type DiffLine, type FileView, placeComments, shownText, viewFile } from "./diff-lines.ts";
import { draftsBelow } from "./drafts.ts";
import type { TabProps } from "./index.tsx";
import { Picker } from "./log-tab.tsx";

export function DiffTab({ session, item, epoch, show }: TabProps): JSX.Element {
  const of = epoch === undefined ? "" : `?epoch=${epoch}`;
  // A diff is what it is: only another branch is another one.
  const answer = useAnswer<Diff>(
    session,
    `api/v1/items/${encodeURIComponent(item.id)}/diff${of}`,
    `${item.made?.tip ?? ""} ${item.stage} ${item.landing ?? ""}`,
  ).value;
  if (answer.type === "loading") return <EmptyState>{itemTexts.loading}</EmptyState>;
  if (answer.type === "failed") {
    return (
      <>
        <Problem title={itemTexts.noDiff} why={answer.message} />
        <Others comments={item.comments} epoch={undefined} />
      </>
    );
  }
  const made = item.attemptLog.filter(({ branch }) => branch !== null);
  return (
    <DiffShown
      key={answer.value.tip}
      diff={answer.value}
      comments={item.comments}
      saying={{ session, item: item.id, epoch: answer.value.epoch, commit: answer.value.tip, later: laterOf(item) }}
      picker={<Picker attempts={made} epoch={answer.value.epoch} onPick={(next) => show("diff", next)} />}
    />
  );
}

interface ShownProps {
  readonly diff: Diff;
  readonly comments: readonly BoardComment[];
  readonly saying: Saying;
  readonly picker: JSX.Element;
}

function DiffShown({ diff, comments, saying, picker }: ShownProps): JSX.Element {
  const views = useMemo(() => diff.files.map(viewFile), [diff]);
  const places = placeComments(comments, diff.epoch, views);
  const box = useRef<HTMLDivElement>(null);
  const isOpen = useSignal<ReadonlySet<string>>(new Set(draftsBelow(localStorage, draftPlace(saying))));
  const toggle = (place: string, open: boolean): void => {
    if (!maySteer(saying.session)) return;
    const next = new Set(isOpen.peek());
    if (open) next.add(place);
    else next.delete(place);
    isOpen.value = next;
    // What was written goes away with its form; the keys go on from the line.
    if (!open) box.current?.querySelector<HTMLElement>(`[data-place="${CSS.escape(place)}"]`)?.focus();
  };
  const onKeyDown = useDiffKeys(
    () => box.current,
    (place) => toggle(place, true),
  );
  const at: Places = { places, isOpen: isOpen.value, toggle, saying };
  return (
    <>
      <p class="item-line log-bar">
        {picker}
        <code title={diff.tip}>{diff.tip.slice(0, 12)}</code>
        <span class="quiet">
          {itemTexts.against} <code title={diff.base}>{diff.base.slice(0, 12)}</code>
        </span>
        {maySteer(saying.session) ? (
          <button type="button" onClick={() => toggle("", true)}>
            {itemTexts.commentAll}
          </button>
        ) : null}
      </p>
      <Said place="" at={at} />
      {views.length === 0 ? <EmptyState>{itemTexts.noChanges}</EmptyState> : null}
      <div ref={box} class="diff" onKeyDown={onKeyDown}>
        {views.map((view) => (
          <FilePart key={view.file.path} view={view} at={at} />
        ))}
      </div>
      {diff.filesLeftOut === 0 ? null : <p class="quiet">{itemTexts.filesLeftOut(diff.filesLeftOut)}</p>}
      <Others comments={comments} epoch={diff.epoch} />
    </>
  );
}

const draftPlace = ({ item, epoch }: Pick<Saying, "item" | "epoch">): string => `${item} comment ${epoch}`;

interface Places {
  readonly places: ReadonlyMap<string, readonly BoardComment[]>;
  /** Where somebody is writing. */
  readonly isOpen: ReadonlySet<string>;
  readonly toggle: (place: string, open: boolean) => void;
  readonly saying: Saying;
}

/** What was said at a place, and the form where somebody says more. */
function Said({ place, at }: { readonly place: string; readonly at: Places }): JSX.Element | null {
  const said = at.places.get(place) ?? [];
  const open = at.isOpen.has(place);
  if (said.length === 0 && !open) return null;
  return (
    <div class="diff-said">
      <CommentList comments={said} />
      {open ? <CommentForm place={place} saying={at.saying} onDone={() => at.toggle(place, false)} /> : null}
    </div>
  );
}

/** Longer ones are opened by whoever wants them. */
const LINES_OPEN = 600;

function FilePart({ view, at }: { readonly view: FileView; readonly at: Places }): JSX.Element {
  const { file, hunks, added, removed } = view;
  const name = plainText(file.path);
  const lines = hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  return (
    <details class="diff-file" open={lines <= LINES_OPEN} data-path={file.path}>
      <summary>
        <bdi class="diff-path" dir="ltr">
          {name}
        </bdi>
        <span class="quiet">{itemTexts.fileChange[file.change]}</span>
        {file.from === null ? null : <bdi class="quiet">{itemTexts.from(plainText(file.from))}</bdi>}
        {file.sort === "file" ? null : <span class="quiet">{itemTexts.sort[file.sort]}</span>}
        <span class="diff-count" data-type="insert">
          +{added}
        </span>
        <span class="diff-count" data-type="delete">
          −{removed}
        </span>
      </summary>
      <Said place={file.path} at={at} />
      {hunks.length > 0 ? null : <p class="quiet diff-none">{insteadOf(view)}</p>}
      {hunks.map((hunk, index) => (
        <div key={index} class="diff-hunk">
          <p class="diff-title" dir="ltr">
            {plainText(hunk.title)}
          </p>
          {hunk.lines.map((line, place) => (
            <LinePart key={place} line={line} path={file.path} at={at} isStop={line === hunk.lines.find(isPlaced)} />
          ))}
        </div>
      ))}
      <p class="diff-foot" hidden={!maySteer(at.saying.session)}>
        <button type="button" class="link" onClick={() => at.toggle(file.path, true)}>
          {itemTexts.commentFile}
        </button>
      </p>
    </details>
  );
}

function insteadOf({ file, isBinary }: FileView): string {
  if (file.patch === null) return itemTexts.fileTooLong;
  return isBinary ? itemTexts.binary : itemTexts.nothingInside;
}

const LINES = ".diff-line[data-place]";

const SIGNS = { insert: "+", delete: "−", normal: "" } as const;

interface LineProps {
  readonly line: DiffLine;
  readonly path: string;
  readonly at: Places;
  /** Tab stops here: at one line of each hunk, from which arrows go on. */
  readonly isStop: boolean;
}

const isPlaced = ({ after }: DiffLine): boolean => after !== undefined;

function LinePart({ line: { type, before, after, text }, path, at, isStop }: LineProps): JSX.Element {
  const place = after === undefined ? undefined : `${path}:${after}`;
  return (
    <>
      <div
        class="diff-line"
        data-type={type}
        data-place={place}
        tabIndex={place === undefined ? undefined : isStop ? 0 : -1}
      >
        <span class="diff-number">{before ?? ""}</span>
        <span class="diff-number">{after ?? ""}</span>
        {place === undefined || after === undefined || !maySteer(at.saying.session) ? (
          <span class="diff-add" />
        ) : (
          <button
            type="button"
            class="diff-add"
            tabIndex={-1}
            aria-label={itemTexts.commentLine(after)}
            onClick={() => at.toggle(place, true)}
          >
            +
          </button>
        )}
        <span class="diff-sign" aria-hidden="true">
          {SIGNS[type]}
        </span>
        <code class="diff-text" dir="ltr">
          {shownText(text)}
        </code>
      </div>
      {place === undefined ? null : <Said place={place} at={at} />}
    </>
  );
}

function Others({
  comments,
  epoch,
}: {
  readonly comments: readonly BoardComment[];
  readonly epoch: number | undefined;
}): JSX.Element | null {
  const others = comments.filter((comment) => comment.epoch !== epoch);
  if (others.length === 0) return null;
  return (
    <section class="item-section" aria-labelledby="others-title">
      <h2 id="others-title">{epoch === undefined ? itemTexts.comments : itemTexts.otherComments}</h2>
      <CommentList comments={others} withPlace />
    </section>
  );
}

/**
 * The line that has the focus is the one that keys act on. Returns what arrows and Enter do on a line, for those who want no
 * single letters to act.
 */
function useDiffKeys(box: () => HTMLElement | null, comment: (place: string) => void): (event: KeyboardEvent) => void {
  const go = (selector: string, step: number): void => {
    const all = [...(box()?.querySelectorAll<HTMLElement>(selector) ?? [])].filter((one) => one.checkVisibility());
    const now = all.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
    const next = all[now === -1 ? 0 : Math.min(Math.max(0, now + step), all.length - 1)];
    const target = next?.matches("details") === true ? next.querySelector<HTMLElement>("summary") : next;
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  };
  const here = "here" as const;
  useShortcuts(() => [
    { keys: "j", text: itemTexts.nextLine, place: here, run: () => go(LINES, 1) },
    { keys: "k", text: itemTexts.lineBefore, place: here, run: () => go(LINES, -1) },
    { keys: "ArrowDown", text: itemTexts.nextLine, place: here },
    { keys: "ArrowUp", text: itemTexts.lineBefore, place: here },
    { keys: "n", text: itemTexts.nextFile, place: here, run: () => go("details.diff-file", 1) },
    { keys: "p", text: itemTexts.fileBefore, place: here, run: () => go("details.diff-file", -1) },
    {
      keys: "c",
      text: itemTexts.commentHere,
      place: here,
      run: () => {
        const focused = document.activeElement;
        const place =
          focused?.getAttribute("data-place") ?? focused?.closest("details")?.getAttribute("data-path") ?? "";
        comment(place);
      },
    },
  ]);
  return (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const place = target instanceof HTMLElement ? target.dataset["place"] : undefined;
    if (place === undefined || ctrlKey || metaKey || altKey) return;
    if (key === "ArrowDown") go(LINES, 1);
    else if (key === "ArrowUp") go(LINES, -1);
    else if (key === "Enter") comment(place);
    else return;
    event.preventDefault();
  };
}
