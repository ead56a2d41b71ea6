/** An acknowledged item is on the disk: kill -9 right behind the answer, twenty times, and nothing is lost. */
import { expect, test } from "vitest";

import { expectSoundLogs } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { useWorld } from "../support/world.ts";

/** Each node lives in one directory all the time; two of them, because starting one keeps one core busy. */
const NODES = ["alice", "bob"];
const ROUNDS_EACH = 10;
const world = useWorld();

/** Adds three items at once, kills the node behind the first answer, and returns the ids that were acknowledged. */
async function addAndKill(node: NodeProcess, round: number): Promise<readonly string[]> {
  // Some are in flight at the same time: an answer is an answer, also from the middle of a group commit.
  const adding = ["a", "b", "c"].map((place) => node.api.addItem({ title: `Round ${round}, ${place}` }));
  await Promise.any(adding);
  await node.kill();
  const answers = await Promise.allSettled(adding);
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.id] : []));
}

async function surviveKills(name: string): Promise<void> {
  await world.found(name);
  const acknowledged: string[] = [];
  let ops = 0;
  const lostOn = async (node: NodeProcess): Promise<readonly string[]> => {
    const held = new Set((await node.api.items()).map((item) => item.id));
    return acknowledged.filter((id) => !held.has(id));
  };
  for (let round = 1; round <= ROUNDS_EACH; round++) {
    const node = await world.start(name, { slots: 0 });
    expect(await lostOn(node), `lost by ${name} before round ${round}`).toEqual([]);
    const digest = await node.api.digest();
    // One feed, one incarnation: the node went on where its log ends.
    expect(Object.values(digest.heads)).toEqual([digest.ops]);
    expect(digest.ops).toBeGreaterThan(ops);
    ops = digest.ops;
    acknowledged.push(...(await addAndKill(node, round)));
  }
  const last = await world.start(name, { slots: 0 });
  expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS_EACH);
  expect(await lostOn(last)).toEqual([]);
  await expectSoundLogs([last]);
}

test("none of the items is lost whose node was killed the instant it said ok, twenty times", async () => {
  await Promise.all(NODES.map(surviveKills));
});
