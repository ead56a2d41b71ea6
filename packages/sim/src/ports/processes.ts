/**
 * The agents and the gate. An agent works, lies (success without a commit), crashes with or without commits, repeats
 * itself, or hangs until its limit; the gate is green or red. What the gate ran on is remembered for the checkers.
 */
import type { Prng } from "@skein/core/testing";
import type { ProcessEnd, Processes, ProcessSpec } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { commitIn, fileOf, type RemoteState, type Workspace } from "./repository.ts";

/** All zero for agents that do their work and gates that are green. */
export interface ProcessRates {
  minMs: number;
  maxMs: number;
  hangChance: number;
  lieChance: number;
  crashChance: number;
  /** Ends with an error, and its commits are there. */
  exitChance: number;
  repeatChance: number;
  redGateChance: number;
  notStartedChance: number;
}

export const calmProcesses = (): ProcessRates => ({
  minMs: 200,
  maxMs: 1_200,
  hangChance: 0,
  lieChance: 0,
  crashChance: 0,
  exitChance: 0,
  repeatChance: 0,
  redGateChance: 0,
  notStartedChance: 0,
});

export const AGENT = "simulated-agent";

/** An agent or a gate that runs. Those of a program that was killed have ended with it: `@skein/process` sees to that. */
export interface SimProcess {
  readonly life: Life;
  readonly what: string;
}

export interface ProcessDeps {
  readonly life: Life;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly rates: ProcessRates;
  readonly state: RemoteState;
  readonly workspaces: Map<string, Workspace>;
  readonly onSpawn: (spec: ProcessSpec) => void;
  readonly onAgent: (what: "lie" | "crash" | "hang") => void;
  /** The gate is red on this commit whenever it runs. */
  readonly isBroken: (commit: string) => boolean;
  readonly processes: Set<SimProcess>;
  /** The gate was green on this commit. */
  readonly onGreen: (commit: string) => void;
  readonly onRed: () => void;
  readonly serial: () => number;
}

/** How long a process takes to end when it is told to. */
export const ABORT_MS = 20;
export const OUTPUT_DIGEST = "0".repeat(64);

export function createSimProcesses(deps: ProcessDeps): Processes {
  return {
    run: (spec, signal) =>
      new Promise((resolve) => {
        deps.onSpawn(spec);
        const process: SimProcess = { life: deps.life, what: `${spec.argv[0]} in ${spec.cwd}` };
        deps.processes.add(process);
        let over = false;
        const end = (how: ProcessEnd, durationMs: number): void => {
          if (over) return;
          over = true;
          deps.processes.delete(process);
          signal.removeEventListener("abort", abort);
          resolve({ end: how, durationMs, outputBytes: 0, outputDigest: OUTPUT_DIGEST });
        };
        const abort = (): void => {
          plan.cutOff();
          deps.scheduler.after(ABORT_MS, () => end({ type: "aborted" }, ABORT_MS), deps.life);
        };
        const plan = planOfSpec(deps, spec);
        deps.scheduler.after(plan.ms, () => end(over ? plan.end : plan.finish(), plan.ms), deps.life);
        signal.addEventListener("abort", abort, { once: true });
      }),
  };
}

/** Besides agents and gates, Skein itself commits what an agent that was cut off had not committed. */
function planOfSpec(deps: ProcessDeps, spec: ProcessSpec): Plan {
  const [program] = spec.argv;
  if (program === AGENT) return planAgent(deps, spec);
  return program === "git" ? planOf(5, exited(0), () => undefined) : planGate(deps, spec);
}

interface Plan {
  readonly ms: number;
  readonly end: ProcessEnd;
  readonly finish: () => ProcessEnd;
  /** It is stopped before its end. */
  readonly cutOff: () => void;
}

const exited = (code: number): ProcessEnd => ({ type: "exited", code });

const planOf = (ms: number, end: ProcessEnd, work: () => void, cutOff = (): void => undefined): Plan => ({
  ms,
  end,
  cutOff,
  finish: () => {
    work();
    return end;
  },
});

function planAgent(deps: ProcessDeps, spec: ProcessSpec): Plan {
  const { prng, rates, state, serial } = deps;
  const ms = rates.minMs + prng.int(rates.maxMs - rates.minMs);
  const file = fileOf(prng, state);
  const ahead = 1 + prng.int(3);
  const content = prng.chance(rates.repeatChance)
    ? `again ${spec.env["SKEIN_ITEM"] ?? ""}`
    : `work ${spec.cwd} ${serial()}`;
  const commit = (): void => {
    const workspace = deps.workspaces.get(spec.cwd);
    if (workspace !== undefined) Object.assign(workspace, { ahead, file, content });
  };
  if (prng.chance(rates.notStartedChance)) {
    return planOf(5, { type: "not-started", message: "no such program" }, () => undefined);
  }
  if (prng.chance(rates.hangChance)) {
    return planOf(spec.limits.wallMs, { type: "limit", limit: "wall" }, () => deps.onAgent("hang"));
  }
  if (prng.chance(rates.lieChance)) return planOf(ms, exited(0), () => deps.onAgent("lie"));
  if (prng.chance(rates.crashChance)) {
    return planOf(ms, { type: "signalled", signal: "SIGSEGV" }, () => deps.onAgent("crash"));
  }
  // Whoever is cut off has done something, or nothing yet.
  const hasBegun = prng.chance(0.5);
  return planOf(ms, exited(prng.chance(rates.exitChance) ? 1 : 0), commit, () => {
    if (hasBegun) commit();
  });
}

function planGate({ prng, rates, onGreen, onRed, isBroken }: ProcessDeps, spec: ProcessSpec): Plan {
  const commit = commitIn(spec.cwd);
  const red = prng.chance(rates.redGateChance) || isBroken(commit);
  const ms = Math.round((rates.minMs + prng.int(rates.maxMs - rates.minMs)) / 4);
  return planOf(ms, exited(red ? 1 : 0), () => {
    if (red) onRed();
    else onGreen(commit);
  });
}
