/**
 * How work flows: what landed and how long that took, what failed and why, what it cost, over the last day, week or month.
 *
 *     lead time    from the item's first op to its landing          cycle time    from its first claim to its landing
 *
 * All of it is read off wall times that authors wrote into their ops: they are for people, and as true as those clocks. A landing
 * that these say came before its begin counts as a landing and has no length. Pure; what time it is comes in. One look at each item
 * that there is, and at the history of those that changed within the range.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import { type HistoryEntry, type ItemHistory, parentOf, stateOf } from "../fold/history.ts";
import { hasLanded } from "../fold/item-state.ts";
import type { Spend } from "../fold/spend.ts";
import { compareText } from "../kernel/bytes.ts";
import type { SendBackReason } from "../op/bodies.ts";
import type { FlowRange } from "../op/ranges.ts";
import { costOf, spendsOf } from "./ledger.ts";
import { chainOf, type Naming } from "./project.ts";
import { budgetOn } from "./rights.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far back a range reaches, and how long one of its steps is. */
const RANGES: Readonly<Record<FlowRange, { readonly lengthMs: number; readonly stepMs: number }>> = {
  "24h": { lengthMs: DAY_MS, stepMs: HOUR_MS },
  "7d": { lengthMs: 7 * DAY_MS, stepMs: DAY_MS },
  "30d": { lengthMs: 30 * DAY_MS, stepMs: DAY_MS },
};

/** Half of them took no longer than `p50`, and so on; ms. */
export type Percentiles = {
  readonly p50: number;
  readonly p85: number;
  readonly p95: number;
  readonly count: number;
};

/** Why an attempt came to nothing: it was sent back, its node fell silent, or somebody gave the item up. */
type FailureReason = SendBackReason | "taken-over" | "Blocked" | "MergeFailed";

export type FlowStep = {
  /** When it begins, Unix ms; steps begin at whole hours or days in UTC. */
  readonly at: number;
  readonly landed: number;
  /** Median of what landed in it, ms; null where nothing did. */
  readonly leadMs: number | null;
  readonly cycleMs: number | null;
};

export type FlowDay = {
  /** In UTC, as the nodes that spent had it: `2026-11-21`. */
  readonly day: string;
  /** Millionths of a dollar, as far as they are known. */
  readonly microUsd: number;
  readonly reserved: number;
  readonly attempts: number;
  /** Attempts of which nobody knows what they cost: no sum covers them. */
  readonly unknown: number;
  /** What all nodes together may spend on that day; null for no cap. */
  readonly cap: number | null;
};

export type Flow = {
  readonly range: FlowRange;
  /** Unix ms. */
  readonly from: number;
  readonly until: number;
  readonly stepMs: number;
  readonly steps: readonly FlowStep[];
  readonly landed: number;
  /** Landings whose clocks contradict each other: they are in no percentile. */
  readonly unclear: number;
  /** Null while nothing landed. */
  readonly lead: Percentiles | null;
  readonly cycle: Percentiles | null;
  /** The most frequent first. */
  readonly failures: readonly { readonly reason: FailureReason; readonly count: number; readonly items: number }[];
  readonly days: readonly FlowDay[];
  /** The project's caps, in millionths of a dollar; null for none, and all of it null where nobody has read skein.yaml. */
  readonly caps: { readonly attempt: number | null; readonly item: number | null; readonly day: number | null } | null;
};

export interface FlowInput {
  readonly range: FlowRange;
  /** Wall time, Unix ms. */
  readonly now: number;
  readonly caps: Flow["caps"];
  /** The day (UTC) that a time falls into: the core has no calendar. */
  readonly dayOf: (ms: number) => string;
}

/** Where a range begins that ends now: at a whole step, so that the first one is not cut. */
export function beginOf(range: FlowRange, now: number): number {
  const { lengthMs, stepMs } = RANGES[range];
  return Math.floor(now / stepMs) * stepMs - lengthMs + stepMs;
}

export function flowOf(view: View, naming: Pick<Naming, "landingOf">, input: FlowInput): Flow {
  const { range, now, caps } = input;
  const from = beginOf(range, now);
  const { stepMs } = RANGES[range];
  const touched = [...view.items.values()].filter(({ updatedAt }) => updatedAt >= from);
  const landings = touched.flatMap((item) => landingIn(item, naming, from) ?? []);
  const lead = landings.flatMap(({ leadMs }) => leadMs ?? []);
  const cycle = landings.flatMap(({ cycleMs }) => cycleMs ?? []);
  return {
    range,
    from,
    until: now,
    stepMs,
    steps: stepsOf(landings, from, now, stepMs),
    landed: landings.length,
    unclear: landings.filter(({ leadMs, cycleMs }) => leadMs === null || cycleMs === null).length,
    lead: percentilesOf(lead),
    cycle: percentilesOf(cycle),
    failures: failuresIn(touched, from),
    days: daysOf(view, touched, from, input),
    caps,
  };
}

