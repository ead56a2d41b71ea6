/**
 * What nodes keep of attempts, as `node.yaml` says it, on three nodes in a line: alice and carol reach each other only over bob.
 * A log is read over the node in between, copied to as many others as its node asks for, and goes when there is too much.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { inStage, printed, skeinLogs } from "../e2e/support/items.ts";
import { type ControlledWork, controlledWork } from "../support/controlled-work.ts";
import { startPartableMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

/** Prints as much noise as the story says, which packing makes no shorter, and commits behind the door. */
const AGENT = `
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pass } from "./door.mjs";
const noise = Number(/^noise: (.+)$/m.exec(readFileSync(0, "utf8"))?.[1] ?? 0);
for (let left = noise; left > 0; left -= 30) console.log(randomBytes(30 * 1024).toString("base64"));
await pass("coding");
writeFileSync(process.env.SKEIN_ITEM + ".txt", "done");
execFileSync("git", ["add", "--all"]);
execFileSync("git", ["commit", "--quiet", "-m", "Work"]);
`;

const world = useWorld();
let work: ControlledWork;
let alice: NodeProcess;
let bob: NodeProcess;
let carol: NodeProcess;
/** Kept by nobody but carol. */
let alone: Kept;
/** Kept by carol and one other. */
let copied: Kept;

beforeAll(async () => {
  work = controlledWork(world.directory("doors"));
  const project = await world.project({
    files: { ...work.files, "agent.mjs": AGENT },
    config: { ...work.config, claim: "{ ttl: 30s, stagger: 100ms }" },
  });
  const mesh = await startPartableMesh(world, {
    project,
    names: ["alice", "bob", "carol"],
    each: (name) => ({ slots: name === "carol" ? 1 : 0 }),
  });
  [alice, bob, carol] = mesh.nodes;
  mesh.proxies.get("alice")?.refuse(["carol"]);
  mesh.proxies.get("carol")?.refuse(["alice"]);
  await waitFor("alice and carol to have lost each other", isLine);
}, 120_000);

interface Kept {
  readonly id: string;
  readonly digest: string;
}

/** Alice and carol have no link, and bob has one to each. */
async function isLine(): Promise<boolean> {
  const linked = async (node: NodeProcess): Promise<readonly string[]> =>
    (await node.api.nodes()).filter((one) => !one.self && one.linked).map(({ name }) => name);
  return (await linked(alice)).join(" ") === "bob" && (await linked(carol)).join(" ") === "bob";
}

/** On carol, who looks at it every time. */
const settle = (artifacts: string): void => writeFileSync(join(carol.data, "node.yaml"), `artifacts: ${artifacts}\n`);

const add = async (title: string, text = ""): Promise<string> =>
  (await alice.api.addItem({ title, text, start: true })).id;

/** The log of the item's only attempt, once it is done and the mesh knows under which digest the log is kept. */
async function keptOf(id: string): Promise<Kept> {
  await inStage(alice.api, id, "Done");
  return waitFor(`what is kept of ${id} to be named`, async () => {
    const files = await alice.api.command<readonly { readonly sort: string; readonly digest: string }[]>("artifacts", {
      item: id,
    });
    const log = files.find(({ sort }) => sort === "log");
    return log === undefined ? undefined : { id, digest: log.digest };
  });
}

const hasBlob = ({ data }: NodeProcess, { digest }: Kept): boolean =>
  existsSync(join(data, "artifacts", digest.slice(0, 2), `${digest}.gz`));

test("a log is read over the node in between, while it is written and when it has ended", async () => {
  settle("{ copies: 0 }");
  work.shut("coding");
  const id = await add("Kept alone");
  await waitFor("the agent to be at work", () => work.arrivals().includes(`coding-${id}-1`));
  await waitFor("alice to read what it has printed", async () => {
    const text = await printed(alice.api, id);
    if (text.includes("at the door of coding\n")) return true;
    throw new NotYet(text);
  });
  work.open("coding");
  alone = await keptOf(id);
  expect(await skeinLogs(world, "alice", id)).toContain("through the door of coding\n");
  expect(await isLine()).toBe(true);
  expect(hasBlob(carol, alone)).toBe(true);
});

test("as many other nodes keep a copy as the node says that ran it", async () => {
  settle("{ copies: 1 }");
  copied = await keptOf(await add("Copied once"));
  const others = (): readonly NodeProcess[] => [alice, bob].filter((node) => hasBlob(node, copied));
  await waitFor("a copy on another node", () => others().length > 0);
  expect(await skeinLogs(world, "alice", copied.id)).toContain("through the door of coding\n");
  expect(others()).toHaveLength(1);
  // Of what was to be kept alone there is no copy, though it was read.
  for (const node of [alice, bob]) expect(hasBlob(node, alone)).toBe(false);
});

test("what is older goes when there is more than the node keeps, with the log as it was captured", async () => {
  settle("{ copies: 0, bytes: 1MiB }");
  const first = await keptOf(await add("Much noise", "noise: 700\n"));
  expect(hasBlob(carol, first)).toBe(true);
  const second = await keptOf(await add("More noise", "noise: 700\n"));
  await waitFor("the older one to go", () => !hasBlob(carol, first));
  expect(hasBlob(carol, second)).toBe(true);
  expect(existsSync(join(carol.data, "logs", first.id, "1.log"))).toBe(false);
  const gone = await world.skein(["artifact", "get", first.digest.slice(0, 12), "--data", carol.data]);
  expect(gone).toMatchObject({ code: 1, stdout: "" });
  expect(gone.stderr).toContain("is not here: no node that is reached has it");
  const logs = await world.skein(["logs", first.id, "--data", carol.data]);
  expect(logs.code).toBe(1);
  expect(logs.stderr).toContain("The log of epoch 1 was captured here, and is not here any more.");
  expect(await printed(alice.api, second.id)).toContain("\n");
});

test("when its node is gone, a copy is read wherever it is, and of what had none the reason is said", async () => {
  await carol.kill();
  await waitFor("bob to have lost carol", async () => {
    return (await bob.api.nodes()).every((one) => one.name !== "carol" || !one.linked);
  });
  for (const name of ["alice", "bob"]) {
    expect(await skeinLogs(world, name, copied.id)).toContain("through the door of coding\n");
  }
  const lost = await world.skein(["logs", alone.id, "--data", alice.data]);
  expect(lost.code).toBe(1);
  expect(lost.stderr).toContain("The log of epoch 1 is on carol, which this node has no link to right now.");
});
