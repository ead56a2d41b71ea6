import type { BoardItem, BoardNode } from "@skein/core";
import { expect, test } from "vitest";
import { itemOf, mapsOf, nodeOf } from "../../testing/boards.ts";
import { type Card, createCards, standbyWord, viewClaims, viewNodes } from "./view.ts";

const NODE = nodeOf({});

const CLAIM = { node: "n1", nodeName: "alder", epoch: 2, since: 3_000, expired: false, ttlMs: 60_000 };

/** A page that is live, and hears the holder. */
const HEARD = { nodes: new Map([[NODE.id, NODE]]), isLive: true };

/** The card of the first item. */
function cardIn(items: readonly Partial<BoardItem>[], places: readonly (readonly [string, number])[] = []): Card {
  const board = mapsOf(items, places);
  const [first] = board.items.values();
  if (first === undefined) throw new Error("no item");
  return createCards()({ ...board, ...HEARD }, first);
}

const card = (fields: Partial<BoardItem>): Card => cardIn([fields]);

test("a card says what its agent asks, and what may be answered", () => {
  const questions = [
    { question: "q1", text: "Which port?", options: ["80", "443"], askedAt: 1 },
    { question: "q2", text: "Why\u202e?\u001b[31m", options: [], askedAt: 2 },
  ];
  expect(card({ stage: "Coding", questions }).notices).toEqual([
    { type: "asks", text: "Which port? (80, 443)" },
    { type: "asks", text: "Why?" },
  ]);
});

test("a card in the merge queue says its place in line", () => {
  const merging = { id: "a", stage: "Merge" as const };
  expect(cardIn([merging], [["a", 0]]).facts).toEqual(["next in line"]);
  expect(cardIn([merging], [["a", 1]]).facts).toEqual(["1 ahead in line"]);
  expect(cardIn([merging]).facts).toEqual([]);
});

test("an item that says Done and is not on the target branch is shown as that, and what depends on it waits", () => {
  const fake = { id: "d1", stage: "Done" as const, mergeCommit: "0123456789abcdef", mergedAt: 59 };
  expect(card(fake).code).toEqual({ type: "merge commit", text: "0123456789", atMs: 59 });
  const refuted = card({ ...fake, landing: "refuted" });
  expect(refuted.code).toBeUndefined();
  expect(refuted.notices).toEqual([
    { type: "refuted", text: "0123456789 is not on the target branch, so this is not Done" },
  ]);
  const waits = (landing: BoardItem["landing"]): Card =>
    cardIn([
      { id: "next", stage: "Coding", dependsOn: ["d1"] },
      { ...fake, landing },
    ]);
  expect(waits("refuted").notices).toEqual([{ type: "waits", text: "“A story”" }]);
  expect(waits("verified").notices).toEqual([]);
});

test("a card says who holds the item, since when, whether the lease is alive and whether the work is", () => {
  const alive = card({ stage: "Coding", claim: CLAIM, epoch: 2, attempts: 2, activity: "Running the tests" });
  expect(alive.lease).toEqual({ claim: CLAIM, holder: "alder", state: "alive", activity: "Running the tests" });
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
  expect(card({ stage: "Qa", awaitsPerson: true }).notices).toEqual([
    { type: "awaits", text: "for somebody to approve or reject the branch" },
  ]);
});

test("an item waits for what it depends on until that is done", () => {
  const { notices } = cardIn([
    { id: "open", dependsOn: ["done", "doing", "unknown"] },
    { id: "done", stage: "Done" },
    { id: "doing", stage: "Coding", title: "Sort\u202E the list" },
  ]);
  expect(notices).toEqual([{ type: "waits", text: "“Sort the list”, unknown" }]);
});

test("a card is the same one until its item changes, or what it says of others does", () => {
  const cards = createCards();
  const open = itemOf({ id: "open", dependsOn: ["other"] });
  const shown = (other: Partial<BoardItem>): Card => {
    const { items, queue } = mapsOf([{ id: "other", stage: "Coding", ...other }]);
    return cards({ items: new Map([...items, [open.id, open]]), queue, ...HEARD }, open);
  };
  const first = shown({});
  expect(shown({ activity: "new" })).toBe(first);
  expect(shown({ title: "new" }).notices).toEqual([{ type: "waits", text: "“new”" }]);
  const done = shown({ stage: "Done" });
  expect(done).not.toBe(first);
  expect(done.notices).toEqual([]);
});

test("card and claim say of a holder what its chip says, at once when it falls silent and when the page hears nobody", () => {
  const cards = createCards();
  const board = mapsOf([{ stage: "Coding", claim: CLAIM, activity: "Running the tests" }]);
  const [item] = board.items.values();
  if (item === undefined) throw new Error("no item");
  const said = (alive: boolean, isLive: boolean) => {
    const known = { ...board, nodes: new Map([[NODE.id, { ...NODE, alive }]]), isLive };
    const [chip, claim] = [viewNodes(known)[0], viewClaims(known)[0]];
    expect(claim?.lease).toEqual(cards(known, item).lease);
    return [chip?.state, claim?.lease.state, claim?.lease.activity];
  };
  expect(said(true, true)).toEqual(["alive", "alive", "Running the tests"]);
  expect(said(false, true)).toEqual(["silent", "silent", ""]);
  expect(said(true, false)).toEqual(["unknown", "unknown", ""]);
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

test("the nodes stand with this one first, then the living, then those that rest, then the silent, with what they work on", () => {
  const nodes = [
    { id: "n3", name: "cedar", alive: false },
    { id: "n0", name: "aspen", standby: "draining: the disk: swapped" },
    { id: "n1", name: "alder" },
    { id: "n2", name: "birch", self: true, slots: 0, slotsFree: 0 },
    { id: "n4", name: "gone", removed: true },
  ].map((fields): BoardNode => ({ ...NODE, ...fields }));
  const { items } = mapsOf([{ stage: "Coding", claim: CLAIM }]);
  const maps = { items, nodes: new Map(nodes.map((node) => [node.id, node])), isLive: true };
  expect(viewNodes(maps).map(({ name, state, slots, workingOn }) => ({ name, state, slots, workingOn }))).toEqual([
    { name: "birch", state: "alive", slots: "no slots", workingOn: [] },
    { name: "alder", state: "alive", slots: "1 of 2 slots in use", workingOn: [{ id: "item1", title: "A story" }] },
    { name: "aspen", state: "resting", slots: "1 of 2 slots in use", workingOn: [] },
    { name: "cedar", state: "silent", slots: "1 of 2 slots in use", workingOn: [] },
  ]);
  expect(viewNodes({ ...maps, isLive: false }).every(({ state }) => state === "unknown")).toBe(true);
});

test("the word for a node that takes no work stands before the reason", () => {
  expect(standbyWord("draining: the disk: swapped")).toBe("draining");
  expect(standbyWord("frozen with the mesh")).toBe("frozen with the mesh");
});

test("the claims stand with expired leases first, then the oldest", () => {
  const { items } = mapsOf([
    { id: "new", claim: { ...CLAIM, since: 9 } },
    { id: "old", claim: { ...CLAIM, since: 1 } },
    { id: "expired", claim: { ...CLAIM, since: 5, expired: true } },
    { id: "free" },
  ]);
  expect(viewClaims({ items, ...HEARD }).map(({ item }) => item)).toEqual(["expired", "old", "new"]);
});
