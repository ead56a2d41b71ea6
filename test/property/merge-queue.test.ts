/**
 * The merge queue with the real engine over simulated ports: what lands together, who is to blame for a red gate, and what
 * becomes of the line when somebody says stop, or the merger dies.
 */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode, type VirtualOptions } from "./virtual/mesh.ts";

const MINUTE = 60_000;
const GATE = "gate: [[check]]\nretries: { noProgress: 2, total: 2, flaky: 0 }\nmerge: { batch: 4 }\n";

interface World {
  readonly mesh: VirtualMesh;
  readonly nodes: readonly [VirtualNode, VirtualNode];
  /** Adds and starts one; its id. */
  add(title: string): Promise<string>;
  say(command: string, input?: unknown): Promise<unknown>;
}

async function worldOf(seed: number, options: VirtualOptions = {}): Promise<World> {
  const mesh = createVirtualMesh(seed, { config: GATE, ...options });
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  const linked = (): boolean => [...alice.node.api.board.current().nodes.values()].every((one) => one.alive);
  expect(await mesh.time.runUntil(linked, MINUTE)).toBe(true);
  return {
    mesh,
    nodes: [alice, bob],
    add: async (title) => {
      const added = await pumped(mesh.time, alice.command("item.add", { title, start: true }));
      return (added as { readonly id: string }).id;
    },
    say: (command, input = {}) => pumped(mesh.time, alice.command(command, input)),
  };
}

const itemOn = ({ node }: VirtualNode, id: string) => node.api.board.current().items.get(id);

const areIn =
  ({ nodes }: World, stage: string, ids: readonly string[]) =>
  (): boolean =>
    nodes.every((node) => ids.every((id) => itemOn(node, id)?.stage === stage));

const until = async ({ mesh }: World, condition: () => boolean, withinMs = 20 * MINUTE): Promise<void> => {
  expect(await mesh.time.runUntil(condition, withinMs)).toBe(true);
};

/** Long enough for what must not happen. */
const rest = ({ mesh }: World, ms: number): Promise<boolean> => mesh.time.runUntil(() => false, ms);

const landings = ({ mesh }: World): readonly (readonly string[])[] =>
  mesh.remote.chain.flatMap(({ items }) => (items.length === 0 ? [] : [items]));

test("a paused queue lands nothing; what has gathered in it lands together, each once", async () => {
  const world = await worldOf(1);
  await world.say("queue.pause", { reason: "a release" });
  const ids: string[] = [];
  for (let at = 0; at < 4; at++) ids.push(await world.add(`Story ${at}`));
  await until(world, areIn(world, "Merge", ids));
  await rest(world, MINUTE);
  expect(landings(world)).toEqual([]);
  expect(itemOn(world.nodes[0], ids[0] ?? "")?.stage).toBe("Merge");
  await world.say("queue.resume");
  await until(world, areIn(world, "Done", ids));
  expect(landings(world).flat().toSorted()).toEqual(ids.toSorted());
  expect(landings(world).length).toBeLessThan(4);
});

test("a train that is red is halved until the one that breaks it is alone, and the others land", async () => {
  let pair: readonly string[] = [];
  const world = await worldOf(2, { isGreen: (content) => pair.length < 2 || !pair.every((id) => content.has(id)) });
  await world.say("queue.pause", {});
  const ids: string[] = [];
  for (let at = 0; at < 4; at++) ids.push(await world.add(`Story ${at}`));
  // Each is green alone; the first and the third are not, together.
  pair = [ids[0] ?? "", ids[2] ?? ""];
  await until(world, areIn(world, "Merge", ids));
  await world.say("queue.resume");
  const [first = "", second = "", third = "", fourth = ""] = ids;
  await until(world, areIn(world, "Done", [first, second, fourth]));
  await until(world, () => itemOn(world.nodes[0], third)?.archiveReason === "Blocked");
  expect(landings(world).flat().toSorted()).toEqual([first, second, fourth].toSorted());
  expect(itemOn(world.nodes[0], third)?.note).toContain("The gate is red");
  for (const id of [first, second, fourth]) expect(itemOn(world.nodes[0], id)?.attempts).toBe(0);
});

