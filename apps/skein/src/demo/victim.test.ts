import { expect, test } from "vitest";
import type { DemoItem } from "./answers.ts";
import { chooseVictim, noteClaims } from "./victim.ts";

const heldItem = (id: string, name: string, overrides: Partial<DemoItem> = {}): DemoItem => ({
  id,
  title: `Title of ${id}`,
  stage: "Coding",
  epoch: 1,
  attempts: 0,
  claim: { node: `key-${name}`, nodeName: name, epoch: 1, expired: false },
  mergeCommit: null,
  activity: "",
  note: "",
  updatedAt: 0,
  ...overrides,
});

function choose(items: readonly DemoItem[], afterMs: number): string | undefined {
  const seenSince = noteClaims(items, new Map(), 0);
  return chooseVictim({ items, first: "alice", seenSince, nowMs: afterMs })?.name;
}

test("nobody is killed before an attempt is in its middle", () => {
  expect(choose([heldItem("one", "bob")], 500)).toBeUndefined();
  expect(choose([heldItem("one", "bob")], 1_300)).toBe("bob");
});

test("the node that serves the board is the last choice", () => {
  expect(choose([heldItem("one", "alice"), heldItem("two", "bob")], 3_000)).toBe("bob");
  expect(choose([heldItem("one", "alice")], 1_300)).toBeUndefined();
  expect(choose([heldItem("one", "alice")], 3_000)).toBe("alice");
});

test("only the holder of a living claim in its first Coding is chosen", () => {
  expect(choose([heldItem("one", "bob", { stage: "Qa" })], 3_000)).toBeUndefined();
  expect(choose([heldItem("one", "bob", { attempts: 1 })], 3_000)).toBeUndefined();
  expect(choose([heldItem("one", "bob", { claim: null })], 3_000)).toBeUndefined();
});

test("a claim counts from when it was first seen", () => {
  const items = [heldItem("one", "bob")];
  const seen = noteClaims(items, noteClaims(items, new Map(), 100), 900);
  expect([...seen]).toEqual([["one/1", 100]]);
});
