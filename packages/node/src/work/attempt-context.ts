/**
 * What the steps of one attempt share: the item and claim it serves, where its output goes, and how it writes to the log.
 * Every write checks first that the claim is still the item's: the fencing token at work.
 */
import type { ProjectConfig } from "@skein/config";
import {
  type Candidate,
  type CommandError,
  type Crypto,
  type Draft,
  err,
  type Feature,
  findItem,
  isLive,
  type LiveItem,
  type Replica,
  type Result,
  type SealedOp,
  type StageBody,
  stageOn,
} from "@skein/core";

import type { Journal, NotSaved } from "../journal.ts";
import type {
  Asking,
  Clock,
  GitError,
  Oid,
  Processes,
  ProcessResult,
  ProcessSpec,
  Room,
  Sandboxes,
  SessionNotes,
  TurnAgents,
} from "../ports.ts";
import type { Leavings } from "../artifacts/leavings.ts";
import type { SecretStream } from "../secrets/secrets.ts";
import type { OpenProject } from "./project.ts";
import type { Rests } from "./rests.ts";
import { refuseConfig } from "./refuse-config.ts";
import type { Verdicts } from "./target-health.ts";
import { pause } from "./wait.ts";

/** The rights and surroundings of whoever works. */
export interface WorkDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly processes: Processes;
  readonly sandboxes: Sandboxes;
  readonly asking: Asking;
  /** Agents that hold a conversation, and what this node remembers of theirs; a node without it drives only commands. */
  readonly talking?: Talking | undefined;
  /** Where an attempt's output goes; without the secrets that this node knows. */
  readonly capture: (attempt: { item: string; epoch: number }) => SecretStream;
  /** Keeps what the gate leaves; a node without it keeps nothing. */
  readonly leavings?: Leavings | undefined;
  /** Writes the story where the agent can read it; returns the path. */
  readonly writeStory: (attempt: { item: string; epoch: number }, text: string) => Result<string, string>;
  /** The child's whole environment. */
  readonly environment: (
    purpose: "agent" | "gate",
    passNames: readonly string[],
    skein: Readonly<Record<`SKEIN_${string}`, string>>,
  ) => Readonly<Record<string, string>>;
  /** How to run the scripted agent that ships with Skein, and what it has to read for that. */
  readonly scriptedAgent: ShippedAgent;
  /** The end of the captured output of an earlier attempt, when this node has it. */
  readonly lastOutput: (item: string, epoch: number) => string;
  readonly self: () => { readonly key: string; readonly role: "owner" | "operator" | "agent" | "observer" };
  /** The other nodes that are alive. */
  readonly others: () => readonly Candidate[];
}

export interface ShippedAgent {
  readonly run: readonly [string, ...string[]];
  readonly read: readonly string[];
}

interface Talking {
  readonly agents: TurnAgents;
  readonly sessions: SessionNotes;
}

export interface AttemptContext {
  readonly deps: WorkDeps;
  readonly project: OpenProject;
  readonly item: string;
  readonly claimOp: string;
  readonly epoch: number;
  /** Where its gate runs: nobody else's does. */
  readonly checkout: string;
  readonly signal: AbortSignal;
  /** What the gate said on this node; shared by all its attempts. */
  readonly verdicts: Verdicts;
  /** What this node leaves alone; shared by all its attempts. */
  readonly rests: Rests;
  /** What whoever has the item next can go on with; said when the claim is given back. */
  readonly leave: (unfinished: Feature) => void;
  /** Tips of finished results that could not be fetched. */
  readonly unfetchable: Set<string>;
  /** Why its agent could not be started, each time. */
  readonly startsInVain: string[];
  /** Calls `listener` whenever the item has changed in the log, until the returned function is called. */
  readonly onChanged: (listener: () => void) => () => void;
  /** What the board shows this attempt as doing. */
  readonly say: (activity: string) => void;
  /** A line of Skein's own in the attempt's log. */
  readonly note: (line: string) => void;
}

/** What a step ends with: go on with the item's next stage, or this attempt is over. */
export type StepEnd = "continue" | "over";

/** The item as it is now, if this attempt still holds it. */
export function heldItem(context: Pick<AttemptContext, "deps" | "item" | "claimOp">): LiveItem | undefined {
  const item = context.deps.replica.view().items.get(context.item);
  if (item === undefined || !isLive(item)) return undefined;
  return item.best.state.claim?.op === context.claimOp ? item : undefined;
}

