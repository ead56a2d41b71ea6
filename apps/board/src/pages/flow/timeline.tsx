/**
 * Who held what when, as a Gantt chart of claims: a row for an item, a bar for a claim, in the colour of the node that held it. Only
 * the rows in sight are drawn. One bar is in the tab order; arrow keys go on from there.
 */
import { useSignal } from "@preact/signals";
import type { Timeline, TimelineRow, TimelineSpan } from "@skein/core";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { goTo } from "../../frame/router.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { plainText, timeText } from "../../text.ts";
import { flowTexts } from "../../texts/flow.ts";
import {
  type BarRef,
  type Direction,
  fittingZoom,
  hueOf,
  neighbour,
  placeOf,
  rowsInSight,
  stageParts,
  timeTicks,
  type TimeWindow,
  windowOf,
  type Zoom,
  ZOOMS,
} from "./timeline-layout.ts";

const texts = flowTexts.timeline;

const ROW_PX = 30;
/** As narrow as a bar gets, so that one at the very end is still whole. */
const LEAST_PX = 8;
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

export interface TimelineProps {
  readonly timeline: Timeline;
  readonly rows: readonly TimelineRow[];
  /** Asks for the next page; undefined when there is none. */
  readonly onMore: (() => void) | undefined;
}

export function TimelinePanel({ timeline, rows, onMore }: TimelineProps): JSX.Element {
  const wanted = useSignal<Zoom | undefined>(undefined);
  const nodes = [
    ...new Map(rows.flatMap(({ spans }) => spans.map(({ node, nodeName }) => [node, nodeName] as const))),
  ].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const zooms = timeline.range === "24h" ? ZOOMS.filter((one) => one !== "24h") : ZOOMS;
  const zoom = wanted.value ?? fittingZoom(zooms, rows, timeline.from, timeline.until);
  return (
    <section class="panel timeline" aria-labelledby="flow-timeline">
      <div class="panel-head">
        <h2 id="flow-timeline">{texts.title}</h2>
        <div class="choice" role="group" aria-label={texts.zoom}>
          {zooms.map((one) => (
            <button key={one} type="button" aria-pressed={zoom === one} onClick={() => (wanted.value = one)}>
              {texts.zooms[one]}
            </button>
          ))}
        </div>
      </div>
      <p class="quiet">{texts.help}</p>
      {rows.length === 0 ? (
        <EmptyState>{texts.empty}</EmptyState>
      ) : (
        <>
          <Legend nodes={nodes} />
          <Grid rows={rows} nodes={nodes.map(([id]) => id)} window={windowOf(zoom, timeline.from, timeline.until)} />
        </>
      )}
      {onMore === undefined ? null : (
        <button type="button" onClick={onMore}>
          {texts.more}
        </button>
      )}
    </section>
  );
}

function Legend({ nodes }: { readonly nodes: readonly (readonly [string, string])[] }): JSX.Element {
  const ids = nodes.map(([id]) => id);
  return (
    <ul class="legend">
      {nodes.map(([id, name]) => (
        <li key={id}>
          <span class="swatch" data-part="node" style={{ "--hue": String(hueOf(id, ids)) }} aria-hidden="true" />
          <bdi>{plainText(name)}</bdi>
        </li>
      ))}
      {(["takeover", "sentBack", "landed", "alternate", "silent"] as const).map((part) => (
        <li key={part}>
          <span class="swatch" data-part={part} aria-hidden="true" />
          {texts.legend[part]}
        </li>
      ))}
    </ul>
  );
}

interface GridProps {
  readonly rows: readonly TimelineRow[];
  readonly nodes: readonly string[];
  readonly window: TimeWindow;
}

