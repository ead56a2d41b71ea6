/** What the list of stuck items costs: what is the same for all of them is looked up once, however many there are. */
import { expect, test } from "vitest";

import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import type { Naming } from "./project.ts";
import { stuckItems } from "./stuck.ts";

const me = { signer: testSigner("stuck items"), incarnation: new Uint8Array(8).fill(1) };

/** So many items in Coding that nobody has claimed and nobody pays for; how often all items and the books were gone through. */
function costOf(count: number): { readonly stuck: number; readonly walks: number; readonly books: number } {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "alice", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  for (let at = 0; at < count; at++) {
    const entity = at.toString(36).padStart(12, "0");
    const create = { title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
    const [born] = replica.write([{ entity, on: null, body: { kind: "item.create", ...create } }], me, 2).ops;
    replica.write([{ entity, on: born?.id ?? null, body: { kind: "item.start" } }], me, 3);
  }
  let [walks, books] = [0, 0];
  const { membership, chat, items: all } = replica.view();
  const items = new Map(all);
  const values = items.values.bind(items);
  items.values = () => {
    walks++;
    return values();
  };
  const naming: Naming = {
    nameOf: () => "alice",
    isExpired: () => false,
    activityOf: () => "",
    landingOf: () => ({ state: "verified", commit: "" }),
    unpaid: () => {
      books++;
      return () => "nothing is left";
    },
  };
  const stuck = stuckItems({ membership, chat, items }, naming).length;
  return { stuck, walks, books };
}

test("forty stuck items cost one look at all parts and one at the books, as two do", () => {
  const [few, many] = [costOf(2), costOf(40)];
  expect([few.stuck, many.stuck]).toEqual([2, 40]);
  expect([many.walks, many.books]).toEqual([few.walks, few.books]);
  expect(many.books).toBe(1);
});
