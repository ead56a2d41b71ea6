/**
 * One seed, from the first machine to the last check: setup → safety (faults on, people at work) → heal (all faults gone,
 * everything started again) → liveness (it must come to rest) → the last checks. No state outlives a call.
 */
import { digestOf } from "@skein/core";
import { type Prng, testCrypto, testSigner } from "@skein/core/testing";
import { GROWTH, type NodeApi } from "@skein/node";

import { createByzantinePeer } from "./byzantine/peer.ts";
import type { ByzantineSeat } from "./faults/byzantine.ts";
import type { ArmedFault, Fault } from "./faults/fault.ts";
import { faultsOf } from "./faults/index.ts";
import { correctMachines, logsAreEqual } from "./invariants/i07-convergence.ts";
import { landingsAreJudged, unrecordedLandings } from "./invariants/i13-evidence.ts";
import { openWishes } from "./invariants/i31-rooms-at-rest.ts";
import { openItems } from "./invariants/i21-liveness.ts";
import { joinCheckers } from "./invariants/checker.ts";
import { CHECKERS } from "./invariants/index.ts";
import { createScheduler } from "./kernel/scheduler.ts";
import { drawLog, type Streams, streamsOf } from "./kernel/streams.ts";
import { createTrace } from "./kernel/trace.ts";
import { createMachine, foundingFrames } from "./machine.ts";
import { rememberingCrypto } from "./remembering-crypto.ts";
import type { RealPorts, SeedOptions, SeedReport } from "./options.ts";
import { live, readMorning } from "./night/live.ts";
import { createNight, type Night } from "./night/night.ts";
import { tableOf } from "./night/table.ts";
import { createNetwork } from "./ports/network.ts";
import { calmProcesses } from "./ports/processes.ts";
import { createRemote } from "./ports/remote.ts";
import { calmRemote } from "./ports/repository.ts";
import { pairPeople } from "./room-people.ts";
import { createSometimes } from "./sometimes.ts";
import { watchOf, watchSteps } from "./watching.ts";
import { command, doSomething } from "./workload.ts";
import {
  DAY_CONFIG,
  type Hooks,
  type Machine,
  type Phase,
  PROJECT_CONFIG,
  runningMachines,
  type Violation,
  type World,
} from "./world.ts";

const SETUP_LIMIT_MS = 60_000;
const LIVENESS_LIMIT_MS = 10 * 60_000;
const VIOLATIONS_MAX = 20;

interface Simulation {
  readonly world: World;
  readonly options: SeedOptions;
  readonly seat: ByzantineSeat;
  readonly armed: ReadonlyMap<string, ArmedFault>;
  readonly violations: readonly Violation[];
  readonly sometimes: ReturnType<typeof createSometimes>;
  setPhase(phase: Phase): void;
}

export async function runSeed(seed: number, options: SeedOptions): Promise<SeedReport> {
  const simulation = prepare(seed, options);
  const { world } = simulation;
  if (await setUp(simulation)) {
    if (world.night === undefined) await safety(simulation);
    else await nightly(simulation, world.night);
    await heal(simulation);
    await rest(simulation);
  } else if (!world.scheduler.isStopped()) world.violate("I7", "the mesh did not come together");
  const report = reportOf(seed, simulation);
  simulation.setPhase("over");
  for (const { disk } of world.machines) disk.close();
  return report;
}

