/**
 * The ledger: what work has cost, added up from what the holders of attempts have said. Pure.
 *
 * What nobody knows is unknown and never 0: a sum says how many attempts it does not cover. Items that were deleted have
 * cost their money all the same, and so have attempts that lost their claim.
 */
import type { View } from "../fold/fold.ts";
import type { ItemHistory } from "../fold/history.ts";
import type { Spend } from "../fold/spend.ts";
import { compareText } from "../kernel/bytes.ts";
import type { LedgerKey, SpendCounts } from "../op/bodies.ts";

export const TOKEN_COUNTS = ["input", "output", "cacheRead", "cacheWrite"] as const;

/** Money, with what is not known of it. */
export interface Cost {
  /** Millionths of a dollar, as far as they are known. */
  readonly microUsd: number;
  /** Attempts of which it is not known what they have cost, or not all of it. */
  readonly unknown: number;
  readonly attempts: number;
  /** Set aside for what runs, or ran and never told what it cost. */
  readonly reserved: number;
}

export interface LedgerRow extends Cost {
  readonly key: string;
  /** Tokens by kind; a kind that nobody told is not there. */
  readonly tokens: ReadonlyMap<string, number>;
}

/** One attempt on one day with one model. */
interface Entry {
  readonly item: string;
  readonly spend: Spend;
  readonly model: string;
  /** Undefined while nothing was told. */
  readonly counts: SpendCounts | undefined;
  readonly reserved: number;
}

export const spendsOf = ({ annotations }: Pick<ItemHistory, "annotations">): readonly Spend[] => [
  ...annotations.spends.values(),
];

const entriesOf = (item: string, spend: Spend): readonly Entry[] => {
  const told = [...spend.models];
  if (told.length === 0) return [{ item, spend, model: "", counts: undefined, reserved: spend.reserved }];
  // What is set aside belongs to the attempt and not to one of its models: it is counted once.
  return told.map(([model, counts], place) => ({
    item,
    spend,
    model,
    counts,
    reserved: place === 0 ? spend.reserved : 0,
  }));
};

/** Was something used of which nobody says what it cost? */
export const isUnknown = ({ models }: Spend): boolean => [...models.values()].some((counts) => !counts.has("microUsd"));

/** Money is set aside for it, and it has told nothing: it has just begun, or its node died. */
const isUntold = ({ models, reserved }: Spend): boolean => models.size === 0 && reserved > 0;

export const microUsdOf = ({ models }: Spend): number =>
  [...models.values()].reduce((sum, counts) => sum + (counts.get("microUsd") ?? 0), 0);

/** What this counts for: what is known of it, and what is set aside beside that. */
export const chargeOf = (spend: Spend): number => microUsdOf(spend) + spend.reserved;

export function costOf(spends: readonly Spend[]): Cost {
  const attempts = new Set(spends.map(({ claim }) => claim));
  const unknown = new Set(spends.flatMap((spend) => (isUnknown(spend) || isUntold(spend) ? [spend.claim] : [])));
  return {
    microUsd: spends.reduce((sum, spend) => sum + microUsdOf(spend), 0),
    unknown: unknown.size,
    attempts: attempts.size,
    reserved: spends.reduce((sum, { reserved }) => sum + reserved, 0),
  };
}

/** All that was ever told, added up by one of its sides, the dearest first; days in their order. */
export function ledgerBy(view: View, by: LedgerKey, nameOf: (member: string) => string): readonly LedgerRow[] {
  const groups = new Map<string, Entry[]>();
  for (const { id, annotations } of view.items.values()) {
    for (const spend of annotations.spends.values()) {
      for (const entry of entriesOf(id, spend)) {
        const key = keyOf(entry, by, nameOf);
        const group = groups.get(key) ?? [];
        group.push(entry);
        groups.set(key, group);
      }
    }
  }
  const rows = [...groups].map(([key, entries]) => rowOf(key, entries));
  return by === "day"
    ? rows.toSorted((a, b) => compareText(a.key, b.key))
    : rows.toSorted((a, b) => b.microUsd - a.microUsd || compareText(a.key, b.key));
}

function keyOf({ item, spend, model }: Entry, by: LedgerKey, nameOf: (member: string) => string): string {
  switch (by) {
    case "item":
      return item;
    case "attempt":
      return `${item}/${spend.epoch}`;
    case "agent":
      return spend.agent;
    case "node":
      return nameOf(spend.member);
    case "day":
      return spend.day;
    case "model":
      return model;
  }
}

function rowOf(key: string, entries: readonly Entry[]): LedgerRow {
  const unknown = new Set<string>();
  const tokens = new Map<string, number>();
  let microUsd = 0;
  for (const { counts, spend } of entries) {
    const cost = counts?.get("microUsd");
    if (cost === undefined) {
      if (counts !== undefined || isUntold(spend)) unknown.add(spend.claim);
    } else microUsd += cost;
    for (const kind of TOKEN_COUNTS) {
      const count = counts?.get(kind);
      if (count !== undefined) tokens.set(kind, (tokens.get(kind) ?? 0) + count);
    }
  }
  return {
    key,
    microUsd,
    unknown: unknown.size,
    attempts: new Set(entries.map(({ spend }) => spend.claim)).size,
    reserved: entries.reduce((sum, { reserved }) => sum + reserved, 0),
    tokens,
  };
}

// ── in words ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `$1.20`, and more digits for what is less than a cent: no money reads as none. */
export function formatUsd(microUsd: number): string {
  const whole = Math.floor(microUsd / 1_000_000);
  const rest = String(microUsd % 1_000_000).padStart(6, "0");
  const digits = microUsd >= 10_000 || microUsd === 0 ? rest.slice(0, 2) : rest.replace(/0+$/, "");
  return `$${whole}.${digits}`;
}

/** `$1.20`, `unknown`, or `≥ $1.20 and unknown for 2 attempts`. */
export function formatCost({ microUsd, unknown, attempts }: Pick<Cost, "microUsd" | "unknown" | "attempts">): string {
  if (unknown === 0) return formatUsd(microUsd);
  if (microUsd === 0 && unknown === attempts) return "unknown";
  return `≥ ${formatUsd(microUsd)} and unknown for ${unknown} ${unknown === 1 ? "attempt" : "attempts"}`;
}
