/**
 * Who has to be content before something lands, with the real engine over simulated ports: a person, a reviewer agent, other
 * nodes. What waits for them is held by nobody, and the gate does not run again for their word alone.
 */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped, type VirtualMesh, type VirtualNode, type VirtualOptions } from "./virtual/mesh.ts";

const MINUTE = 60_000;
const GATE = "gate: [[check]]\nretries: { noProgress: 3, total: 3, flaky: 0 }\n";

interface World {
  readonly mesh: VirtualMesh;
  /** Of what each gate saw. */
  readonly contents: readonly ReadonlySet<string>[];
  readonly nodes: readonly VirtualNode[];
  /** Where the gate ran, each time. */
  readonly gates: readonly string[];
  add(title: string, input?: object): Promise<string>;
  say(command: string, input: object): Promise<unknown>;
}

async function worldOf(
  seed: number,
  qa: string,
  options: VirtualOptions = {},
  names: readonly string[] = ["alice", "bob"],
): Promise<World> {
  const gates: string[] = [];
  const contents: ReadonlySet<string>[] = [];
  const isGreen = (content: ReadonlySet<string>, checkout: string, node: string): boolean => {
    gates.push(node);
    contents.push(content);
    return options.isGreen?.(content, checkout, node) ?? true;
  };
  const mesh = createVirtualMesh(seed, { ...options, isGreen, config: `${GATE}qa: ${qa}\n` });
  const [first = "", ...others] = names;
  const founder = await mesh.found(first);
  const nodes = [founder];
  for (const name of others) nodes.push(await mesh.join(name, founder));
  const isWhole = ({ node }: VirtualNode): boolean =>
    [...node.api.board.current().nodes.values()].filter((one) => one.alive).length === nodes.length;
  expect(await mesh.time.runUntil(() => nodes.every(isWhole), MINUTE)).toBe(true);
  const say: World["say"] = (command, input) => pumped(mesh.time, founder.command(command, input));
  const add: World["add"] = async (title, input = {}) =>
    ((await say("item.add", { title, start: true, ...input })) as { readonly id: string }).id;
  return { mesh, nodes, gates, contents, say, add };
}

const itemOn = ({ nodes }: World, id: string, name: string = "alice") =>
  nodes
    .find((one) => one.name === name)
    ?.node.api.board.current()
    .items.get(id);

const until = async ({ mesh }: World, condition: () => boolean): Promise<void> => {
  expect(await mesh.time.runUntil(condition, 20 * MINUTE)).toBe(true);
};

/** Nobody holds it, and it says whom it waits for. */
const isWaiting = (world: World, id: string) => (): boolean => {
  const item = itemOn(world, id);
  return (
    item?.stage === "Qa" && item.claim === null && item.note.includes("waits to be approved or rejected by a person")
  );
};

const isDone = (world: World, id: string) => (): boolean => itemOn(world, id)?.stage === "Done";

const whyOf = async (world: World, id: string): Promise<string> =>
  ((await world.say("why", { item: id })) as { readonly why: readonly string[] }).why.join(" ");

test("what a person has to see lands after their word, and the gate does not run again for it", async () => {
  const world = await worldOf(1, "{ mode: human }");
  const id = await world.add("Story");
  await until(world, isWaiting(world, id));
  expect(await whyOf(world, id)).toContain("a person who approves or rejects it");
  await world.mesh.time.runUntil(() => false, 5 * MINUTE);
  expect(isWaiting(world, id)()).toBe(true);
  expect(world.gates).toHaveLength(1);
  await world.say("item.approve", { item: id, note: "Good." });
  await until(world, isDone(world, id));
  expect(world.gates).toHaveLength(1);
  expect(itemOn(world, id)?.attempts).toBe(0);
});

test("a rejected branch is done again, and the new one needs a word of its own", async () => {
  const world = await worldOf(2, "{ mode: human }");
  const id = await world.add("Story");
  await until(world, isWaiting(world, id));
  const before = itemOn(world, id)?.branch;
  await world.say("item.reject", { item: id, note: "Not like this." });
  await until(world, isWaiting(world, id));
  expect(itemOn(world, id)?.branch).not.toBe(before);
  await world.say("item.approve", { item: id });
  await until(world, isDone(world, id));
});

test("one item may ask for a person where the project does not", async () => {
  const world = await worldOf(3, "{ mode: commands }");
  const [plain, asking] = [await world.add("Plain"), await world.add("Asking", { qa: "human" })];
  await until(world, isDone(world, plain));
  await until(world, isWaiting(world, asking));
  expect(itemOn(world, asking)?.qa).toBe("human");
});

test("a reviewer that approves lets it pass, one that rejects sends it back with its words", async () => {
  let verdict = '{"verdict": "reject", "note": "It has no test."}';
  const world = await worldOf(4, "{ mode: agent, reviewer: [reviewer] }", { says: () => verdict });
  const id = await world.add("Story");
  await until(world, () => (itemOn(world, id)?.attempts ?? 0) > 0);
  expect(itemOn(world, id)?.note).toContain("The reviewer rejects it: It has no test.");
  verdict = '{"verdict": "approve"}';
  await until(world, isDone(world, id));
});

