/** People stay in charge while work runs: dependencies, hold and release, archive and delete. */
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { isAlive } from "../support/processes.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, skeinWhy } from "./support/items.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await toldProject(world);
  await world.found("alice", project);
  node = await world.start("alice", { slots: 2 });
});

const ended = (pid: number): Promise<boolean> => waitFor(`process ${pid} to end`, () => !isAlive(pid));
const command = (...words: readonly string[]): ReturnType<typeof world.skein> =>
  world.skein([...words, "--data", node.data]);

test("an item waits until what it depends on has landed", async () => {
  const first = await addTold(world, node.api, "First");
  await first.agentWaits();
  const added = await command("item", "add", "Second", "--depends-on", first.id, "--start", "--json");
  const { id: second } = added.json<{ readonly id: string }>();
  expect(await skeinWhy(world, "alice", second)).toContain(`It waits for ${first.id} to land first.`);
  const other = (await node.api.addItem({ title: "Independent", start: true })).id;
  // The node has a free slot, and takes a younger item before the one that waits.
  await inStage(node.api, other, "Done");
  expect(await node.api.item(second)).toMatchObject({ stage: "Coding", claim: null, attempts: 0 });
  first.tell();
  await inStage(node.api, second, "Done");
  const order = (await project.landed()).flatMap((commit) => commit.items).toReversed();
  expect(order.indexOf(first.id)).toBeLessThan(order.indexOf(second));
});

test("hold stops the agent and gives the claim back; release lets the work begin again", async () => {
  const item = await addTold(world, node.api, "Held");
  const pid = await item.agentWaits();
  expect((await command("item", "hold", item.id, "waiting for design")).code).toBe(0);
  await ended(pid);
  await itemThat(node.api, item.id, "to be given back", (one) => one.claim === null);
  expect(await skeinWhy(world, "alice", item.id)).toContain("It is on hold: waiting for design.");
  expect((await command("item", "list")).stdout).toContain("on hold: waiting for design");
  item.tell();
  expect((await command("item", "hold", item.id, "--release")).code).toBe(0);
  const done = await inStage(node.api, item.id, "Done");
  expect(done.attempts).toBe(0);
  expect(done.attemptLog.map((attempt) => attempt.outcome)).toEqual(["released", "landed"]);
});

test("archive stops the agent, and the item stays archived until it is restored", async () => {
  const item = await addTold(world, node.api, "Archived");
  const pid = await item.agentWaits();
  expect((await command("item", "archive", item.id, "--reason", "Superseded", "--note", "by another")).code).toBe(0);
  await ended(pid);
  item.tell();
  const archived = await node.api.item(item.id);
  expect(archived).toMatchObject({ stage: "Archived", archiveReason: "Superseded", note: "by another" });
  await waitFor("its slot to be free", async () => (await node.api.nodes())[0]?.slotsFree === 2);
  expect((await project.landed()).flatMap((commit) => commit.items)).not.toContain(item.id);

  expect((await command("item", "restore", item.id)).code).toBe(0);
  expect((await node.api.item(item.id)).stage).toBe("Backlog");
  expect((await command("item", "start", item.id)).code).toBe(0);
  const done = await inStage(node.api, item.id, "Done");
  expect(done.generation).toBe(1);
  expect((await landingOf(project, item.id)).commit).toBe(done.mergeCommit);
});

test("delete stops the agent, and nothing of the item lands or comes back", async () => {
  const item = await addTold(world, node.api, "Deleted");
  const pid = await item.agentWaits();
  expect((await command("item", "delete", item.id)).stdout).toContain(`Deleted ${item.id}.`);
  await ended(pid);
  item.tell();
  await waitFor("its slot to be free", async () => (await node.api.nodes())[0]?.slotsFree === 2);
  expect((await node.api.items()).map((one) => one.id)).not.toContain(item.id);
  expect(await node.api.tryCommand("item.restore", { item: item.id })).toMatchObject({ ok: false, status: 404 });
  // Work goes on, and the target branch is read again.
  await inStage(node.api, (await node.api.addItem({ title: "After", start: true })).id, "Done");
  expect((await project.landed()).flatMap((commit) => commit.items)).not.toContain(item.id);
});
