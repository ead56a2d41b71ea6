/**
 * Timers that bring work about, with the real engine: nodes whose clocks are up to an hour off, which are cut off from each
 * other, die and come back. Each occurrence makes exactly one item, and none is left out while anybody who may fire lives.
 */
import { createPrng } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode } from "./virtual/mesh.ts";

const MINUTE = 60_000;
const EVERY = 5;
const CRON = `*/${EVERY} * * * *`;
const NAMES = ["alice", "bob", "carol"] as const;

interface World {
  readonly mesh: VirtualMesh;
  readonly nodes: Map<string, VirtualNode>;
}

async function worldOf(seed: number): Promise<World> {
  const mesh = createVirtualMesh(seed);
  const alice = await mesh.found("alice");
  const nodes = new Map([["alice", alice]]);
  for (const name of NAMES.slice(1)) nodes.set(name, await mesh.join(name, alice, "operator"));
  expect(await mesh.time.runUntil(() => areLinked(nodes), MINUTE)).toBe(true);
  // What is added is not to be worked on.
  await pumped(mesh.time, alice.command("mesh.freeze", {}));
  return { mesh, nodes };
}

const areLinked = (nodes: ReadonlyMap<string, VirtualNode>): boolean =>
  [...nodes.values()].every((node) => {
    const known = [...node.node.api.board.current().nodes.values()];
    return known.length === NAMES.length && known.every((one) => one.alive);
  });

const aliceOf = ({ nodes }: World): VirtualNode => {
  const alice = nodes.get("alice");
  if (alice === undefined) throw new Error("alice was founded");
  return alice;
};

const say = (world: World, command: string, input: unknown = {}): Promise<unknown> =>
  pumped(world.mesh.time, aliceOf(world).command(command, input));

const rest = ({ mesh }: World, ms: number): Promise<boolean> => mesh.time.runUntil(() => false, ms);

const titlesOn = ({ node }: VirtualNode): readonly string[] =>
  [...node.replica.view().items.values()].map((item) => item.registers?.title.value ?? "").toSorted();

const firedOn = ({ node }: VirtualNode): readonly number[] =>
  [...node.replica.view().chat.fired.values()].flat().toSorted((a, b) => a - b);

async function digestOf(world: World, node: VirtualNode): Promise<string> {
  const { digest } = (await pumped(world.mesh.time, node.command("digest", {}))) as { readonly digest: string };
  return digest;
}

async function converged(world: World): Promise<void> {
  world.mesh.network.heal();
  expect(await world.mesh.time.runUntil(() => areLinked(world.nodes), 5 * MINUTE)).toBe(true);
  await rest(world, MINUTE);
  const digests = new Set<string>();
  for (const node of world.nodes.values()) digests.add(await digestOf(world, node));
  expect(digests.size).toBe(1);
}

/** A minute or two of trouble. */
async function trouble(world: World, pick: (bound: number) => number): Promise<void> {
  const { mesh, nodes } = world;
  const name = NAMES[pick(3)] ?? "bob";
  switch (pick(4)) {
    case 0:
      mesh.network.partition([[name], NAMES.filter((one) => one !== name)]);
      break;
    case 1:
      mesh.network.partition(NAMES.map((one) => [one]));
      break;
    case 2:
      mesh.network.heal();
      break;
    default: {
      const victim = nodes.get(name);
      // Somebody who may fire stays alive.
      if (victim === undefined || name === "alice") break;
      victim.kill();
      await rest(world, pick(4) * MINUTE);
      nodes.set(name, await mesh.restart(victim));
    }
  }
  await rest(world, (1 + pick(4)) * MINUTE);
}

/** What its clock says. */
const wallOf = (node: VirtualNode): number =>
  [...node.node.api.board.current().nodes.values()].find(({ self }) => self)?.lastHeardAt ?? 0;

