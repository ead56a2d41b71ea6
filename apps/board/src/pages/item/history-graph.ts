/**
 * An item's history as a drawing: rows from the newest op to the oldest, each on a lane. The way to what the item is now has the
 * first lane; every other branch of accepted ops gets the first one that is free until it meets the op it builds on. What is
 * no stage of the item stands beside the lanes.
 */
import type { HistoryRow } from "@skein/core";

export interface GraphRow {
  readonly row: HistoryRow;
  /** Undefined for what stands beside the lanes. */
  readonly lane: number | undefined;
  /** Lanes that run through from the row above to the row below. */
  readonly through: readonly number[];
  /** Something is drawn on its lane above it. */
  readonly hasAbove: boolean;
  /** It builds on something below it. */
  readonly hasBelow: boolean;
  /** Lanes that end here: what came from this op. */
  readonly joins: readonly number[];
}

/** More branches than these share the last one. */
export const LANES_MOST = 6;

export function graphOf(rows: readonly HistoryRow[]): readonly GraphRow[] {
  /** By lane, the op that it leads to. */
  const open: (string | undefined)[] = [];
  return rows.toReversed().map((row): GraphRow => {
    const isStage = row.effect === "accepted" || row.effect === "alternate";
    if (!isStage) {
      return { row, lane: undefined, through: lanesOf(open), hasAbove: false, hasBelow: false, joins: [] };
    }
    const leading = lanesOf(open).filter((lane) => open[lane] === row.op);
    const lane = row.effect === "accepted" ? 0 : (leading.find((one) => one > 0) ?? freeLane(open));
    const joins = leading.filter((one) => one !== lane);
    for (const one of leading) open[one] = undefined;
    const through = lanesOf(open).filter((one) => one !== lane);
    open[lane] = row.on ?? undefined;
    return { row, lane, through, hasAbove: leading.includes(lane), hasBelow: row.on !== null, joins };
  });
}

const lanesOf = (open: readonly (string | undefined)[]): readonly number[] =>
  [...open.keys()].filter((lane) => open[lane] !== undefined);

/** The first lane is kept for the way to what the item is now. */
function freeLane(open: readonly (string | undefined)[]): number {
  for (let lane = 1; lane < LANES_MOST; lane++) if (open[lane] === undefined) return lane;
  return LANES_MOST - 1;
}

export const lanesIn = (graph: readonly GraphRow[]): number =>
  graph.reduce((most, { lane, through }) => Math.max(most, (lane ?? 0) + 1, ...through.map((one) => one + 1)), 1);
