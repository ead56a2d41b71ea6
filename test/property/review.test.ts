/**
 * Who has to be content before something lands, with the real engine over simulated ports: a person, a reviewer agent, other
 * nodes. What waits for them is held by nobody, and the gate does not run again for their word alone.
 */
import type { TurnResult, TurnSpec } from "@skein/node";
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

const ACP = "{ mode: agent, reviewer: { kind: acp, run: [looker] }, prompt: Look for manners. }";
const APPROVES = '{"verdict": "approve"}';
const done = (said: string): Omit<TurnResult, "process"> => ({
  end: { type: "ended", words: "ended its turn", isDone: true },
  said,
  usage: {},
});

test("a reviewer that is talked to is told the story and may only look; its last line counts, and so does its cost", async () => {
  const told: TurnSpec[] = [];
  let verdict = `I have looked.\n{"verdict": "reject", "note": "It has no test."}`;
  const turn = (spec: TurnSpec): Omit<TurnResult, "process"> => {
    told.push(spec);
    return { ...done(verdict), usage: { model: "big", costUsd: 0.25 } };
  };
  const world = await worldOf(11, `${ACP}\nbudget: { attempt: $1 }`, { turn });
  const id = await world.add("Story");
  await until(world, () => (itemOn(world, id)?.attempts ?? 0) > 0);
  expect(itemOn(world, id)?.note).toContain("The reviewer rejects it: It has no test.");
  verdict = `I have looked again.\n${APPROVES}`;
  await until(world, isDone(world, id));
  expect(told).toHaveLength(2);
  expect(told[0]).toMatchObject({ permissions: "look", earlier: undefined, process: { argv: ["looker"] } });
  for (const words of ["    Story\n", "Look for manners.", '{"verdict": "reject"']) {
    expect(told[0]?.prompt.fresh).toContain(words);
  }
  const { cost } = (await world.say("item.show", { item: id })) as { readonly cost: string };
  expect(cost).toBe("$0.50");
});

test.each<readonly [string, Omit<TurnResult, "process">, string]>([
  ["says something else", done("LGTM"), "the reviewer gave no verdict"],
  ["says more after it", done(`${APPROVES}\nI hope that helps.`), "the reviewer gave no verdict"],
  [
    "is cut off after it",
    { ...done(APPROVES), end: { type: "ended", words: "used up the tokens of its turn" } },
    "the reviewer used up the tokens of its turn",
  ],
  ["ends in the middle", { ...done(APPROVES), end: { type: "process" } }, "the reviewer exited with 0"],
  ["cannot start", { ...done(APPROVES), end: { type: "not-started", why: "No login." } }, "did not start: No login."],
])("a reviewer that is talked to and %s has given no verdict: a person decides", async (_, result, why) => {
  const world = await worldOf(12, ACP, { turn: () => result });
  const id = await world.add("Story");
  await until(world, isWaiting(world, id));
  expect(itemOn(world, id)).toMatchObject({ attempts: 0 });
  expect(itemOn(world, id)?.note).toContain(why);
  await world.say("item.approve", { item: id });
  await until(world, isDone(world, id));
  expect(world.gates).toHaveLength(1);
});

test("a reviewer is ended when the money of its attempt is gone, and does not begin without any", async () => {
  let turns = 0;
  const turn = (spec: TurnSpec): Omit<TurnResult, "process"> => {
    turns += 1;
    spec.onUsage({ model: "big", costUsd: 1.5 });
    return { ...done(APPROVES), usage: { model: "big", costUsd: 1.5 } };
  };
  const world = await worldOf(13, `${ACP}\nbudget: { attempt: $1, item: $2 }`, { turn });
  const id = await world.add("Story");
  await until(world, isWaiting(world, id));
  expect(itemOn(world, id)?.note).toContain("the reviewer was ended for its money: it has cost $1.50");
  await world.say("item.reject", { item: id, note: "Not like this." });
  await world.mesh.time.runUntil(() => false, 5 * MINUTE);
  expect(await whyOf(world, id)).toContain("It waits for money: it has $1.50 of $2.00 spent or set aside");
  expect(turns).toBe(1);
});

test("what an agent tells of its cost counts once, also when the log has it already", async () => {
  const usage = { model: "big", costUsd: 0.25 };
  const turn = (spec: TurnSpec): Omit<TurnResult, "process"> => {
    spec.onUsage(usage);
    return { ...done(""), usage };
  };
  const agent = "agent: { kind: acp, run: [coder] }\nbudget: { attempt: $2 }";
  const world = await worldOf(15, `{ mode: commands }\n${agent}`, { turn });
  const id = await world.add("Story");
  await until(world, isDone(world, id));
  const { cost } = (await world.say("item.show", { item: id })) as { readonly cost: string };
  expect(cost).toBe("$0.25");
});

test("a reviewer whose provider has cut it off goes on later or elsewhere, and the gate does not run again for that", async () => {
  const blocked = new Set<string>();
  const turn = (_: TurnSpec, node: string): Omit<TurnResult, "process"> => {
    const isFirst = !blocked.has(node);
    blocked.add(node);
    return isFirst ? { ...done(""), end: { type: "rate-limited", why: "Too many requests" } } : done(APPROVES);
  };
  const world = await worldOf(14, ACP, { turn });
  const id = await world.add("Story");
  await until(world, () => blocked.size > 0 && itemOn(world, id)?.claim === null);
  expect(itemOn(world, id)?.note).toContain("The reviewer's provider has cut it off: Too many requests.");
  await until(world, isDone(world, id));
  expect(itemOn(world, id)?.attempts).toBe(0);
  expect(world.gates.length).toBeLessThanOrEqual(2);
});

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
