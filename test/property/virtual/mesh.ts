/** Whole nodes, the real engine, over simulated time, network, disk, git and processes. One seed replays the run. */
import { createReplica, foundMesh, MESH_ENTITY, parseTicket, type Role, toHex } from "@skein/core";
import { createPrng, type Prng, testCrypto, testSigner } from "@skein/core/testing";
import {
  createNode,
  type LogStore,
  type Node,
  type NodeKeys,
  type TurnAgents,
  type TurnResult,
  type TurnSpec,
} from "@skein/node";

import { createVirtualTime, type VirtualTime } from "./clock.ts";
import { createVirtualNetwork, type VirtualNetwork } from "./network.ts";
import {
  createMemoryKeys,
  createMemoryStore,
  createVirtualProcesses,
  createVirtualRemote,
  noAsking,
  noLogs,
  type VirtualRemote,
} from "./outside.ts";

export interface VirtualNode {
  readonly name: string;
  readonly node: Node;
  readonly store: ReturnType<typeof createMemoryStore>;
  command(name: string, input: unknown): Promise<unknown>;
  /** As `kill -9`: nothing of it runs any more, its disk stays. */
  kill(): void;
}

export interface VirtualMesh {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly remote: VirtualRemote;
  readonly trace: readonly string[];
  found(name: string): Promise<VirtualNode>;
  join(name: string, through: VirtualNode, role?: Role): Promise<VirtualNode>;
  restart(dead: VirtualNode): Promise<VirtualNode>;
}

export interface VirtualOptions {
  /** More of skein.yaml. */
  readonly config?: string;
  /** What the gate's command `check` says of a checkout that holds these; green when it is left out. */
  readonly isGreen?: (content: ReadonlySet<string>, checkout: string, node: string) => boolean;
  /** The last line of the program `reviewer` in a checkout that holds these. */
  readonly says?: (content: ReadonlySet<string>) => string;
  /** A turn of an agent that is talked to; without it no node can talk to any. */
  readonly turn?: (spec: TurnSpec, node: string) => Omit<TurnResult, "process">;
}

const CONFIG = "project: demo\nsandbox: none\nclaim: { ttl: 5s, stagger: 200ms }\n";

export function createVirtualMesh(
  seed: number,
  { config = "", isGreen, says, turn }: VirtualOptions = {},
): VirtualMesh {
  const prng = createPrng(seed);
  const time = createVirtualTime();
  const network = createVirtualNetwork(time, prng);
  const remote = createVirtualRemote();
  const trace: string[] = [];
  const identities = new Map<string, { readonly mesh: Uint8Array; readonly keys: NodeKeys; boots: number }>();
  let serial = 0;

  const start = async (
    name: string,
    store: ReturnType<typeof createMemoryStore>,
    mesh: Uint8Array,
    ticketText: string | undefined,
  ): Promise<VirtualNode> => {
    const identity = identities.get(name) ?? { mesh, keys: createMemoryKeys(name), boots: 0 };
    identity.boots++;
    identities.set(name, identity);
    const ticket = ticketText === undefined ? undefined : parseTicket(ticketText);
    const built = boot({
      name,
      store,
      mesh,
      keys: identity.keys,
      boots: identity.boots,
      prng,
      time,
      network,
      remote,
      trace,
      isGreen: (directory) => isGreen?.(remote.contentOf(directory), directory, name) ?? true,
      says: (directory) => says?.(remote.contentOf(directory)) ?? "",
      turn: turn === undefined ? undefined : (spec) => turn(spec, name),
      ticket: ticket?.ok === true ? ticket.value : undefined,
      random: random(prng, () => serial++),
    });
    const listened = await built.listen();
    trace.push(`${time.nowMs()} ${name} up ${listened}`);
    return built.virtual;
  };

  return {
    time,
    network,
    remote,
    trace,
    found: async (name) => {
      const store = createMemoryStore();
      const incarnation = incarnationOf(name);
      const founded = foundMesh(
        { signer: testSigner(name), incarnation, meshName: "demo", nodeName: name, wallMs: 1 },
        testCrypto,
      );
      const replica = createReplica(founded.mesh, testCrypto);
      replica.take(founded.frame.bytes);
      const body = {
        kind: "project.set" as const,
        name: "demo",
        remote: "/remote",
        base: "main",
        config: CONFIG + config,
      };
      const authorship = { signer: testSigner(name), incarnation };
      replica.write([{ entity: MESH_ENTITY, on: null, body }], authorship, 1);
      const frames = [founded.frame, ...replica.seal(authorship)];
      store.append(frames.map((frame, index) => ({ position: index + 1, bytes: frame.bytes })));
      return start(name, store, founded.mesh, undefined);
    },
    join: async (name, through, role = "agent") => {
      const invited = (await pumped(time, through.command("member.invite", { role }))) as { ticket: string };
      const parsed = parseTicket(invited.ticket);
      if (!parsed.ok) throw new Error(parsed.error);
      return start(name, createMemoryStore(), parsed.value.mesh, invited.ticket);
    },
    restart: async (dead) => {
      const identity = identities.get(dead.name);
      if (identity === undefined) throw new Error("it never lived");
      return start(dead.name, dead.store, identity.mesh, undefined);
    },
  };
}

