/** The charts' shapes: as high as what they stand for, inside their room, and whole where something is counted. */
import { expect, test } from "vitest";

import { columnsOf, labelled, linePath, linePoints, type Plot, stackedBars, ticksOf } from "./chart-shapes.ts";

const PLOT: Plot = { width: 400, height: 120, left: 30, bottom: 20 };

test("bars stand on the ground and on each other, and none leaves the chart", () => {
  const [first, second] = stackedBars(
    [
      [2, 2],
      [0, 4],
    ],
    4,
    PLOT,
  );
  expect(first?.map(({ y, height }) => [y, height])).toEqual([
    [54, 46],
    [8, 46],
  ]);
  expect(second?.map(({ height }) => height)).toEqual([0, 92]);
  expect((second?.[1]?.x ?? 0) + (second?.[1]?.width ?? 0)).toBeLessThanOrEqual(PLOT.width);
});

test("what is counted has whole ticks, and a chart of nothing still has a ground", () => {
  expect(ticksOf(2, PLOT, true).map(({ value }) => value)).toEqual([0, 1, 2]);
  expect(ticksOf(0, PLOT).map(({ value }) => value)).toContain(0);
  expect(ticksOf(0, PLOT)[0]?.at).toBe(100.5);
});

test("a line breaks where nothing landed, and a value that stands alone is a point", () => {
  const values = [1, null, 3, 4];
  expect(linePath(values, 4, PLOT).match(/M/g)).toHaveLength(2);
  expect(linePoints(values, 4, PLOT)).toHaveLength(3);
});

test("as many columns have a word as there is room for, the last one among them", () => {
  expect(labelled(7, PLOT, 40)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(labelled(30, PLOT, 40)).toEqual([1, 5, 9, 13, 17, 21, 25, 29]);
  expect(columnsOf(30, PLOT).at).toHaveLength(30);
});
