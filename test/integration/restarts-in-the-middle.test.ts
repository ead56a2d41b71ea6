/** Every node is restarted in the middle of everything, politely and by kill -9. All work is done, nothing forks. */
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForFullMesh, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const NAMES = ["alice", "bob", "carol"] as const;
const world = useWorld();

test("five items in flight survive the restart and the death of every node in turn", async () => {
  const work = controlledWork(world.directory("doors"));
  const project = await world.project({ files: work.files, config: { ...work.config, claim: "{ ttl: 2s }" } });
  const mesh = await startMesh(world, { project, names: NAMES, each: () => ({ slots: 2 }) });
  const nodes = new Map<string, NodeProcess>(mesh.map((node) => [node.name, node]));
  const lives: NodeProcess[] = [...mesh];
  const begin = async (name: string): Promise<void> => {
    const node = await world.start(name, { slots: 2 });
    nodes.set(name, node);
    lives.push(node);
  };
  const running = (): readonly NodeProcess[] => [...nodes.values()];
  work.shut("coding");
  const ids: string[] = [];
  for (const title of ["one", "two", "three", "four", "five"]) {
    ids.push((await mesh[0].api.addItem({ title, start: true })).id);
  }
  const allHeld = (): Promise<unknown> =>
    waitFor("all five to be held by nodes that live", async () => {
      const claims = await Promise.all(running().map((node) => node.api.claims()));
      return claims.every((seen) => seen.length === ids.length && seen.every((claim) => !claim.expired));
    });
  await allHeld();

  for (const name of NAMES) {
    const node = nodes.get(name);
    const held = (await node?.api.claims())?.filter((claim) => claim.nodeName === name) ?? [];
    expect(await node?.stop()).toEqual({ code: 0, signal: null });
    nodes.delete(name);
    // It drained: what it held is free at once, not after the TTL.
    const [witness] = running();
    for (const { item } of held) {
      await waitFor(`${name} to have released ${item}`, async () => {
        const ops = (await witness?.api.history(item)) ?? [];
        return ops.some((op) => op.kind === "item.release" && op.note === "the node was shut down");
      });
    }
    await begin(name);
    await waitForFullMesh(running());
  }
  await allHeld();

  work.shut("gate");
  work.open("coding");
  await waitFor("work to be at the gate", () => work.arrivals().some((name) => name.startsWith("gate-")));
  for (const name of NAMES) {
    await nodes.get(name)?.kill();
    await begin(name);
    await waitForFullMesh(running());
  }
  work.open("gate");

  for (const id of ids) await waitForStage(running(), id, "Done", 90_000);
  await waitForEqualDigests(running());
  for (const id of ids) await landingOf(project, id);
  await expectSoundLogs(running());
  // Three nodes, three feeds: everybody went on where its own log ended. But who is killed between the disk and the wire has
  // an end that nobody can confirm, and says that it goes on under a new incarnation.
  const isolated = lives.filter((node) => node.output().includes('"incarnation.isolated"'));
  for (const node of running()) {
    expect(Object.keys((await node.api.digest()).heads)).toHaveLength(NAMES.length + isolated.length);
    const { incidents } = await node.api.doctor();
    expect(incidents.filter((one) => one.type === "incarnation" || one.type === "attempt-fault")).toEqual([]);
  }
});
