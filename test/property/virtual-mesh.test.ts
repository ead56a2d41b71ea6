/**
 * The engine itself over simulated ports: everything a node does to time, randomness, network, disk, git and processes goes
 * through them, so one seed gives one run, whatever the machine does.
 */
import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode } from "./virtual/mesh.ts";

const MINUTE = 60_000;

async function threeNodes(
  seed: number,
): Promise<{ mesh: VirtualMesh; nodes: [VirtualNode, VirtualNode, VirtualNode] }> {
  const mesh = createVirtualMesh(seed);
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  const carol = await mesh.join("carol", alice);
  const nodes: [VirtualNode, VirtualNode, VirtualNode] = [alice, bob, carol];
  const linked = (): boolean =>
    nodes.every(({ node }) => {
      const seen = [...node.api.board.current().nodes.values()];
      return seen.length === 3 && seen.every((one) => one.linked && one.alive);
    });
  expect(await mesh.time.runUntil(linked, MINUTE)).toBe(true);
  return { mesh, nodes };
}

const stagesOf = ({ node }: VirtualNode): string[] =>
  [...node.api.board.current().items.values()].map((item) => item.stage);

const allDone = (nodes: readonly VirtualNode[], count: number) => (): boolean =>
  nodes.every((node) => {
    const stages = stagesOf(node);
    return stages.length === count && stages.every((stage) => stage === "Done");
  });

/** Facts that several nodes observe travel a little longer than the stages do. */
async function expectConvergence(mesh: VirtualMesh, nodes: readonly VirtualNode[]): Promise<void> {
  for (let look = 0; look < 30; look++) {
    if ((await digestsOf(mesh, nodes)).size === 1) return;
    await mesh.time.runUntil(() => false, 1_000);
  }
  expect((await digestsOf(mesh, nodes)).size).toBe(1);
}

async function digestsOf(mesh: VirtualMesh, nodes: readonly VirtualNode[]): Promise<Set<string>> {
  const digests = new Set<string>();
  for (const node of nodes) {
    const { digest } = (await pumped(mesh.time, node.command("digest", {}))) as { digest: string };
    digests.add(digest);
  }
  return digests;
}

const landedOnce = (mesh: VirtualMesh): void => {
  const items = mesh.remote.chain.flatMap(({ items }) => items);
  expect(new Set(items).size).toBe(items.length);
};

async function addItems(mesh: VirtualMesh, node: VirtualNode, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await pumped(mesh.time, node.command("item.add", { title: `Story ${index}`, start: true }));
  }
}

test("stories travel to Done on three simulated nodes, each landing once", async () => {
  const { mesh, nodes } = await threeNodes(1);
  await addItems(mesh, nodes[0], 6);
  expect(await mesh.time.runUntil(allDone(nodes, 6), 5 * MINUTE)).toBe(true);
  await expectConvergence(mesh, nodes);
  expect(mesh.remote.chain.flatMap(({ items }) => items)).toHaveLength(6);
  landedOnce(mesh);
});

test("one seed gives one trace", async () => {
  const run = async (seed: number): Promise<string> => {
    const { mesh, nodes } = await threeNodes(seed);
    await addItems(mesh, nodes[0], 4);
    await mesh.time.runUntil(allDone(nodes, 4), 5 * MINUTE);
    return createHash("sha256").update(mesh.trace.join("\n")).digest("hex");
  };
  expect(await run(7)).toBe(await run(7));
  expect(await run(7)).not.toBe(await run(8));
});

test.each(Array.from({ length: 60 }, (_, index) => index + 100))(
  "a killed holder is replaced and a partition heals, seed %i",
  async (seed) => {
    const { mesh, nodes } = await threeNodes(seed);
    const [alice, bob, carol] = nodes;
    await addItems(mesh, alice, 5);
    const holds = (node: VirtualNode) => (): boolean =>
      [...alice.node.api.board.current().items.values()].some((item) => item.claim?.nodeName === node.name);
    if (await mesh.time.runUntil(holds(bob), 20_000)) bob.kill();
    mesh.network.partition([["alice"], ["carol", "bob"]]);
    await mesh.time.runUntil(() => false, 12_000);
    mesh.network.heal();
    const revived = await mesh.restart(bob);
    const done = await mesh.time.runUntil(allDone([alice, carol, revived], 5), 10 * MINUTE);
    expect(done, mesh.trace.slice(-40).join("\n")).toBe(true);
    await expectConvergence(mesh, [alice, carol, revived]);
    landedOnce(mesh);
  },
);

