/** The holder's machine sleeps past its lease and wakes up in the middle of its work: it stops, and nothing lands twice. */
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("a holder that was frozen past its TTL finds its claim taken, stops, and takes nothing over itself", async () => {
  const work = controlledWork(world.directory("doors"));
  const project = await world.project({ files: work.files, config: { ...work.config, claim: "{ ttl: 2s }" } });
  const nodes = await startMesh(world, { project, names: ["alice", "bob"] });
  work.shut("gate-1");
  work.shut("gate-2");
  const { id } = await nodes[0].api.addItem({ title: "Sleep on it", start: true });
  await waitFor("the holder to be in its gate", () => work.arrivals().includes(`gate-${id}-1`));
  await waitForEqualDigests(nodes);
  const { claim } = await nodes[0].api.item(id);
  const [holder, other] = claim?.nodeName === nodes[0].name ? nodes : [nodes[1], nodes[0]];

  holder.freeze();
  await waitFor("the other to be in its gate", () => work.arrivals().includes(`gate-${id}-2`));
  expect((await other.api.item(id)).claim).toMatchObject({ nodeName: other.name, epoch: 2 });
  holder.thaw();
  await waitFor("the one that slept to stop", async () => {
    const effects = await holder.api.get<readonly unknown[]>("/effects");
    return effects.length === 0 && (await holder.api.item(id)).claim?.nodeName === other.name;
  });
  // Others were silent for it too, but that silence was its own: it takes over nothing.
  work.open("gate-1");
  work.open("gate-2");
  await waitForStage(nodes, id, "Done");
  await waitForEqualDigests(nodes);
  const landing = await landingOf(project, id);
  for (const node of nodes) {
    expect(await node.api.item(id)).toMatchObject({ epoch: 2, mergeCommit: landing.commit, attempts: 0 });
  }
  expect(await project.moves()).toHaveLength(2);
  await expectSoundLogs(nodes);
});
