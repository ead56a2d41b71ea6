/** Where the bars of the timeline lie: parts of the window's width, and which rows are in sight. Pure. */
import type { TimelineRow, TimelineSpan } from "@skein/core";

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface BarPlace {
  /** Percent of the window. */
  readonly left: number;
  readonly width: number;
}

const HOUR_MS = 3_600_000;

export const ZOOMS: readonly ["all", "24h", "6h", "1h", "10m"] = ["all", "24h", "6h", "1h", "10m"];
export type Zoom = (typeof ZOOMS)[number];

const ZOOM_MS: Readonly<Record<Exclude<Zoom, "all">, number>> = {
  "24h": 24 * HOUR_MS,
  "6h": 6 * HOUR_MS,
  "1h": HOUR_MS,
  "10m": HOUR_MS / 6,
};

/** What is shown: all of the answer, or its last part. */
export function windowOf(zoom: Zoom, from: number, until: number): TimeWindow {
  return { fromMs: zoom === "all" ? from : Math.max(from, until - ZOOM_MS[zoom]), toMs: until };
}

/** The closest look that still has every bar in it. */
export function fittingZoom(zooms: readonly Zoom[], rows: readonly TimelineRow[], from: number, until: number): Zoom {
  const starts = rows.flatMap(({ spans }) => spans.map(({ startedAt }) => startedAt));
  const first = starts.reduce((least, at) => Math.min(least, at), until);
  return zooms.findLast((zoom) => windowOf(zoom, from, until).fromMs <= first) ?? "all";
}

/** Wide enough to be seen and hit, whatever it is of the window. Percent. */
const LEAST = 0.6;

/** Undefined when none of it is within the window. What is still held goes on to the window's end. */
export function placeOf(startedAt: number, endedAt: number | null, { fromMs, toMs }: TimeWindow): BarPlace | undefined {
  const end = Math.min(endedAt ?? toMs, toMs);
  const start = Math.max(Math.min(startedAt, end), fromMs);
  if (end < fromMs || startedAt > toMs) return undefined;
  const length = toMs - fromMs;
  const width = Math.max(LEAST, (100 * (end - start)) / length);
  return { left: Math.min(100 - width, (100 * (start - fromMs)) / length), width };
}

/** The parts of a bar by the stage that the item was in, as percent of the bar. */
export function stageParts(
  span: TimelineSpan,
  window: TimeWindow,
): readonly { readonly stage: string; readonly width: number }[] {
  const end = Math.min(span.endedAt ?? window.toMs, window.toMs);
  const start = Math.max(span.startedAt, window.fromMs);
  const length = end - start;
  const parts = span.stages.map(({ stage, at }, place) => {
    const to = Math.min(span.stages[place + 1]?.at ?? end, end);
    return { stage, ms: Math.max(0, to - Math.max(at, start)) };
  });
  const last = parts.at(-1)?.stage ?? "Coding";
  // Clocks that contradict each other leave no length to be divided.
  if (length <= 0 || parts.every(({ ms }) => ms === 0)) return [{ stage: last, width: 100 }];
  return parts.filter(({ ms }) => ms > 0).map(({ stage, ms }) => ({ stage, width: (100 * ms) / length }));
}

/** Rows of one height: the first that is in sight and the one behind the last, with some more on either side. */
export function rowsInSight(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
  more: number = 6,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - more);
  return { from: Math.min(from, count), to: Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + more) };
}

export interface BarRef {
  readonly row: number;
  readonly span: number;
}

export type Direction = "left" | "right" | "up" | "down" | "first" | "last";

/** The bar that an arrow key leads to; the same one where there is none that way. Rows without bars in sight are passed over. */
export function neighbour(rows: readonly TimelineRow[], window: TimeWindow, at: BarRef, direction: Direction): BarRef {
  const seen = (row: number): readonly number[] =>
    (rows[row]?.spans ?? []).flatMap((span, place) =>
      placeOf(span.startedAt, span.endedAt, window) === undefined ? [] : [place],
    );
  const spans = seen(at.row);
  const place = spans.indexOf(at.span);
  switch (direction) {
    case "left":
    case "right":
      return { row: at.row, span: spans[place + (direction === "left" ? -1 : 1)] ?? at.span };
    case "first":
    case "last":
      return { row: at.row, span: (direction === "first" ? spans[0] : spans.at(-1)) ?? at.span };
    case "up":
    case "down": {
      const step = direction === "up" ? -1 : 1;
      const startedAt = rows[at.row]?.spans[at.span]?.startedAt ?? window.fromMs;
      for (let row = at.row + step; row >= 0 && row < rows.length; row += step) {
        const nearest = seen(row).toSorted((a, b) => away(rows, row, a, startedAt) - away(rows, row, b, startedAt))[0];
        if (nearest !== undefined) return { row, span: nearest };
      }
      return at;
    }
  }
}

const away = (rows: readonly TimelineRow[], row: number, span: number, startedAt: number): number =>
  Math.abs((rows[row]?.spans[span]?.startedAt ?? 0) - startedAt);

export interface TimeTick {
  readonly atMs: number;
  /** Percent of the window. */
  readonly left: number;
}

const STEPS_MS = [1, 2, 5, 10, 30, 60, 180, 360, 720, 1_440, 2_880, 10_080].map((minutes) => minutes * 60_000);

/** Whole times, in UTC, at most so many of them. */
export function timeTicks({ fromMs, toMs }: TimeWindow, most: number): readonly TimeTick[] {
  const length = toMs - fromMs;
  const step = STEPS_MS.find((ms) => length / ms <= most) ?? STEPS_MS.at(-1) ?? length;
  const ticks: TimeTick[] = [];
  for (let atMs = Math.ceil(fromMs / step) * step; atMs <= toMs; atMs += step)
    ticks.push({ atMs, left: (100 * (atMs - fromMs)) / length });
  return ticks;
}

/** The cool side of the colour wheel: green, amber and red say how something went. */
const HUES = { first: 165, span: 155 } as const;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Of the first node: a blue. */
const BEGIN = 45;

/** A hue for each node, the same on every page: golden steps keep neighbours in the list far from each other. */
export function hueOf(node: string, nodes: readonly string[]): number {
  const place = Math.max(0, nodes.indexOf(node));
  return Math.round(HUES.first + ((BEGIN + place * GOLDEN * HUES.span) % HUES.span));
}