interface Landed {
  readonly at: number;
  /** Null where the clocks contradict each other. */
  readonly leadMs: number | null;
  readonly cycleMs: number | null;
}

/** The item's landing, when it was within the range and nobody has found that it was none. */
function landingIn(item: ItemHistory, { landingOf }: Pick<Naming, "landingOf">, from: number): Landed | undefined {
  if (!isLive(item) || !hasLanded(item.best.state) || landingOf(item.id).state === "refuted") return undefined;
  const chain = chainOf(item, item.best.id);
  // Not the commit's date: that is the one of the branch, so that two mergers make the same commit.
  const at = chain.find(({ kind }) => kind === "item.land")?.wall;
  if (at === undefined || at < from) return undefined;
  const claimed = chain.findLast(({ kind }) => kind === "item.claim")?.wall;
  return { at, leadMs: lengthOf(chain.at(-1)?.wall, at), cycleMs: lengthOf(claimed, at) };
}

const lengthOf = (from: number | undefined, to: number): number | null =>
  from === undefined || to < from ? null : to - from;

/** Nearest rank: each of them is a time that one item really took. Undefined for none. */
const rankOf = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];

function percentilesOf(times: readonly number[]): Percentiles | null {
  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p85, p95] = [rankOf(sorted, 0.5), rankOf(sorted, 0.85), rankOf(sorted, 0.95)];
  if (p50 === undefined || p85 === undefined || p95 === undefined) return null;
  return { p50, p85, p95, count: sorted.length };
}

function stepsOf(landings: readonly Landed[], from: number, now: number, stepMs: number): readonly FlowStep[] {
  const count = Math.floor((now - from) / stepMs) + 1;
  const groups = Array.from({ length: count }, (): Landed[] => []);
  // What a clock ahead of ours has written is in the last one.
  for (const landing of landings) groups[Math.min(count - 1, Math.floor((landing.at - from) / stepMs))]?.push(landing);
  return groups.map((group, place) => ({
    at: from + place * stepMs,
    landed: group.length,
    leadMs: percentilesOf(group.flatMap(({ leadMs }) => leadMs ?? []))?.p50 ?? null,
    cycleMs: percentilesOf(group.flatMap(({ cycleMs }) => cycleMs ?? []))?.p50 ?? null,
  }));
}

function failuresIn(items: readonly ItemHistory[], from: number): Flow["failures"] {
  const counts = new Map<FailureReason, { count: number; readonly items: Set<string> }>();
  for (const item of items.filter(isLive)) {
    for (const entry of item.entries.values()) {
      const reason = entry.wall < from ? undefined : failureOf(item, entry);
      if (reason === undefined) continue;
      const known = counts.get(reason) ?? { count: 0, items: new Set<string>() };
      known.count++;
      known.items.add(item.id);
      counts.set(reason, known);
    }
  }
  return [...counts]
    .map(([reason, { count, items: about }]) => ({ reason, count, items: about.size }))
    .toSorted((a, b) => b.count - a.count || compareText(a.reason, b.reason));
}

function failureOf(item: LiveItem, entry: HistoryEntry): FailureReason | undefined {
  const state = stateOf(entry);
  if (state === undefined) return undefined;
  if (entry.kind === "item.claim") return takenFrom(item, entry) === undefined ? undefined : "taken-over";
  if (entry.kind !== "item.archive") return entry.sentBack;
  const reason = state.stage.stage === "Archived" ? state.stage.reason : undefined;
  return reason === "Blocked" || reason === "MergeFailed" ? reason : undefined;
}

/** The member that held the item when this op claimed it, so that it is a take-over; its id. */
export const takenFrom = (item: ItemHistory, claim: HistoryEntry): string | undefined =>
  claim.kind === "item.claim" ? stateOf(parentOf(item, claim))?.claim?.holder : undefined;

/** Every day of the range, the ones without any work too: nothing told is not the same as nothing spent. */
function daysOf(
  view: View,
  items: readonly ItemHistory[],
  from: number,
  { now, dayOf }: FlowInput,
): readonly FlowDay[] {
  const spends = new Map<string, Spend[]>();
  for (let at = Math.floor(from / DAY_MS) * DAY_MS; at <= now; at += DAY_MS) spends.set(dayOf(at), []);
  // An item that was deleted has cost its money all the same.
  for (const item of items) for (const spend of spendsOf(item)) spends.get(spend.day)?.push(spend);
  return [...spends].map(([day, all]) => {
    const { microUsd, reserved, attempts, unknown } = costOf(all);
    return { day, microUsd, reserved, attempts, unknown, cap: budgetOn(view.membership, day)?.microUsd ?? null };
  });
}
