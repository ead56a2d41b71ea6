/** Bug 479: the claim of a node that had died was never given up, and its item was never worked on again. */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualNode } from "../property/virtual/mesh.ts";

const TTL_MS = 5_000;
/** Beats come a second apart, the k-th survivor waits k × 200 ms, and a node looks every 200 ms. */
const BEAT_MS = 1_000;
const TURN_MS = 1_000;

test.each([1, 2, 3, 4, 5])("a dead holder's item is claimed again a TTL later, not earlier, seed %i", async (seed) => {
  const mesh = createVirtualMesh(479 + seed);
  const alice = await mesh.found("alice");
  const nodes = [alice, await mesh.join("bob", alice), await mesh.join("carol", alice)];
  await mesh.time.runUntil(() => false, 10_000);
  await pumped(mesh.time, alice.command("item.add", { title: "Held", start: true }));
  const claimOn = (node: VirtualNode) => [...node.node.api.board.current().items.values()][0]?.claim;
  const everybodyKnows = (): boolean => nodes.every((node) => claimOn(node)?.epoch === 1);
  expect(await mesh.time.runUntil(everybodyKnows, 60_000)).toBe(true);

  const holder = nodes.find((node) => node.name === claimOn(alice)?.nodeName);
  const survivors = nodes.filter((node) => node !== holder);
  holder?.kill();
  const diedAt = mesh.time.nowMs();
  const takenOver = (): boolean => survivors.some((node) => claimOn(node)?.epoch === 2);
  expect(await mesh.time.runUntil(takenOver, 60_000)).toBe(true);
  const silentMs = mesh.time.nowMs() - diedAt;
  expect(silentMs).toBeLessThanOrEqual(TTL_MS + TURN_MS);
  expect(silentMs).toBeGreaterThanOrEqual(TTL_MS - BEAT_MS);
  const done = (): boolean => mesh.remote.chain.length === 2;
  expect(await mesh.time.runUntil(done, 120_000)).toBe(true);
});
