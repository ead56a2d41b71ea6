/** A machine and the node that runs on it: the real engine, with every port simulated. */
import {
  createReplica,
  foundMesh,
  isPack,
  MESH_ENTITY,
  parseTicket,
  type Signer,
  type Ticket,
  toHex,
} from "@skein/core";
import type { Prng } from "@skein/core/testing";
import {
  type Asking,
  type AttemptLogs,
  createNode,
  type LogFields,
  type Logger,
  type LogStore,
  type NodeOptions,
  onlyKey,
} from "@skein/node";

import { type Life, newLife } from "./kernel/life.ts";
import { clockOf } from "./kernel/node-clock.ts";
import { createNightAgents } from "./night/agents.ts";
import { createDisk, type CrashPoint, type Disk, type OpenBacking } from "./ports/disk.ts";
import { AGENT, createSimProcesses } from "./ports/processes.ts";
import { SIMULATED_BUG } from "./ports/chat-transport.ts";
import { createRepository } from "./ports/repository.ts";
import { createEngine } from "./rooms.ts";
import type { SometimesName } from "./sometimes.ts";
import { BEAT_MS, type Machine, type World } from "./world.ts";

export interface MachineSpec {
  readonly name: string;
  readonly signer: Signer;
  readonly backing: OpenBacking | undefined;
  /** What it joins with; undefined for the founder. */
  readonly ticketText: string | undefined;
}

const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);
const decodeText = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

const incarnationOf = (world: Pick<World, "crypto">, name: string): Uint8Array =>
  world.crypto.sha256(encodeText(`incarnation ${name}`)).slice(0, 8);

/** The log that a founder's machine begins with: the mesh and its project. */
export function foundingFrames(
  { crypto, config }: Pick<World, "crypto"> & { readonly config: string },
  name: string,
  signer: Signer,
): { readonly mesh: Uint8Array; readonly frames: readonly Uint8Array[] } {
  const incarnation = incarnationOf({ crypto }, name);
  const founded = foundMesh({ signer, incarnation, meshName: "demo", nodeName: name, wallMs: 1 }, crypto);
  const replica = createReplica(founded.mesh, crypto);
  replica.take(founded.frame.bytes);
  const body = { kind: "project.set" as const, name: "demo", remote: "/remote", base: "main", config };
  replica.write([{ entity: MESH_ENTITY, on: null, body }], { signer, incarnation }, 1);
  const sealed = replica.seal({ signer, incarnation });
  return { mesh: founded.mesh, frames: [founded.frame.bytes, ...sealed.map(({ bytes }) => bytes)] };
}

const CRASH_NAMES: Readonly<Record<CrashPoint, SometimesName>> = {
  "before-write": "crash before a write",
  "before-sync": "crash after a write, before its sync",
  "after-sync": "crash after a sync, before anybody heard",
};

