/** The node that the others joined through dies. The rest is a mesh all the same, also for one that comes back later. */
import { expect, test } from "vitest";

import { expectSoundLogs, startMesh, waitForEqualDigests, waitForFullMesh, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("the others go on without the rendezvous, and one of them finds the mesh again by remembered addresses", async () => {
  const project = await world.project();
  const [alice, bob, carol] = await startMesh(world, { project, names: ["alice", "bob", "carol"] });
  await alice.kill();

  const { id } = await bob.api.addItem({ title: "Without the founder", start: true });
  await waitForStage([bob, carol], id, "Done");
  await landingOf(project, id);
  await waitForEqualDigests([bob, carol]);

  expect(await carol.stop()).toEqual({ code: 0, signal: null });
  const missed = await bob.api.addItem({ title: "While carol is away" });
  // No rendezvous: what she knows of the others is what she remembered.
  const returned = await world.start("carol");
  await waitForFullMesh([bob, returned]);
  await waitForEqualDigests([bob, returned]);
  expect((await returned.api.item(missed.id)).title).toBe("While carol is away");

  const next = await returned.api.addItem({ title: "Together again", start: true });
  await waitForStage([bob, returned], next.id, "Done");
  await landingOf(project, next.id);
  await expectSoundLogs([bob, returned]);
});