function Grid({ rows, nodes, window }: GridProps): JSX.Element {
  const room = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const size = useSignal({ width: 800, height: 420 });
  const focus = useSignal<BarRef | undefined>(undefined);
  /** This bar is to have the focus once it is the one in the tab order: it may have to be drawn first. */
  const wanted = useRef<BarRef | undefined>(undefined);
  useLayoutEffect(() => {
    const element = room.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const current = currentBar(rows, window, focus.value);
  useLayoutEffect(() => {
    const to = wanted.current;
    if (to === undefined || to.row !== current?.row || to.span !== current.span) return;
    wanted.current = undefined;
    room.current?.querySelector<HTMLElement>('.span[tabindex="0"]')?.focus({ preventScroll: true });
  });
  const { from, to } = rowsInSight(rows.length, ROW_PX, scrollTop.value, size.value.height);
  const move = (direction: Direction): void => {
    const element = room.current;
    if (current === undefined || element === null) return;
    const next = neighbour(rows, window, current, direction);
    focus.value = next;
    wanted.current = next;
    const top = next.row * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + 2 * ROW_PX > element.scrollTop + element.clientHeight)
      element.scrollTop = top + 2 * ROW_PX - element.clientHeight;
    scrollTop.value = element.scrollTop;
  };
  return (
    <div
      ref={room}
      class="gantt"
      onScroll={(event) => (scrollTop.value = event.currentTarget.scrollTop)}
      onKeyDown={(event) => {
        const direction = DIRECTIONS[event.key];
        if (direction === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        move(direction);
      }}
    >
      <TimeAxis window={window} width={size.value.width} />
      <ul class="gantt-rows" style={{ height: `${rows.length * ROW_PX}px` }}>
        {rows.slice(from, to).map((row, place) => (
          <Row
            key={row.item}
            row={row}
            number={from + place}
            nodes={nodes}
            window={window}
            current={current}
            onFocus={(at) => (focus.value = at)}
          />
        ))}
      </ul>
    </div>
  );
}

/** The bar that Tab leads to: the one that was last there, or the first that is drawn. */
function currentBar(rows: readonly TimelineRow[], window: TimeWindow, at: BarRef | undefined): BarRef | undefined {
  const isDrawn = ({ startedAt, endedAt }: TimelineSpan): boolean => placeOf(startedAt, endedAt, window) !== undefined;
  const there = at === undefined ? undefined : rows[at.row]?.spans[at.span];
  if (at !== undefined && there !== undefined && isDrawn(there)) return at;
  for (const [row, { spans }] of rows.entries()) {
    const span = spans.findIndex(isDrawn);
    if (span >= 0) return { row, span };
  }
  return undefined;
}

const TICK_PX = 90;
/** What a time takes; one that would be cut off at the end is left out. */
const WORD_PX = 62;

function TimeAxis({ window, width }: { readonly window: TimeWindow; readonly width: number }): JSX.Element {
  const isDays = window.toMs - window.fromMs > 3 * 86_400_000;
  const track = width * 0.7;
  const word = (at: Date): string =>
    isDays
      ? at.toLocaleDateString(undefined, { day: "numeric", month: "short" })
      : at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return (
    <div class="gantt-axis" aria-hidden="true">
      <div class="gantt-track">
        {timeTicks(window, Math.max(2, track / TICK_PX)).map(({ atMs, left }) => (
          <span key={atMs} style={{ left: `${left}%` }}>
            {(1 - left / 100) * track < WORD_PX ? "" : word(new Date(atMs))}
          </span>
        ))}
      </div>
    </div>
  );
}

interface RowProps extends Omit<GridProps, "rows"> {
  readonly row: TimelineRow;
  readonly number: number;
  readonly current: BarRef | undefined;
  readonly onFocus: (at: BarRef) => void;
}

function Row({ row, number, nodes, window, current, onFocus }: RowProps): JSX.Element {
  const title = plainText(row.title) || row.item;
  return (
    <li class="gantt-row" style={{ transform: `translateY(${number * ROW_PX}px)` }}>
      <span class="gantt-title" title={row.left > 0 ? texts.left(row.left) : title}>
        <bdi>{title}</bdi>
      </span>
      <span class="gantt-track">
        {row.spans.map((span, place) => (
          <Span
            key={`${span.epoch}/${span.startedAt}`}
            span={span}
            item={row.item}
            title={title}
            hue={hueOf(span.node, nodes)}
            window={window}
            isCurrent={current?.row === number && current.span === place}
            onFocus={() => onFocus({ row: number, span: place })}
          />
        ))}
      </span>
    </li>
  );
}

interface SpanProps {
  readonly span: TimelineSpan;
  readonly item: string;
  readonly title: string;
  readonly hue: number;
  readonly window: TimeWindow;
  readonly isCurrent: boolean;
  readonly onFocus: () => void;
}

function Span({ span, item, title, hue, window, isCurrent, onFocus }: SpanProps): JSX.Element | null {
  const place = placeOf(span.startedAt, span.endedAt, window);
  if (place === undefined) return null;
  const words = `${title}: ${spanWords(span)}`;
  return (
    <button
      type="button"
      class="span"
      data-outcome={span.outcome}
      data-expired={span.expired}
      data-takeover={span.tookOverFrom !== ""}
      style={{ left: `min(${place.left}%, 100% - ${LEAST_PX}px)`, width: `${place.width}%`, "--hue": String(hue) }}
      tabIndex={isCurrent ? 0 : -1}
      aria-label={words}
      title={words}
      onFocus={onFocus}
      onClick={() => goTo(`#/items/${encodeURIComponent(item)}`)}
    >
      <span class="span-stages" aria-hidden="true">
        {stageParts(span, window).map(({ stage, width }, number) => (
          <i key={number} data-stage={stage} style={{ width: `${width}%` }} />
        ))}
      </span>
      <bdi class="span-name" aria-hidden="true">
        {plainText(span.nodeName)}
      </bdi>
    </button>
  );
}

function spanWords({
  nodeName,
  epoch,
  startedAt,
  endedAt,
  outcome,
  expired,
  tookOverFrom,
  note,
}: TimelineSpan): string {
  const now = Date.now();
  const ended = expired ? texts.silent : texts.outcomes[outcome];
  const words = texts.span(
    plainText(nodeName),
    epoch,
    timeText(startedAt, now),
    endedAt === null ? texts.now : timeText(endedAt, now),
    ended,
    plainText(tookOverFrom),
  );
  return note === "" ? words : `${words}. ${plainText(note)}`;
}
