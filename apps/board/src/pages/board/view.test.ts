import { STAGES, type Board, type BoardItem, type BoardNode } from "@skein/core";
import { expect, test } from "vitest";
import { COLUMN_TITLES, viewBoard, type Card, type Column } from "./view.ts";

type BoardMaps = Pick<Board, "items" | "nodes" | "queue">;

const ITEM: BoardItem = {
  id: "item1",
  title: "A story",
  text: "",
  type: "story",
  stage: "Backlog",
  priority: 5,
  labels: [],
  dependsOn: [],
  hold: "",
  generation: 0,
  epoch: 0,
  attempts: 0,
  claim: null,
  branch: null,
  commitsAhead: null,
  mergeCommit: null,
  landing: null,
  mergedAt: null,
  archivedAt: null,
  archiveReason: null,
  activity: "",
  note: "",
  questions: [],
  createdAt: 1_000,
  updatedAt: 1_000,
};

const NODE: BoardNode = {
  id: "n1",
  name: "alder",
  role: "agent",
  removed: false,
  self: false,
  alive: true,
  lastHeardAt: 5_000,
  version: "0.1.0",
  labels: {},
  slots: 2,
  slotsFree: 1,
  address: "",
  linked: true,
};

const CLAIM = { node: "n1", nodeName: "alder", epoch: 2, since: 3_000, expired: false, ttlMs: 60_000 };

function board(items: readonly Partial<BoardItem>[], rest: Partial<BoardMaps> = {}): BoardMaps {
  const made = items.map((fields): BoardItem => ({ ...ITEM, ...fields }));
  return { items: new Map(made.map((item) => [item.id, item])), nodes: new Map(), queue: new Map(), ...rest };
}

test("a card says what its agent asks, and what may be answered", () => {
  const questions = [
    { question: "q1", text: "Which port?", options: ["80", "443"], askedAt: 1 },
    { question: "q2", text: "Why\u202e?\u001b[31m", options: [], askedAt: 2 },
  ];
  const [card] = column(board([{ stage: "Coding", questions }]), "Coding").cards;
  expect(card?.notices).toEqual([
    { type: "asks", text: "Which port? (80, 443)" },
    { type: "asks", text: "Why?" },
  ]);
});

function column(maps: BoardMaps, stage: string): Column {
  const found = viewBoard(maps).columns.find((one) => one.stage === stage);
  if (found === undefined) throw new Error(`no column ${stage}`);
  return found;
}

const idsIn = (maps: BoardMaps, stage: string): readonly string[] => column(maps, stage).cards.map(({ id }) => id);

function card(fields: Partial<BoardItem>, rest: Partial<BoardMaps> = {}): Card {
  const [first] = column(board([fields], rest), fields.stage ?? "Backlog").cards;
  if (first === undefined) throw new Error("no card");
  return first;
}

test("there is one column for each stage, in their order, also when nothing is there", () => {
  expect(COLUMN_TITLES.map(([stage]) => stage)).toEqual([...STAGES]);
  expect(viewBoard(board([])).columns.map(({ title, count }) => [title, count])).toEqual([
    ["Backlog", 0],
    ["Coding", 0],
    ["QA", 0],
    ["Merge", 0],
    ["Done", 0],
    ["Archived", 0],
  ]);
});

test("open work stands by priority, then by age, whatever order it arrived in", () => {
  const items = [
    { id: "c", priority: 5, createdAt: 3 },
    { id: "a", priority: 5, createdAt: 2 },
    { id: "d", priority: 9, createdAt: 9 },
    { id: "b", priority: 5, createdAt: 2 },
  ];
  expect(idsIn(board(items), "Backlog")).toEqual(["d", "a", "b", "c"]);
  expect(idsIn(board(items.toReversed()), "Backlog")).toEqual(["d", "a", "b", "c"]);
});

test("the merge column stands in line, with those that have no place behind", () => {
  const maps = board(
    ["a", "b", "c"].map((id) => ({ id, stage: "Merge" })),
    {
      queue: new Map([
        ["b", { item: "b", position: 1 }],
        ["c", { item: "c", position: 0 }],
      ]),
    },
  );
  expect(idsIn(maps, "Merge")).toEqual(["c", "b", "a"]);
  expect(column(maps, "Merge").cards.map(({ facts }) => facts)).toEqual([["next in line"], ["1 ahead in line"], []]);
});

test("of finished work the latest fifty are shown and all are counted", () => {
  const done = Array.from({ length: 60 }, (_, index) => ({
    id: `d${index}`,
    stage: "Done" as const,
    mergedAt: index,
    mergeCommit: "0123456789abcdef",
  }));
  const { count, cards } = column(board(done), "Done");
  expect(count).toBe(60);
  expect(cards).toHaveLength(50);
  expect(cards[0]).toMatchObject({ id: "d59", code: { type: "merge commit", text: "0123456789", atMs: 59 } });
  expect(cards.at(-1)?.id).toBe("d10");
});

