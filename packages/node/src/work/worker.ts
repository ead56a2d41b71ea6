/**
 * The executor: looks at the view, claims what is this node's to do, starts attempts, stops those whose claim was lost.
 */
import {
  type Claim,
  type CommandError,
  createPlanner,
  err,
  type Draft,
  findItem,
  type Intent,
  landedAs,
  type LiveItem,
  ok,
  openPurse,
  type OwnTrouble,
  type Purse,
  type QueueHearing,
  type Result,
  stageOn,
} from "@skein/core";

import { createDiffReader, type ReadDiff } from "../attempt-diff.ts";
import type { Incidents } from "../incidents.ts";
import type { Logger } from "../logger.ts";
import type { Cancel, MachineState } from "../ports.ts";
import type { WorkDeps } from "./attempt-context.ts";
import { agentName, dayOf } from "./spending.ts";
import { restsOf } from "./rests.ts";
import type { FleetPurse } from "./fleet-purse.ts";
import { createExecutions, type Execution, type Executions } from "./executions.ts";
import { createBranchCleaner } from "./branch-cleaner.ts";
import { createLandingBook, type LandingBook } from "./landing-book.ts";
import { createLandingObserver } from "./landing-observer.ts";
import type { OpenProject, OpenRepository } from "./project.ts";
import type { RedTarget } from "./target-health.ts";
import { createProjectHolder, type ProjectHolder } from "./project-holder.ts";

export interface Worker {
  start(): void;
  /** Looks again soon: something changed. */
  poke(): void;
  /** These items changed in the log; undefined means that any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** What this node has found of landings on the target branch. */
  readonly landings: Pick<LandingBook, "of" | "count">;
  executions(): readonly Execution[];
  slotsFree(): number;
  /** The target branch, when this node has found it red. */
  redTarget(): RedTarget | undefined;
  /** What keeps this node, and it alone, from taking work. */
  trouble(): OwnTrouble;
  /** Undefined while this node can work, otherwise one sentence saying why it cannot. */
  notReady(): string | undefined;
  project(): OpenProject | undefined;
  /** What an attempt has changed, for people. */
  readonly readDiff: ReadDiff;
  /** Opens the books; then, why no attempt of an item is paid for: undefined while one is, or the project is not open yet. */
  unpaid(): (item: LiveItem) => string | undefined;
  /** The same, but for what only this node's own part of the fleet's budget lacks. */
  unpaidAnywhere(): (item: LiveItem) => string | undefined;
  /** Ends all attempts and gives their claims back. */
  drain(): Promise<void>;
}

export interface WorkerDeps extends WorkDeps {
  readonly log: Logger;
  readonly incidents: Incidents;
  /** Under which this node writes now (hex). */
  readonly incarnation: () => string;
  /** The text without the secrets that this node knows. */
  readonly withoutSecrets: (text: string) => string;
  readonly slots: number;
  /** Why this node is not meant to work at all; null when it is. */
  readonly idle: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly openRepository: OpenRepository;
  readonly machine: () => MachineState;
  readonly fleet: FleetPurse;
  readonly isExpired: (claim: Claim) => boolean;
  /** What the board shows of this node's work is different now. */
  readonly onActivity: () => void;
  /** What this node knows of these items' landings is different now. */
  readonly onLandings: (items: ReadonlySet<string>) => void;
}

const TICK_MS = 200;
/** Many changes in a row are one look. */
const POKE_MS = 25;

