/**
 * Agents that hold a conversation, as the engine's port has them: each does what its story says (`plan.ts`), tells what it costs,
 * and is told to wait by its provider now and then. What is above the port is the product: patience with a throttle, handing on
 * after a block, the ledger, the caps. What is below it is pretended: a process that ends with all it has started, the limits that
 * it runs into, and the words in which a provider says no (`@skein/process`, `@skein/agent-acp`).
 */
import type { Prng } from "@skein/core/testing";
import type { Clock, NodeOptions, ProcessEnd, TurnAgents, TurnEnd, TurnResult, TurnSpec } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import { drawInt } from "../kernel/streams.ts";
import { ABORT_MS, OUTPUT_DIGEST, type SimProcess } from "../ports/processes.ts";
import { versionOf } from "../ports/repository.ts";
import type { Machine, World } from "../world.ts";
import type { AgentRun, Night } from "./night.ts";

export interface NightAgentDeps {
  readonly world: World;
  readonly night: Night;
  readonly machine: Machine;
  readonly life: Life;
  readonly clock: Clock;
}

/** What an agent does, in order, and how it ends when nobody ends it before. */
interface Script {
  readonly acts: readonly (readonly [atMs: number, act: () => void])[];
  readonly endMs: number;
  readonly end: () => AgentStop;
}

interface AgentStop {
  readonly turn: TurnEnd;
  readonly process: ProcessEnd;
}

export function createNightAgents(deps: NightAgentDeps): NonNullable<NodeOptions["talking"]> {
  const prng = deps.world.streams(`agents ${deps.life.name} ${deps.life.startedMs}`);
  const agents: TurnAgents = { run: (spec, signal) => runAgent(deps, prng, spec, signal) };
  // Each attempt starts afresh: what a session remembers is the agent's affair.
  return { agents, sessions: { get: () => undefined, put: () => ({ ok: true, value: undefined }) } };
}

const EARLY_TOKENS = 2;
const CENT = 10_000;

function runAgent(deps: NightAgentDeps, prng: Prng, spec: TurnSpec, signal: AbortSignal): Promise<TurnResult> {
  const { world, night, machine, life } = deps;
  const { scheduler } = world;
  world.hooks.onSpawn({ ...spec.process, stdin: "" });
  const run: AgentRun = {
    item: spec.process.env["SKEIN_ITEM"] ?? "",
    epoch: Number(spec.process.env["SKEIN_EPOCH"]),
    member: machine.key,
    microUsd: 0,
    limited: undefined,
  };
  night.runs.push(run);
  const process: SimProcess = { life, what: `an agent of ${run.item}/${run.epoch} on ${machine.name}` };
  world.processes.add(process);
  return new Promise((resolve) => {
    const beganMs = scheduler.nowMs();
    let over = false;
    const stop = ({ turn, process: end }: AgentStop): void => {
      if (over) return;
      over = true;
      signal.removeEventListener("abort", abort);
      world.processes.delete(process);
      const durationMs = scheduler.nowMs() - beganMs;
      const ended = { end, durationMs, outputBytes: 0, outputDigest: OUTPUT_DIGEST };
      resolve({ end: turn, process: ended, usage: { costUsd: run.microUsd / 1e6 }, said: "" });
    };
    const act = (atMs: number, what: () => void): void =>
      void scheduler.after(atMs, () => (over || signal.aborted ? undefined : what()), life);
    const abort = (): void =>
      void scheduler.after(ABORT_MS, () => stop({ turn: CUT, process: { type: "aborted" } }), life);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) return abort();
    const spend = (cents: number): void => {
      run.microUsd += cents * CENT;
      spec.onUsage({ costUsd: run.microUsd / 1e6 });
    };
    // Tokens were used before anything went wrong.
    act(0, () => spend(EARLY_TOKENS));
    const script = limitedScript(deps, run) ?? scriptOf({ ...deps, prng, spec, run, spend });
    for (const [atMs, what] of script.acts) act(atMs, what);
    const { wallMs } = spec.process.limits;
    if (script.endMs > wallMs) act(wallMs, () => stop(atLimit("wall")));
    else act(script.endMs, () => stop(script.end()));
    return undefined;
  });
}

const CUT: TurnEnd = { type: "process" };
const GONE: ProcessEnd = { type: "exited", code: 0 };
const DONE: AgentStop = { turn: { type: "ended", words: "ended its turn", isDone: true }, process: GONE };

const atLimit = (limit: "wall" | "idle" | "output"): AgentStop => ({ turn: CUT, process: { type: "limit", limit } });

const THROTTLE_MS = 90_000;

/** What the provider says to agents on this machine just now. */
function limitedScript(deps: NightAgentDeps, run: AgentRun): Script | undefined {
  const { night, machine, world } = deps;
  const nowMs = world.scheduler.nowMs();
  const leftMs = (night.blockedUntil.get(machine.name) ?? 0) - nowMs;
  if (leftMs > 0) return toldToWait(deps, run, leftMs);
  const isNew = !night.runs.some(
    (other) => other !== run && other.item === run.item && other.limited === "throttle" && other.epoch === run.epoch,
  );
  const isThrottled = (night.throttledUntil.get(machine.name) ?? 0) > nowMs;
  return isThrottled && isNew ? toldToWait(deps, run, night.scaled(THROTTLE_MS)) : undefined;
}

