/**
 * The attempts under way on this node, each walking its item through Coding → Qa → Merge until the item leaves its hands.
 * This is the node's own business and never replicated.
 */
import { type Attested, compareText, type Feature, type QueueHearing, spendsOf } from "@skein/core";

import type { Clock } from "../ports.ts";
import { type AttemptContext, heldItem, type StepEnd, writeStage } from "./attempt-context.ts";
import { code } from "./coding.ts";
import { createLander, type Lander } from "./lander.ts";
import { returnUnused } from "./paying.ts";
import { qa } from "./qa.ts";
import type { OpenProject } from "./project.ts";
import { createRests, type Rests } from "./rests.ts";
import { createVerdicts, type RedTarget } from "./target-health.ts";
import { stillAt, witness } from "./witness.ts";
import type { WorkerDeps } from "./worker.ts";

/** Where an execution is, for people. */
type ExecutionState = "Pending" | "Running" | "Completed";

export interface Execution {
  readonly item: string;
  readonly epoch: number;
  readonly state: ExecutionState;
  readonly activity: string;
  readonly startedAt: number;
}

export interface Executions {
  start(
    project: OpenProject,
    claimed: { readonly item: string; readonly claimOp: string; readonly epoch: number },
  ): void;
  /** Runs the gate on another node's work. */
  witness(project: OpenProject, work: { readonly item: string; readonly epoch: number } & Attested): void;
  /** Items that are witnessed now. */
  readonly witnessing: ReadonlySet<string>;
  /** Ends the attempt and its whole process tree; with `release` also gives the claim back. */
  stop(item: string, why: string, release: boolean): void;
  /** These items changed in the log; undefined means that any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** Claim op by item. */
  claims(): ReadonlyMap<string, string>;
  list(): readonly Execution[];
  readonly size: number;
  /** Of these the ones that land or wait for it: they need no slot. */
  readonly landing: number;
  readonly rests: Pick<Rests, "notBefore" | "codingFrom">;
  /** The target branch, when this node has found it red. */
  redTarget(): RedTarget | undefined;
  drain(): Promise<void>;
}

interface Running {
  readonly item: string;
  readonly claimOp: string;
  readonly epoch: number;
  readonly abort: AbortController;
  readonly startedAt: number;
  readonly listeners: Set<() => void>;
  activity: string;
  /** What the next attempt can go on with. */
  left: Feature | undefined;
  done: Promise<void>;
}

export function createExecutions(deps: WorkerDeps, hearing: QueueHearing, onEnded: () => void): Executions {
  const { clock, log } = deps;
  const running = new Map<string, Running>();
  const rests = createRests(clock);
  const verdicts = createVerdicts(clock);
  let isDraining = false;
  const lander = createLander(hearing, () => deps.others().some(({ burden }) => burden?.slots !== 0));

  const contextFor = (project: OpenProject, entry: Running): AttemptContext => ({
    ...contextOf(deps, project, entry),
    verdicts,
    rests,
  });
  const witnessing = createWitnessing(deps, contextFor, onEnded);
  const follow = async (entry: Running, context: AttemptContext): Promise<void> => {
    const { item, claimOp, epoch } = entry;
    try {
      await walk(context, lander).finally(() => settleMoney(context));
    } catch (cause) {
      recordFault(deps, item, cause);
    }
    running.delete(item);
    log("info", "attempt.ended", { item, epoch });
    // It is over by itself and the item is still in this node's hands: whatever it was, it needs a little time.
    const wasStopped = entry.abort.signal.aborted;
    if (!wasStopped && heldItem({ deps, item, claimOp }) !== undefined) {
      rests.afterFault(item);
    }
    onEnded();
  };

  return {
    rests,
    redTarget: () => verdicts.redTarget(),
    get size(): number {
      return running.size + witnessing.entries.size;
    },
    get witnessing(): ReadonlySet<string> {
      return new Set(witnessing.entries.keys());
    },
    get landing(): number {
      return lander.size;
    },
    changed: (items) => {
      witnessing.changed();
      for (const entry of running.values()) {
        if (items !== undefined && !items.has(entry.item)) continue;
        for (const listener of entry.listeners) listener();
      }
    },
    claims: () => new Map([...running.values()].map((entry) => [entry.item, entry.claimOp])),
    list: () => [...running.values()].map(describe).toSorted((a, b) => compareText(a.item, b.item)),
    start: (project, { item, claimOp, epoch }) => {
      const entry = entryOf(clock, item, claimOp, epoch);
      // The claim was on its way to the disk when the node was told to stop: nobody would end what begins now.
      if (isDraining) return void releaseClaim(deps, entry, SHUT_DOWN);
      running.set(item, entry);
      log("info", "attempt.started", { item, epoch });
      entry.done = follow(entry, contextFor(project, entry));
      return deps.onActivity();
    },
    witness: (project, work) => {
      if (!isDraining) witnessing.start(project, work);
    },
    stop: (item, why, release) => {
      const entry = running.get(item);
      if (entry === undefined || entry.abort.signal.aborted) return;
      log("info", "attempt.stopped", { item, epoch: entry.epoch, why });
      entry.abort.abort();
      if (release) void entry.done.then(() => releaseClaim(deps, entry, isHeld(deps, item) ? "" : why));
    },
    drain: async () => {
      isDraining = true;
      const ending = [...running.values()];
      const all = [...ending, ...witnessing.entries.values()];
      for (const entry of all) entry.abort.abort();
      await Promise.all(all.map((entry) => entry.done));
      for (const entry of ending) await releaseClaim(deps, entry, SHUT_DOWN);
    },
  };
}

