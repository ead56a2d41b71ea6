/** Who takes no work by the word of people, with the real engine: drained nodes, and a mesh that is frozen. */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode } from "./virtual/mesh.ts";

const MINUTE = 60_000;

interface World {
  readonly mesh: VirtualMesh;
  readonly alice: VirtualNode;
  readonly bob: VirtualNode;
  add(title: string, more?: object): Promise<string>;
  say(command: string, input?: unknown, node?: VirtualNode): Promise<unknown>;
}

async function worldOf(seed: number): Promise<World> {
  const mesh = createVirtualMesh(seed);
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  const linked = (): boolean => [...alice.node.api.board.current().nodes.values()].every((one) => one.alive);
  expect(await mesh.time.runUntil(linked, MINUTE)).toBe(true);
  return {
    mesh,
    alice,
    bob,
    add: async (title, more = {}) => {
      const added = await pumped(mesh.time, alice.command("item.add", { title, start: true, ...more }));
      return (added as { readonly id: string }).id;
    },
    say: (command, input = {}, node = alice) => pumped(mesh.time, node.command(command, input)),
  };
}

const itemOn = ({ node }: VirtualNode, id: string) => node.api.board.current().items.get(id);

const until = async ({ mesh }: World, condition: () => boolean): Promise<void> => {
  expect(await mesh.time.runUntil(condition, 20 * MINUTE)).toBe(true);
};

const isDone = (world: World, ids: readonly string[]) => (): boolean =>
  ids.every((id) => itemOn(world.alice, id)?.stage === "Done");

const holderOf = (world: World, id: string): string | undefined => itemOn(world.alice, id)?.claim?.nodeName;

/** Who ever held each of these. */
function workersOf(world: World, ids: readonly string[]): ReadonlySet<string> {
  const attempts = [...world.alice.node.api.board.current().attempts.values()];
  return new Set(attempts.filter(({ item }) => ids.includes(item)).map(({ nodeName }) => nodeName));
}

test("a drained node finishes what it has and takes nothing, also after a restart, until it is undrained", async () => {
  const world = await worldOf(21);
  const { mesh } = world;
  const held = [await world.add("One"), await world.add("Two")];
  await until(world, () => held.some((id) => holderOf(world, id) === "bob"));
  await world.say("node.drain", { node: "bob", reason: "a new disk" });
  const later = [await world.add("Three"), await world.add("Four")];
  await until(world, isDone(world, held));
  expect(itemOn(world.alice, held[0] ?? "")?.attempts).toBe(0);
  world.bob.kill();
  const bob = await mesh.restart(world.bob);
  await until(world, isDone(world, later));
  expect([...workersOf(world, later)]).toEqual(["alice"]);
  const nodes = (await world.say("nodes", {}, bob)) as readonly { readonly name: string; readonly standby?: string }[];
  expect(nodes.map(({ name, standby }) => [name, standby])).toEqual([
    ["alice", undefined],
    ["bob", "draining: a new disk"],
  ]);
  await world.say("node.undrain", {}, bob);
  const last = [await world.add("Five"), await world.add("Six"), await world.add("Seven")];
  await until(world, isDone(world, last));
  expect(workersOf(world, last).has("bob")).toBe(true);
});

test("a node that is drained now gives its work back at once, and another one does it", async () => {
  const world = await worldOf(22);
  await world.say("node.drain", { node: "alice" });
  const id = await world.add("One");
  await until(world, () => holderOf(world, id) === "bob");
  await world.say("node.undrain", { node: "alice" });
  await world.say("node.drain", { now: true, reason: "closing the lid" }, world.bob);
  await until(world, () => holderOf(world, id) === "alice");
  expect(itemOn(world.alice, id)?.attempts).toBe(0);
  await until(world, isDone(world, [id]));
});

test("in a frozen mesh nothing new is claimed anywhere and what runs goes on; the item says why it waits", async () => {
  const world = await worldOf(23);
  const running = await world.add("One");
  await until(world, () => holderOf(world, running) !== undefined);
  await world.say("mesh.freeze", { reason: "the registry is down" });
  const id = await world.add("Two");
  await until(world, isDone(world, [running]));
  await world.mesh.time.runUntil(() => false, 2 * MINUTE);
  expect(itemOn(world.alice, id)).toMatchObject({ stage: "Coding", claim: null, epoch: 0 });
  const { why } = (await world.say("why", { item: id })) as { readonly why: readonly string[] };
  expect(why.at(-1)).toBe("The mesh is frozen: the registry is down. `skein unfreeze` lets nodes take work again.");
  await world.say("mesh.unfreeze");
  await until(world, isDone(world, [id]));
});

test("work that no node can take says what is missing", async () => {
  const world = await worldOf(24);
  const id = await world.add("One", { labels: ["needs:gpu"] });
  const { why } = (await world.say("why", { item: id })) as { readonly why: readonly string[] };
  expect(why.join(" ")).toContain("No node that is alive has needs:gpu.");
});

test("an item that is put on hold is stopped where it runs and given back, and goes on after that", async () => {
  const world = await worldOf(25);
  const id = await world.add("One");
  await until(world, () => holderOf(world, id) !== undefined);
  await world.say("item.hold", { item: id, reason: "legal asks" });
  await until(world, () => itemOn(world.alice, id)?.claim === null);
  await world.mesh.time.runUntil(() => false, MINUTE);
  expect(itemOn(world.alice, id)).toMatchObject({ stage: "Coding", claim: null, attempts: 0 });
  await world.say("item.hold", { item: id, release: true });
  await until(world, isDone(world, [id]));
});

test("an item begins when its parts have landed, and says so meanwhile", async () => {
  const world = await worldOf(26);
  const parent = await world.add("The whole");
  // So that nobody begins with it before it has parts.
  await world.say("item.hold", { item: parent });
  const parts = [await world.add("One", { parent }), await world.add("Two", { parent })];
  await world.say("item.hold", { item: parent, release: true });
  const { why } = (await world.say("why", { item: parent })) as { readonly why: readonly string[] };
  expect(why.join(" ")).toContain("Its own work begins once its parts have landed");
  await until(world, isDone(world, [parent, ...parts]));
  const landed = world.mesh.remote.chain.flatMap(({ items }) => items);
  expect(landed.toSorted()).toEqual([parent, ...parts].toSorted());
  expect(landed.at(-1)).toBe(parent);
});