/** Longer than this the engine hands the item on. */
const BLOCK_MS = 5 * 60_000;

function toldToWait({ clock, world }: NightAgentDeps, run: AgentRun, ms: number): Script {
  run.limited = ms > BLOCK_MS ? "block" : "throttle";
  world.note(run.limited === "block" ? "night: provider blocked an agent" : "night: provider throttled an agent");
  return {
    acts: [],
    endMs: 1_000,
    end: () => ({
      turn: { type: "rate-limited", why: "the usage limit is reached", until: clock.wallMs() + ms },
      process: GONE,
    }),
  };
}

interface Acting extends NightAgentDeps {
  readonly prng: Prng;
  readonly spec: TurnSpec;
  readonly run: AgentRun;
  readonly spend: (cents: number) => void;
}

const MINUTE_MS = 60_000;

function scriptOf(acting: Acting): Script {
  const { night, spec, run } = acting;
  const attempt = Number(spec.process.env["SKEIN_ATTEMPT"]);
  const behavior = night.told.get(run.item)?.name ?? behaviorIn(spec.prompt.fresh);
  const isLater = attempt > 1;
  switch (behavior) {
    case "mends":
      return isLater ? works(acting) : writes(acting, "broken once", true);
    case "breaks":
      return writes(acting, `broken in another way, ${attempt}`, true);
    case "loops":
      return writes(acting, "broken, and always the same", true);
    case "hangs":
      return isLater ? works(acting) : hangs(acting);
    case "hangs-for-ever":
      return hangs(acting);
    case "babbles":
      return isLater ? works(acting) : { acts: [], endMs: Number.POSITIVE_INFINITY, end: () => DONE };
    case "floods":
    case "spills":
      return isLater ? works(acting) : { acts: [], endMs: 2_000, end: () => atLimit("output") };
    case "throttled":
      return isFirstOf(acting) ? toldToWait(acting, run, night.scaled(THROTTLE_MS)) : works(acting);
    case "lies":
      return isLater ? works(acting) : { acts: [], endMs: night.scaled(MINUTE_MS), end: () => DONE };
    case "lies-for-ever":
      return { acts: [], endMs: night.scaled(MINUTE_MS), end: () => DONE };
    case "crashes":
      return crashes(acting);
    case "spends":
      return spends(acting);
    default:
      // What a daemon leaves behind is the process port's to end, and not the engine's: here such a story just works.
      return works(acting);
  }
}

/** The first run may come before the person who told the story has heard its id. */
const behaviorIn = (prompt: string): string => /^behaves: (.+)$/m.exec(prompt)?.[1] ?? "";

const isFirstOf = ({ night, run }: Acting): boolean =>
  !night.runs.some((other) => other !== run && other.item === run.item && other.limited === "throttle");

const hangs = ({ spec }: Acting): Script => ({
  acts: [],
  endMs: spec.process.limits.idleMs,
  end: () => atLimit("idle"),
});

/** Sooner or later it has cost as much as an attempt may: it tells of every two cents, and is told to end in the middle of this. */
function spends({ night, spend }: Acting): Script {
  const eachMs = night.scaled(MINUTE_MS / 4);
  const acts = Array.from({ length: 30 }, (_, index): Script["acts"][number] => [
    eachMs * (index + 1),
    () => spend(EARLY_TOKENS),
  ]);
  return { acts, endMs: Number.POSITIVE_INFINITY, end: () => DONE };
}

const works = (acting: Acting): Script =>
  writes(acting, `done by attempt ${acting.spec.process.env["SKEIN_ATTEMPT"] ?? ""}`, false);

function crashes(acting: Acting): Script {
  const script = works(acting);
  const end = (): AgentStop => ({ ...script.end(), turn: CUT, process: { type: "exited", code: 7 } });
  return { ...script, end };
}

/** Half of it is committed half-way, so that there is something to go on with when it is cut off. */
function writes(acting: Acting, text: string, isBroken: boolean): Script {
  const { night, prng, run, spend } = acting;
  const endMs = night.scaled(drawInt(prng, 2, 25) * MINUTE_MS);
  const cents = drawInt(prng, 2, 14);
  const first = Math.floor(cents / 2);
  return {
    acts: [
      [
        Math.round(endMs / 2),
        () => {
          spend(first);
          if (!isBroken) commit(acting, `${run.item} half done`, false);
        },
      ],
      [endMs - 1, () => spend(cents - first)],
    ],
    endMs,
    end: () => {
      commit(acting, `${run.item} ${text}`, isBroken);
      return DONE;
    },
  };
}

function commit({ machine, night, spec, run }: Acting, content: string, isBroken: boolean): void {
  const workspace = machine.workspaces.get(spec.process.cwd);
  if (workspace === undefined) return;
  if (isBroken) night.brokenVersions.add(versionOf(content));
  Object.assign(workspace, { ahead: workspace.ahead + 1, file: `work/${run.item}`, content });
}