const SHUT_DOWN = "the node was shut down";

/** Then the hold says why by itself. */
const isHeld = ({ replica }: WorkerDeps, item: string): boolean =>
  (replica.view().items.get(item)?.registers?.hold.value ?? "") !== "";

const entryOf = (clock: Clock, item: string, claimOp: string, epoch: number): Running => ({
  item,
  claimOp,
  epoch,
  abort: new AbortController(),
  startedAt: clock.wallMs(),
  listeners: new Set(),
  activity: "",
  left: undefined,
  done: Promise.resolve(),
});

/** A fault of this program: visible, and not repeated at once. */
function recordFault({ incidents, log }: WorkerDeps, item: string, cause: unknown): void {
  const message = cause instanceof Error ? cause.message : String(cause);
  incidents.record("attempt-fault", item, message);
  log("error", "attempt.fault", { item, message });
}

interface Witnessing {
  readonly entries: ReadonlyMap<string, Running>;
  readonly start: Executions["witness"];
  /** Ends what is of no use any more. */
  changed(): void;
}

/** Gates of other nodes' work. They hold no claim, so they end with the branch that they look at. */
function createWitnessing(
  deps: WorkerDeps,
  contextFor: (project: OpenProject, entry: Running) => AttemptContext,
  onEnded: () => void,
): Witnessing {
  const entries = new Map<string, Running & { readonly tip: string }>();
  return {
    entries,
    start: (project, { item, epoch, ...on }) => {
      const entry = { ...entryOf(deps.clock, item, "", epoch), tip: on.tip };
      // What a witness's gate leaves would have no op to name it: the attempt is another node's.
      const context = contextFor(project, entry);
      const seeing = { ...context, deps: { ...context.deps, leavings: undefined } };
      entries.set(item, entry);
      deps.log("info", "witness.started", { item, tree: on.tree });
      entry.done = witness(seeing, on)
        .catch((cause: unknown) => {
          recordFault(deps, item, cause);
          context.rests.afterFault(item);
        })
        .finally(() => {
          entries.delete(item);
          onEnded();
        });
    },
    changed: () => {
      for (const { item, tip, abort } of entries.values())
        if (stillAt({ deps, item }, tip) === undefined) abort.abort();
    },
  };
}

function describe({ item, epoch, activity, startedAt, abort }: Running): Execution {
  const state = abort.signal.aborted ? "Completed" : activity === "" ? "Pending" : "Running";
  return { item, epoch, state, activity, startedAt };
}

function contextOf(deps: WorkerDeps, project: OpenProject, entry: Running): Omit<AttemptContext, "verdicts" | "rests"> {
  const { item, claimOp, epoch, abort } = entry;
  const encoder = new TextEncoder();
  return {
    deps,
    project,
    item,
    claimOp,
    epoch,
    // A witness holds no claim, so the item may be claimed beside it.
    checkout: `${item}-${epoch}${claimOp === "" ? "-witness" : ""}`,
    signal: abort.signal,
    onChanged: (listener) => {
      entry.listeners.add(listener);
      return () => entry.listeners.delete(listener);
    },
    unfetchable: new Set(),
    startsInVain: [],
    leave: (unfinished) => {
      entry.left = unfinished;
    },
    say: (activity) => {
      // It goes out in beats, and programs put words into it.
      entry.activity = deps.withoutSecrets(activity);
      deps.onActivity();
    },
    note: (line) => {
      const oneLine = line.replaceAll(/\s+/g, " ").trim();
      const log = deps.capture({ item, epoch });
      log.write(encoder.encode(`── skein: ${oneLine}\n`));
      log.end();
    },
  };
}

async function walk(context: AttemptContext, lander: Lander): Promise<void> {
  for (let end: StepEnd = "continue"; end === "continue";) {
    const stage = heldItem(context)?.best.state.stage.stage;
    if (context.signal.aborted || stage === undefined) return;
    if (stage !== "Coding") await settleMoney(context);
    if (stage === "Coding") end = await code(context);
    else if (stage === "Qa") end = await qa(context);
    else if (stage === "Merge") end = await lander.land(context);
    else return;
  }
}

async function settleMoney(context: AttemptContext): Promise<void> {
  const history = context.deps.replica.view().items.get(context.item);
  if (history !== undefined) await returnUnused(context, spendsOf(history));
}

async function releaseClaim(deps: WorkerDeps, { item, claimOp, left }: Running, note: string): Promise<void> {
  if (heldItem({ deps, item, claimOp }) === undefined) return;
  const body = { kind: "item.release" as const, note, ...(left === undefined ? {} : { left }) };
  const released = await writeStage({ deps, item, claimOp }, body);
  // Then the lease runs out by itself.
  if (!released.ok) deps.log("warn", "claim.not-released", { item, message: released.error.message });
}
