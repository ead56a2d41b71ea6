import { expect, test } from "vitest";
import type { DemoItem, DemoNode } from "./answers.ts";
import { inOrder } from "./watch.ts";

// Only the fields that the order goes by matter here.
const item = (id: string): DemoItem => ({
  id,
  title: id,
  stage: "Backlog",
  epoch: 0,
  attempts: 0,
  claim: null,
  mergeCommit: null,
  activity: "",
  note: "",
  updatedAt: 0,
});
const node = (name: string): DemoNode => ({ id: name, name, alive: true, linked: true, slots: 1, slotsFree: 1 });

test("stories and nodes keep their lines, and what a person adds comes last", () => {
  const snapshot = { items: ["added", "b", "a"].map(item), nodes: ["carol", "alice", "bob"].map(node) };
  const { items, nodes } = inOrder(snapshot, ["alice", "bob", "carol"], ["a", "b"]);
  expect(items.map(({ id }) => id)).toEqual(["a", "b", "added"]);
  expect(nodes.map(({ name }) => name)).toEqual(["alice", "bob", "carol"]);
});
