/** A history as a drawing: the way to now on the first lane, other branches beside it, what was said or refused beside them all. */
import type { HistoryRow } from "@skein/core";
import { expect, test } from "vitest";

import { graphOf, LANES_MOST, lanesIn } from "./history-graph.ts";

const row = (op: string, on: string | null, effect: HistoryRow["effect"] = "accepted"): HistoryRow => ({
  op,
  on,
  effect,
  kind: "item.claim",
  words: "",
  author: "",
  authorName: "",
  by: null,
  incarnation: "",
  seq: 1,
  lamport: 1,
  wall: 0,
  winning: effect === "accepted",
  outcome: "accepted",
  signature: "verified",
});

test("the newest is first, another branch has a lane of its own until it meets what it builds on", () => {
  const graph = graphOf([
    row("a", null),
    row("b", "a"),
    row("x", "b", "alternate"),
    row("c", "b"),
    row("n", "c", "noted"),
    row("y", "x", "alternate"),
    row("d", "c"),
  ]);
  expect(
    graph.map(({ row: { op }, lane, through, joins, hasAbove, hasBelow }) => ({
      op,
      lane,
      through,
      joins,
      hasAbove,
      hasBelow,
    })),
  ).toEqual([
    { op: "d", lane: 0, through: [], joins: [], hasAbove: false, hasBelow: true },
    { op: "y", lane: 1, through: [0], joins: [], hasAbove: false, hasBelow: true },
    { op: "n", lane: undefined, through: [0, 1], joins: [], hasAbove: false, hasBelow: false },
    { op: "c", lane: 0, through: [1], joins: [], hasAbove: true, hasBelow: true },
    { op: "x", lane: 1, through: [0], joins: [], hasAbove: true, hasBelow: true },
    { op: "b", lane: 0, through: [], joins: [1], hasAbove: true, hasBelow: true },
    { op: "a", lane: 0, through: [], joins: [], hasAbove: true, hasBelow: false },
  ]);
  expect(lanesIn(graph)).toBe(2);
});

test("ten thousand branches take no more room than a few", () => {
  const rows = [
    row("root", null),
    ...Array.from({ length: 10_000 }, (_, at) => row(`x${at}`, "root", "alternate")),
    row("best", "root"),
  ];
  expect(lanesIn(graphOf(rows))).toBe(LANES_MOST);
});
