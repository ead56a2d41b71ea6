/** A mesh whose log has more feeds than a heads message holds: nodes compare them in pages and end up with the same. */
import { createReplica, type Draft, LIMITS, openFrame } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode } from "./virtual/mesh.ts";

const FEEDS = 2 * LIMITS.feeds + 500;

/** Ops of one author under so many incarnations, as a member makes them that wants to fill everybody's heads. */
function addIncarnations(node: VirtualNode): void {
  const stored = [...node.store.frames(1)];
  const genesis = openFrame(stored[0]?.bytes ?? new Uint8Array(), testCrypto);
  if (!genesis.ok) throw new Error(genesis.error.message);
  const replica = createReplica(genesis.value.header.opIds[0] ?? new Uint8Array(), testCrypto);
  const loaded = replica.reload(stored.map(({ bytes }) => bytes));
  if (!loaded.ok) throw new Error(loaded.error.message);
  const signer = testSigner(node.name);
  const frames: { position: number; bytes: Uint8Array }[] = [];
  for (let feed = 0; feed < FEEDS; feed++) {
    const incarnation = testCrypto.sha256(new TextEncoder().encode(`feed ${feed}`)).slice(0, 8);
    const draft: Draft = {
      entity: feed.toString(36).padStart(12, "0"),
      on: null,
      body: {
        kind: "item.create",
        title: `Of feed ${feed}`,
        text: "",
        type: "story",
        priority: 5,
        labels: [],
        dependsOn: [],
      },
    };
    replica.write([draft], { signer, incarnation }, 1);
    for (const frame of replica.seal({ signer, incarnation })) {
      frames.push({ position: stored.length + frames.length + 1, bytes: frame.bytes });
    }
  }
  node.store.append(frames);
}

const itemsOn = (node: VirtualNode): number => node.node.api.board.current().items.size;

async function digest(mesh: VirtualMesh, node: VirtualNode): Promise<unknown> {
  const { digest: value, heads } = (await pumped(mesh.time, node.command("digest", {}))) as {
    readonly digest: string;
    readonly heads: object;
  };
  return { value, feeds: Object.keys(heads).length };
}

test("nodes with thousands of incarnations sync, a newcomer joins them, and new ops still go through", async () => {
  const mesh = createVirtualMesh(11);
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  const linked = (): boolean => {
    const seen = [alice, bob].map(({ node }) => [...node.api.board.current().nodes.values()]);
    return seen.every((nodes) => nodes.length === 2 && nodes.every((one) => one.linked && one.alive));
  };
  expect(await mesh.time.runUntil(linked, 60_000)).toBe(true);
  alice.kill();
  addIncarnations(alice);
  const revived = await mesh.restart(alice);
  expect(await mesh.time.runUntil(() => itemsOn(bob) === FEEDS, 120_000)).toBe(true);
  const carol = await mesh.join("carol", revived);
  expect(await mesh.time.runUntil(() => itemsOn(carol) === FEEDS, 120_000)).toBe(true);
  await pumped(mesh.time, revived.command("item.add", { title: "After all of them" }));
  expect(await mesh.time.runUntil(() => itemsOn(carol) === FEEDS + 1 && itemsOn(bob) === FEEDS + 1, 60_000)).toBe(true);
  const [a, b, c] = [await digest(mesh, revived), await digest(mesh, bob), await digest(mesh, carol)];
  expect(b).toEqual(a);
  expect(c).toEqual(a);
  const refused = mesh.trace.filter((line) => line.includes("link.refused"));
  expect(refused).toEqual([]);
});