test("while the target branch is red by itself nobody is to blame, and what mends it lands", async () => {
  let mender = "";
  const world = await worldOf(3, { isGreen: (content) => !content.has("broken") || content.has(mender) });
  await world.say("queue.pause", {});
  const ids = [await world.add("Story"), await world.add("Another")];
  await until(world, areIn(world, "Merge", ids));
  world.mesh.remote.humanCommit("slip", ["broken"]);
  await world.say("queue.resume");
  await rest(world, 3 * MINUTE);
  expect(landings(world)).toEqual([]);
  for (const id of ids) expect(itemOn(world.nodes[0], id)).toMatchObject({ stage: "Merge", attempts: 0 });
  mender = await world.add("Mend main");
  await until(world, areIn(world, "Done", [...ids, mender]));
  expect(landings(world)[0]).toEqual([mender]);
  for (const id of [...ids, mender]) expect(itemOn(world.nodes[0], id)?.attempts).toBe(0);
});

test("a target that was red for a while needs nobody to mend it: it is asked again", async () => {
  let isAway = false;
  const world = await worldOf(6, { isGreen: () => !isAway });
  await world.say("queue.pause", {});
  const ids = [await world.add("One"), await world.add("Two")];
  await until(world, areIn(world, "Merge", ids));
  isAway = true;
  // Both are in the way of a new base, so each has to be tested again.
  world.mesh.remote.humanCommit("harmless", ["note"]);
  await world.say("queue.resume");
  await rest(world, 2 * MINUTE);
  expect(landings(world)).toEqual([]);
  isAway = false;
  await until(world, areIn(world, "Done", ids));
  for (const id of ids) expect(itemOn(world.nodes[0], id)?.attempts).toBe(0);
});

test("a queue that is paused while the gate of a train runs lands nothing of it", async () => {
  let gates = 0;
  let pauseAt = Number.POSITIVE_INFINITY;
  const world: World = await worldOf(7, {
    // Said when the first command is over: the second one takes longer than the word to every node.
    config: GATE.replace("[[check]]", "[[check], [check, again]]"),
    isGreen: () => {
      gates++;
      if (gates === pauseAt) void world.nodes[0].command("queue.pause", { reason: "stop" });
      return true;
    },
  });
  await world.say("queue.pause", {});
  const ids = [await world.add("One"), await world.add("Two"), await world.add("Three")];
  await until(world, areIn(world, "Merge", ids));
  world.mesh.remote.humanCommit("harmless", ["note"]);
  pauseAt = gates + 1;
  await world.say("queue.resume");
  await rest(world, 2 * MINUTE);
  expect(gates).toBeGreaterThan(pauseAt);
  expect(landings(world)).toEqual([]);
  await world.say("queue.resume");
  await until(world, areIn(world, "Done", ids));
});

test("what people stop while the remote refuses the push does not land once it agrees", async () => {
  const world = await worldOf(8);
  const { refused } = world.mesh.remote;
  for (const name of ["alice", "bob"]) refused.add(name);
  await world.say("queue.pause", {});
  const [held, other] = [await world.add("Held"), await world.add("Other")];
  await until(world, areIn(world, "Merge", [held, other]));
  await world.say("queue.resume");
  const isRefused = (id: string): boolean => itemOn(world.nodes[0], id)?.activity.includes("refused") === true;
  await until(world, () => [held, other].some(isRefused));
  // The one that lands behind the head is in nobody's hands but the train's.
  const behind = isRefused(held) ? other : held;
  await world.say("item.hold", { item: behind, reason: "legal asks" });
  refused.clear();
  await until(world, areIn(world, "Done", [behind === held ? other : held]));
  await rest(world, 2 * MINUTE);
  expect(landings(world).flat()).not.toContain(behind);
  await world.say("queue.pause", { reason: "a release" });
  await world.say("item.hold", { item: behind, release: true });
  await rest(world, MINUTE);
  expect(landings(world).flat()).not.toContain(behind);
});