/** Lets simulated time pass until a promise of a node is settled. */
export async function pumped<T>(time: VirtualTime, promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  if (!(await time.runUntil(() => settled, 60_000))) throw new Error("it never came to an end");
  return promise;
}

const incarnationOf = (name: string): Uint8Array =>
  testCrypto.sha256(new TextEncoder().encode(`incarnation ${name}`)).slice(0, 8);

/** Unlike a node's cryptographic randomness: the same on every run of a seed. */
const random = (prng: Prng, next: () => number) => ({
  bytes: (length: number): Uint8Array => {
    next();
    return prng.bytes(length);
  },
});

const NO_SESSIONS = { get: () => undefined, put: () => ({ ok: true as const, value: undefined }) };

/** Each turn takes two seconds, and ends when it is stopped. */
const agentsOf = (
  turn: (spec: TurnSpec) => Omit<TurnResult, "process">,
  pauseMs: (ms: number) => Promise<void>,
): TurnAgents => ({
  run: async (spec, signal) => {
    await pauseMs(1_000);
    const result = turn(spec);
    await pauseMs(1_000);
    const end = signal.aborted ? { type: "aborted" as const } : { type: "exited" as const, code: 0 };
    const process = { end, durationMs: 1, outputBytes: 0, outputDigest: "0".repeat(64) };
    return { ...result, end: signal.aborted ? { type: "process" } : result.end, process };
  },
});

interface Boot {
  readonly name: string;
  readonly store: LogStore & ReturnType<typeof createMemoryStore>;
  readonly mesh: Uint8Array;
  readonly keys: NodeKeys;
  readonly boots: number;
  readonly prng: Prng;
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly remote: VirtualRemote;
  readonly trace: string[];
  readonly isGreen: (directory: string) => boolean;
  readonly says: (directory: string) => string;
  readonly turn: ((spec: TurnSpec) => Omit<TurnResult, "process">) | undefined;
  readonly ticket: { readonly seed: Uint8Array; readonly addresses: readonly string[] } | undefined;
  readonly random: { bytes(length: number): Uint8Array };
}

function boot(deps: Boot): { readonly virtual: VirtualNode; listen(): Promise<string> } {
  const { name, store, time, network, trace, prng } = deps;
  let alive = true;
  const isAlive = (): boolean => alive;
  const pauseMs = (ms: number): Promise<void> => new Promise((resolve) => time.after(ms, resolve));
  let announced: readonly string[] = [];
  const created = createNode({
    clock: time.clockFor({ skewMs: (prng.int(7_200) - 3_600) * 1_000, isAlive }),
    random: deps.random,
    crypto: testCrypto,
    createSigner: (seed) => testSigner(toHex(seed)),
    store,
    net: network.netFor(name),
    processes: createVirtualProcesses(pauseMs, () => 500 + prng.int(2_000), deps.isGreen, deps.says),
    ...(deps.turn === undefined ? {} : { talking: { agents: agentsOf(deps.turn, pauseMs), sessions: NO_SESSIONS } }),
    logs: noLogs,
    asking: noAsking,
    openRepository: () => Promise.resolve({ ok: true, value: deps.remote.repositoryFor(isAlive, pauseMs, name) }),
    writeStory: (attempt) => ({ ok: true, value: `${attempt.item}.md` }),
    environment: () => ({}),
    scriptedAgent: { run: ["agent"], read: [] },
    sandboxes: { refusal: () => undefined, describe: () => undefined },
    log: (level, event, fields) => {
      if (level !== "debug") trace.push(`${time.nowMs()} ${name} ${event} ${JSON.stringify(fields ?? {})}`);
    },
    keys: deps.keys,
    mesh: deps.mesh,
    incarnation: store.getMeta("incarnation") ?? incarnationOf(name),
    boot: deps.boots,
    notices: [],
    name,
    version: "virtual",
    rendezvous: deps.ticket?.addresses ?? [],
    ticket: deps.ticket === undefined ? null : testSigner(toHex(deps.ticket.seed)),
    slots: 1,
    idle: null,
    labels: {},
    beatMs: 1_000,
    announced: () => announced,
    onRefused: (refusal) => trace.push(`${time.nowMs()} ${name} refused ${refusal.code}`),
  });
  if (!created.ok) throw new Error(created.error);
  const node = created.value;
  return {
    virtual: {
      name,
      node,
      store,
      command: async (command, input) => {
        const result = await node.api.command(command, input);
        if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
        return result.value;
      },
      kill: () => {
        alive = false;
        network.cutOff(name);
        trace.push(`${time.nowMs()} ${name} killed`);
      },
    },
    listen: async () => {
      const listened = await node.listen({ host: "127.0.0.1", port: 0 });
      if (!listened.ok) throw new Error(listened.error);
      announced = [listened.value];
      node.start();
      return listened.value;
    },
  };
}