test("a full disk refuses commands, changes nothing, and is forgotten when there is room again", async () => {
  const { mesh, nodes } = await threeNodes(3);
  const [alice] = nodes;
  const before = await digestsOf(mesh, [alice]);
  alice.store.fail = "disk-full";
  await expect(pumped(mesh.time, alice.command("item.add", { title: "lost?" }))).rejects.toThrow(/not-saved.*full/);
  expect(alice.node.api.health().status).toBe("degraded");
  expect(await digestsOf(mesh, [alice])).toEqual(before);
  expect(stagesOf(alice)).toEqual([]);
  alice.store.fail = undefined;
  expect(await mesh.time.runUntil(() => alice.node.api.health().status === "ok", MINUTE)).toBe(true);
  await addItems(mesh, alice, 1);
  expect(await mesh.time.runUntil(allDone(nodes, 1), 5 * MINUTE)).toBe(true);
});

test("a node restored from an old backup goes on under a new incarnation, and nothing is lost", async () => {
  const { mesh, nodes } = await threeNodes(5);
  const [alice, bob, carol] = nodes;
  await addItems(mesh, alice, 3);
  expect(await mesh.time.runUntil(allDone(nodes, 3), 5 * MINUTE)).toBe(true);
  await expectConvergence(mesh, nodes);
  alice.kill();
  alice.store.forgetLast(8);
  const restored = await mesh.restart(alice);
  const renewed = (): boolean => mesh.trace.some((line) => line.includes("alice incarnation.renewed"));
  expect(await mesh.time.runUntil(renewed, 2 * MINUTE)).toBe(true);
  await addItems(mesh, restored, 1);
  expect(await mesh.time.runUntil(allDone([restored, bob, carol], 4), 5 * MINUTE)).toBe(true);
  await expectConvergence(mesh, [restored, bob, carol]);
  expect(mesh.trace.filter((line) => line.includes("incarnation.renewed"))).toHaveLength(1);
});

test("what depends on an item that landed and was deleted is started, on nodes that never saw it as anything else", async () => {
  const { mesh, nodes } = await threeNodes(6);
  const [alice, bob, carol] = nodes;
  await addItems(mesh, alice, 1);
  expect(await mesh.time.runUntil(allDone(nodes, 1), 5 * MINUTE)).toBe(true);
  const [first = ""] = alice.node.api.board.current().items.keys();
  const added = await pumped(mesh.time, alice.command("item.add", { title: "After it", dependsOn: [first] }));
  await pumped(mesh.time, alice.command("item.delete", { item: first }));
  await expectConvergence(mesh, nodes);
  for (const node of nodes) node.kill();
  const again = [await mesh.restart(alice), await mesh.restart(bob), await mesh.restart(carol)];
  const [one = alice] = again;
  await pumped(mesh.time, one.command("item.start", { item: (added as { id: string }).id }));
  expect(await mesh.time.runUntil(allDone(again, 1), 5 * MINUTE), mesh.trace.slice(-40).join("\n")).toBe(true);
});