export function createMachine(world: World, spec: MachineSpec): Machine {
  const { name, signer } = spec;
  const disk: Disk = createDisk({
    prng: world.streams(`disk ${name}`),
    crypto: world.crypto,
    openBacking: spec.backing,
    watch: {
      onAppended: (frames) => {
        machine.changed = true;
        world.trace.mix(1, world.machines.indexOf(machine), frames.length);
        world.hooks.onStored(machine, frames);
        if (frames.some(({ bytes }) => isPack(bytes))) world.note("pack taken from a peer");
      },
      onReplaced: (what) => world.note(what === "packed" ? "log packed" : "signatures left out"),
      onCrash: (at, powerCut) => {
        world.note(CRASH_NAMES[at]);
        world.trace.line(name, `crashes ${at}${powerCut ? ", power cut" : ""}`);
        machine.kill(powerCut);
      },
      onSyncError: () => world.note("sync failed"),
    },
  });
  const ports = portStreams(world, name);
  const rendezvous = ticketOf(spec)?.addresses ?? [];
  const machine: Machine = {
    name,
    key: toHex(signer.publicKey),
    signer,
    url: `ws://127.0.0.1:${4_000 + world.machines.length}`,
    disk,
    clock: { skewMs: 0, rate: 1 },
    workspaces: new Map(),
    checkouts: new Set(),
    running: undefined,
    changed: false,
    removed: false,
    rolledBack: false,
    isStranded: () => rendezvous.length > 0 && rendezvous.every((url) => isRemoved(world, url)),
    mayFork: false,
    start: () => startNode(world, machine, spec, ports),
    kill: (silent) => {
      const { running } = machine;
      if (running === undefined) return;
      world.trace.line(name, `killed${silent ? ", silently" : ""}`);
      world.note("node killed");
      end(world, machine, running.life, silent);
    },
    stop: async () => {
      const { running } = machine;
      if (running === undefined || running.life.frozen) return;
      world.note("node stopped in good order");
      world.trace.line(name, "stops");
      if (running.chat !== undefined) await running.chat.stop();
      await running.node.stop();
      if (machine.running === running) end(world, machine, running.life, false);
    },
  };
  world.machines.push(machine);
  return machine;
}

function end(world: World, machine: Machine, life: Life, silent: boolean): void {
  life.alive = false;
  life.held.length = 0;
  machine.running = undefined;
  world.network.dropLife(life, silent);
}

interface PortStreams {
  readonly random: Prng;
  readonly remote: Prng;
  readonly processes: Prng;
  readonly serial: () => number;
}

function portStreams({ streams }: World, name: string): PortStreams {
  let serial = 0;
  return {
    random: streams(`random ${name}`),
    remote: streams(`remote ${name}`),
    processes: streams(`processes ${name}`),
    serial: () => serial++,
  };
}

function startNode(world: World, machine: Machine, spec: MachineSpec, ports: PortStreams): void {
  const { scheduler } = world;
  const life = newLife(machine.name, scheduler.nowMs());
  const store = machine.disk.open(life);
  const boot = Number(decodeText(machine.disk.getMeta("boot")) ?? "0") + 1;
  machine.disk.putMeta("boot", encodeText(String(boot)));
  const incarnation = machine.disk.getMeta("incarnation") ?? incarnationOf(world, machine.name);
  machine.disk.putMeta("incarnation", incarnation);
  const created = createNode(nodeOptions({ world, machine, spec, ports, life, store, boot, incarnation }));
  if (!created.ok) {
    world.violate("I7", `${machine.name} does not start: ${created.error}`);
    return;
  }
  const node = created.value;
  const { random } = ports;
  const chat = createEngine(world, { machine, life, node, log: logOf(world, machine, life), random });
  machine.running = { life, node, chat };
  machine.changed = true;
  world.trace.line(machine.name, `starts, boot ${boot}`);
  void node.listen({ host: "127.0.0.1", port: 0 }).then(() => {
    if (!life.alive) return;
    node.start();
    chat?.start();
  });
}

interface Start {
  readonly world: World;
  readonly machine: Machine;
  readonly spec: MachineSpec;
  readonly ports: PortStreams;
  readonly life: Life;
  readonly store: LogStore;
  readonly boot: number;
  readonly incarnation: Uint8Array;
}

const noLogs: AttemptLogs = { append: () => undefined, read: () => undefined, epochs: () => [] };

/** Simulated agents ask nothing. */
const noAsking: Asking = {
  open: ({ item, epoch }) => ({
    ok: true,
    value: {
      directory: `asks/${item}-${epoch}`,
      answer: () => ({ ok: true, value: undefined }),
      refuse: () => ({ ok: true, value: undefined }),
      readUsage: () => ({ ok: true, value: undefined }),
      close: () => Promise.resolve(),
    },
  }),
};

