/** The last copy of a board of thousands comes in many pieces, and is the same board again. */
import type { Board, BoardItem } from "@skein/core";
import { expect, test } from "vitest";

import { boardOf, hasSamePieces, piecesOf } from "./copies.ts";

/** Of an item the test needs no more than that it is one. */
const item = (title: string): BoardItem => JSON.parse(JSON.stringify({ title }));

const HEAD = { mesh: "m", node: "n", nodeName: "alder", member: "o", name: "Ida", role: "owner", savedMs: 1 } as const;

const board: Board = {
  items: new Map(Array.from({ length: 1_001 }, (_, at) => [`item ${at}`, item(`Item ${at}\u2028`)])),
  nodes: new Map(),
  attempts: new Map(),
  queue: new Map([["item 1", { item: "item 1", position: 0 }]]),
};

test("what is kept in pieces is the same board again, in the same order", () => {
  const pieces = [...piecesOf(board)];
  expect(pieces.length).toBeGreaterThan(2);
  const read = boardOf({ head: { ...HEAD, nodes: board.nodes }, pieces });
  expect(read).toEqual(board);
  expect([...(read?.items.keys() ?? [])]).toEqual([...board.items.keys()]);
});

test("a beat alone makes no new pieces, and anything else does", () => {
  expect(hasSamePieces(board, { ...board, nodes: new Map() })).toBe(true);
  expect(hasSamePieces(board, { ...board, items: new Map(board.items) })).toBe(false);
  expect(hasSamePieces(board, { ...board, attempts: new Map() })).toBe(false);
  expect(hasSamePieces(board, { ...board, queue: new Map() })).toBe(false);
});
