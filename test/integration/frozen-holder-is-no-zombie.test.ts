/**
 * Machines that sleep: a holder past its lease, in the middle of its work or for long after somebody else landed it, and an
 * observer that hears nothing meanwhile. Nothing lands twice, and nobody loses a claim because somebody else slept.
 */
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
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

const TTL_MS = 2_000;

/** Two nodes with one item, its holder in its gate; the lease is two seconds. */
async function holderInItsGate(tag: string) {
  const work = controlledWork(world.directory(`doors-${tag}`));
  const claim = `{ ttl: ${TTL_MS}ms }`;
  const project = await world.project({ name: tag, files: work.files, config: { ...work.config, claim } });
  const nodes = await startMesh(world, { project, names: [`alice-${tag}`, `bob-${tag}`] });
  work.shut("gate-1");
  const { id } = await nodes[0].api.addItem({ title: "Sleep on it", start: true });
  await waitFor("the holder to be in its gate", () => work.arrivals().includes(`gate-${id}-1`));
  await waitForEqualDigests(nodes);
  const held = (await nodes[0].api.item(id)).claim?.nodeName === nodes[0].name;
  const [holder, other]: readonly [NodeProcess, NodeProcess] = held ? nodes : [nodes[1], nodes[0]];
  return { work, project, nodes, id, holder, other };
}

const untilPassed = (ms: number): Promise<unknown> => {
  const end = performance.now() + ms;
  return waitFor(`${ms} ms to pass`, () => performance.now() >= end, { withinMs: 2 * ms + 20_000 });
};

test("a holder frozen for ten TTLs wakes up behind a landing: its result has no effect, its branch is kept", async () => {
  const { work, project, nodes, id, holder, other } = await holderInItsGate("ten");
  holder.freeze();
  await waitForStage([other], id, "Done");
  const landing = await landingOf(project, id);
  await untilPassed(10 * TTL_MS);
  // Its gate went through while it slept: what it finds first is its own success.
  work.open("gate-1");
  holder.thaw();
  await waitForStage(nodes, id, "Done");
  await waitFor("the one that slept to be done with it", async () => {
    return (await holder.api.get<readonly unknown[]>("/effects")).length === 0;
  });
  await waitForEqualDigests(nodes);
  for (const node of nodes) expect(await node.api.item(id)).toMatchObject({ epoch: 2, mergeCommit: landing.commit });
  expect(await landingOf(project, id)).toEqual(landing);
  expect(await project.moves()).toHaveLength(2);
  expect(await project.branches()).toContain(`skein/${id}/1`);
  await expectSoundLogs(nodes);
});

test.each([
  ["slept for three TTLs", 3 * TTL_MS],
  ["was busy for five seconds", 5_000],
])("an observer that %s takes nothing from a holder that was alive all the time", async (_, ms) => {
  const { work, nodes, id, other } = await holderInItsGate(`observer-${ms}`);
  other.freeze();
  await untilPassed(ms);
  other.thaw();
  // Longer than a lease after its own gap, in which it hears the holder again.
  await untilPassed(2 * TTL_MS);
  expect((await other.api.item(id)).claim).toMatchObject({ epoch: 1 });
  work.open("gate-1");
  await waitForStage(nodes, id, "Done");
  await waitForEqualDigests(nodes);
  expect(await other.api.item(id)).toMatchObject({ epoch: 1, attempts: 0 });
});