function ticketOf({ ticketText }: MachineSpec): Ticket | undefined {
  const parsed = ticketText === undefined ? undefined : parseTicket(ticketText);
  return parsed?.ok === true ? parsed.value : undefined;
}

const isRemoved = ({ machines }: World, url: string): boolean =>
  machines.some((machine) => machine.url === url && machine.removed);

function nodeOptions({ world, machine, spec, ports, life, store, boot, incarnation }: Start): NodeOptions {
  const { scheduler } = world;
  const ticket = ticketOf(spec);
  return {
    clock: clockOf(machine.clock, life, scheduler),
    random: { bytes: (length) => ports.random.bytes(length) },
    crypto: world.crypto,
    createSigner: (seed) => {
      world.secrets.push(seed);
      return world.createSigner(seed);
    },
    store,
    net: world.network.netFor(life, machine.url),
    ...workPorts(world, machine, ports, life),
    logs: noLogs,
    asking: noAsking,
    writeStory: (attempt) => ({ ok: true, value: `${attempt.item}.md` }),
    environment: (_purpose, _names, skein) => skein,
    scriptedAgent: { run: [AGENT], read: [] },
    sandboxes: { refusal: () => undefined, describe: () => undefined },
    log: logOf(world, machine, life),
    keys: onlyKey(spec.signer),
    mesh: world.mesh,
    incarnation,
    boot,
    notices: [],
    name: machine.name,
    version: "simulated",
    rendezvous: rendezvousOf(world, machine, ticket?.addresses ?? []),
    ticket: ticket === undefined ? null : world.createSigner(ticket.seed),
    slots: world.night?.slots ?? 1,
    idle: null,
    labels: {},
    beatMs: BEAT_MS,
    growth: { packOps: world.packing.ops },
    announced: () => [machine.url],
    onRefused: (refusal) => world.trace.line(machine.name, `refused ${refusal.code}`),
  };
}

const logOf =
  (world: World, machine: Machine, life: Life): Logger =>
  (level, event, fields) => {
    if (life.alive) hearLog(world, machine, { level, event, fields: fields ?? {} });
  };

/** A person names the others to a node whose log lost something, or whose only known node was removed. */
const rendezvousOf = (world: World, machine: Machine, addresses: readonly string[]): readonly string[] =>
  machine.rolledBack || machine.isStranded()
    ? world.machines.filter((other) => other !== machine).map(({ url }) => url)
    : addresses;

function workPorts(
  world: World,
  machine: Machine,
  ports: PortStreams,
  life: Life,
): Pick<NodeOptions, "processes" | "openRepository" | "talking"> {
  const { scheduler, remote, remoteState: state, hooks } = world;
  const { workspaces, checkouts } = machine;
  const { serial } = ports;
  // As the repository port does when it opens: a gate's directory is of no use to anybody after its program.
  checkouts.clear();
  const stale = new Map<string, number>();
  const processes = createSimProcesses({
    life,
    scheduler,
    prng: ports.processes,
    rates: world.processRates,
    state,
    workspaces,
    serial,
    processes: world.processes,
    isBroken: (commit) => world.night?.isBroken(remote.commits.get(commit)) === true,
    onSpawn: (spec) => {
      hooks.onSpawn(spec);
      if (spec.argv[0] !== AGENT && isInMerge(machine, spec.env["SKEIN_ITEM"])) {
        world.note("gate run again because the target had moved");
      }
    },
    onAgent: (what) => world.note(AGENT_NAMES[what]),
    onGreen: (commit) => hooks.onGreen(commit),
    onRed: () => world.note("gate red"),
  });
  const watch = {
    onPush: (result: string, commit: { readonly items: readonly string[] }) => {
      const item = commit.items.join(" ");
      const lost = result === "stale" ? (stale.get(item) ?? 0) + 1 : 0;
      stale.set(item, lost);
      if (lost > 0) world.note("CAS lost");
      if (lost === 3) world.note("CAS lost three times in a row");
      if (result === "lost-done") world.note("unknown push that had succeeded");
      if (result === "lost-undone") world.note("unknown push that had not succeeded");
      if (isZombie(world, machine, item)) world.note("zombie finished late");
      world.trace.line(machine.name, `pushes ${item}: ${result}`);
    },
    onConflict: () => world.note("merge conflict"),
    onGoneOn: () => world.note("unfinished work gone on with"),
    onArgument: (what: string, text: string, isValid: boolean) => hooks.onArgument(what, text, isValid),
  };
  const repository = createRepository({
    life,
    scheduler,
    prng: ports.remote,
    remote,
    state,
    workspaces,
    checkouts,
    watch,
    serial,
  });
  const { night } = world;
  const clock = clockOf(machine.clock, life, scheduler);
  return {
    processes,
    openRepository: () => Promise.resolve({ ok: true, value: repository }),
    ...(night === undefined ? {} : { talking: createNightAgents({ world, night, machine, life, clock }) }),
  };
}

