/** Ops were replayed in the order of their arrival, so a node that heard of things in another order showed another board. */
import { createReplica, digestOf } from "@skein/core";
import { createPrng, testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createMesh, type Mesh, type Node, writeDrafts } from "../property/mesh.ts";
import { createItem } from "../support/peer-replica.ts";

const ITEM = "aaaaaaaaaaaa";

/** Two authors take turns at one item; each op builds on the other's last one. */
function alternating(): { readonly mesh: Mesh; readonly frames: readonly Uint8Array[] } {
  const mesh = createMesh({ seed: 1, size: 2 });
  const [alice, bob] = mesh.nodes as [Node, Node];
  writeDrafts(mesh, alice, [createItem(ITEM, "Ping")]);
  for (let turn = 0; turn < 20; turn++) {
    const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
    for (const bytes of from.stored) {
      if (to.replica.take(bytes).ok && !to.stored.includes(bytes)) to.stored.push(bytes);
    }
    const on = to.replica.view().items.get(ITEM)?.best?.id ?? null;
    const kind = turn % 2 === 0 ? ("item.start" as const) : ("item.shelve" as const);
    writeDrafts(mesh, to, [{ entity: ITEM, on, body: kind === "item.start" ? { kind } : { kind, note: "" } }]);
  }
  return { mesh, frames: alice.stored };
}

test("what arrives before the op it builds on is refused and asked for again, and changes nothing meanwhile", () => {
  const { mesh, frames } = alternating();
  const replica = createReplica(mesh.id, testCrypto);
  const last = frames.at(-1) ?? new Uint8Array();
  const early = replica.take(frames[0] ?? new Uint8Array());
  expect(early.ok).toBe(true);
  const before = digestOf(replica.view(), testCrypto);
  expect(replica.take(last)).toMatchObject({ ok: false });
  expect(digestOf(replica.view(), testCrypto)).toBe(before);
});

test("whatever order frames arrive in, the view is that of their causal order", () => {
  const { mesh, frames } = alternating();
  const expected = createReplica(mesh.id, testCrypto);
  for (const bytes of frames) expect(expected.take(bytes).ok).toBe(true);
  expect(expected.view().items.get(ITEM)?.best?.state.stage.stage).toBe("Backlog");
  for (let seed = 0; seed < 50; seed++) {
    const replica = createReplica(mesh.id, testCrypto);
    const stored: Uint8Array[] = [];
    let waiting = createPrng(seed).shuffle([...frames]);
    for (let round = 0; waiting.length > 0 && round <= frames.length; round++) {
      waiting = waiting.filter((bytes) => {
        const taken = replica.take(bytes).ok;
        if (taken) stored.push(bytes);
        return !taken;
      });
    }
    expect([seed, waiting.length]).toEqual([seed, 0]);
    expect(digestOf(replica.view(), testCrypto)).toBe(digestOf(expected.view(), testCrypto));
    // What was stored in this order is replayed in this order after a restart.
    const restarted = createReplica(mesh.id, testCrypto);
    expect(restarted.reload(stored).ok).toBe(true);
    expect(digestOf(restarted.view(), testCrypto)).toBe(digestOf(expected.view(), testCrypto));
  }
});