test("a node put back to before what one peer has, that meets another peer first, forks its feed: all find out, and neither history is lost", async () => {
  const { mesh, nodes } = await threeNodes(7);
  const [alice, bob, carol] = nodes;
  const has = (node: VirtualNode, title: string): boolean =>
    [...node.node.api.board.current().items.values()].some((item) => item.title === title);
  const until = async (what: () => boolean): Promise<void> => {
    expect(await mesh.time.runUntil(what, 2 * MINUTE), mesh.trace.slice(-40).join("\n")).toBe(true);
  };
  await expectConvergence(mesh, nodes);
  const before = [...alice.store.frames(1)].length;
  mesh.network.partition([["alice", "bob"], ["carol"]]);
  await pumped(mesh.time, alice.command("item.add", { title: "only bob knows" }));
  await until(() => has(bob, "only bob knows"));
  alice.kill();
  alice.store.forgetLast([...alice.store.frames(1)].length - before);
  mesh.network.partition([["alice", "carol"], ["bob"]]);
  const restored = await mesh.restart(alice);
  await until(() => [...restored.node.api.board.current().nodes.values()].some((one) => !one.self && one.linked));
  await pumped(mesh.time, restored.command("item.add", { title: "only carol knows" }));
  await until(() => has(carol, "only carol knows"));
  expect(mesh.trace.filter((line) => line.includes("incarnation.renewed"))).toEqual([]);

  mesh.network.heal();
  const all = [restored, bob, carol];
  await until(() => all.every((node) => has(node, "only bob knows") && has(node, "only carol knows")));
  await expectConvergence(mesh, all);
  for (const { node } of all) expect(node.replica.forks().size).toBe(1);
  expect(mesh.trace.filter((line) => line.includes("incarnation.renewed"))).toHaveLength(1);
  // What nobody had in both histories is there once.
  const titles = [...carol.node.api.board.current().items.values()].map(({ title }) => title);
  expect(titles.toSorted()).toEqual(["only bob knows", "only carol knows"]);
});

const membersOf = (mesh: VirtualMesh, node: VirtualNode): Promise<MemberList> =>
  pumped(mesh.time, node.command("members", {})) as Promise<MemberList>;

interface MemberList {
  readonly members: readonly { readonly name: string; readonly earlierKeys: readonly string[] }[];
  readonly rejected: Readonly<Record<string, string>>;
}

const fullyLinked = (nodes: readonly VirtualNode[]) => (): boolean =>
  nodes.every(({ node }) => [...node.api.board.current().nodes.values()].every((one) => one.linked && one.alive));

test.each(Array.from({ length: 20 }, (_, index) => index + 200))(
  "keys are rotated under load while a peer is cut off: nothing written is lost, seed %i",
  async (seed) => {
    const { mesh, nodes } = await threeNodes(seed);
    const [alice, bob] = nodes;
    await addItems(mesh, alice, 4);
    mesh.network.partition([["alice", "bob"], ["carol"]]);
    await mesh.time.runUntil(() => false, 500 + (seed % 5) * 700);
    // A rotation among commands that are all given at once, on the founder and on a holder of claims.
    const given = [alice, bob].flatMap((node, at) => [
      ...(at === 0 ? [node.command("item.add", { title: "before", start: true })] : []),
      node.command("member.rotate", {}),
      ...(at === 0 ? [node.command("item.add", { title: "after", start: true })] : []),
    ]);
    for (const answer of given) await pumped(mesh.time, answer);
    await mesh.time.runUntil(() => false, 3_000);
    await pumped(mesh.time, alice.command("member.rotate", {}));
    mesh.network.heal();
    expect(await mesh.time.runUntil(fullyLinked(nodes), MINUTE), mesh.trace.slice(-40).join("\n")).toBe(true);
    const done = await mesh.time.runUntil(allDone(nodes, 6), 10 * MINUTE);
    expect(done, mesh.trace.slice(-40).join("\n")).toBe(true);
    await expectConvergence(mesh, nodes);
    landedOnce(mesh);
    for (const node of nodes) {
      const { members, rejected } = await membersOf(mesh, node);
      const rotations = Object.fromEntries(members.map(({ name, earlierKeys }) => [name, earlierKeys.length]));
      expect(rotations).toEqual({ alice: 2, bob: 1, carol: 0 });
      expect(rejected).toEqual({});
    }
    // Nobody was told to give up.
    expect(mesh.trace.filter((line) => / refused /.test(line))).toEqual([]);
  },
);