test.each(["", "LGTM", '{"verdict": "maybe"}', "[]"])(
  "a reviewer whose last line is %j has given no verdict: a person decides, and nobody loses an attempt",
  async (said) => {
    const world = await worldOf(5, "{ mode: agent, reviewer: [reviewer] }", { says: () => said });
    const id = await world.add("Story");
    await until(world, isWaiting(world, id));
    expect(itemOn(world, id)?.attempts).toBe(0);
    await world.say("item.approve", { item: id });
    await until(world, isDone(world, id));
  },
);

test("nodes other than the coder's run the gate on the same tree before it lands", async () => {
  const world = await worldOf(6, "{ witnesses: 2 }", {}, ["alice", "bob", "carol"]);
  const id = await world.add("Story");
  await until(world, isDone(world, id));
  expect([...world.gates].toSorted()).toEqual(["alice", "bob", "carol"]);
});

test("where a witness sees red and the coder saw green, a person decides", async () => {
  const seen = new Map<string, boolean>();
  // Whoever runs it first is the coder.
  const isGreen = (_content: ReadonlySet<string>, _checkout: string, node: string): boolean => {
    seen.set(node, seen.get(node) ?? seen.size === 0);
    return seen.get(node) ?? false;
  };
  const world = await worldOf(7, "{ witnesses: 1 }", { isGreen });
  const id = await world.add("Story");
  await until(world, () => world.gates.length === 2);
  await world.mesh.time.runUntil(() => false, MINUTE);
  expect(itemOn(world, id)).toMatchObject({ stage: "Merge", claim: null, attempts: 0 });
  expect(await whyOf(world, id)).toContain("a person who approves or rejects it");
  await world.say("item.approve", { item: id });
  await until(world, isDone(world, id));
});

test("with too few other nodes an item waits in its place, and says so", async () => {
  const world = await worldOf(8, "{ witnesses: 2 }");
  const id = await world.add("Story");
  await until(world, () => new Set(world.gates).size === 2);
  await world.mesh.time.runUntil(() => false, MINUTE);
  expect(itemOn(world, id)).toMatchObject({ stage: "Merge", attempts: 0 });
  expect(await whyOf(world, id)).toContain(
    "It waits for one more node to run the gate on its tree, and the mesh has none that could.",
  );
  // However long it waits, nobody does the same again.
  expect(world.gates).toHaveLength(2);
  const [founder] = world.nodes;
  if (founder === undefined) throw new Error("nobody founded the mesh");
  const late = await world.mesh.join("carol", founder);
  await until(world, isDone(world, id));
  expect([...world.gates].toSorted()).toEqual(["alice", "bob", late.name]);
});

test("a witness that dies is replaced by another node", async () => {
  const world = await worldOf(9, "{ witnesses: 1 }", {}, ["alice", "bob", "carol"]);
  const id = await world.add("Story");
  const started = (): string | undefined =>
    world.mesh.trace.find((line) => line.includes(" witness.started "))?.split(" ")[1];
  await until(world, () => started() !== undefined);
  const victim = world.nodes.find(({ name }) => name === started());
  victim?.kill();
  const survivor = world.nodes.find((one) => one !== victim)?.name;
  await until(world, () => itemOn(world, id, survivor)?.stage === "Done");
  const alive = world.nodes.filter((one) => one !== victim).map(({ name }) => name);
  expect([...world.gates].toSorted()).toEqual(alive.toSorted());
});

test("evidence of an older tree lands nothing: the gate runs again, and with witnesses their gates too", async () => {
  for (const [witnesses, gates] of [
    [0, 1],
    [1, 2],
  ] as const) {
    let world: World | undefined = undefined as World | undefined;
    const seen: string[] = [];
    const isGreen = (_content: ReadonlySet<string>, _checkout: string, node: string): boolean => {
      // Somebody pushes at the very moment at which the last of the gates is green.
      if (seen.push(node) === gates) world?.mesh.remote.humanCommit("ada", ["by ada"]);
      return true;
    };
    world = await worldOf(10, `{ witnesses: ${witnesses} }`, { isGreen });
    const id = await world.add("Story");
    await until(world, isDone(world, id));
    const onNew = world.gates.filter((_node, at) => world?.contents[at]?.has("by ada"));
    expect(new Set(onNew).size).toBe(gates);
  }
});

test("what waits for a person takes no slot: other work goes on, on the node that coded it too", async () => {
  const world = await worldOf(11, "{ mode: commands }", {}, ["alice"]);
  const waiting = [];
  for (const title of ["One", "Two", "Three", "Four", "Five"]) waiting.push(await world.add(title, { qa: "human" }));
  for (const id of waiting) await until(world, isWaiting(world, id));
  const plain = await world.add("Plain");
  await until(world, isDone(world, plain));
  expect(waiting.every((id) => isWaiting(world, id)())).toBe(true);
});
