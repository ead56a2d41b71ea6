/** What the parts of one simulated mesh share. One world is one seed's; nothing of it outlives the run. */
import type { Crypto, Signer } from "@skein/core";
import type { ChatEngine, InboundEvent } from "@skein/chat";
import type { Node, ProcessSpec, StoredFrame } from "@skein/node";

import type { Life } from "./kernel/life.ts";
import type { MachineClock } from "./kernel/node-clock.ts";
import type { Scheduler } from "./kernel/scheduler.ts";
import type { Streams } from "./kernel/streams.ts";
import type { Trace } from "./kernel/trace.ts";
import type { Flavor, Post } from "./ports/chat-platform.ts";
import type { Disk } from "./ports/disk.ts";
import type { Network } from "./ports/network.ts";
import type { Night } from "./night/night.ts";
import type { ProcessRates, SimProcess } from "./ports/processes.ts";
import type { Commit, Remote } from "./ports/remote.ts";
import type { RemoteState, Workspace } from "./ports/repository.ts";
import type { Rooms } from "./rooms.ts";
import type { SometimesName } from "./sometimes.ts";

export type InvariantId = `I${number}`;

export interface Violation {
  readonly id: InvariantId;
  readonly message: string;
  readonly step: number;
  readonly atMs: number;
}

export type Phase = "setup" | "safety" | "heal" | "liveness" | "over";

/** A node that is running: its program's life and what the checkers see of it. */
interface Running {
  readonly life: Life;
  readonly node: Node;
  /** Undefined where there are no rooms. */
  readonly chat: ChatEngine | undefined;
}

/** A machine of the mesh with its disk and clocks; programs come and go on it. */
export interface Machine {
  readonly name: string;
  /** Hex. */
  readonly key: string;
  readonly signer: Signer;
  readonly url: string;
  readonly disk: Disk;
  readonly clock: MachineClock;
  readonly workspaces: Map<string, Workspace>;
  readonly checkouts: Set<string>;
  /** The program now, undefined while there is none. */
  running: Running | undefined;
  /** Its log or view may be another one since the checkers last looked. */
  changed: boolean;
  /** A person removed its key from the mesh. */
  removed: boolean;
  /** Every node that its ticket names was removed: it may know nobody else. */
  readonly isStranded: () => boolean;
  /** Something of its log was lost: what it has shown before, it may not show any more. */
  rolledBack: boolean;
  /** Its image was put back or copied, so that its feed may fork. */
  mayFork: boolean;
  start(): void;
  /** As `kill -9`; `silent` when the whole machine goes and its peers learn nothing. */
  kill(silent: boolean): void;
  /** As SIGTERM: resolves when the program has ended. */
  stop(): Promise<void>;
}

/** An op that a person was told is safe. */
interface Ack {
  readonly op: string;
  readonly machine: Machine;
  /** Who still had it when a disk that held it was last put back; undefined while none was. */
  holders: readonly Machine[] | undefined;
}

/** What the checkers are told. Each implements what it needs. */
export interface Hooks {
  /** A node hands frames to a socket. */
  onPublish(machine: Machine, frames: readonly Uint8Array[]): void;
  /** Frames are safe on a machine's disk now. */
  onStored(machine: Machine, frames: readonly StoredFrame[]): void;
  /** A message arrives on a link whose ends have proved their keys. */
  onDelivered(from: Life, to: Life, bytes: Uint8Array): void;
  /** A machine's log or view changed. */
  onView(machine: Machine): void;
  /** A node wrote a claim. */
  onClaim(machine: Machine, claim: { readonly item: string; readonly why: string }): void;
  /** The target branch moved. */
  onMoved(to: Commit): void;
  onGreen(commit: string): void;
  onArgument(what: string, text: string, isValid: boolean): void;
  onSpawn(spec: ProcessSpec): void;
  /** A node told the platform that these events are safe. */
  onSafe(machine: Machine, flavor: Flavor, events: readonly InboundEvent[]): void;
  /** A node sends, edits or reacts for an account, or opens its way in. */
  onSpoke(machine: Machine, account: string, what: string): void;
  /** A message of the mesh can be seen; `isAgain` when there is one under its key already. */
  onPost(post: Post, isAgain: boolean): void;
  /** Once, at rest. */
  onEnd(): void;
}

export interface World {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly trace: Trace;
  readonly crypto: Crypto;
  readonly createSigner: (seed: Uint8Array) => Signer;
  readonly mesh: Uint8Array;
  readonly network: Network;
  readonly remote: Remote;
  readonly remoteState: RemoteState;
  readonly processRates: ProcessRates;
  readonly processes: Set<SimProcess>;
  /** What is different in a night; undefined in an ordinary run. */
  readonly night: Night | undefined;
  /** How the nodes pack their logs. */
  readonly packing: { ops: number };
  /** Where people command it from, when they do. */
  readonly chat: { rooms: Rooms | undefined };
  /** All machines there ever were, in the order they came. */
  readonly machines: Machine[];
  readonly acks: Ack[];
  /** Who runs an attempt at each item. */
  readonly working: Map<string, Set<Life>>;
  /** Bytes that must never be in the log. */
  readonly secrets: Uint8Array[];
  /** Keys (hex) of members that do not play by the rules. */
  readonly byzantine: Set<string>;
  readonly hooks: Hooks;
  readonly phase: () => Phase;
  readonly note: (name: SometimesName) => void;
  readonly violate: (id: InvariantId, message: string) => void;
}

/** Times of the simulated mesh. The lease is three beats and a bit, as the defaults' proportion is. */
export const TTL_MS = 4_000;
export const BEAT_MS = 1_000;

/** What every simulated project says; a night says more. */
export const PROJECT_CONFIG = [
  "project: demo",
  "sandbox: none",
  "gate: [[simulated-gate]]",
  `claim: { ttl: ${TTL_MS / 1_000}s, stagger: 200ms }`,
].join("\n");

export const DAY_CONFIG = [
  PROJECT_CONFIG,
  "limits: { agentWall: 20s, agentIdle: 20s, gateWall: 20s, gateIdle: 20s }",
  "",
].join("\n");

export type RunningMachine = Machine & { readonly running: Running };

export const runningMachines = (world: World): readonly RunningMachine[] =>
  world.machines.filter((machine): machine is RunningMachine => machine.running !== undefined);
