/**
 * Who takes what, and when (ADR 0029), on two real nodes: drains, a freeze and a hold, labels, parts, and timers that fire once.
 */
import { beforeAll, expect, test } from "vitest";

import { type ControlledWork, controlledWork } from "../support/controlled-work.ts";
import { type PartableMesh, startPartableMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const NAMES = ["alice", "bob"] as const;
const world = useWorld();
let work: ControlledWork;
let project: Project;
let mesh: PartableMesh<typeof NAMES>;
let alice: NodeProcess;

beforeAll(async () => {
  work = controlledWork(world.directory("doors"));
  project = await world.project({
    files: work.files,
    config: { ...work.config, claim: "{ ttl: 30s, stagger: 100ms }" },
  });
  mesh = await startPartableMesh(world, {
    project,
    names: NAMES,
    each: (name) => ({ slots: 2, labels: name === "bob" ? { gpu: "big" } : { os: "old" } }),
  });
  [alice] = mesh.nodes;
}, 120_000);

/** One command line on alice's machine. */
async function skein(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await world.skein([...args, "--data", alice.data]);
  if (code !== 0) throw new Error(`skein ${args.join(" ")} ended with ${String(code)}: ${stderr}`);
  return stdout;
}

const add = async (title: string, ...labels: readonly string[]): Promise<string> =>
  (await alice.api.addItem({ title, labels, start: true })).id;

const atTheDoor = (id: string, epoch = 1): Promise<unknown> =>
  waitFor(`the agent of ${id} to be at work`, () => work.arrivals().includes(`coding-${id}-${epoch}`));

interface Stuck {
  readonly item: string;
  readonly causes: readonly { readonly why: string; readonly exit: string }[];
}

/** Waits until every node says that the item is stuck for this reason, and only for that. */
async function stuckEverywhere(id: string, why: string, exit: string): Promise<void> {
  for (const node of mesh.nodes) {
    await waitFor(`${node.name} to say why ${id} is stuck`, async () => {
      const found = (await node.api.command<readonly Stuck[]>("stuck")).find(({ item }) => item === id);
      if (found === undefined) throw new NotYet("it is not stuck");
      expect(found.causes.map((cause) => [cause.why, cause.exit])).toEqual([[why, exit]]);
      return true;
    });
  }
}

/** Nobody has ever claimed it. */
async function expectUntouched(id: string): Promise<void> {
  for (const node of mesh.nodes)
    expect(await node.api.item(id)).toMatchObject({ stage: "Coding", claim: null, epoch: 0 });
}

/** Each node once: who gives an item back into the merge queue claims it anew to land it. */
const takenBy = async (id: string): Promise<readonly string[]> => [
  ...new Set((await alice.api.item(id)).attemptLog.map(({ nodeName }) => nodeName)),
];

test("labels decide who takes it, and what nobody has is said with the way out", async () => {
  const nowhere = await add("On another planet", "os=martian");
  const values = await Promise.all([add("With a label", "gpu=big"), add("With any value", "needs:gpu", "for people")]);
  const old = await add("On the old one", "os=old");
  for (const id of [...values, old]) await waitForStage(mesh.nodes, id, "Done");
  for (const id of values) expect(await takenBy(id)).toEqual(["bob"]);
  expect(await takenBy(old)).toEqual(["alice"]);
  const exit = `skein item edit ${nowhere} --label='none'`;
  await stuckEverywhere(
    nowhere,
    "no node that is alive has os=martian; a node gets a label by `skein up --label KEY=VALUE`",
    exit,
  );
  await expectUntouched(nowhere);
  await skein("item", "edit", nowhere, "--label=none");
  await waitForStage(mesh.nodes, nowhere, "Done");
});

test("a drained node ends what it has and takes nothing more, until it is told to again", async () => {
  work.shut("coding");
  const under = await add("Under way", "gpu=big");
  await atTheDoor(under);
  await skein("drain", "bob", "--reason", "a new disk");
  const waiting = await add("Comes too late", "gpu=big");
  await stuckEverywhere(
    waiting,
    "every node that could take it is drained: a new disk",
    `skein undrain ${await idOf("bob")}`,
  );
  expect(await skein("nodes")).toContain("a new disk");
  work.open("coding");
  await waitForStage(mesh.nodes, under, "Done");
  expect(await takenBy(under)).toEqual(["bob"]);
  await expectUntouched(waiting);
  await skein("undrain", "bob");
  await waitForStage(mesh.nodes, waiting, "Done");
  expect(await takenBy(waiting)).toEqual(["bob"]);
});

test("a node that is drained at once hands on what it works at, and no attempt is counted", async () => {
  work.shut("coding-1");
  const id = await add("Handed on");
  await atTheDoor(id);
  const [holder = ""] = await takenBy(id);
  await skein("drain", holder, "--now");
  await waitForStage(mesh.nodes, id, "Done");
  const other = NAMES.filter((name) => name !== holder);
  expect(await alice.api.item(id)).toMatchObject({ attempts: 0, epoch: 3 });
  expect(await takenBy(id)).toEqual([holder, ...other]);
  await skein("undrain", holder);
  work.open("coding-1");
});

test("a freeze lets go on what runs and nothing begin; a hold stops the one item, and its release goes on with it", async () => {
  work.shut("coding-1");
  const held = await add("Held");
  await atTheDoor(held);
  await skein("item", "hold", held, "legal asks");
  await waitFor("the agent to be stopped", async () => (await alice.api.item(held)).claim === null);
  await stuckEverywhere(held, "it is on hold: legal asks", `skein item hold ${held} --release`);

  const running = await add("Runs already");
  await atTheDoor(running);
  await skein("freeze", "the registry is down");
  const later = await add("Begins later");
  await stuckEverywhere(later, "the mesh is frozen: the registry is down", "skein unfreeze");
  await skein("item", "hold", held, "--release");
  work.open("coding-1");
  await waitForStage(mesh.nodes, running, "Done");
  await expectUntouched(later);
  expect(await alice.api.item(held)).toMatchObject({ stage: "Coding", claim: null, epoch: 2, attempts: 0 });

  await skein("unfreeze");
  for (const id of [later, held]) await waitForStage(mesh.nodes, id, "Done");
  expect(await alice.api.item(held)).toMatchObject({ epoch: 3, attempts: 0 });
});

test("an item with parts begins when all of them have landed", async () => {
  work.shut("coding");
  const whole = (await alice.api.addItem({ title: "Move everything" })).id;
  const parts: string[] = [];
  for (const title of ["Move the client", "Move the importer"]) {
    const added = await skein("item", "add", title, "--parent", whole, "--start", "--json");
    parts.push((JSON.parse(added) as { readonly id: string }).id);
  }
  await skein("item", "start", whole);
  for (const part of parts) await atTheDoor(part);
  for (const node of mesh.nodes) {
    await waitFor(`${node.name} to name the parts`, async () => {
      const why = (await node.api.item(whole)).why.join(" ");
      return parts.every((part) => why.includes(part));
    });
  }
  await expectUntouched(whole);
  work.open("coding");
  for (const id of [...parts, whole]) await waitForStage(mesh.nodes, id, "Done");
  // It was coded on top of both: its own branch begins behind their landings.
  const tip = (await landingOf(project, whole)).commit;
  for (const part of parts) {
    const { commit } = await landingOf(project, part);
    await project.git(["merge-base", "--is-ancestor", commit, `${tip}^2`], project.remote);
  }
});

test("a timer that comes due on two nodes which do not hear each other fires on both and makes one item", async () => {
  const at = new Date(Date.now() + SOON_MS).toISOString().replace(/\.\d+Z$/u, "Z");
  await alice.api.command("timer.add", { title: "Water the plants", at });
  await waitForEqualDigests(mesh.nodes);
  mesh.part([["alice"], ["bob"]]);
  const made = async ({ api }: NodeProcess): Promise<readonly string[]> =>
    (await api.items()).filter(({ title }) => title === "Water the plants").map(({ id }) => id);
  for (const node of mesh.nodes) {
    await waitFor(`the timer to fire on ${node.name}`, () => node.output().includes('"timer.fired"'));
  }
  const [first] = await made(alice);
  for (const node of mesh.nodes) expect(await made(node)).toEqual([first]);
  mesh.heal();
  await waitForEqualDigests(mesh.nodes);
  for (const node of mesh.nodes) expect(await made(node)).toEqual([first]);
  expect(await skein("timers")).toContain("No timer");
  await skein("item", "start", first ?? "");
  await waitForStage(mesh.nodes, first ?? "", "Done");
  await landingOf(project, first ?? "");
});

/** Long enough to tell both nodes and to part them. */
const SOON_MS = 4_000;

async function idOf(name: string): Promise<string> {
  const found = (await alice.api.members()).members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`${name} is no member`);
  return found.id;
}
