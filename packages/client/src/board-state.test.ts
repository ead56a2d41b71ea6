/** The board as maps that never change: only what changed is new. */
import type { BoardItem } from "@skein/core";
import { expect, test } from "vitest";
import * as Y from "yjs";

import { ALL, EMPTY_BOARD, follow, mapsOf, touchedBy } from "./board-state.ts";

/** Of an item the tests need no more than that it is one. */
const item = (title: string): BoardItem => JSON.parse(JSON.stringify({ title }));

test("only what was touched is looked at, only what changed is new, and what did not is the same object", () => {
  const doc = new Y.Doc();
  const maps = mapsOf(doc);
  doc.transact(() => {
    maps.items.set("a", item("A"));
    maps.items.set("b", item("B"));
    maps.queue.set("a", { item: "a", position: 0 });
  });
  const first = follow(EMPTY_BOARD, maps, ALL);
  expect(first?.board.items.get("a")).toEqual({ title: "A" });
  const before = first?.board ?? EMPTY_BOARD;
  let keys = ALL;
  doc.on("afterTransaction", ({ changed }: Y.Transaction) => (keys = touchedBy(maps, changed)));
  doc.transact(() => {
    maps.items.set("b", item("B2"));
    maps.items.delete("a");
  });
  expect(keys).toMatchObject({ items: new Set(["a", "b"]), nodes: new Set(), queue: new Set() });
  const second = follow(before, maps, keys);
  expect(second?.change.items).toEqual(
    new Map([
      ["b", { title: "B2" }],
      ["a", null],
    ]),
  );
  expect([...(second?.board.items.keys() ?? [])]).toEqual(["b"]);
  expect(second?.board.queue).toBe(before.queue);
  expect(before.items.get("b")).toEqual({ title: "B" });
});

test("another document with the same board changes nothing, and one that lacks something takes it away", () => {
  const board = (titles: readonly string[]): ReturnType<typeof mapsOf> => {
    const maps = mapsOf(new Y.Doc());
    for (const title of titles) maps.items.set(title, item(title));
    return maps;
  };
  const before = follow(EMPTY_BOARD, board(["a", "b"]), ALL)?.board ?? EMPTY_BOARD;
  expect(follow(before, board(["b", "a"]), ALL)).toBeUndefined();
  const after = follow(before, board(["b", "c"]), ALL);
  expect(after?.change.items).toEqual(
    new Map([
      ["a", null],
      ["c", { title: "c" }],
    ]),
  );
  expect(after?.board.items.get("b")).toBe(before.items.get("b"));
});