const AGENT_NAMES = {
  lie: "agent lied: success without a commit",
  crash: "agent crashed",
  hang: "agent hung until its limit",
} as const;

const isInMerge = ({ running }: Machine, item: string | undefined): boolean =>
  running?.node.replica.view().items.get(item ?? "")?.best?.state.stage.stage === "Merge";

/** It pushes while some other node knows that somebody else holds the item. */
const isZombie = (world: World, pusher: Machine, item: string): boolean =>
  world.machines.some((machine) => {
    const claim = machine.running?.node.replica.view().items.get(item)?.best?.state.claim;
    return machine !== pusher && claim != null && claim.holder !== pusher.key;
  });

/** Log events that a run is glad to see. */
const LOG_NAMES: Readonly<Record<string, SometimesName>> = {
  "node.stalled": "stalled observer granted grace",
  "feed.forked": "fork noticed by a node",
  "node.twin": "twin noticed",
  "incarnation.renewed": "new incarnation minted",
  "landing.observed": "landing observed by a node that did not push",
  "growth.checkpoint": "checkpoint signed",
};

function hearLog(
  world: World,
  machine: Machine,
  { level, event, fields }: { readonly level: string; readonly event: string; readonly fields: LogFields },
): void {
  const name = LOG_NAMES[event];
  if (name !== undefined) world.note(name);
  if (event === "link.closed" && fields["reason"] === "timeout") world.note("half-open link closed by silence");
  if (event === "link.closed" && fields["reason"] === "too-slow") world.note("peer cut off because it was too slow");
  if (event === "member.joined" && world.phase() === "safety") world.note("member joined while faults were on");
  // Whatever a transport does, the engine contains it; a fault of the engine itself is none of that.
  if ((event === "chat.fault" || event === "chat.webhook") && fields["message"] !== SIMULATED_BUG) {
    world.violate("I0", `${machine.name}: ${String(fields["message"])}`);
  }
  if (event === "journal.fault") world.violate("I0", `${machine.name}: ${String(fields["message"])}`);
  if (event === "attempt.fault") world.violate("I21", `${machine.name}: ${String(fields["message"])}`);
  if (level !== "debug") world.trace.line(machine.name, `${event} ${JSON.stringify(fields)}`);
  if (event === "attempt.started" || event === "attempt.ended") noteWork(world, machine, event, String(fields["item"]));
  if (event === "claim.taken") {
    world.hooks.onClaim(machine, { item: String(fields["item"]), why: String(fields["why"]) });
  }
}

function noteWork(world: World, { running }: Machine, event: string, item: string): void {
  const workers = world.working.get(item) ?? new Set<Life>();
  world.working.set(item, workers);
  if (running === undefined) return;
  if (event === "attempt.ended") workers.delete(running.life);
  else workers.add(running.life);
  if ([...workers].filter(({ alive }) => alive).length > 1) world.note("two nodes worked on one item at once");
}
