/**
 * What one run of an agent costs, from what the agent tells into the log.
 *
 *     agent tells (conversation, usage.jsonl) ─► priced ─► item.spend: at the end, and meanwhile once a minute, or as soon as
 *                                                  │       it has grown by a noticeable part of what is left
 *                                                  └─ no money left ─► the run is ended in order
 *
 * Each op says what the attempt has cost in all. What is not told is unknown, and never 0.
 */
import type { AgentConfig, Price, ReviewerAgent } from "@skein/config";
import { LIMITS, ok, type SpendCounts } from "@skein/core";

import type { Journal } from "../journal.ts";
import type { Cancel, Usage } from "../ports.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { microUsd, modelName } from "./usage-file.ts";

export interface Meter {
  /** Aborted once there is no money left for this run; the reason is one sentence. */
  readonly signal: AbortSignal;
  /** The agent runs, perhaps not for the first time. The function takes what this run has used so far in all, by model. */
  begin(): (models: ReadonlyMap<string, SpendCounts>) => void;
  /** The run is over. Resolves with why it was ended, when that was for its money. */
  close(end: "ran" | "not-started"): Promise<string | undefined>;
}

/** Why there is no money left at so much for this attempt; undefined while there is. */
export type MoneyCheck = (spent: number) => string | undefined;

export interface MeterOptions {
  readonly agent: AgentConfig | ReviewerAgent;
  /** As the ledger names it; left out, by `agentName`. */
  readonly named?: string;
  readonly prices: ReadonlyMap<string, Price>;
  /** The day that the attempt counts for, in UTC: the one on which it began, also when it goes on over midnight. */
  readonly day: string;
  /** Set aside for the attempt, what is spent of it included; 0 when nothing is. */
  readonly reserved: number;
  /** What earlier runs of the same attempt have cost. */
  readonly before: ReadonlyMap<string, SpendCounts>;
  readonly check: MoneyCheck;
}

const EACH_MS = 60_000;
/** This part of what is left is worth an op of its own. */
const NOTICEABLE = 0.1;

type Models = ReadonlyMap<string, SpendCounts>;

export function createMeter(context: MeterContext, options: MeterOptions): Meter {
  const { deps } = context;
  const ending = new AbortController();
  // A copy: what the log knows of the attempt is changed in place by what is written here, and would count twice.
  let told: Models = new Map(options.before);
  /** This run has told something. */
  let isHeard = false;
  let written = { spent: 0, words: wordsOf(told), atMs: deps.clock.monoMs() };
  let cancel: Cancel | undefined;

  const spent = (): number => sumOf(told);
  const write = async (isOver: boolean): Promise<void> => {
    cancel?.();
    cancel = undefined;
    written = { spent: spent(), words: wordsOf(told), atMs: deps.clock.monoMs() };
    // What nobody knows is charged as much as was set aside for it.
    const reserved = isOver && !isUnknown(told) ? 0 : Math.max(0, options.reserved - spent());
    const body = {
      kind: "item.spend" as const,
      day: options.day,
      agent: options.named ?? agentName(options.agent),
      models: told,
      reserved,
    };
    const saved = await deps.journal.write(() => ok([{ entity: context.item, on: context.claimOp, body }]));
    if (!saved.ok) context.note("What this attempt has cost so far could not be written down.");
  };
  const writeSoon = (): void => {
    if (wordsOf(told) === written.words) return;
    const grown = spent() - written.spent;
    const isNoticeable = options.reserved > 0 && grown >= NOTICEABLE * Math.max(1, options.reserved - written.spent);
    const waitMs = written.atMs + EACH_MS - deps.clock.monoMs();
    if (isNoticeable || waitMs <= 0) void write(false);
    else cancel ??= deps.clock.after(waitMs, () => void write(false));
  };

  return {
    signal: ending.signal,
    begin: () => {
      const before = told;
      let heard: Models = new Map();
      return (models) => {
        if (models.size > 0) isHeard = true;
        heard = grown(heard, bounded(models));
        told = bounded(together(before, priced(heard, options.prices)));
        const why = options.check(spent());
        if (why !== undefined) ending.abort(why);
        writeSoon();
      };
    },
    close: async (end) => {
      cancel?.();
      // It may start in a moment, under the same claim: what was set aside for it stays.
      if (end === "not-started" && !isHeard) return undefined;
      // Nobody has told anything of a run that was: it cost something that nobody knows. The scripted agent costs nothing.
      const isSilent = end === "ran" && !isHeard && options.agent.kind !== "scripted";
      if (isSilent) told = bounded(together(told, NOBODY_KNOWS));
      if (told.size > 0 || options.reserved > 0) await write(true);
      return ending.signal.aborted ? String(ending.signal.reason) : undefined;
    },
  };
}

/** What of an attempt its money needs. */
export interface MeterContext extends Pick<AttemptContext, "item" | "claimOp" | "note"> {
  readonly deps: Pick<AttemptContext["deps"], "clock"> & { readonly journal: Pick<Journal, "write"> };
}

export const dayOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

/** As the ledger names an agent: `acp claude-code`, `command node`. */
export const agentName = (agent: AgentConfig | ReviewerAgent): string =>
  agent.kind === "scripted"
    ? agent.kind
    : modelName(`${agent.kind} ${agent.preset ?? agent.run[0].split("/").at(-1) ?? agent.run[0]}`);

