/** The node that holds a claim dies in the middle of Coding: a survivor takes the item over and finishes it, once. */
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("a survivor takes over with the next epoch after the TTL, and the item is Done once", async () => {
  const work = controlledWork(world.directory("doors"));
  const project = await world.project({ files: work.files, config: { ...work.config, claim: "{ ttl: 2s }" } });
  const nodes = await startMesh(world, { project, names: ["alice", "bob", "carol"] });
  work.shut("coding-1");
  const added = await nodes[0].api.addItem({ title: "Outlive a node", start: true });

  await waitFor("an agent to be at work", () => work.arrivals().includes(`coding-${added.id}-1`));
  const { claim } = await nodes[0].api.item(added.id);
  const holder = nodes.find((node) => node.name === claim?.nodeName);
  const survivors = nodes.filter((node) => node !== holder);
  const [survivor] = survivors;
  if (holder === undefined || survivor === undefined) throw new Error(`who is ${String(claim?.nodeName)}?`);
  await waitForEqualDigests(nodes);

  const killedAt = performance.now();
  await holder.kill();
  const taken = await waitFor("a survivor to take over", async () => {
    const { claim: held } = await survivor.api.item(added.id);
    return held !== null && held.epoch > 1 ? held : undefined;
  });
  // The TTL of 2 s counts from the last beat, at most one beat (1 s) before the kill.
  expect(performance.now() - killedAt).toBeGreaterThan(900);
  expect(taken.epoch).toBe(2);
  expect(survivors.map((node) => node.name)).toContain(taken.nodeName);
  await waitForStage(survivors, added.id, "Done");
  expect(await project.git(["show", `main:work/${added.id}-2.txt`], project.remote)).toBe("made by attempt 2");

  // The dead node comes back from the same directory, catches up and leaves the item alone.
  const returned = await world.start(holder.name, { rendezvous: [survivor.endpoints.peer] });
  const all = [...survivors, returned];
  await waitForEqualDigests(all);
  const landing = await landingOf(project, added.id);
  for (const node of all) {
    const item = await node.api.item(added.id);
    expect(item).toMatchObject({ stage: "Done", mergeCommit: landing.commit, epoch: 2 });
    expect(item.attemptLog).toMatchObject([
      { epoch: 1, nodeName: holder.name, outcome: "taken-over" },
      { epoch: 2, nodeName: taken.nodeName, outcome: "landed" },
    ]);
  }
  await expectSoundLogs(all);
});
