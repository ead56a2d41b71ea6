/** The timeline's bars: where they lie, which rows are drawn, and where the arrow keys lead. */
import type { TimelineRow, TimelineSpan } from "@skein/core";
import { expect, test } from "vitest";

import {
  fittingZoom,
  hueOf,
  neighbour,
  placeOf,
  rowsInSight,
  stageParts,
  timeTicks,
  windowOf,
  ZOOMS,
} from "./timeline-layout.ts";

const HOUR = 3_600_000;
const WINDOW = { fromMs: 100 * HOUR, toMs: 110 * HOUR };

function span(from: number, to: number | null, stages: TimelineSpan["stages"] = []): TimelineSpan {
  return {
    epoch: 1,
    node: "a",
    nodeName: "alder",
    startedAt: from * HOUR,
    endedAt: to === null ? null : to * HOUR,
    outcome: to === null ? "running" : "released",
    tookOverFrom: "",
    expired: false,
    stages,
    note: "",
  };
}

const row = (...spans: readonly TimelineSpan[]): TimelineRow => ({
  item: "0123456789ab",
  title: "A story",
  stage: "Coding",
  spans,
  left: 0,
});

test("a bar is as long as its claim, within the window; one that is still held reaches to now", () => {
  const place = (from: number, to: number | null) => placeOf(from * HOUR, to === null ? null : to * HOUR, WINDOW);
  expect(place(102, 104)).toEqual({ left: 20, width: 20 });
  expect(place(90, 105)).toEqual({ left: 0, width: 50 });
  expect(place(105, null)).toEqual({ left: 50, width: 50 });
  expect(place(80, 99)).toBeUndefined();
  expect(place(111, null)).toBeUndefined();
});

test("a claim of a second is wide enough to be seen, also at the very end", () => {
  const shown = placeOf(WINDOW.toMs - 1_000, WINDOW.toMs, WINDOW);
  expect(shown?.width).toBe(0.6);
  expect((shown?.left ?? 0) + (shown?.width ?? 0)).toBeLessThanOrEqual(100);
});

test("a bar is divided by the stages it went through, and clocks that go backwards divide nothing", () => {
  const stages = [
    { stage: "Coding", at: 100 * HOUR },
    { stage: "Qa", at: 105 * HOUR },
    { stage: "Merge", at: 107.5 * HOUR },
  ] as const;
  expect(stageParts(span(100, null, stages), WINDOW)).toEqual([
    { stage: "Coding", width: 50 },
    { stage: "Qa", width: 25 },
    { stage: "Merge", width: 25 },
  ]);
  expect(stageParts(span(109, 108, stages), WINDOW)).toEqual([{ stage: "Merge", width: 100 }]);
});

test("only rows in sight are drawn, with some more on either side", () => {
  expect(rowsInSight(1_000, 30, 3_000, 300, 5)).toEqual({ from: 95, to: 115 });
  expect(rowsInSight(3, 30, 0, 300)).toEqual({ from: 0, to: 3 });
});

test("arrow keys lead from bar to bar, past rows without one, and stay at the edges", () => {
  const rows = [row(span(101, 102), span(104, 105)), row(span(1, 2)), row(span(103, 104), span(108, 109))];
  const at = { row: 0, span: 1 };
  expect(neighbour(rows, WINDOW, at, "left")).toEqual({ row: 0, span: 0 });
  expect(neighbour(rows, WINDOW, at, "right")).toEqual(at);
  expect(neighbour(rows, WINDOW, at, "up")).toEqual(at);
  expect(neighbour(rows, WINDOW, at, "down")).toEqual({ row: 2, span: 0 });
  expect(neighbour(rows, WINDOW, { row: 2, span: 0 }, "last")).toEqual({ row: 2, span: 1 });
});

test("the shown part is the end of the range, and its ticks are whole times", () => {
  expect(windowOf("1h", 0, 10 * HOUR)).toEqual({ fromMs: 9 * HOUR, toMs: 10 * HOUR });
  expect(windowOf("24h", 5 * HOUR, 10 * HOUR)).toEqual({ fromMs: 5 * HOUR, toMs: 10 * HOUR });
  const ticks = timeTicks(WINDOW, 6).map(({ atMs }) => atMs / HOUR);
  expect(ticks).toEqual([102, 105, 108]);
});

test("what is shown first is the closest look with every bar in it", () => {
  const zoom = (from: number): string => fittingZoom(ZOOMS, [row(span(from, null))], 0, 100 * HOUR);
  expect([zoom(99.5), zoom(97), zoom(80), zoom(3)]).toEqual(["1h", "6h", "24h", "all"]);
  expect(fittingZoom(ZOOMS, [], 0, 100 * HOUR)).toBe("10m");
});

test("every node has its own hue", () => {
  const nodes = ["a", "b", "c", "d"];
  expect(new Set(nodes.map((node) => hueOf(node, nodes))).size).toBe(4);
  const many = Array.from({ length: 60 }, (_, at) => String(at));
  // None of the colours of what landed, was taken over or went wrong.
  expect(many.map((node) => hueOf(node, many)).filter((hue) => hue < 165 || hue > 320)).toEqual([]);
});
