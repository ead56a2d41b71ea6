/**
 * A log that was shortened: it starts again, lets a fresh node in that proves every op of it, and what came after the
 * checkpoint travels as before.
 */
import { expect, test } from "vitest";

import { addItems } from "../support/bulk-items.ts";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { useWorld } from "../support/world.ts";

const ITEMS = 1_500;
const world = useWorld();

test("a shortened log restarts and lets a fresh node join, and both still verify", async () => {
  const [alice] = await startMesh(world, { names: ["alice"], each: () => ({ slots: 0 }) });
  await addItems(
    alice.api,
    Array.from({ length: ITEMS }, (_, place) => ({ title: `Item ${place}` })),
  );
  await alice.api.command("checkpoint", {});
  const compacted = await alice.api.command("compact", {});
  expect(compacted).toMatchObject({ thinned: expect.any(Number) });
  const before = await alice.api.digest();
  const verified = await alice.api.command("verify", {});
  expect(verified).toMatchObject({ ok: true, checkpoints: [{ standing: "held", signer: "alice" }] });
  // One signature a pack and feed is left of many.
  const { frames, covered } = verified as { readonly frames: number; readonly covered: number };
  expect(covered).toBeGreaterThan(frames / 2);

  await alice.stop();
  const again = await world.start("alice", { slots: 0 });
  expect((await again.api.digest()).digest).toBe(before.digest);
  // What comes after the checkpoint is in loose frames.
  await again.api.addItem({ title: "After the checkpoint" });

  const { ticket } = await again.api.invite("operator");
  const bob = await world.start("bob", { slots: 0, ticket });
  await waitForEqualDigests([again, bob], 60_000);
  expect((await bob.api.items()).length).toBe(ITEMS + 1);
  expect(await bob.api.command("verify", {})).toMatchObject({ ok: true });
  // And live, in both directions.
  await bob.api.addItem({ title: "From bob" });
  await again.api.addItem({ title: "From alice" });
  await waitForEqualDigests([again, bob], 60_000);
});

test("only an operator signs a checkpoint", async () => {
  const [carol] = await startMesh(world, { names: ["carol"], each: () => ({ slots: 0 }) });
  const { ticket } = await carol.api.invite("agent");
  const dave = await world.start("dave", { slots: 0, ticket });
  await waitForEqualDigests([carol, dave], 60_000);
  await expect(dave.api.command("checkpoint", {})).rejects.toThrow(/operator/);
});

test("a log with a rotation and what the new key wrote is the same after it was packed", async () => {
  await world.found("rotating");
  const data = ["--data", world.dataOf("rotating")];
  expect((await world.skein(["item", "add", "Before", ...data])).code).toBe(0);
  expect((await world.skein(["rotate", ...data])).code).toBe(0);
  expect((await world.skein(["item", "add", "After", ...data])).code).toBe(0);
  expect((await world.skein(["compact", ...data])).code).toBe(0);
  expect((await world.skein(["verify", "--json", ...data])).json()).toMatchObject({ ok: true });
  const node = await world.start("rotating", { slots: 0 });
  expect((await node.api.items()).map(({ title }) => title).toSorted()).toEqual(["After", "Before"]);
  const joiner = await world.join("joiner", node, { slots: 0 });
  await waitForEqualDigests([node, joiner]);
});