test("an item that says Done and is not on the target branch is shown as that, and what depends on it waits", () => {
  const fake = { id: "d1", stage: "Done" as const, mergeCommit: "0123456789abcdef", mergedAt: 1 };
  const refuted = card({ ...fake, landing: "refuted" });
  expect(refuted.code).toBeUndefined();
  expect(refuted.notices).toEqual([
    { type: "refuted", text: "0123456789 is not on the target branch, so this is not Done" },
  ]);
  const waits = (landing: BoardItem["landing"]): readonly Card[] =>
    column(
      board([
        { ...fake, landing },
        { id: "next", stage: "Coding", dependsOn: ["d1"] },
      ]),
      "Coding",
    ).cards;
  expect(waits("refuted")[0]?.notices).toEqual([{ type: "waits", text: "d1" }]);
  expect(waits("verified")[0]?.notices).toEqual([]);
});

test("a card says who holds the item, since when and whether the lease is alive", () => {
  const alive = card({ stage: "Coding", claim: CLAIM, epoch: 2, attempts: 2, activity: "Running the tests" });
  expect(alive.lease).toEqual({
    holder: "alder",
    epoch: 2,
    sinceMs: 3_000,
    state: "alive",
    activity: "Running the tests",
  });
  expect(alive.facts).toEqual(["2 attempts"]);
  const expired = card({ stage: "Coding", claim: { ...CLAIM, expired: true }, activity: "Running the tests" });
  expect(expired.lease).toMatchObject({ state: "expired", activity: "" });
});

test("a card without a holder says what was done so far and where", () => {
  const shown = card({ stage: "Qa", epoch: 3, attempts: 1, commitsAhead: 4, branch: "skein/item1/3" });
  expect(shown.lease).toBeUndefined();
  expect(shown.facts).toEqual(["epoch 3", "1 attempt", "4 commits"]);
  expect(shown.code).toEqual({ type: "branch", text: "skein/item1/3", atMs: undefined });
});

test("a card says why the item is not moving", () => {
  expect(card({ hold: "until Monday", note: "Sent back." }).notices).toEqual([
    { type: "hold", text: "until Monday" },
    { type: "note", text: "Sent back." },
  ]);
  expect(card({ stage: "Archived", archiveReason: "MergeFailed" }).notices).toEqual([
    { type: "archived", text: "Merge failed" },
  ]);
});

test("an item waits for what it depends on until that is done", () => {
  const maps = board([
    { id: "open", dependsOn: ["done", "doing", "unknown"] },
    { id: "done", stage: "Done" },
    { id: "doing", stage: "Coding" },
  ]);
  expect(column(maps, "Backlog").cards[0]?.notices).toEqual([{ type: "waits", text: "doing, unknown" }]);
});

test("hostile text stays text and loses what would disguise it", () => {
  const shown = card({
    title: "<img src=x>\u202Etxt.exe\u001b[31m red\u0000\nline",
    labels: ["\u2066a"],
    type: "b\tug",
  });
  expect(shown.title).toBe("<img src=x>txt.exe red line");
  expect(shown.labels).toEqual(["a"]);
  expect(shown.type).toBe("b ug");
  expect(card({ title: "\u202E" }).title).toBe("(no title)");
});

test("the nodes stand with this one first, then the living, then the silent, with what they work on", () => {
  const nodes = [
    { id: "n3", name: "cedar", alive: false },
    { id: "n1", name: "alder" },
    { id: "n2", name: "birch", self: true, slots: 0, slotsFree: 0 },
    { id: "n4", name: "gone", removed: true },
  ].map((fields): BoardNode => ({ ...NODE, ...fields }));
  const maps = board([{ stage: "Coding", claim: CLAIM }], { nodes: new Map(nodes.map((node) => [node.id, node])) });
  expect(viewBoard(maps).nodes.map(({ name, state, slots, workingOn }) => ({ name, state, slots, workingOn }))).toEqual(
    [
      { name: "birch", state: "alive", slots: "no slots", workingOn: [] },
      { name: "alder", state: "alive", slots: "1 of 2 slots in use", workingOn: [{ id: "item1", title: "A story" }] },
      { name: "cedar", state: "silent", slots: "1 of 2 slots in use", workingOn: [] },
    ],
  );
});

test("the claims stand with expired leases first, then the oldest", () => {
  const maps = board([
    { id: "new", claim: { ...CLAIM, since: 9 } },
    { id: "old", claim: { ...CLAIM, since: 1 } },
    { id: "expired", claim: { ...CLAIM, since: 5, expired: true } },
    { id: "free" },
  ]);
  expect(viewBoard(maps).claims.map(({ item }) => item)).toEqual(["expired", "old", "new"]);
});

test("a thousand items are viewed without being changed", () => {
  const items = Array.from({ length: 1_000 }, (_, index) => ({ id: `i${index}`, createdAt: index }));
  const maps = board(items);
  Object.freeze(maps);
  for (const item of maps.items.values()) Object.freeze(item);
  expect(column(maps, "Backlog").cards).toHaveLength(1_000);
});