test.each([1, 2])(
  "each occurrence makes one item whatever is cut off, killed or wrong about the time, and a cancel ends it (seed %i)",
  async (seed) => {
    const world = await worldOf(seed);
    const prng = createPrng(seed);
    await say(world, "timer.add", { title: "Tidy up", cron: CRON });
    const [timer] = (await say(world, "timers")) as readonly { readonly id: string }[];
    await rest(world, 10_000);
    for (let step = 0; step < 8; step++) await trouble(world, (bound) => prng.int(bound));
    await converged(world);
    const fired = firedOn(aliceOf(world));
    expect(fired.length).toBeGreaterThan(3);
    expect(titlesOn(aliceOf(world))).toEqual(fired.map(() => "Tidy up"));
    // Clocks ahead of hers may have begun later; what has come by hers is there without a gap.
    const come = fired.filter((occurrence) => occurrence <= wallOf(aliceOf(world)));
    const gaps = come.slice(1).map((occurrence, index) => (occurrence - (come[index] ?? 0)) / MINUTE);
    expect(gaps.filter((gap) => gap !== EVERY)).toEqual([]);
    await say(world, "timer.cancel", { timer: timer?.id });
    // Everybody has heard it.
    await rest(world, 5_000);
    const before = titlesOn(aliceOf(world)).length;
    await rest(world, 2 * EVERY * MINUTE);
    await converged(world);
    expect(titlesOn(aliceOf(world))).toHaveLength(before);
  },
);

test("of what went by while all were down one is made up for, or none", async () => {
  const world = await worldOf(11);
  await say(world, "timer.add", { title: "Made up for", cron: "30 * * * *" });
  await say(world, "timer.add", { title: "Let go", cron: "30 * * * *", catchUp: "none" });
  for (const node of world.nodes.values()) node.kill();
  await rest(world, 300 * MINUTE);
  world.mesh.network.heal();
  const before = titlesOn(aliceOf(world));
  const alice = await world.mesh.restart(aliceOf(world));
  await world.mesh.time.runUntil(() => titlesOn(alice).length > before.length, 10 * MINUTE);
  await rest({ ...world, nodes: new Map([["alice", alice]]) }, MINUTE);
  expect([before, titlesOn(alice)]).toEqual([[], ["Made up for"]]);
});

test("a late birth of an item that a timer made does not undo what somebody changed meanwhile", async () => {
  const world = await worldOf(12);
  const nodes = [...world.nodes.values()];
  // By every other clock it is over when it is set.
  const [slowest = aliceOf(world)] = nodes.toSorted((a, b) => wallOf(a) - wallOf(b));
  const at = `${new Date(wallOf(slowest) + 2 * MINUTE).toISOString().slice(0, 16)}Z`;
  await pumped(world.mesh.time, slowest.command("timer.add", { title: "Born twice", at }));
  const isKnown = (): boolean =>
    [...world.nodes.values()].every(({ node }) => node.replica.view().chat.plans.size === 1);
  expect(await world.mesh.time.runUntil(isKnown, MINUTE)).toBe(true);
  world.mesh.network.partition(NAMES.map((one) => [one]));
  // Whatever they write now has a later stamp than what alice writes.
  for (const node of nodes.slice(1)) {
    for (let times = 0; times < 9; times++) await pumped(world.mesh.time, node.command("mesh.freeze", {}));
  }
  const all = (): boolean => nodes.every((node) => titlesOn(node).length > 0);
  expect(nodes.map((node) => titlesOn(node).length)).toEqual([0, 0, 0]);
  expect(await world.mesh.time.runUntil(all, 10 * MINUTE)).toBe(true);
  const [item = ""] = aliceOf(world).node.replica.view().items.keys();
  await say(world, "item.edit", { item, title: "Changed" });
  await converged(world);
  for (const node of nodes) expect(titlesOn(node)).toEqual(["Changed"]);
});

test("an item is started at a time, once, and what is over or too often is refused", async () => {
  const world = await worldOf(13);
  const { id } = (await say(world, "item.add", { title: "Later" })) as { readonly id: string };
  const at = new Date(wallOf(aliceOf(world)) + 2 * MINUTE).toISOString().slice(0, 16);
  await say(world, "timer.add", { item: id, action: "start", at: `${at}Z` });
  await expect(say(world, "timer.add", { title: "Over", at: "1969-07-20T20:17Z" })).rejects.toThrow("is over already");
  await expect(say(world, "timer.add", { title: "Often", cron: "* * * * * *" })).rejects.toThrow("cron expression");
  const stage = (): string | undefined => aliceOf(world).node.api.board.current().items.get(id)?.stage;
  expect(stage()).toBe("Backlog");
  expect(await world.mesh.time.runUntil(() => stage() === "Coding", 5 * MINUTE)).toBe(true);
  expect(await say(world, "timers")).toEqual([]);
});
