/** What the charts of the flow page are made of: places and paths in pixels, from what the node answered. Pure. */
import { scaleBand, scaleLinear } from "d3-scale";
import { line } from "d3-shape";

export interface Plot {
  readonly width: number;
  readonly height: number;
  /** Room for words on the axes. */
  readonly left: number;
  readonly bottom: number;
}

export interface Tick {
  readonly at: number;
  readonly value: number;
}

export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const TOP = 8;
const TICKS = 4;

/** At least 1 high, so that a chart of nothing has a ground to stand on. */
function heightScale(max: number, { height, bottom }: Plot): (value: number) => number {
  return scaleLinear()
    .domain([0, Math.max(1, max)])
    .nice(TICKS)
    .range([height - bottom, TOP]);
}

/** Round values with their heights. `whole`: only whole ones, for what is counted. */
export function ticksOf(max: number, plot: Plot, whole: boolean = false): readonly Tick[] {
  const at = heightScale(max, plot);
  return scaleLinear()
    .domain([0, Math.max(1, max)])
    .nice(TICKS)
    .ticks(TICKS)
    .filter((value) => !whole || Number.isInteger(value))
    .map((value) => ({ value, at: Math.round(at(value)) + 0.5 }));
}

export interface Columns {
  /** The left edge of each column, and how wide each is. */
  readonly at: readonly number[];
  readonly width: number;
}

export function columnsOf(count: number, { width, left }: Plot): Columns {
  const band = scaleBand<number>()
    .domain(Array.from({ length: count }, (_, place) => place))
    .range([left, width])
    .paddingInner(count > 12 ? 0.25 : 0.45)
    .paddingOuter(0.2);
  return { at: band.domain().map((place) => band(place) ?? left), width: band.bandwidth() };
}

/** Bars that stand on each other: for each column the parts from the ground up. */
export function stackedBars(
  stacks: readonly (readonly number[])[],
  max: number,
  plot: Plot,
): readonly (readonly Bar[])[] {
  const at = heightScale(max, plot);
  const columns = columnsOf(stacks.length, plot);
  return stacks.map((parts, place) => {
    let below = 0;
    return parts.map((value) => {
      const [from, to] = [at(below), at(below + value)];
      below += value;
      return { x: columns.at[place] ?? 0, y: to, width: columns.width, height: Math.max(0, from - to) };
    });
  });
}

/** A line through the middles of the columns that have a value; it breaks where there is none. */
export function linePath(values: readonly (number | null)[], max: number, plot: Plot): string {
  const at = heightScale(max, plot);
  const columns = columnsOf(values.length, plot);
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, place) => (columns.at[place] ?? 0) + columns.width / 2)
    .y((value) => at(value ?? 0));
  return path([...values]) ?? "";
}

/** The points of that line: one that stands alone has no line to be seen by. */
export function linePoints(
  values: readonly (number | null)[],
  max: number,
  plot: Plot,
): readonly { x: number; y: number }[] {
  const at = heightScale(max, plot);
  const columns = columnsOf(values.length, plot);
  return values.flatMap((value, place) =>
    value === null ? [] : [{ x: (columns.at[place] ?? 0) + columns.width / 2, y: at(value) }],
  );
}

/** Which columns have a word below them, so that the words do not run into each other. */
export function labelled(count: number, { width, left }: Plot, wordWidth: number): readonly number[] {
  const every = Math.max(1, Math.ceil((count * wordWidth) / Math.max(1, width - left)));
  return Array.from({ length: count }, (_, place) => place).filter((place) => (count - 1 - place) % every === 0);
}
