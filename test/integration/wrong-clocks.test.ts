/** Wall clocks that are an hour off to either side, and one that jumps between both: no lease, order or landing minds. */
import { join } from "node:path";
import type { Mesh } from "@skein/core";
import { expect, test } from "vitest";

import { repositoryRoot } from "../support/build-check.ts";
import { expectSoundLogs, waitForEqualDigests, waitForFullMesh, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const HOUR_MS = 3_600_000;

const clock = (ms: number, jumpsMs = 0): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=file://${join(repositoryRoot, "test", "support", "jumping-clock.mjs")}`,
  SKEIN_TEST_CLOCK_MS: String(ms),
  SKEIN_TEST_CLOCK_JUMPS_MS: String(jumpsMs),
});

test("nodes with clocks an hour early, an hour late and jumping land every item once and steal nothing", async () => {
  const project = await world.project({ config: { claim: "{ ttl: 4s, stagger: 100ms }" } });
  await world.found("early", project);
  const early = await world.start("early", { env: clock(-HOUR_MS) });
  // The ticket's own time is judged on wall clocks, so it has to outlast what they are off.
  const join = async (name: string, env: Readonly<Record<string, string>>): ReturnType<typeof world.start> => {
    const { ticket } = await early.api.invite("operator", "6h");
    return world.start(name, { ticket, rendezvous: [early.endpoints.peer], env });
  };
  const nodes = [early, await join("late", clock(HOUR_MS)), await join("jumping", clock(HOUR_MS, 1_500))];
  await waitForFullMesh(nodes);
  const [one = 0, two = 0] = nodes.map((node) => Date.parse(/"at":"([^"]+)"/.exec(node.output())?.[1] ?? ""));
  expect(two - one).toBeGreaterThan(HOUR_MS);

  // People are shown how far the clocks are apart: the jumping one is early or late, whichever it was just now.
  const skews = await waitFor("the clocks to be heard", async () => {
    const { nodes: shown } = await early.api.command<Mesh>("mesh");
    return shown.every(({ skewMs }) => skewMs !== null)
      ? new Map(shown.map((node) => [node.name, node.skewMs]))
      : undefined;
  });
  expect(skews.get("early")).toBe(0);
  expect(Math.abs((skews.get("late") ?? 0) - 2 * HOUR_MS)).toBeLessThan(60_000);

  const ids: string[] = [];
  for (const node of nodes) {
    for (const number of [1, 2])
      ids.push((await node.api.addItem({ title: `${node.name} ${number}`, start: true })).id);
  }
  for (const id of ids) await waitForStage(nodes, id, "Done", 90_000);
  await waitForEqualDigests(nodes);
  for (const id of ids) {
    await landingOf(project, id);
    // Nobody took anything from a holder that was alive; what is given to the merger is given, not taken.
    const { attempts, attemptLog } = await early.api.item(id);
    expect(attempts).toBe(0);
    expect(attemptLog.map(({ outcome }) => outcome)).not.toContain("taken-over");
  }
  const landed = (await project.landed()).flatMap(({ items }) => items);
  expect(landed.toSorted()).toEqual(ids.toSorted());
  await expectSoundLogs(nodes);
});
