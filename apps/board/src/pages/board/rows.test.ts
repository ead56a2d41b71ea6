import type { BoardItem } from "@skein/core";
import { expect, test } from "vitest";
import { type RowsOptions, rowsOf } from "./rows.ts";
import { itemOf } from "../../testing/boards.ts";

const ALL: RowsOptions = { matches: undefined, group: "", rest: "None", limit: Number.POSITIVE_INFINITY };

const CLAIM = { node: "n1", nodeName: "alder", epoch: 1, since: 1, expired: false, ttlMs: 1 };

/** One word a row: a card's id, a group's title with its count, how many are folded away. */
function wordsOf(items: readonly BoardItem[], options: Partial<RowsOptions>): readonly string[] {
  return rowsOf(items, { ...ALL, ...options }).rows.map((row) => {
    if (row.type === "card") return row.item.id;
    return row.type === "group" ? `${row.title} (${row.count})` : `and ${row.count} more`;
  });
}

const ITEMS = [
  itemOf({ id: "a", labels: ["ui", "api"], claim: CLAIM }),
  itemOf({ id: "b", labels: [] }),
  itemOf({ id: "c", labels: ["ui", "ui"], project: "" }),
];

test("without groups there is a row for each item that matches, in its order", () => {
  expect(wordsOf(ITEMS, {})).toEqual(["a", "b", "c"]);
  const { shown, count } = rowsOf(ITEMS, { ...ALL, matches: ({ id }) => id !== "b" });
  expect([shown, count]).toEqual([2, 3]);
});

test("groups stand by name, those without one last, and an item with two labels stands under both", () => {
  expect(wordsOf(ITEMS, { group: "label" })).toEqual(["api (1)", "a", "ui (2)", "a", "c", "None (1)", "b"]);
  expect(wordsOf(ITEMS, { group: "node" })).toEqual(["alder (1)", "a", "None (2)", "b", "c"]);
  expect(wordsOf(ITEMS, { group: "project" })).toEqual(["loom (2)", "a", "b", "None (1)", "c"]);
});

test("every row has a key of its own, which begins with the item's id", () => {
  const { rows } = rowsOf(ITEMS, { ...ALL, group: "label" });
  const keys = rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const cards = rows.filter((row) => row.type === "card");
  expect(cards.map(({ key }) => key.split(" ", 1)[0])).toEqual(cards.map(({ item }) => item.id));
});

test("beyond the limit the rest is folded away and counted", () => {
  expect(wordsOf(ITEMS, { limit: 2 })).toEqual(["a", "b", "and 1 more"]);
  expect(rowsOf(ITEMS, { ...ALL, limit: 2 })).toMatchObject({ shown: 3, count: 3 });
});