function prepare(seed: number, options: SeedOptions): Simulation {
  const streams = streamsOf(seed);
  const scheduler = createScheduler();
  const trace = createTrace(scheduler, options.print);
  const sometimes = createSometimes();
  const violations: Violation[] = [];
  const seat: ByzantineSeat = { peer: undefined };
  let phase: Phase = "setup";
  const crypto = options.real === undefined ? testCrypto : rememberingCrypto(options.real.crypto);
  const createSigner = signersOf(options.real);
  const night =
    options.night === undefined ? undefined : createNight(options.night, streams("stories"), PROJECT_CONFIG);
  const config = night?.config ?? DAY_CONFIG;
  const founding = foundingFrames({ crypto, config }, "node-1", createSigner(seedOf(streams, "node-1")));
  const world: World = {
    scheduler,
    streams,
    trace,
    crypto,
    createSigner,
    mesh: founding.mesh,
    network: createNetwork(
      scheduler,
      streams("network"),
      watchOf(() => world),
    ),
    remote: createRemote((to) => world.hooks.onMoved(to)),
    remoteState: { rates: calmRemote(), down: false, files: 1_000 },
    processRates: calmProcesses(),
    processes: new Set(),
    night,
    packing: { ops: GROWTH.packOps },
    chat: { rooms: undefined },
    machines: [],
    acks: [],
    working: new Map(),
    secrets: [],
    byzantine: new Set(),
    // Set below: the checkers see the world that they are part of.
    hooks: {} as Hooks,
    phase: () => phase,
    note: (name) => sometimes.note(name),
    violate: (id, message) => {
      trace.line("world", `VIOLATED ${id}: ${message}`);
      if (violations.length < VIOLATIONS_MAX)
        violations.push({ id, message, step: scheduler.steps(), atMs: scheduler.nowMs() });
      if (options.untilViolation === true) scheduler.stopAfter(0);
    },
  };
  Object.assign(world.hooks, joinCheckers((options.checkers ?? CHECKERS).map((make) => make(world))));
  watchSteps(world, options);
  const armed = armFaults(world, options, seat);
  return {
    world,
    options,
    seat,
    armed,
    violations,
    sometimes,
    setPhase: (next) => {
      phase = next;
      trace.line("world", `phase ${next}`);
    },
  };
}

const seedOf = (streams: Streams, name: string): Uint8Array => streams(`key ${name}`).bytes(32);

const signersOf = (real: RealPorts | undefined): World["createSigner"] =>
  real === undefined ? (seed) => testSigner(Buffer.from(seed).toString("hex")) : real.createSigner;

function armFaults(world: World, options: SeedOptions, seat: ByzantineSeat): ReadonlyMap<string, ArmedFault> {
  const all = faultsOf(seat);
  const unknown = [...(options.faults ?? []), ...(options.also ?? [])].filter(
    (name) => !all.some((one) => one.name === name),
  );
  if (unknown.length > 0) throw new Error(`there is no fault class ${unknown.join(", ")}`);
  const isOn = (fault: Fault): boolean => {
    // What happens in a night is drawn by itself.
    const drawn = world.night === undefined && world.streams(`swarm ${fault.name}`).chance(fault.chance);
    return (options.faults?.includes(fault.name) ?? drawn) || options.also?.includes(fault.name) === true;
  };
  const armed = new Map<string, ArmedFault>();
  for (const fault of all.filter(isOn)) {
    const one = fault.arm({ world, prng: world.streams(`fault ${fault.name}`) });
    armed.set(fault.name, one);
    world.trace.line("world", `fault ${fault.name} ${JSON.stringify(one.settings)}`);
  }
  return armed;
}

// ── setup ───────────────────────────────────────────────────────────────────────────────────────────────────────────

async function setUp(simulation: Simulation): Promise<boolean> {
  const { world, options, armed } = simulation;
  const prng = world.streams("setup");
  const founder = addMachine(simulation, undefined);
  const config = world.night?.config ?? DAY_CONFIG;
  const founding = foundingFrames({ crypto: world.crypto, config }, founder.name, founder.signer);
  founder.disk.restore({
    frames: founding.frames.map((bytes, index) => ({ position: index + 1, bytes })),
    meta: new Map(),
  });
  founder.start();
  for (let count = 1; count < options.nodes; count++) {
    const ticket = await invite(world, founder, prng.pick(world.night === undefined ? ROLES : ["operator"]));
    if (ticket === undefined) return false;
    addMachine(simulation, ticket).start();
  }
  if ([...armed.keys()].some((name) => name.startsWith("byzantine"))) await seatByzantine(simulation, founder);
  const isTogether = (): boolean =>
    runningMachines(world).every(
      ({ running }) => running.node.replica.view().membership.members.size >= options.nodes,
    ) && logsAreEqual(world);
  const { rooms } = world.chat;
  if (rooms === undefined) return world.scheduler.runUntil(isTogether, SETUP_LIMIT_MS);
  return (
    (await world.scheduler.runUntil(isTogether, SETUP_LIMIT_MS)) &&
    (await pairPeople(world, rooms)) &&
    world.scheduler.runUntil(isTogether, SETUP_LIMIT_MS)
  );
}

const ROLES = ["operator", "operator", "operator", "agent", "agent", "observer"] as const;

