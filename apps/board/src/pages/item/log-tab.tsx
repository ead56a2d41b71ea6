/** The agent's log and the gate's output of one attempt, as it grows. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useShortcuts } from "../../frame/shortcuts.ts";
import { Ticked } from "../../parts/ticked.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import type { Attempt } from "./details.ts";
import type { TabProps } from "./index.tsx";
import { createLogText, type LogLine } from "./log-text.ts";

interface Shown {
  readonly lines: readonly LogLine[];
  readonly left: number;
}

type Feed =
  | { readonly type: "live" }
  | { readonly type: "ended" }
  | { readonly type: "none" }
  | { readonly type: "cut"; readonly why: string };

/** Pieces that come within a frame are one drawing. */
const GATHERED_MS = 50;

export function LogTab({ session, item, epoch, show }: TabProps): JSX.Element {
  const attempts = item.attemptLog;
  const shownEpoch = epoch ?? attempts.at(-1)?.epoch;
  const text = useSignal<Shown>({ lines: [], left: 0 });
  const feed = useSignal<Feed>({ type: "live" });
  const tries = useSignal(0);
  const follows = useSignal(true);

  useEffect(() => {
    text.value = { lines: [], left: 0 };
    feed.value = { type: "live" };
    if (shownEpoch === undefined) return undefined;
    const log = createLogText();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        text.value = { lines: log.lines(), left: log.left() };
      }, GATHERED_MS);
    };
    const stop = session.follow(`api/v1/logs/${encodeURIComponent(item.id)}/stream?epoch=${shownEpoch}`, {
      onData: (data) => {
        const piece = pieceIn(data);
        if (piece === undefined) return;
        log.add(piece.text);
        if (piece.ended) feed.value = { type: "ended" };
        draw();
      },
      onEnd: (error) => {
        if (feed.peek().type === "ended") return;
        if (error?.code === "not-found") feed.value = { type: "none" };
        else feed.value = { type: "cut", why: error?.message ?? "" };
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [item.id, shownEpoch, tries.value]);

  useShortcuts(() => [
    { keys: "f", text: itemTexts.follow, place: "here", run: () => (follows.value = !follows.peek()) },
  ]);
  if (shownEpoch === undefined) return <EmptyState>{itemTexts.noLog}</EmptyState>;
  return (
    <>
      <p class="item-line log-bar">
        <Picker attempts={attempts} epoch={shownEpoch} onPick={(next) => show("log", next)} />
        <label class="item-switch">
          <input
            type="checkbox"
            checked={follows.value}
            onChange={(event) => (follows.value = event.currentTarget.checked)}
          />
          {itemTexts.follow} <kbd>f</kbd>
        </label>
        <FeedState feed={feed.value} onAgain={() => (tries.value += 1)} />
      </p>
      <Lines shown={text.value} follows={follows} />
    </>
  );
}

interface PickerProps {
  readonly attempts: readonly Attempt[];
  readonly epoch: number;
  readonly onPick: (epoch: number) => void;
}

export function Picker({ attempts, epoch, onPick }: PickerProps): JSX.Element {
  const epochs = [...new Set([...attempts.map((one) => one.epoch), epoch])].toSorted((a, b) => b - a);
  const words = new Map(
    attempts.map((one) => [one.epoch, `${itemTexts.epoch(one.epoch)} · ${plainText(one.nodeName)}`]),
  );
  return (
    <label class="item-switch">
      {itemTexts.logOf}
      <select value={String(epoch)} onChange={(event) => onPick(Number(event.currentTarget.value))}>
        {epochs.map((one) => (
          <option key={one} value={String(one)}>
            {words.get(one) ?? itemTexts.epoch(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

function FeedState({ feed, onAgain }: { readonly feed: Feed; readonly onAgain: () => void }): JSX.Element {
  if (feed.type !== "cut") {
    const words = { live: itemTexts.logLive, ended: itemTexts.logEnded, none: itemTexts.noLog }[feed.type];
    return (
      <span class="quiet" role="status">
        {words}
      </span>
    );
  }
  return (
    <span role="status">
      <bdi>
        <Ticked text={itemTexts.logCut(plainText(feed.why))} />
      </bdi>{" "}
      <button type="button" class="link" onClick={onAgain}>
        {itemTexts.logAgain}
      </button>
    </span>
  );
}

const BLOCK_LINES = 100;

/** Lines stand in blocks, of which the browser lays out those that are in sight. */
function Lines({ shown, follows }: { readonly shown: Shown; readonly follows: { value: boolean } }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const toEnd = (): void => {
    const there = box.current;
    if (there !== null && follows.value) there.scrollTop = there.scrollHeight;
  };
  useLayoutEffect(toEnd, [shown]);
  useSignalEffect(toEnd);
  const blocks = Array.from({ length: Math.ceil(shown.lines.length / BLOCK_LINES) }, (_, at) =>
    shown.lines.slice(at * BLOCK_LINES, (at + 1) * BLOCK_LINES),
  );
  return (
    <div
      ref={box}
      class="log"
      role="region"
      aria-label={itemTexts.logLabel}
      tabIndex={0}
      onWheel={(event) => {
        if (event.deltaY < 0) follows.value = false;
      }}
      onKeyDown={(event) => {
        if (event.key === "End") follows.value = true;
        else if (["ArrowUp", "PageUp", "Home"].includes(event.key)) follows.value = false;
      }}
    >
      {shown.left === 0 ? null : (
        <p class="quiet">
          <Ticked text={itemTexts.linesLeft(shown.left)} />
        </p>
      )}
      {blocks.map((lines) => (
        <div key={lines[0]?.number} class="log-block">
          {lines.map((line) => (
            <div key={line.number} class="log-line" dir="ltr">
              {line.spans.map((span, at) =>
                span.style === "" ? (
                  span.text
                ) : (
                  <span key={at} class={span.style}>
                    {span.text}
                  </span>
                ),
              )}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

/** What is no piece of a log is left out. */
function pieceIn(data: unknown): { readonly text: string; readonly ended: boolean } | undefined {
  if (typeof data !== "object" || data === null || !("text" in data) || !("ended" in data)) return undefined;
  return typeof data.text === "string" ? { text: data.text, ended: data.ended === true } : undefined;
}
