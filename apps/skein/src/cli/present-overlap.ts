/** Which items change the same paths, as people read it. */
import { type Fields, list, rows, text } from "./present-parts.ts";
import { table } from "./table.ts";

export function overlapTable(item: Fields): readonly string[] {
  const cells = rows(item["overlaps"]).map((one) => [
    text(one["item"]),
    text(one["stage"]),
    text(one["title"]),
    list(one["on"]),
  ]);
  return cells.length === 0 ? [] : ["", table(["OVERLAPS", "STAGE", "TITLE", "ON"], cells)];
}

/** Of what is in line in the merge queue. */
export const overlapLines = (queue: Fields): readonly string[] =>
  rows(queue["line"])
    .filter((one) => list(one["overlaps"]) !== "")
    .map((one) => `${text(one["item"])} changes the same paths as ${list(one["overlaps"])}.`);