function addMachine({ world, options, armed }: Simulation, ticketText: string | undefined): Machine {
  const name = `node-${world.machines.length + 1}`;
  const backing = options.real === undefined ? undefined : (fresh: boolean) => openStore(options, name, fresh);
  const signer = world.createSigner(seedOf(world.streams, name));
  const machine = createMachine(world, { name, signer, backing, ticketText });
  if (world.night !== undefined) machine.clock.skewMs = world.night.skewMs;
  for (const fault of armed.values()) fault.onMachine?.(machine);
  return machine;
}

function openStore({ real }: SeedOptions, name: string, fresh: boolean): ReturnType<RealPorts["openStore"]> {
  if (real === undefined) throw new Error("only a run over real ports has real stores");
  return real.openStore(name, fresh);
}

async function invite(world: World, machine: Machine, role: string): Promise<string | undefined> {
  const { running } = machine;
  if (running === undefined) return undefined;
  // A day: skewed clocks judge it.
  const invited = await world.scheduler.settled(
    running.node.api.command("member.invite", { role, ttl: "1d" }),
    SETUP_LIMIT_MS,
  );
  return ticketIn(invited);
}

function ticketIn(answer: Awaited<ReturnType<NodeApi["command"]>> | undefined): string | undefined {
  if (answer?.ok !== true || typeof answer.value !== "object" || answer.value === null) return undefined;
  const ticket = Object.entries(answer.value).find(([key]) => key === "ticket")?.[1];
  return typeof ticket === "string" ? ticket : undefined;
}

async function seatByzantine({ world, seat }: Simulation, founder: Machine): Promise<void> {
  const ticketText = await invite(world, founder, "agent");
  if (ticketText === undefined) return;
  const signer = world.createSigner(seedOf(world.streams, "mallory"));
  seat.peer = createByzantinePeer(world, { name: "mallory", signer, ticketText, prng: world.streams("mallory") });
  seat.peer.start();
}

// ── safety ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function safety(simulation: Simulation): Promise<void> {
  const { world, options, armed } = simulation;
  const { scheduler } = world;
  const workload = world.streams("workload");
  const gapMs = Math.round(drawLog(workload, 40, 400));
  simulation.setPhase("safety");
  for (const fault of armed.values()) fault.start();
  keepAlive(world, world.streams("keeper"));
  if (options.observers === true) observe(world);
  const lateAt = workload.chance(0.4) ? workload.int(options.ops) : -1;
  const removeAt = workload.chance(0.25) && options.nodes > 2 ? workload.int(options.ops) : -1;
  let done = 0;
  const next = (): void => {
    if (done >= options.ops || world.phase() !== "safety") return;
    if (done === lateAt) void joinLate(simulation);
    if (done === removeAt) removeSomebody(world, workload);
    doSomething(world, workload);
    done++;
    scheduler.after(1 + workload.int(2 * gapMs), next);
  };
  next();
  await scheduler.runUntil(() => done >= options.ops, options.ops * 2 * gapMs + 1_000);
  // What was begun last meets faults, too.
  await scheduler.runUntil(() => false, 3_000 + (world.chat.rooms?.lingerMs ?? 0));
}

async function nightly(simulation: Simulation, night: Night): Promise<void> {
  const { world, armed } = simulation;
  simulation.setPhase("safety");
  for (const fault of armed.values()) fault.start();
  await live(world, night);
}

const RESTART_LOOK_MS = 400;

/** Whoever runs a machine starts its node again after a while. */
function keepAlive(world: World, prng: Prng): void {
  const chance = drawLog(prng, 0.03, 0.3);
  const look = (): void => {
    if (world.phase() !== "safety") return;
    for (const machine of world.machines) if (machine.running === undefined && prng.chance(chance)) machine.start();
    world.scheduler.after(RESTART_LOOK_MS, look);
  };
  look();
}

async function joinLate(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  const host = runningMachines(world).find(({ running, key }) => {
    const role = running.node.replica.view().membership.members.get(key)?.role;
    return role === "owner" || role === "operator";
  });
  const answer = await host?.running.node.api.command("member.invite", { role: "agent", ttl: "1d" });
  const ticket = ticketIn(answer);
  if (ticket !== undefined) addMachine(simulation, ticket).start();
}

