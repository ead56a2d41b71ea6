/**
 * Everything one test file starts, with one end: nodes are stopped, proxies closed, directories removed, and nothing is
 * left running, also after a failure. What nodes wrote is printed when a test fails.
 *
 *     const world = useWorld();
 *     test("…", async () => {
 *       const project = await world.project();
 *       const [alice, bob] = await world.mesh({ project, names: ["alice", "bob"] });
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";

import { skeinBin } from "./build-check.ts";
import { createFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { type NodeOptions, type NodeProcess, type SpawnedNode, spawnNode, startNode } from "./node-process.ts";
import { killNow, processesUnder } from "./processes.ts";
import { createProject, type Project, type ProjectOptions } from "./project.ts";
import { type CommandOptions, type CommandResult, runSkein } from "./skein-command.ts";
import { waitFor } from "./wait.ts";

export type StartOptions = Partial<Omit<NodeOptions, "name" | "home">>;

export interface World {
  /** A fresh directory of this world. */
  directory(name: string): string;
  /** Where a node of this name keeps its data. */
  dataOf(name: string): string;
  project(options?: Partial<Pick<ProjectOptions, "files" | "config">> & { readonly name?: string }): Promise<Project>;
  /** One `skein` command, run to its end. */
  skein(args: readonly string[], options?: Partial<CommandOptions>): Promise<CommandResult>;
  /** `skein init` for a node of this name; without a project the mesh has none. */
  found(name: string, project?: Project): Promise<void>;
  /** `skein up` on the node's data directory. */
  start(name: string, options?: StartOptions): Promise<NodeProcess>;
  /** `skein up` that is expected to end by itself. */
  spawn(name: string, options?: StartOptions): SpawnedNode;
  /** Invites through `host`, and starts the joiner with the ticket. Resolves once it is a member and linked. */
  join(name: string, host: NodeProcess, options?: StartOptions & { readonly role?: string }): Promise<NodeProcess>;
  proxy(): Promise<FaultProxy>;
  /** Run at the end, last added first. */
  atEnd(clean: () => Promise<void> | void): void;
}

export function useWorld(): World {
  const state = createState();
  beforeAll(() => {
    skeinBin();
  });
  afterEach((context) => {
    if (context.task.result?.state !== "fail") return;
    for (const [name, node] of state.spawned) {
      process.stderr.write(`\n── ${name} (${context.task.name})\n${node.output().slice(-12_000)}\n`);
    }
  });
  afterAll(() => cleanUp(state), 60_000);
  return createWorld(state);
}

/** A world without a test around it, for commands: whoever opens it has to close it. */
export interface OpenWorld {
  readonly world: World;
  /** Everything of this world is below it. */
  readonly root: string;
  /** Ends all that was started and removes the directory; throws when a node or a process did not end as it should. */
  close(): Promise<void>;
}

export function openWorld(): OpenWorld {
  skeinBin();
  const state = createState();
  return { world: createWorld(state), root: state.root, close: () => cleanUp(state) };
}

interface State {
  readonly root: string;
  readonly spawned: (readonly [string, SpawnedNode])[];
  readonly cleaners: (() => Promise<void> | void)[];
}

function createState(): State {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "skein-test-")));
  mkdirSync(join(root, "home"));
  return { root, spawned: [], cleaners: [] };
}

function createWorld(state: State): World {
  const { root } = state;
  const home = join(root, "home");
  const directory = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const dataOf = (name: string): string => join(root, "nodes", name);
  const options = (name: string, given: StartOptions): NodeOptions => ({
    data: dataOf(name),
    cwd: home,
    ...given,
    name,
    home,
  });
  const note = (name: string) => (node: SpawnedNode) => {
    state.spawned.push([name, node]);
  };
  const skein: World["skein"] = (args, given = {}) => runSkein(args, { cwd: home, ...given, home });
  const start: World["start"] = (name, given = {}) => startNode(options(name, given), note(name));
  return {
    directory,
    dataOf,
    skein,
    start,
    atEnd: (clean) => {
      state.cleaners.push(clean);
    },
    project: ({ name = "project", ...given } = {}) => createProject({ ...given, home, directory: directory(name) }),
    found: async (name, project) => {
      const args = ["init", "--data", dataOf(name), "--name", name, "--json"];
      if (project !== undefined) args.push("--project", project.clone);
      const result = await skein(args);
      if (result.code !== 0) throw new Error(`skein init failed: ${result.stderr}`);
    },
    spawn: (name, given = {}) => {
      const node = spawnNode(options(name, given));
      note(name)(node);
      return node;
    },
    join: async (name, host, { role = "agent", ...given } = {}) => {
      const { ticket } = await host.api.invite(role);
      const node = await start(name, { rendezvous: [host.endpoints.peer], ticket, ...given });
      await waitFor(`${name} to be a member and linked`, async () => {
        const nodes = await node.api.nodes();
        return nodes.some((one) => one.self && !one.removed) && nodes.some((one) => !one.self && one.linked);
      });
      return node;
    },
    proxy: async () => {
      const proxy = await createFaultProxy();
      state.cleaners.push(() => proxy.close());
      return proxy;
    },
  };
}

const END_MS = 15_000;

async function cleanUp(state: State): Promise<void> {
  const problems: string[] = [];
  const running = state.spawned.filter(([, { child }]) => child.exitCode === null && child.signalCode === null);
  // A frozen process ends only after it goes on.
  for (const [, { child }] of running) child.kill("SIGCONT");
  for (const [, { child }] of running) child.kill("SIGTERM");
  for (const [name, node] of running) problems.push(...(await endOf(name, node)));
  for (const clean of state.cleaners.toReversed()) await clean();
  problems.push(...(await endStragglers(state)));
  rmSync(state.root, { recursive: true, force: true, maxRetries: 5 });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** A node that is told to stop stops, with exit code 0. Anything else is a finding. */
async function endOf(name: string, node: SpawnedNode): Promise<readonly string[]> {
  const timer = setTimeout(() => node.child.kill("SIGKILL"), END_MS);
  const { code, signal } = await node.exited;
  clearTimeout(timer);
  if (code === 0) return [];
  return [`${name} ended with ${String(code ?? signal)} when it was told to stop.\n${node.output().slice(-4_000)}`];
}

/** Only a node that was killed may leave a process behind: nobody is there to end its agent. */
async function endStragglers(state: State): Promise<readonly string[]> {
  const wasKilled = state.spawned.some(([, { child }]) => child.signalCode === "SIGKILL");
  const left = processesUnder(state.root);
  for (const { pid } of left) killNow(pid);
  await waitFor("the last processes to end", () => processesUnder(state.root).length === 0);
  if (wasKilled || left.length === 0) return [];
  return [`Left running: ${left.map((one) => `${one.pid} ${one.command}`).join("; ")}`];
}
