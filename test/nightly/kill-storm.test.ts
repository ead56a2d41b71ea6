/**
 * Every node of a mesh is killed again and again, at any moment, while items are added through all of them. In the end
 * nothing that was acknowledged is lost, nobody forked, and everybody means the same.
 *
 * Some seconds by default; SKEIN_STORM_SECONDS and SKEIN_STORM_NODES make it a nightly run, which prints its figures.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createPrng } from "@skein/core/testing";
import { expect, test } from "vitest";

import { expectSoundLogs, startPartableMesh, waitForEqualDigests, waitForFullMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { spread } from "../support/injection.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const SECONDS = Number(process.env["SKEIN_STORM_SECONDS"] ?? "12");
const NAMES = ["alice", "bob", "carol", "dave", "erin"].slice(0, Number(process.env["SKEIN_STORM_NODES"] ?? "3"));
const SEED = Number(process.env["SKEIN_STORM_SEED"] ?? "1");

interface Storm {
  readonly acknowledged: string[];
  readonly restartMs: number[];
}

/** Adds items until the node dies; what was answered counts. */
async function load(node: NodeProcess, storm: Storm): Promise<void> {
  for (let number = 1; ; number++) {
    try {
      const added = await Promise.all(
        ["a", "b"].map(async (place) => {
          const { id } = await node.api.addItem({ title: `${node.name} ${number}${place}` });
          storm.acknowledged.push(id);
          return id;
        }),
      );
      await node.api.command("item.edit", { item: added[0], priority: number % 10 });
    } catch {
      if (!node.isRunning()) return;
      await delay(20);
    }
  }
}

test(
  `${NAMES.length} nodes killed at random for ${SECONDS} s lose nothing and fork nowhere`,
  { timeout: (SECONDS + 240) * 1_000 },
  async () => {
    const idle = { slots: 0 } as const;
    const mesh = await startPartableMesh(world, { names: NAMES, each: () => idle });
    const storm: Storm = { acknowledged: [], restartMs: [] };
    const end = performance.now() + SECONDS * 1_000;

    const live = async (first: NodeProcess, place: number): Promise<NodeProcess> => {
      const random = createPrng(SEED * 100 + place);
      for (let node = first; ;) {
        const loading = load(node, storm);
        // Not a wait for anything: the moment of death is what is drawn.
        await delay(200 + random.int(1_800));
        await node.kill();
        await loading;
        const before = performance.now();
        node = await mesh.startAgain(first.name, idle);
        storm.restartMs.push(performance.now() - before);
        if (performance.now() > end) return node;
      }
    };
    const nodes = await Promise.all(mesh.nodes.map(live));

    await waitForFullMesh(nodes);
    await waitForEqualDigests(nodes, 120_000);
    for (const node of nodes) {
      const held = new Set((await node.api.items()).map((item) => item.id));
      expect(storm.acknowledged.filter((id) => !held.has(id))).toEqual([]);
      // Everybody went on in the feed it had.
      expect(Object.keys((await node.api.digest()).heads)).toHaveLength(NAMES.length);
      expect(await fetch(`${node.endpoints.http}/healthz`).then((answer) => answer.json())).toEqual({ status: "ok" });
    }
    await expectSoundLogs(nodes);
    expect(storm.restartMs.length).toBeGreaterThanOrEqual(NAMES.length);
    if (process.env["SKEIN_STORM_SECONDS"] !== undefined) {
      const { acknowledged, restartMs } = storm;
      const figures = {
        seconds: SECONDS,
        restarts: restartMs.length,
        acknowledged: acknowledged.length,
        lost: 0,
        restartMs: spread(restartMs),
      };
      process.stderr.write(`${JSON.stringify(figures)}\n`);
    }
  },
);
