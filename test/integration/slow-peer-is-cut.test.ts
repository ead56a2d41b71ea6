/** A peer that does not read is cut, costs nobody else anything, and gets only what it lacks when it comes back. */
import { fromHex } from "@skein/core";
import { expect, test } from "vitest";

import type { AddItem } from "../support/api-client.ts";
import { addItems } from "../support/bulk-items.ts";
import { dialAsPeer, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { fetchAll, newReplica } from "../support/peer-replica.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const ITEMS = 300;
/** Near the limit of a story: few items make much to send. */
const TEXT = "lorem ipsum ".repeat(1_300);
const world = useWorld();

const stories = (word: string, count: number): readonly AddItem[] =>
  Array.from({ length: count }, (_, place) => ({ title: `${word} ${place}`, text: TEXT }));

test("a peer that stops reading is cut as too slow, others go on, and it catches up from its heads", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  const mesh = fromHex((await alice.api.get<{ readonly mesh: string }>("/node")).mesh);
  if (mesh === undefined) throw new Error("a mesh id is hex");
  const identity = newIdentity();
  const { signer: ticket } = ticketOf((await alice.api.invite("observer")).ticket);
  const dial = { url: alice.endpoints.peer, mesh, identity, name: "sleepy" };
  const sleepy = await dialAsPeer({ ...dial, ticket });
  await sleepy.waitUntilProved();
  const replica = newReplica(mesh);
  await addItems(alice.api, stories("Early", ITEMS / 3));
  await fetchAll(sleepy, replica);
  const early = replica.opCount();

  sleepy.pause();
  await addItems(alice.api, stories("Late", ITEMS));
  // It still asks, again and again, for what it never reads: each answer is half a megabyte in its queue.
  await waitFor("alice to cut the peer that does not read", async () => {
    sleepy.send({ type: "want", heads: new Map(), locators: [] });
    return (await alice.api.doctor()).incidents.find((one) => one.type === "link-too-slow" && one.subject === "sleepy");
  });
  // Nobody else felt it.
  await waitForEqualDigests([alice, bob]);
  const { incidents } = await alice.api.doctor();
  expect(incidents.filter((one) => one.subject === "bob")).toEqual([]);
  expect((await alice.api.nodes()).find((one) => one.name === "bob")).toMatchObject({ linked: true, alive: true });
  sleepy.resume();
  await sleepy.waitUntilClosed();

  const back = await dialAsPeer(dial);
  await back.waitUntilProved();
  await fetchAll(back, replica);
  const { ops } = await alice.api.digest();
  expect(replica.opCount()).toBe(ops);
  expect(ops - early).toBeGreaterThanOrEqual(ITEMS);
  // A delta: the late items once, and nothing of what it had.
  const missing = ITEMS * TEXT.length;
  expect(back.receivedBytes()).toBeGreaterThan(missing);
  expect(back.receivedBytes()).toBeLessThan(missing * 1.2);
  back.close();
});
