/** Claims give no exclusion: in a partition two nodes run one item. The remote lets it land once, and both sides agree after. */
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startPartableMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("two nodes that push the same item at once land it once, and the other's work stays", async () => {
  const work = controlledWork(world.directory("doors-push"));
  const project = await world.project({ files: work.files, config: { ...work.config, claim: "{ ttl: 2s }" } });
  await project.hook("pre-receive", work.hooks.preReceive);
  const mesh = await startPartableMesh(world, { project, names: ["alice", "bob"] });
  const [alice, bob] = mesh.nodes;
  work.shut("coding");
  work.shut("push");
  const { id } = await alice.api.addItem({ title: "Wanted by two", start: true });
  await waitFor("the first agent to be at work", () => work.arrivals().includes(`coding-${id}-1`));
  await waitForEqualDigests(mesh.nodes);

  mesh.part([["alice"], ["bob"]]);
  await waitFor("the other side to take over", () => work.arrivals().includes(`coding-${id}-2`));
  work.open("coding");
  await waitFor("both to push", () => work.arrivals().filter((name) => name.startsWith("push-")).length === 2);
  for (const node of mesh.nodes) expect((await node.api.item(id)).stage).toBe("Merge");
  work.open("push");
  // Each side knows by itself, from the remote, that the item has landed.
  await waitForStage(mesh.nodes, id, "Done");
  const landing = await landingOf(project, id);

  mesh.heal();
  await waitForEqualDigests(mesh.nodes);
  for (const node of mesh.nodes) {
    expect(await node.api.item(id)).toMatchObject({ stage: "Done", mergeCommit: landing.commit, epoch: 2 });
  }
  expect(await landingOf(project, id)).toEqual(landing);
  expect(await project.moves()).toHaveLength(2);
  // Nothing that was done is lost: both branches are on the remote, both submissions in the history.
  expect(await project.branches()).toEqual(expect.arrayContaining([`skein/${id}/1`, `skein/${id}/2`]));
  const submits = (await bob.api.history(id)).filter((op) => op.kind === "item.submit");
  expect(submits.map((op) => op.outcome)).toEqual(["accepted", "accepted"]);
  expect(submits.filter((op) => op.winning)).toHaveLength(1);
  await expectSoundLogs(mesh.nodes);
});

test("of two claims made at once the better wins everywhere, the loser stops, its attempt stays as an alternate", async () => {
  const work = controlledWork(world.directory("doors-claim"));
  const project = await world.project({
    name: "claims",
    files: work.files,
    config: { ...work.config, claim: "{ ttl: 30s }" },
  });
  const mesh = await startPartableMesh(world, { project, names: ["carol", "dave"] });
  const [carol, dave] = mesh.nodes;
  work.shut("coding");
  const { id } = await carol.api.addItem({ title: "Claimed twice" });
  await waitForEqualDigests(mesh.nodes);

  mesh.part([["carol"], ["dave"]]);
  await waitFor("each to know that it is alone", async () => {
    const seen = await Promise.all(mesh.nodes.map((node) => node.api.nodes()));
    return seen.every((nodes) => nodes.every((one) => one.self || !one.alive));
  });
  for (const node of mesh.nodes) await node.api.command("item.start", { item: id });
  await waitFor("both to hold it", async () => {
    const claims = await Promise.all(mesh.nodes.map(async (node) => (await node.api.item(id)).claim));
    return claims.every((claim, place) => claim?.nodeName === mesh.nodes[place]?.name && claim?.epoch === 1);
  });

  mesh.heal();
  await waitForEqualDigests(mesh.nodes);
  const { claim } = await carol.api.item(id);
  const [winner, loser] = claim?.nodeName === "carol" ? [carol, dave] : [dave, carol];
  expect(claim).toMatchObject({ nodeName: winner.name });
  await waitFor("the loser to stop", async () => (await loser.api.get<readonly unknown[]>("/effects")).length === 0);
  work.open("coding");
  await waitForStage(mesh.nodes, id, "Done");
  await waitForEqualDigests(mesh.nodes);
  const { attemptLog } = await loser.api.item(id);
  expect(new Map(attemptLog.map((one) => [one.nodeName, one.outcome]))).toEqual(
    new Map([
      [loser.name, "alternate"],
      [winner.name, "landed"],
    ]),
  );
  await landingOf(project, id);
  await expectSoundLogs(mesh.nodes);
});
