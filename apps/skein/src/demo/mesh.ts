/**
 * The demo's mesh: real `skein` processes on this machine. The first one founds the mesh and invites the others, which
 * join with nothing but an address and a ticket.
 */
import { type Client, connect } from "../client.ts";
import { readEndpoints } from "../endpoints.ts";
import { Failure } from "../failure.ts";
import { init } from "../init.ts";
import { type DemoNode, invite, NoAnswer, readComplaints, readNodes } from "./answers.ts";
import { orInterrupted } from "./interrupt.ts";
import type { Place } from "./place.ts";
import { type SkeinProcess, startSkein } from "./skein-process.ts";
import { waitUntil } from "./wait-until.ts";

export interface DemoMesh {
  /** Resolves when every node hears every other one and is ready to work. */
  start(start: MeshStart): Promise<void>;
  /** The first node that still runs. */
  living(): LivingNode;
  kill(name: string): void;
  /** Names of the nodes whose process has ended. */
  gone(): ReadonlySet<string>;
  /** Fails when a node ended that nobody ended: that is a fault, and its log says more. */
  check(): void;
  stop(): Promise<void>;
  killAll(): void;
}

interface MeshStart {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  /** A node answers. */
  readonly onUp: (name: string) => void;
}

interface LivingNode {
  readonly name: string;
  readonly client: Client;
}

interface Member {
  readonly process: SkeinProcess;
  client: Client | undefined;
}

const START_MS = 30_000;
const ANY_PORTS = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--json-log"];

export function createMesh(place: Place): DemoMesh {
  /** Everything that was ever started, so that everything can be ended. */
  const processes: SkeinProcess[] = [];
  const members: Member[] = [];

  const launch = (name: string, args: readonly string[]): SkeinProcess => {
    const started = startSkein(name, args, place.logFile(name));
    processes.push(started);
    return started;
  };
  const run = async (name: string, args: readonly string[], signal: AbortSignal): Promise<Client> => {
    const data = place.nodeDirectory(name);
    const member: Member = { process: launch(name, [...args, "--data", data, ...ANY_PORTS]), client: undefined };
    members.push(member);
    return (member.client = await reach(member.process, data, signal));
  };

  return {
    start: async ({ names, signal, onUp }) => {
      const [first = "alice", ...others] = names;
      const data = place.nodeDirectory(first);
      // Not given up half-way: the directory must not be cleared while it is being written.
      await init({ data, project: place.project, name: first, mesh: undefined });
      signal.throwIfAborted();
      const owner = await run(first, ["up"], signal);
      onUp(first);
      const tickets = await Promise.all(others.map(async (name) => ({ name, ...(await invite(owner)) })));
      const joins = tickets.map(async ({ name, ticket, addresses }) => {
        const rendezvous = addresses.flatMap((address) => ["--rendezvous", address]);
        await run(name, ["agent", "--name", name, ...rendezvous, "--ticket", ticket], signal);
        onUp(name);
      });
      await settled(joins);
      const findEachOther = (): Promise<true | undefined> => {
        check(members);
        return allTogether(members, names.length);
      };
      await waitUntil(findEachOther, {
        signal,
        limitMs: START_MS,
        otherwise: () => describeUnready(members),
      });
    },
    living: () => {
      for (const member of members) {
        const { client, process } = member;
        if (client !== undefined && isLiving(member)) {
          return { name: process.name, client };
        }
      }
      throw new Failure(`No node of the demo runs any more.${describeLogs(members)}`);
    },
    kill: (name) => members.find((member) => member.process.name === name)?.process.kill(),
    gone: () => new Set(members.filter((member) => !isLiving(member)).map((member) => member.process.name)),
    check: () => check(members),
    stop: async () => {
      await Promise.all(processes.map((one) => one.stop()));
    },
    killAll: () => {
      for (const one of processes) one.kill();
    },
  };
}

const isLiving = ({ process }: Member): boolean => process.ending() === undefined && !process.wasStopped();

/** A signal is somebody who tries what the mesh does without this node; an exit code is a fault. */
function check(members: readonly Member[]): void {
  for (const { process } of members) {
    if (!process.wasStopped() && process.ending()?.includes("exit code") === true) {
      throw new Failure(describeFailure(process, `skein on ${process.name}`));
    }
  }
}

/** Waits for all of them, then fails with the first failure: nobody starts anything more behind our back. */
async function settled(promises: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Waits until the node has written where it listens, and answers there. */
async function reach(started: SkeinProcess, data: string, signal: AbortSignal): Promise<Client> {
  await waitUntil(
    () => {
      if (started.ending() !== undefined) throw new Failure(describeFailure(started, `skein on ${started.name}`));
      return Promise.resolve(readEndpoints(data));
    },
    {
      signal,
      limitMs: START_MS,
      otherwise: () => `Node ${started.name} did not start within ${START_MS / 1_000} s.${quoteTail(started)}`,
    },
  );
  const client = await orInterrupted(connect(data), signal);
  if (client.isRunning) return client;
  await client.close();
  throw new Failure(`Node ${started.name} started and does not answer.${quoteTail(started)}`);
}

/** Every node hears all others and has a free slot; so stories go to several nodes from the start. */
async function allTogether(members: readonly Member[], count: number): Promise<true | undefined> {
  const views = await Promise.all(
    members.flatMap(({ client }) => (client === undefined ? [] : [readNodes(client).catch(nobodyIfAway)])),
  );
  const isReady = (nodes: readonly DemoNode[]): boolean =>
    nodes.length === count && nodes.every((node) => node.alive && node.slotsFree > 0);
  return views.length === count && views.every(isReady) ? true : undefined;
}

async function describeUnready(members: readonly Member[]): Promise<string> {
  const complaints = members.map(async ({ process, client }) => {
    const found = client === undefined ? [] : await readComplaints(client).catch(() => ["it does not answer"]);
    return found.map((complaint) => `\n${process.name}: ${complaint}`).join("");
  });
  const found = (await Promise.all(complaints)).join("");
  return `The mesh was not ready for work within ${START_MS / 1_000} s.${found === "" ? describeLogs(members) : found}`;
}

function nobodyIfAway(cause: unknown): readonly DemoNode[] {
  if (cause instanceof NoAnswer) return [];
  throw cause;
}

const describeFailure = (one: SkeinProcess, what: string): string => `${what} ${one.ending()}.${quoteTail(one)}`;

function quoteTail(one: SkeinProcess): string {
  const tail = one.logTail();
  return tail === "" ? " It wrote nothing." : ` The last lines it wrote:\n${tail}`;
}

const describeLogs = (members: readonly Member[]): string =>
  members.map(({ process }) => `\n${process.name}:${quoteTail(process)}`).join("");