function removeSomebody(world: World, prng: Prng): void {
  const [founder, ...others] = world.machines;
  const victim = others.length === 0 ? undefined : prng.pick(others);
  if (founder?.running === undefined || founder.running.life.frozen || victim === undefined) return;
  // From here on it may hear of it at any moment.
  victim.removed = true;
  world.note("member removed");
  command(world, founder, "member.remove", { member: victim.key });
}

const OBSERVE_MS = 700;

const QUESTIONS = [
  "digest",
  "doctor",
  "nodes",
  "mesh",
  "claims",
  "forks",
  "effects",
  "members",
  "queue.blame",
  "flow",
  "timeline",
];

/** Readers: a board that is watched, and every question there is. */
function observe(world: World): void {
  const look = (): void => {
    for (const { running } of runningMachines(world)) {
      const stop = running.node.api.board.subscribe(() => undefined);
      for (const question of QUESTIONS) {
        void running.node.api.command(question, {});
      }
      running.node.api.metrics();
      stop();
    }
    if (world.phase() === "safety") world.scheduler.after(OBSERVE_MS, look);
  };
  look();
}

// ── heal, rest ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function heal(simulation: Simulation): Promise<void> {
  const { world, armed, seat } = simulation;
  simulation.setPhase("heal");
  for (const fault of armed.values()) fault.heal();
  world.network.clearBlocks();
  for (const machine of world.machines) {
    if (machine.running?.life.frozen === true) world.scheduler.thaw(machine.running.life);
    // It is told of other nodes when it starts.
    if (machine.isStranded() && !machine.removed) machine.kill(false);
    if (machine.running === undefined) machine.start();
  }
  if (seat.peer === undefined) return;
  // An owner who has seen enough. Until then, its claims are leases like any other.
  const [founder] = world.machines;
  await world.scheduler.runUntil(() => false, 3_000);
  if (founder !== undefined) command(world, founder, "member.remove", { member: seat.peer.key });
  world.note("byzantine: removed by the owner");
  await world.scheduler.runUntil(() => false, 2_000);
  seat.peer.stop();
}

const REST_LOOK_MS = 1_000;

async function rest(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  const { scheduler } = world;
  simulation.setPhase("liveness");
  const isResting = (): boolean =>
    founderKnowsAll(world) &&
    logsAreEqual(world) &&
    openItems(world).length === 0 &&
    unrecordedLandings(world).length === 0 &&
    landingsAreJudged(world) &&
    openWishes(world).length === 0;
  for (let waited = 0; waited < LIVENESS_LIMIT_MS; waited += REST_LOOK_MS) {
    await scheduler.runUntil(() => false, REST_LOOK_MS);
    // An orderly stop that was under way when the faults ended.
    for (const machine of world.machines) if (machine.running === undefined && !isPutAway(machine)) machine.start();
    if (isResting() || scheduler.isStopped()) break;
  }
  if (world.night !== undefined) world.night.morning = await readMorning(world, world.night);
  if (!scheduler.isStopped()) world.hooks.onEnd();
}

/** Who is honest and correct is read off the founder's log, so that one must be back first when its disk lost some of it. */
function founderKnowsAll({ machines }: World): boolean {
  const members = machines[0]?.running?.node.replica.view().membership.members;
  return machines.every(({ key, running, removed }) => {
    const joined = running?.node.replica.view().membership.members.has(key) === true;
    return removed || !joined || members?.has(key) === true;
  });
}

const isPutAway = (machine: Machine): boolean => machine.name.endsWith("-clone");

function reportOf(seed: number, { world, options, violations, sometimes, armed }: Simulation): SeedReport {
  const { scheduler, trace } = world;
  const [machine] = correctMachines(world);
  const view = machine?.running.node.replica.view();
  const digest = view === undefined || !logsAreEqual(world) ? "" : digestOf(view, world.crypto);
  trace.line("world", `digest ${digest}`);
  return {
    seed,
    traceHash: trace.hash(),
    digest,
    violations,
    sometimes: sometimes.counts(),
    faults: Object.fromEntries([...armed].map(([name, { settings }]) => [name, settings])),
    steps: scheduler.steps(),
    simulatedMs: scheduler.nowMs(),
    ops: options.ops,
    items: view?.items.size ?? 0,
    landed: world.remote.chain.flatMap(({ items }) => items).length,
    table: world.night === undefined ? [] : tableOf(world, world.night),
    lastEvents: violations.length === 0 ? [] : trace.last(200),
  };
}