test("a node whose pushes the remote refuses leaves the head of the queue to one that may push", async () => {
  const world = await worldOf(9);
  world.mesh.remote.refused.add("alice");
  const ids = [await world.add("One"), await world.add("Two"), await world.add("Three")];
  await until(world, areIn(world, "Done", ids));
  for (const id of ids) expect(itemOn(world.nodes[0], id)?.attempts).toBe(0);
});

test("what a failed run of the gate left behind makes no later one green", async () => {
  const seen = new Set<string>();
  // Like a test that writes its own snapshot: red once in each directory.
  const isGreen = (_content: ReadonlySet<string>, checkout: string): boolean => seen.size === seen.add(checkout).size;
  const world = await worldOf(9, { config: GATE.replace("flaky: 0", "flaky: 1"), isGreen });
  const id = await world.add("Story");
  await until(world, () => itemOn(world.nodes[0], id)?.archiveReason === "Blocked" || seen.size > 2);
  expect(landings(world)).toEqual([]);
});

test("a draining queue lets out what was in it and nothing that comes after", async () => {
  const world = await worldOf(4);
  await world.say("queue.pause", {});
  const before = await world.add("Before");
  await until(world, areIn(world, "Merge", [before]));
  await world.say("queue.pause", { drain: true, reason: "the last one" });
  const after = await world.add("After");
  await until(world, areIn(world, "Done", [before]));
  await until(world, areIn(world, "Merge", [after]));
  await rest(world, MINUTE);
  expect(landings(world)).toEqual([[before]]);
  const queue = (await world.say("queue")) as { readonly aside: readonly { readonly why: string }[] };
  expect(queue.aside.map(({ why }) => why)).toEqual(["the merge queue takes nothing new: the last one"]);
  await world.say("queue.resume");
  await until(world, areIn(world, "Done", [after]));
});

test("when the merger dies another node lands the line", async () => {
  const world = await worldOf(5);
  await world.say("queue.pause", {});
  const ids = [await world.add("One"), await world.add("Two"), await world.add("Three")];
  await until(world, areIn(world, "Merge", ids));
  const [alice, bob] = world.nodes;
  bob.kill();
  await pumped(world.mesh.time, alice.command("queue.resume", {}));
  await until(world, () => ids.every((id) => itemOn(alice, id)?.stage === "Done"));
  expect(landings(world).flat().toSorted()).toEqual(ids.toSorted());
});

test("one command says what the head of the queue waits for, whose work was red, and since when the target is", async () => {
  let culprit = "";
  const world = await worldOf(7, { isGreen: (content) => !content.has("broken") && !content.has(culprit) });
  culprit = await world.add("Breaks it");
  await until(world, () => (itemOn(world.nodes[0], culprit)?.attempts ?? 0) > 0);
  await world.say("queue.pause", { reason: "a release" });
  const held = (await world.say("queue.blame")) as Record<string, unknown>;
  expect(held).toMatchObject({ mode: "paused", note: "a release", modeBy: "alice", head: null });
  const [red] = held["red"] as readonly Record<string, unknown>[];
  expect(red).toMatchObject({ item: culprit, attempt: 1, author: red?.["ranOn"] });
  expect(red?.["what"]).toContain("sent back: The gate is red");
  const id = await world.add("Story");
  await until(world, areIn(world, "Merge", [id]));
  world.mesh.remote.humanCommit("slip", ["broken"]);
  await world.say("queue.resume");
  await rest(world, MINUTE);
  const blames = await Promise.all(world.nodes.map((node) => pumped(world.mesh.time, node.command("queue.blame", {}))));
  const holder = itemOn(world.nodes[0], id)?.claim?.nodeName;
  for (const blame of blames) {
    expect(blame).toMatchObject({ mode: "open", head: { item: id, holder, expired: false } });
    expect((blame as { head: { activity: string } }).head.activity).toContain("main is red at");
  }
  const targets = (blames as readonly { target: { commit: string; since: string } | null }[]).flatMap(
    ({ target }) => target ?? [],
  );
  // Only who lands has found it out itself.
  expect(targets).toHaveLength(1);
  expect(targets[0]?.since).toBe(targets[0]?.commit);
});