export function createWorker(deps: WorkerDeps): Worker {
  const lifetime = new AbortController();
  const projects = createProjectHolder(deps, lifetime.signal);
  const landings = createLandingBook();
  const hearing: QueueHearing = {
    isExpired: deps.isExpired,
    isVerified: (item) => landings.of(item).state === "verified",
    qa: () => projects.current()?.config().qa,
  };
  const executions = createExecutions(deps, hearing, () => {
    deps.onActivity();
    poke();
  });
  // A disk that refuses takes no claim either, and every try would fold the log again.
  const canClaim = (): boolean => projects.notReady() === undefined && deps.journal.problem() === undefined;
  const slotsFree = (): number => (canClaim() ? Math.max(0, deps.slots - (executions.size - executions.landing)) : 0);
  const observer = createLandingObserver(deps, projects, landings, lifetime.signal);
  const cleaner = createBranchCleaner(deps, projects, landings, lifetime.signal);
  const look = createLook(deps, projects, executions, slotsFree, hearing);
  let cancel: Cancel | undefined;
  let looking = false;
  let poked = false;
  let started = false;

  const tick = (): void => {
    if (lifetime.signal.aborted) return;
    cancel?.();
    cancel = deps.clock.after(TICK_MS, tick);
    poked = false;
    // One look at a time: a claim that is being written must be seen by the next plan.
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  };
  const poke = (): void => {
    // A command that opens the log for a moment writes, and works on nothing.
    if (!started || lifetime.signal.aborted || poked) return;
    poked = true;
    cancel?.();
    cancel = deps.clock.after(POKE_MS, tick);
  };

  return {
    start: () => {
      started = true;
      tick();
      void observer.run();
      void cleaner.run();
    },
    poke,
    changed: (items) => {
      observer.changed(items);
      executions.changed(items);
      poke();
    },
    landings,
    executions: () => executions.list(),
    slotsFree,
    redTarget: () => executions.redTarget(),
    trouble: () => ({
      notReady: projects.notReady(),
      redTarget: executions.redTarget(),
      ...restsOf(deps.clock, executions.rests),
    }),
    notReady: () => projects.notReady(),
    project: () => projects.current(),
    readDiff: createDiffReader(
      {
        clock: deps.clock,
        view: () => deps.replica.view(),
        repository: () => projects.current()?.repository,
        landedAs: (item) => landings.of(item.id).commit ?? landedAs(item.best.state) ?? undefined,
      },
      lifetime.signal,
    ),
    ...createMoneyWords(deps, projects),
    drain: async () => {
      lifetime.abort();
      cancel?.();
      await executions.drain();
    },
  };
}

/** What items wait for that no attempt is paid for, in words. */
function createMoneyWords(
  deps: WorkerDeps,
  projects: Pick<ProjectHolder, "current">,
): Pick<Worker, "unpaid" | "unpaidAnywhere"> {
  const open = (): Purse | undefined => {
    const project = projects.current();
    return project === undefined ? undefined : purseOf(deps, project);
  };
  return {
    unpaid: () => {
      const purse = open();
      return (item) => {
        const offer = purse?.offer(item);
        return offer?.ok === false ? offer.error : undefined;
      };
    },
    unpaidAnywhere: () => {
      const purse = open();
      return (item) => purse?.refusalAnywhere(item);
    },
  };
}

/** view → plan → claims and stops. */
function createLook(
  deps: WorkerDeps,
  projects: ProjectHolder,
  executions: Executions,
  slotsFree: () => number,
  hearing: QueueHearing,
): () => Promise<void> {
  const planner = createPlanner(deps.crypto);
  const { fleet } = deps;
  return async () => {
    projects.look();
    const project = projects.current();
    const purse = project === undefined ? undefined : purseOf(deps, project);
    const intents = planner.plan({
      view: deps.replica.view(),
      self: {
        key: deps.self().key,
        incarnation: deps.incarnation(),
        slotsFree: slotsFree(),
        labels: deps.labels,
        burden: { slots: deps.slots, ...deps.machine() },
      },
      others: deps.others(),
      nowMs: deps.clock.monoMs(),
      staggerMs: project?.config().claim.staggerMs ?? 0,
      running: executions.claims(),
      witnessing: executions.witnessing,
      ready: projects.notReady() === undefined,
      notBefore: executions.rests.notBefore,
      codingFrom: executions.rests.codingFrom,
      ...hearing,
      ...(purse === undefined ? {} : { purse }),
      trainRoom: (project?.config().merge.batch ?? 0) - executions.landing,
    });
    for (const intent of intents) {
      if (intent.type === "stop") executions.stop(intent.item, intent.why, intent.release);
      else if (intent.type === "yield") await yieldClaim(deps, intent);
      else if (project === undefined) continue;
      else if (intent.type === "claim") await claim(deps, project, executions, intent);
      else {
        const epoch = deps.replica.view().items.get(intent.item)?.best?.state.epoch ?? 0;
        executions.witness(project, { ...intent, epoch });
      }
    }
    const isShort = slotsFree() > 0 && purse?.isShort() === true;
    if (project !== undefined) await fleet.look(project, { isShort, saved: purse?.saved() ?? 0 });
  };
}

