/** On links that are up an op needs no anti-entropy: it is everywhere at once, and no honest node is taken for a liar. */
import { expect, test } from "vitest";

import { addItems } from "../support/bulk-items.ts";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const ITEMS = 120;
/** Anti-entropy comes around every three seconds; what arrives sooner was pushed. */
const LIVE_MS = 1_000;
const world = useWorld();

test("each of many ops is on both other nodes within a second, and every link stays up", async () => {
  const nodes = await startMesh(world, { names: ["alice", "bob", "carol"], each: () => ({ slots: 0 }) });
  const [alice, ...others] = nodes;
  for (let place = 1; place <= ITEMS; place++) {
    const { id } = await alice.api.addItem({ title: `Item ${place}` });
    const arrived = others.map((node) =>
      waitFor(`item ${place} on ${node.name}`, async () => (await node.api.tryCommand("item.show", { item: id })).ok, {
        withinMs: LIVE_MS,
        everyMs: 5,
      }),
    );
    await Promise.all(arrived);
  }
  // All write at the same time: frames overtake those that they build on, which is no offense either.
  await Promise.all(
    nodes.map((node) =>
      addItems(
        node.api,
        Array.from({ length: ITEMS }, (_, place) => ({ title: `${node.name} ${place}` })),
      ),
    ),
  );
  await waitForEqualDigests(nodes);
  expect(await alice.api.items()).toHaveLength(4 * ITEMS);
  for (const node of nodes) {
    // Frames that two links bring are duplicates for one of them, which is no offense.
    expect((await node.api.doctor()).incidents, `incidents on ${node.name}`).toEqual([]);
  }
});
