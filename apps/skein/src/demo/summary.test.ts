import { expect, test } from "vitest";
import type { DemoItem, DemoNode } from "./answers.ts";
import { summaryOf } from "./summary.ts";

const done: DemoItem = {
  id: "one",
  title: "Say hello",
  stage: "Done",
  epoch: 1,
  attempts: 0,
  claim: null,
  mergeCommit: "abc",
  activity: "",
  note: "",
  updatedAt: 0,
};
const node = (name: string): DemoNode => ({
  id: `key-${name}`,
  name,
  alive: true,
  linked: true,
  slots: 1,
  slotsFree: 1,
});

test("the summary holds the items, the nodes and the time, and a killed node is not alive", () => {
  const snapshot = { items: [done], nodes: [node("alice"), node("bob")] };
  expect(summaryOf({ snapshot, gone: new Set(["bob"]) }, 1_234.6)).toEqual({
    items: [{ id: "one", title: "Say hello", stage: "Done", mergeCommit: "abc" }],
    nodes: [
      { name: "alice", id: "key-alice", alive: true },
      { name: "bob", id: "key-bob", alive: false },
    ],
    elapsedMs: 1_235,
  });
});
