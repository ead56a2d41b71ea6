import { test } from "vitest";
import { startMesh } from "../support/mesh.ts";
import { addItems } from "../support/bulk-items.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
const world = useWorld();
test("scratch", async () => {
  const nodes = await startMesh(world, { names: ["alice", "bob", "carol"], each: () => ({ slots: 0 }) });
  const [alice, bob] = nodes;
  const all: number[] = [];
  for (let i = 0; i < 300; i++) {
    const { id } = await alice.api.addItem({ title: `n${i}` });
    const t = performance.now();
    await waitFor("x", async () => (await bob.api.tryCommand("item.show", { item: id })).ok, { everyMs: 2 });
    all.push(performance.now() - t);
  }
  all.sort((a, b) => a - b);
  console.log("p50", all[150], "p99", all[297], "max", all[299]);
  for (const node of nodes) console.log(node.name, JSON.stringify((await node.api.doctor()).incidents), (await node.api.nodes()).map((n) => `${n.name} ${n.linked}`));
  for (const node of nodes) console.log(node.output().split("\n").filter((l) => l.includes("link.")).join("\n"));
}, 120_000);
