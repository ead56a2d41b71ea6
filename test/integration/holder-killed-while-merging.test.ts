/** The merger dies at the worst moments: inside its push, and between its push and its op. The item lands exactly once. */
import { expect, test } from "vitest";

import { type ControlledWork, controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

interface Scene {
  readonly work: ControlledWork;
  readonly project: Project;
  readonly nodes: readonly [NodeProcess, NodeProcess];
}

async function setScene(name: string): Promise<Scene> {
  const work = controlledWork(world.directory(`doors-${name}`));
  const project = await world.project({ name, files: work.files, config: { ...work.config, claim: "{ ttl: 2s }" } });
  await project.hook("pre-receive", work.hooks.preReceive);
  await project.hook("post-receive", work.hooks.postReceive);
  const nodes = await startMesh(world, { project, names: [`alice-${name}`, `bob-${name}`] });
  return { work, project, nodes };
}

/** Kills whoever holds the item and returns the other one. */
async function killHolder({ nodes }: Scene, item: string): Promise<NodeProcess> {
  const [one, other] = nodes;
  await waitForEqualDigests(nodes);
  const { claim, stage } = await one.api.item(item);
  expect(stage).toBe("Merge");
  const [holder, survivor] = claim?.nodeName === one.name ? [one, other] : [other, one];
  expect(claim).toMatchObject({ nodeName: holder.name, epoch: 1 });
  await holder.kill();
  return survivor;
}

test("killed inside its push: the survivor takes over in Merge and the item lands once", async () => {
  const scene = await setScene("push");
  const { work, project } = scene;
  work.shut("push");
  const { id } = await scene.nodes[0].api.addItem({ title: "Push and die", start: true });
  await waitFor("a push to be under way", () => work.arrivals().some((name) => name.startsWith("push-")));
  const survivor = await killHolder(scene, id);

  await waitFor("the survivor to take over", async () => (await survivor.api.item(id)).claim?.epoch === 2);
  await waitFor(
    "the survivor to push too",
    () => work.arrivals().filter((name) => name.startsWith("push-")).length > 1,
  );
  // The dead node's push goes on by itself: both are let through at once.
  work.open("push");
  await waitForStage([survivor], id, "Done");
  const landing = await landingOf(project, id);
  expect(await survivor.api.item(id)).toMatchObject({ mergeCommit: landing.commit, epoch: 2, attempts: 0 });
  expect(await project.moves()).toHaveLength(2);
  // Coding was not done again: the submitted branch went on from where it was.
  expect(work.arrivals().filter((name) => name.startsWith("coding-"))).toEqual([`coding-${id}-1`]);
  await expectSoundLogs([survivor]);
});

test("killed between its push and its op: another node writes Done from the trailer", async () => {
  const scene = await setScene("pushed");
  const { work, project } = scene;
  work.shut("pushed");
  const { id } = await scene.nodes[0].api.addItem({ title: "Land and die", start: true });
  await waitFor("the branch to have moved", () => work.arrivals().some((name) => name.startsWith("pushed-")));
  const landing = await landingOf(project, id);
  const survivor = await killHolder(scene, id);
  work.open("pushed");

  await waitForStage([survivor], id, "Done");
  expect(await survivor.api.item(id)).toMatchObject({ mergeCommit: landing.commit });
  expect(await landingOf(project, id)).toEqual(landing);
  const lands = (await survivor.api.history(id)).filter((op) => op.kind === "item.land" && op.outcome === "accepted");
  expect(lands).toHaveLength(1);
  expect(await project.moves()).toHaveLength(2);
  await expectSoundLogs([survivor]);
});
