/** Bug 521: a deleted item came back when a node that had not heard of it wrote to it, or sent what it had written before. */
import { digestOf, isLive, type OpBody } from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createMesh, type Node, writeDrafts } from "../property/mesh.ts";
import { createItem } from "../support/peer-replica.ts";

const ITEM = "aaaaaaaaaaaa";
const OID = "c".repeat(40);

const write = (mesh: ReturnType<typeof createMesh>, node: Node, body: OpBody): void =>
  writeDrafts(mesh, node, [{ entity: ITEM, on: node.replica.view().items.get(ITEM)?.best?.id ?? null, body }]);

function deliver(from: Node, to: Node): void {
  for (const bytes of from.stored) if (to.replica.take(bytes).ok && !to.stored.includes(bytes)) to.stored.push(bytes);
}

const isThere = (node: Node): boolean => {
  const item = node.replica.view().items.get(ITEM);
  return item !== undefined && isLive(item);
};

test("what others wrote to a deleted item, before and after, concurrently or later, does not bring it back", () => {
  const mesh = createMesh({ seed: 521, size: 4 });
  const [alice, bob, carol, dora] = mesh.nodes as [Node, Node, Node, Node];
  writeDrafts(mesh, alice, [createItem(ITEM, "Short-lived")]);
  for (const node of [bob, carol, dora]) deliver(alice, node);

  // Bob deletes while carol edits and dora works and even lands, none of them hearing of each other.
  write(mesh, bob, { kind: "item.delete", note: "" });
  write(mesh, carol, { kind: "item.set", field: "title", value: "Still here" });
  write(mesh, carol, { kind: "item.start" });
  deliver(carol, dora);
  write(mesh, dora, { kind: "item.claim", ttl: 1_000 });
  write(mesh, dora, { kind: "item.land", commit: OID, at: 1 });
  expect([bob, carol, dora].map(isThere)).toEqual([false, true, true]);

  for (const [from, to] of [
    [dora, bob],
    [bob, dora],
    [bob, carol],
    [dora, carol],
    [dora, alice],
    [bob, alice],
  ] as const) {
    deliver(from, to);
  }
  expect(mesh.nodes.map(isThere)).toEqual([false, false, false, false]);
  expect(new Set(mesh.nodes.map((node) => digestOf(node.replica.view(), testCrypto))).size).toBe(1);
  // Nor does a restore, nor the same id created again.
  write(mesh, carol, { kind: "item.restore", note: "" });
  writeDrafts(mesh, carol, [createItem(ITEM, "Again")]);
  deliver(carol, bob);
  expect([carol, bob].map(isThere)).toEqual([false, false]);
});

test("a member with the role agent cannot delete", () => {
  const mesh = createMesh({ seed: 521, size: 4 });
  const [alice, , , dora] = mesh.nodes as [Node, Node, Node, Node];
  writeDrafts(mesh, alice, [createItem(ITEM, "Stays")]);
  deliver(alice, dora);
  write(mesh, dora, { kind: "item.delete", note: "" });
  deliver(dora, alice);
  expect([alice, dora].map(isThere)).toEqual([true, true]);
});
