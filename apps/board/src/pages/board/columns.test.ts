import { type BoardItem, STAGES } from "@skein/core";
import { expect, test } from "vitest";
import { COLUMN_STAGES, columnsOf } from "./columns.ts";
import { itemOf, mapsOf } from "../../testing/boards.ts";

const idsIn = (items: readonly Partial<BoardItem>[], stage: BoardItem["stage"]): readonly string[] =>
  columnsOf(mapsOf(items)).byStage[stage].map(({ id }) => id);

test("there is one column for each stage, in their order", () => {
  expect([...COLUMN_STAGES]).toEqual([...STAGES]);
});

test("open work stands by priority, then by age, whatever order it arrived in", () => {
  const items = [
    { id: "c", priority: 5, createdAt: 3 },
    { id: "a", priority: 5, createdAt: 2 },
    { id: "d", priority: 9, createdAt: 9 },
    { id: "b", priority: 5, createdAt: 2 },
  ];
  expect(idsIn(items, "Backlog")).toEqual(["d", "a", "b", "c"]);
  expect(idsIn(items.toReversed(), "Backlog")).toEqual(["d", "a", "b", "c"]);
});

test("finished work stands with the newest first", () => {
  const items = [1, 3, 2].map((at) => ({ id: `d${at}`, stage: "Done" as const, mergedAt: at }));
  expect(idsIn(items, "Done")).toEqual(["d3", "d2", "d1"]);
});

test("the merge column stands in line, with those that have no place behind, and follows the queue alone", () => {
  const items = ["a", "b", "c"].map((id) => ({ id, stage: "Merge" as const }));
  const maps = mapsOf(items, [
    ["b", 1],
    ["c", 0],
  ]);
  const before = columnsOf(maps);
  expect(before.byStage.Merge.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  const { queue } = mapsOf(
    [],
    [
      ["b", 0],
      ["c", 1],
    ],
  );
  const after = columnsOf({ items: maps.items, queue }, before);
  expect(after.byStage.Merge.map(({ id }) => id)).toEqual(["b", "c", "a"]);
  expect(after.byStage.Backlog).toBe(before.byStage.Backlog);
});

test("a change of one item touches the column it left and the one it is in, and no other", () => {
  const maps = mapsOf(
    Array.from({ length: 600 }, (_, place) => ({ id: `i${place}`, stage: STAGES[place % 6] ?? "Backlog" })),
  );
  const before = columnsOf(maps);
  const moved: BoardItem = itemOf({ id: "i42", stage: "Coding", priority: 9 });
  const after = columnsOf({ items: new Map([...maps.items, [moved.id, moved]]), queue: maps.queue }, before);
  expect(COLUMN_STAGES.filter((stage) => after.byStage[stage] !== before.byStage[stage])).toEqual([
    "Backlog",
    "Coding",
  ]);
  expect(after.byStage.Coding[0]).toBe(moved);
  expect(after.byStage.Backlog).toHaveLength(99);
  expect(columnsOf({ items: after.items, queue: maps.queue }, after).byStage).toEqual(after.byStage);
});

test("what was made step by step is what is made at once, whatever comes, changes and goes", () => {
  let items: ReadonlyMap<string, BoardItem> = new Map();
  let columns = columnsOf({ items, queue: new Map() });
  const { queue } = columns;
  let random = 7;
  const draw = (below: number): number => {
    random = (random * 48_271) % 2_147_483_647;
    return random % below;
  };
  for (let step = 0; step < 300; step++) {
    const next = new Map(items);
    for (let change = draw(4); change >= 0; change--) {
      const id = `i${draw(40)}`;
      if (draw(5) === 0) next.delete(id);
      else {
        const stage = STAGES[draw(6)] ?? "Backlog";
        const [[, item]] = [
          ...mapsOf([{ id, stage, priority: draw(10), mergedAt: draw(9), archivedAt: draw(9) }]).items,
        ];
        next.set(id, item);
      }
    }
    items = next;
    columns = columnsOf({ items, queue }, columns);
  }
  expect(columns.byStage).toEqual(columnsOf({ items, queue }).byStage);
});
