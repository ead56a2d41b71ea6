/** Both sides of a partition go on editing. After it heals everybody means the same, and no command of a person is lost silently. */
import { expect, test } from "vitest";

import type { BoardItem } from "@skein/core";
import { expectSoundLogs, startPartableMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("edits, holds and a race between archive and land agree after the partition, and the loser is told", async () => {
  const project = await world.project();
  const mesh = await startPartableMesh(world, {
    project,
    names: ["alice", "bob", "carol"],
    // Alice only gives orders; the others work.
    each: (name) => ({ slots: name === "alice" ? 0 : 1 }),
  });
  const [alice, bob, carol] = mesh.nodes;
  const add = (title: string): Promise<BoardItem> => alice.api.addItem({ title });
  const [edited, held, raced, gone] = [await add("Edited"), await add("Held"), await add("Raced"), await add("Gone")];
  await waitForEqualDigests(mesh.nodes);

  mesh.part([["alice"], ["bob", "carol"]]);
  await waitFor("both sides to know that they are parted", async () => {
    const seen = async (node: NodeProcess): Promise<string> =>
      (await node.api.nodes())
        .filter((one) => one.alive)
        .map((one) => one.name)
        .toSorted()
        .join();
    return (await seen(alice)) === "alice" && (await seen(bob)) === "bob,carol" && (await seen(carol)) === "bob,carol";
  });
  await alice.api.command("item.edit", { item: edited.id, title: "Edited by alice", priority: 1 });
  await bob.api.command("item.edit", { item: edited.id, title: "Edited by bob" });
  await carol.api.command("item.edit", { item: edited.id, labels: ["from-carol"] });
  await alice.api.command("item.hold", { item: held.id, reason: "alice wants it to wait" });
  await bob.api.command("item.edit", { item: held.id, title: "Held and renamed" });

  // One item lands on one side and is archived on the other. Landing is a fact; nothing outranks it.
  await bob.api.command("item.start", { item: raced.id });
  await waitForStage([bob, carol], raced.id, "Done");
  await alice.api.command("item.archive", { item: raced.id, reason: "Abandoned" });
  // The other way round: archived there, only started here.
  await bob.api.command("item.archive", { item: gone.id, reason: "Superseded" });
  await alice.api.command("item.start", { item: gone.id });

  mesh.heal();
  await waitForEqualDigests(mesh.nodes);
  const landing = await landingOf(project, raced.id);
  for (const node of mesh.nodes) {
    expect(await node.api.item(edited.id)).toMatchObject({ priority: 1, labels: ["from-carol"] });
    expect(await node.api.item(held.id)).toMatchObject({ title: "Held and renamed", hold: "alice wants it to wait" });
    expect(await node.api.item(raced.id)).toMatchObject({ stage: "Done", mergeCommit: landing.commit });
    expect(await node.api.item(gone.id)).toMatchObject({ stage: "Archived", archiveReason: "Superseded" });
  }
  // Last writer by (Lamport, author): bob's side had seen nothing that alice wrote, and any node names the same winner.
  const titles = await Promise.all(mesh.nodes.map(async (node) => (await node.api.item(edited.id)).title));
  expect(["Edited by alice", "Edited by bob"]).toContain(titles[0]);
  expect(new Set(titles).size).toBe(1);
  // Both of alice's commands that lost are not possible any more. She is told so, each with the reason.
  const lost = await waitFor("alice's doctor to show the lost commands", async () => {
    const { incidents } = await alice.api.doctor();
    const found = incidents.filter((one) => one.type === "command-lost");
    return found.length >= 2 ? found : undefined;
  });
  expect(new Map(lost.map((one) => [one.subject, one.message]))).toEqual(
    new Map([
      [raced.id, expect.stringMatching(/^"archive" lost a race .*\(in Done\): a landed item is archived as Completed/)],
      [gone.id, expect.stringMatching(/^"start" lost a race .*Archived as Superseded/)],
    ]),
  );
  await expectSoundLogs(mesh.nodes);
});
