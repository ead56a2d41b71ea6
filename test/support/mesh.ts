/** Several nodes of one mesh, and what has to hold of all of them in the end. */
import { expect } from "vitest";

import type { FaultProxy } from "./fault-proxy.ts";
import type { NodeProcess } from "./node-process.ts";
import type { Project } from "./project.ts";
import { NotYet, waitFor } from "./wait.ts";
import type { StartOptions, World } from "./world.ts";

export interface MeshOptions<Names extends readonly string[] = readonly string[]> {
  readonly project?: Project;
  /** The first founds the mesh. */
  readonly names: Names;
  /** How each node is started; the founder too. */
  readonly each?: (name: string) => StartOptions;
}

/** One node for each name, in the same places. */
export type Nodes<Names extends readonly string[]> = { readonly [Place in keyof Names]: NodeProcess };

/** Founds a mesh with the first name and joins the others through it; resolves when every node is linked to every other. */
export async function startMesh<const Names extends readonly string[]>(
  world: World,
  { project, names, each }: MeshOptions<Names>,
): Promise<Nodes<Names>> {
  const [first, ...others] = names;
  if (first === undefined) throw new Error("a mesh has at least one node");
  await world.found(first, project);
  const founder = await world.start(first, each?.(first) ?? {});
  const nodes = [founder];
  // One after another: every joiner writes into the same mesh log, and a failed start is named by its node.
  for (const name of others) nodes.push(await world.join(name, founder, { role: "operator", ...each?.(name) }));
  await waitForFullMesh(nodes);
  return inPlaces(nodes);
}

// Pushed one by one in the order of the names; TypeScript cannot count them.
const inPlaces = <Names extends readonly string[]>(nodes: readonly NodeProcess[]): Nodes<Names> =>
  nodes as Nodes<Names>;

export async function waitForFullMesh(nodes: readonly NodeProcess[]): Promise<void> {
  await waitFor("every node to be linked to every other", async () => {
    for (const node of nodes) {
      const reached = (await node.api.nodes()).filter((one) => one.linked && one.alive);
      const linked = new Set(reached.map((one) => one.name));
      const missing = nodes.filter((other) => !linked.has(other.name)).map((other) => other.name);
      if (missing.length > 0) throw new NotYet(`${node.name} has no link to ${missing.join(", ")}`);
    }
    return true;
  });
}

export interface PartableMesh<Names extends readonly string[]> {
  readonly nodes: Nodes<Names>;
  readonly proxies: ReadonlyMap<string, FaultProxy>;
  /** Only nodes of the same group reach each other from now on. */
  part(groups: readonly (readonly string[])[]): void;
  heal(): void;
  /** How to start this node again in its place behind its proxy. */
  startAgain(name: string, options?: StartOptions): Promise<NodeProcess>;
}

/** A mesh in which every node is reached through a proxy of its own, so that it can be parted. */
export async function startPartableMesh<const Names extends readonly string[]>(
  world: World,
  options: MeshOptions<Names>,
): Promise<PartableMesh<Names>> {
  const proxies = new Map<string, FaultProxy>();
  for (const name of options.names) proxies.set(name, await world.proxy());
  const proxyOf = (name: string): FaultProxy => {
    const proxy = proxies.get(name);
    if (proxy === undefined) throw new Error(`${name} is not in this mesh`);
    return proxy;
  };
  const [first = "", ...others] = options.names;
  await world.found(first, options.project);
  const start = async (name: string, given: StartOptions = {}): Promise<NodeProcess> => {
    const node = await world.start(name, { ...options.each?.(name), advertise: proxyOf(name).url, ...given });
    proxyOf(name).setTarget(node.endpoints.peer);
    return node;
  };
  const founder = await start(first);
  const nodes = [founder];
  for (const name of others) {
    const { ticket } = await founder.api.invite("operator");
    nodes.push(await start(name, { ticket, rendezvous: [proxyOf(first).url] }));
  }
  await waitForFullMesh(nodes);
  return {
    nodes: inPlaces(nodes),
    proxies,
    part: (groups) => {
      for (const [name, proxy] of proxies) {
        const own = groups.find((group) => group.includes(name)) ?? [name];
        proxy.refuse(options.names.filter((other) => !own.includes(other)));
      }
    },
    heal: () => {
      for (const proxy of proxies.values()) proxy.refuse([]);
    },
    startAgain: start,
  };
}

/** Waits until all nodes hold the same ops and mean the same by them, and returns that digest. */
export async function waitForEqualDigests(nodes: readonly NodeProcess[], withinMs = 60_000): Promise<string> {
  return waitFor(
    `equal digests on ${nodes.map((node) => node.name).join(", ")}`,
    async () => {
      const digests = await Promise.all(nodes.map((node) => node.api.digest()));
      const [first] = digests;
      if (first === undefined) throw new Error("there are no nodes");
      const heads = digests.map((digest) => JSON.stringify(digest.heads));
      if (heads.some((one) => one !== heads[0])) throw new NotYet(`the heads differ: ${heads.join(" | ")}`);
      const different = digests.some((digest) => digest.digest !== first.digest);
      if (different) throw new NotYet(`equal heads, different digests: ${JSON.stringify(digests)}`);
      return first.digest;
    },
    { withinMs },
  );
}

/** Waits until the item is in this stage on every node. */
export async function waitForStage(
  nodes: readonly NodeProcess[],
  id: string,
  stage: string,
  withinMs = 40_000,
): Promise<void> {
  await waitFor(
    `item ${id} to be ${stage} on ${nodes.map((node) => node.name).join(", ")}`,
    async () => {
      for (const node of nodes) {
        const item = await node.api.item(id);
        if (item.stage === stage) continue;
        throw new NotYet(`on ${node.name} it is ${item.stage}: ${item.why.join(" ")}`);
      }
      return true;
    },
    { withinMs, everyMs: 80 },
  );
}

/** What must be true of every node that is up, whatever happened: nothing forked, and the whole log verifies. */
export async function expectSoundLogs(nodes: readonly NodeProcess[]): Promise<void> {
  for (const node of nodes) {
    expect(await node.api.forks(), `forks on ${node.name}`).toEqual([]);
    const verified = await node.api.command<{ readonly ok: boolean }>("verify");
    expect(verified, `verify on ${node.name}`).toMatchObject({ ok: true });
  }
}

/** Title and steps for the scripted agent as an item's text. */
export const script = (steps: string): string => `Do what it says.\n\n\`\`\`skein\n${steps}\n\`\`\`\n`;
