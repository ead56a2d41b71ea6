/**
 * A night of unattended agents, in simulated time: what is different in it from an ordinary run, and what is written down to be
 * looked at in the morning. Behaviors and their ends are in `plan.ts`, what happens when in `live.ts`, the agents in `agents.ts`;
 * the checkers are among the others (`../invariants/i34…`).
 */
import type { Prng } from "@skein/core/testing";

import type { NightOptions } from "../options.ts";
import type { ProcessRates } from "../ports/processes.ts";
import type { Commit } from "../ports/remote.ts";
import { WALL_START_MS } from "../kernel/node-clock.ts";
import { type Behavior, drawStories, type EndedItem, RETRIES, type Story } from "./plan.ts";

/** One run of an agent, from its start to the end of its process. */
export interface AgentRun {
  readonly item: string;
  readonly epoch: number;
  /** Key (hex) of the member whose machine it ran on. */
  readonly member: string;
  /** What it has told of its cost, in all. */
  microUsd: number;
  /** What cut it off: its provider, for a moment or for long. */
  limited: "throttle" | "block" | undefined;
}

export interface Night {
  readonly slots: number;
  readonly stories: readonly Story[];
  readonly config: string;
  /** Dollars that all machines may spend together on a day, and one attempt. */
  readonly money: { readonly day: number; readonly attempt: number };
  readonly processRates: Partial<ProcessRates>;
  readonly lengthMs: number;
  /** So many ms of a night of this length are that many of one of ten hours. */
  readonly scaled: (ms: number) => number;
  /** How far the machines' clocks are from the simulator's, so that midnight (UTC) is in the night. */
  readonly skewMs: number;
  /** By item, once it is told. */
  readonly told: Map<string, Behavior>;
  readonly runs: AgentRun[];
  /** What `item.show` says in the end. */
  morning: ReadonlyMap<string, EndedItem>;
  /** Until then (simulated ms) the provider lets agents on this machine do no more, or asks each of them to wait once. */
  readonly blockedUntil: Map<string, number>;
  readonly throttledUntil: Map<string, number>;
  /** What a killed program could not take with it: its clones, and the attempts (`item/epoch`) that it held. */
  readonly cutShort: { readonly clones: Set<string>; readonly attempts: Set<string> };
  /** Whoever has written such a file has broken the tests. */
  readonly brokenVersions: Set<string>;
  readonly isBroken: (commit: Commit | undefined) => boolean;
}

const HOUR_MS = 3_600_000;
const FULL_HOURS = 10;
const SLOTS = 2;
const ATTEMPT_DOLLARS = 0.5;
/** Less than all stories need, so that some of them wait until midnight. */
const DAY_DOLLARS_PER_STORY = 0.12;
const DAY_DOLLARS_LEAST = 3;
/** Of the night. */
const MIDNIGHT_AT = 0.55;
const DAY_MS = 24 * HOUR_MS;

export function createNight({ stories, hours }: NightOptions, prng: Prng, base: string): Night {
  const lengthMs = hours * HOUR_MS;
  const scaled = (ms: number): number => Math.round((ms * hours) / FULL_HOURS);
  const brokenVersions = new Set<string>();
  return {
    slots: SLOTS,
    stories: drawStories(stories, () => prng.u32() / 2 ** 32),
    config: configOf(base, scaled),
    money: {
      day: Math.max(DAY_DOLLARS_LEAST, Math.ceil(stories * DAY_DOLLARS_PER_STORY)),
      attempt: ATTEMPT_DOLLARS,
    },
    processRates: { minMs: scaled(60_000), maxMs: scaled(12 * 60_000) },
    lengthMs,
    scaled,
    skewMs: DAY_MS - (WALL_START_MS % DAY_MS) - Math.round(MIDNIGHT_AT * lengthMs),
    told: new Map(),
    runs: [],
    morning: new Map(),
    blockedUntil: new Map(),
    throttledUntil: new Map(),
    cutShort: { clones: new Set(), attempts: new Set() },
    brokenVersions,
    isBroken: (commit) => [...(commit?.files.values() ?? [])].some((version) => brokenVersions.has(version)),
  };
}

const configOf = (base: string, scaled: Night["scaled"]): string => {
  const seconds = (minutes: number): string => `${Math.ceil(scaled(minutes * 60_000) / 1_000)}s`;
  return [
    base,
    "agent: { kind: acp, run: [simulated-agent] }",
    `retries: { noProgress: ${RETRIES.noProgress}, total: ${RETRIES.total} }`,
    `limits: { agentWall: ${seconds(40)}, agentIdle: ${seconds(15)}, gateWall: ${seconds(20)}, gateIdle: ${seconds(20)} }`,
    `budget: { attempt: $${ATTEMPT_DOLLARS.toFixed(2)}, item: $5 }`,
    "",
  ].join("\n");
};