/** Gives back what this node holds and does not work at, so that nobody waits for the lease to run out. */
async function yieldClaim(deps: WorkerDeps, { item: id, on, why }: Extract<Intent, { type: "yield" }>): Promise<void> {
  const written = await deps.journal.write<CommandError>(() => {
    const item = findItem(deps.replica.view(), id);
    if (!item.ok) return item;
    if (item.value.best.id !== on) return err({ code: "not-legal", message: "it has changed meanwhile" });
    const { key, role } = deps.self();
    const body = { kind: "item.release" as const, note: why };
    const decided = stageOn(item.value, body, { self: key, role, wallMs: deps.clock.wallMs() });
    return decided.ok ? { ok: true, value: decided.value.drafts } : decided;
  });
  if (written.ok) deps.log("info", "claim.yielded", { item: id, why });
  else deps.log("debug", "claim.not-yielded", { item: id, message: written.error.message });
}

const purseOf = ({ replica, clock, self }: WorkerDeps, project: OpenProject): Purse =>
  openPurse({
    view: replica.view(),
    caps: project.config().budget,
    today: dayOf(clock.wallMs()),
    self: self().key,
  });

/** What the attempt may cost is set aside in the very write that claims it: no two claims of a node count on one dollar. */
function reservation(deps: WorkerDeps, project: OpenProject, item: LiveItem): Result<readonly Draft[], CommandError> {
  if (item.best.state.stage.stage !== "Coding") return ok([]);
  const offer = purseOf(deps, project).offer(item);
  if (!offer.ok) return err({ code: "not-legal", message: offer.error });
  if (offer.value === 0) return ok([]);
  const { agent } = project.config();
  const day = dayOf(deps.clock.wallMs());
  const body = { kind: "item.spend" as const, day, agent: agentName(agent), models: new Map(), reserved: offer.value };
  return ok([{ entity: item.id, on: { draft: 0 }, body }]);
}

/** Takes the lease; the attempt begins once the claim is durable. */
async function claim(
  deps: WorkerDeps,
  project: OpenProject,
  executions: Executions,
  { item: id, on, why }: Extract<Intent, { type: "claim" }>,
): Promise<void> {
  let epoch = 0;
  const written = await deps.journal.write<CommandError>(() => {
    const item = findItem(deps.replica.view(), id);
    if (!item.ok) return item;
    // What came between the plan and this moment may be somebody's claim, also one of the same epoch.
    if (item.value.best.id !== on) return err({ code: "not-legal", message: "somebody was faster" });
    epoch = item.value.best.state.epoch + 1;
    const { key, role } = deps.self();
    const body = { kind: "item.claim" as const, ttl: project.config().claim.ttlMs };
    const decided = stageOn(item.value, body, { self: key, role, wallMs: deps.clock.wallMs() });
    if (!decided.ok) return decided;
    const reserved = reservation(deps, project, item.value);
    return reserved.ok ? ok([...decided.value.drafts, ...reserved.value]) : reserved;
  });
  if (!written.ok) return deps.log("debug", "claim.refused", { item: id, message: written.error.message });
  const [op] = written.value;
  if (op === undefined) return undefined;
  deps.log("info", "claim.taken", { item: id, why, epoch });
  return executions.start(project, { item: id, claimOp: op.id, epoch });
}
