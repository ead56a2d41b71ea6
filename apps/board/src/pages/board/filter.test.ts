import type { BoardItem } from "@skein/core";
import { expect, test } from "vitest";
import { type Filter, filterIn, labelsOf, matcherOf } from "./filter.ts";
import { itemOf, mapsOf } from "../../testing/boards.ts";

const CLAIM = { node: "n1", nodeName: "Alder", epoch: 2, since: 3_000, expired: false, ttlMs: 60_000 };

const QUESTION = { question: "q1", text: "Which?", options: [], askedAt: 1 };

const ITEMS = mapsOf([
  { id: "plain", title: "Paint the shed" },
  { id: "held", title: "Mend the roof", labels: ["ui", "Tür"], stage: "Coding", claim: CLAIM },
  { id: "late", stage: "Coding", claim: { ...CLAIM, node: "n2", nodeName: "birch", expired: true } },
  { id: "asks", stage: "Coding", questions: [QUESTION] },
  { id: "awaits", stage: "Qa", awaitsPerson: true },
  { id: "on-hold", hold: "until Monday" },
  { id: "next", stage: "Coding", dependsOn: ["plain"] },
  { id: "ready", stage: "Coding", dependsOn: ["done"] },
  { id: "done", stage: "Done" },
  { id: "fake", stage: "Done", landing: "refuted" },
  { id: "blocked", stage: "Archived", archiveReason: "Blocked" },
]).items;

function found(change: Partial<Filter>): readonly string[] {
  const matches = matcherOf({ ...filterIn(new Map()), ...change }, ITEMS);
  return [...ITEMS.values()].flatMap((item) => (matches?.(item) === true ? [item.id] : []));
}

test("an empty filter is none at all, and what the address says and nobody knows is left out", () => {
  expect(matcherOf(filterIn(new Map([["group", "label"]])), ITEMS)).toBeUndefined();
  expect(
    filterIn(
      new Map([
        ["state", "shiny"],
        ["group", "x"],
        ["q", "a"],
      ]),
    ),
  ).toEqual({
    q: "a",
    state: "",
    label: "",
    node: "",
    group: "",
  });
});

test("a search finds all its words in titles, ids, labels and holders, in any case", () => {
  expect(found({ q: "ROOF mend" })).toEqual(["held"]);
  expect(found({ q: "tür" })).toEqual(["held"]);
  expect(found({ q: "alder" })).toEqual(["held"]);
  expect(found({ q: "on-h" })).toEqual(["on-hold"]);
  expect(found({ q: "roof shed" })).toEqual([]);
});

test.each([
  ["person", ["asks", "awaits"]],
  ["held", ["held", "late"]],
  ["expired", ["late"]],
  ["hold", ["on-hold"]],
  ["waits", ["next"]],
  ["blocked", ["fake", "blocked"]],
  ["free", ["plain", "asks", "awaits", "on-hold", "next", "ready"]],
] as const)("the state %s", (state, ids) => {
  expect(found({ state })).toEqual(ids);
});

test("a label and a node are exact, and all filters together are one", () => {
  expect(found({ label: "ui" })).toEqual(["held"]);
  expect(found({ label: "u" })).toEqual([]);
  expect(found({ node: "n1" })).toEqual(["held"]);
  expect(found({ node: "n1", state: "expired" })).toEqual([]);
});

test("what was searched once is found anew when the item has changed", () => {
  const matches = (item: BoardItem): boolean | undefined =>
    matcherOf({ ...filterIn(new Map()), q: "blue" }, ITEMS)?.(item);
  const item = itemOf({ title: "red" });
  expect(matches(item)).toBe(false);
  expect(matches({ ...item, title: "blue" })).toBe(true);
});

test("the labels are all there are, each once, in order", () => {
  expect(
    labelsOf(
      mapsOf([
        { id: "a", labels: ["z", "b"] },
        { id: "b", labels: ["b"] },
      ]).items,
    ),
  ).toEqual(["b", "z"]);
});