/** Writes a stage event on the item's head, unless the claim was lost meanwhile. */
export async function writeStage(
  context: Pick<AttemptContext, "deps" | "item" | "claimOp">,
  body: StageBody,
): Promise<Result<readonly SealedOp[], CommandError | NotSaved>> {
  const { deps } = context;
  return deps.journal.write<CommandError>(() => {
    const item = heldItem(context);
    if (item === undefined) return err({ code: "not-legal", message: "the claim is not this node's any more" });
    return draftsOf(deps, item, body);
  });
}

/** Writes a stage event on the head of an item that nobody needs to hold (landing is a fact, not a right). */
export function writeFact(
  deps: WorkDeps,
  id: string,
  body: StageBody,
): Promise<Result<readonly SealedOp[], CommandError | NotSaved>> {
  return deps.journal.write<CommandError>(() => {
    const item = findItem(deps.replica.view(), id);
    return item.ok ? draftsOf(deps, item.value, body) : item;
  });
}

function draftsOf(deps: WorkDeps, item: LiveItem, body: StageBody): Result<readonly Draft[], CommandError> {
  const { key, role } = deps.self();
  const decided = stageOn(item, body, { self: key, role, wallMs: deps.clock.wallMs() });
  return decided.ok ? { ok: true, value: decided.value.drafts } : decided;
}

/**
 * The target branch as it is now, with the skein.yaml that stands there in force. Undefined when this attempt is over:
 * it was stopped, or that skein.yaml does not let this version work; then the claim is given back.
 */
export async function currentBase(context: AttemptContext): Promise<Oid | undefined> {
  const { project, signal } = context;
  const base = await persistently(context, "Fetching the target branch", () => project.refresh(signal));
  if (!base.ok || signal.aborted) return undefined;
  const refusal = refuseConfig(project.config(), context.deps.sandboxes);
  if (refusal === undefined) return base.value;
  await giveClaimBack(context, refusal);
  return undefined;
}

/** The item is for somebody else, or for a later epoch. */
export async function giveClaimBack(context: AttemptContext, why: string): Promise<void> {
  context.note(why);
  const released = await writeStage(context, { kind: "item.release", note: why });
  if (!released.ok) context.note(`The claim could not be given back: ${released.error.message}`);
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/**
 * Git against a remote fails for reasons that pass: unreachable, busy, a dirty checkout. Such a failure is never the
 * item's fault and never counts as an attempt; it is shown and tried again. What is the attempt's own fault ends it.
 */
export async function persistently<T>(
  context: AttemptContext,
  what: string,
  call: () => Promise<Result<T, GitError>>,
  final: readonly GitError["type"][] = ["bad-object"],
): Promise<Result<T, GitError>> {
  for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
    const result = await call();
    if (result.ok || context.signal.aborted || final.includes(result.error.type)) return result;
    context.say(`waiting: ${result.error.message}`);
    context.note(`${what}: ${result.error.message} Trying again in ${Math.round(delay / 1_000)} s.`);
    await pause(context.deps.clock, delay, context.signal);
  }
}

/** Runs a child with its output in the attempt's log. `hear` gets it as the child printed it. */
export function runLogged(
  context: AttemptContext,
  spec: Omit<ProcessSpec, "onOutput">,
  hear?: (chunk: Uint8Array) => void,
): Promise<ProcessResult> {
  const { deps, item, epoch, signal } = context;
  const log = deps.capture({ item, epoch });
  const onOutput = (chunk: Uint8Array): void => {
    log.write(chunk);
    hear?.(chunk);
  };
  return deps.processes.run({ ...spec, onOutput }, signal).finally(() => log.end());
}

/** What a step of this attempt is shut in; nothing when the project says so. */
export function roomFor(context: AttemptContext, paths: Pick<Room, "read" | "write">): Pick<ProcessSpec, "room"> {
  const { sandbox, network } = context.project.config();
  if (sandbox === "none") return {};
  return { room: { sandbox, network: network.allow, onRefused: context.note, ...paths } };
}

/** What an agent may use, whether it codes or reviews. */
export function agentLimits({ limits }: Pick<ProjectConfig, "limits">): ProcessSpec["limits"] {
  const { agentWallMs, agentIdleMs, agentCpuMs, outputBytes, memoryBytes, processes, diskBytes } = limits;
  return {
    wallMs: agentWallMs,
    idleMs: agentIdleMs,
    cpuMs: agentCpuMs,
    outputBytes,
    memoryBytes,
    processes,
    diskBytes,
  };
}

/** How a process ended, for people. */
export function describeEnd({ end }: Pick<ProcessResult, "end">): string {
  switch (end.type) {
    case "exited":
      return `exited with ${end.code}`;
    case "signalled":
      return `was ended by ${end.signal}`;
    case "limit":
      return `passed its ${end.limit} limit`;
    case "aborted":
      return "was stopped";
    case "no-room":
    case "not-started":
      return `could not start: ${end.message}`;
  }
}
