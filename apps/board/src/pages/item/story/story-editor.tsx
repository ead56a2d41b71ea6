/** The story of an item, or its criteria, edited together with whoever else is there. A chunk of its own: the editor is the largest part. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { StoryText } from "@skein/core";
import type { Session } from "../../../session.ts";
import { plainText } from "../../../text.ts";
import { Ticked } from "../../../parts/ticked.tsx";
import { storyTexts } from "../../../texts/story.ts";
import { createEditor, type StoryEditorView } from "./editor.ts";
import { keptEdits } from "./kept-edits.ts";
import { storyPath } from "./story-address.ts";
import { openStory, type StoryLink, type StoryState } from "./story-link.ts";
import { OTHER_COLOURS } from "./theme.ts";
import { toldApart } from "./told-apart.ts";
import "./story.css";

/** As many as the node takes. */
const MOST = 16_384;

interface StoryEditorProps {
  readonly session: Session;
  readonly at: StoryText;
  readonly takesFocus: boolean;
}

export function StoryEditor({ session, at: { item, field }, takesFocus }: StoryEditorProps): JSX.Element {
  const mesh = session.node.peek()?.mesh ?? "";
  const member = session.who.peek()?.member ?? "";
  const link = useMemo(
    () =>
      openStory({
        dial: () => session.dial(storyPath({ item, field })),
        kept: keptEdits({ mesh, member }, { item, field }),
      }),
    [session, mesh, member, item, field],
  );
  const host = useRef<HTMLDivElement>(null);
  const view = useSignal<StoryEditorView | undefined>(undefined);
  const isTooLong = useSignal(false);
  const wantsFocus = useRef(takesFocus);
  useEffect(() => {
    if (host.current === null) return undefined;
    const made = createEditor({
      parent: host.current,
      label: storyTexts.editor[field],
      placeholder: storyTexts.placeholder[field],
      most: MOST,
      onTooLong: () => (isTooLong.value = true),
      onMove: (selection) => {
        isTooLong.value = false;
        link.move(selection);
      },
    });
    view.value = made;
    return () => {
      view.value = undefined;
      made.destroy();
      link.close();
    };
  }, [link]);
  useSignalEffect(() => {
    const copy = link.copy.value;
    if (copy === undefined || view.value === undefined) return;
    view.value.show(copy, link.mayEdit.value);
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    // What holds it is hidden until this copy is drawn.
    const shown = view.value;
    requestAnimationFrame(() => shown.focus());
  });
  useSignalEffect(() => view.value?.others(toldApart(link.others.value, OTHER_COLOURS)));
  useSignalEffect(() => {
    if (session.connection.value.type === "live") link.follow();
  });
  return (
    <div class="story">
      <div class="story-host" ref={host} hidden={link.copy.value === undefined} />
      <StatusLine link={link} isTooLong={isTooLong.value} />
    </div>
  );
}

function StatusLine({ link, isTooLong }: { readonly link: StoryLink; readonly isTooLong: boolean }): JSX.Element {
  const state = link.state.value;
  const names = [...toldApart(link.others.value, OTHER_COLOURS).values()].map(({ name }) => name);
  if (state.type === "refused") return <Refused link={link} why={state.why} />;
  const isNews = isTooLong || state.type === "away" || state.type === "gone";
  return (
    <p class="story-status" data-state={state.type}>
      {/* Saving goes on all the time, and is not announced. */}
      <span>{isNews ? "" : wordsOf(state)}</span>
      <span role="status">{isTooLong ? storyTexts.tooLong(MOST) : isNews ? wordsOf(state) : ""}</span>
      {names.length === 0 ? null : (
        <span class="story-others">
          <bdi>{storyTexts.others(names.join(", "))}</bdi>
        </span>
      )}
    </p>
  );
}

function wordsOf(state: Exclude<StoryState, { readonly type: "refused" }>): string {
  if (state.type === "away") return storyTexts.away[state.edits];
  return storyTexts.state[state.type];
}

const Refused = ({ link, why }: { readonly link: StoryLink; readonly why: string }): JSX.Element => (
  <div class="story-refused" role="alert">
    <p>
      {storyTexts.refused}{" "}
      <bdi>
        <Ticked text={plainText(why)} />
      </bdi>
    </p>
    <p class="story-buttons">
      <button type="button" onClick={() => link.again()}>
        {storyTexts.sendAgain}
      </button>
      <button type="button" onClick={() => link.throwAway()}>
        {storyTexts.throwAway}
      </button>
    </p>
  </div>
);