/**
 * What an agent tells in its conversation, by model. It tells all that the turn has taken so far and the model of that moment,
 * so what is more than before is that model's: the same money must not count under two names.
 */
export function createTally(): (usage: Usage) => Models {
  const counted = new Map<string, number>();
  const tally = new Map<string, Map<string, number>>();
  return (usage) => {
    const name = modelName(usage.model);
    for (const [kind, count] of countsOf(usage)) {
      const before = counted.get(kind);
      if (!(count > (before ?? -1))) continue;
      counted.set(kind, count);
      const own = tally.get(name) ?? new Map<string, number>();
      tally.set(name, own.set(kind, (own.get(kind) ?? 0) + count - (before ?? 0)));
    }
    // The cost is that of the whole turn, so nothing of it is unknown.
    if (counted.has("microUsd")) for (const own of tally.values()) own.set("microUsd", own.get("microUsd") ?? 0);
    return tally;
  };
}

function countsOf(usage: Usage): SpendCounts {
  const counts = new Map<string, number>();
  const add = (name: string, count: number | undefined): void => {
    if (count !== undefined) counts.set(name, count);
  };
  add("input", usage.inputTokens);
  add("output", usage.outputTokens);
  add("cacheRead", usage.cacheReadTokens);
  add("cacheWrite", usage.cacheWriteTokens);
  add("microUsd", usage.costUsd === undefined ? undefined : microUsd(usage.costUsd));
  return counts;
}

/** An agent that tells tokens alone costs what the project's prices say; one without a price costs nobody knows what. */
function priced(models: Models, prices: ReadonlyMap<string, Price>): Models {
  return new Map(
    [...models].map(([model, counts]) => {
      const price = prices.get(model);
      const cost = counts.has("microUsd") || price === undefined ? undefined : costAt(price, counts);
      return [model, cost === undefined ? counts : new Map([...counts, ["microUsd", cost]])];
    }),
  );
}

function costAt(price: Price, counts: SpendCounts): number | undefined {
  if (!counts.has("input") || !counts.has("output")) return undefined;
  let sum = 0;
  for (const kind of ["input", "output", "cacheRead", "cacheWrite"] as const) {
    const tokens = counts.get(kind) ?? 0;
    const microUsdPerMillion = price[kind];
    if (tokens > 0 && microUsdPerMillion === null) return undefined;
    sum += tokens * (microUsdPerMillion ?? 0);
  }
  return Math.min(2 ** 48, Math.ceil(sum / 1_000_000));
}

const NOBODY_KNOWS: Models = new Map([["", new Map()]]);
const COUNT_MOST = 2 ** 48;

/** Agents tell what they like; an op holds whole numbers, and not of any number of models. */
function bounded(models: Models): Models {
  const kept = new Map<string, SpendCounts>();
  for (const [model, counts] of models) {
    const name = kept.has(model) || kept.size < LIMITS.spendModels - 1 ? model : "";
    const whole = [...counts].flatMap(([kind, count]): [string, number][] =>
      Number.isNaN(count) || count < 0 ? [] : [[kind, Math.min(COUNT_MOST, Math.ceil(count))]],
    );
    const one: Models = new Map([[name, new Map(whole)]]);
    const [sum] = (kept.has(name) ? together(new Map([[name, kept.get(name) ?? new Map()]]), one) : one).values();
    kept.set(name, sum ?? new Map());
  }
  return kept;
}

/** Money that is spent stays spent, as in the log: of each count the greatest stands. What has no room goes under no name. */
function grown(before: Models, now: Models): Models {
  const models = new Map(before);
  for (const [model, counts] of now) {
    const name = models.has(model) || models.size < LIMITS.spendModels - 1 ? model : "";
    const known = models.get(name);
    models.set(name, known === undefined ? counts : greatest(known, counts));
  }
  return models;
}

const isUnknown = (models: Models): boolean => [...models.values()].some((counts) => !counts.has("microUsd"));

export const sumOf = (models: Models): number =>
  [...models.values()].reduce((sum, counts) => sum + (counts.get("microUsd") ?? 0), 0);

/** What two runs of one attempt have used. Where one tells its cost and the other does not, there is an unknown part. */
function together(a: Models, b: Models): Models {
  const sum = new Map<string, SpendCounts>([...a, ...b]);
  for (const [model, counts] of b) {
    const before = a.get(model);
    if (before === undefined) continue;
    const names = new Set([...before.keys(), ...counts.keys()]);
    sum.set(model, new Map([...names].map((name) => [name, (before.get(name) ?? 0) + (counts.get(name) ?? 0)])));
    if (before.has("microUsd") === counts.has("microUsd")) continue;
    const unknown = sum.get("")?.has("microUsd") === true ? "unknown" : "";
    sum.set(unknown, sum.get(unknown) ?? new Map());
  }
  return sum;
}

function greatest(a: SpendCounts, b: SpendCounts): SpendCounts {
  const counts = new Map(a);
  for (const [kind, count] of b) counts.set(kind, Math.max(count, counts.get(kind) ?? 0));
  return counts;
}

/** Equal for what is the same. */
const wordsOf = (models: Models): string => JSON.stringify([...models].map(([model, counts]) => [model, [...counts]]));
