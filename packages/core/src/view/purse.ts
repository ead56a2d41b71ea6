/**
 * May an attempt be paid for? The caps of the project against the ledger. Pure; which day it is comes in.
 *
 *     cap of an attempt   what one may cost; so much is set aside when it is claimed, so that a purse is not spent twice
 *     cap of an item      all its attempts together
 *     cap of a day        all work of the mesh on that day in UTC, as far as this node has heard
 *     share of the day    this node's own rights (rights.ts): the one cap that no partition can break
 *
 * What an attempt has cost is its holder's word, and what the agent tells is the agent's. Where that is unknown, a cap means
 * nothing, so work is refused unless the project says that it may go on.
 */
import type { LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import type { Spend } from "../fold/spend.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { budgetOn, type Rights, rightsOn } from "./rights.ts";
import { chargeOf, formatUsd, isUnknown, microUsdOf, spendsOf } from "./ledger.ts";

/** In millionths of a dollar; null where there is no cap. */
export interface Caps {
  readonly attempt: number | null;
  readonly item: number | null;
  readonly day: number | null;
  readonly unknown: "refuse" | "allow";
}

export interface Purse {
  /** What is set aside when the item is claimed, or one sentence saying why no attempt of it is paid for. */
  offer(item: LiveItem): Result<number, string>;
  /**
   * What is set aside beside that for more work under a claim of the item (a review), so that all of it together stays under the
   * cap of an attempt; or one sentence saying why it is not paid for.
   */
  offerMore(item: LiveItem, claim: string): Result<number, string>;
  /** Like the refusal of an offer, but only what every node would say: not that this one's own rights are used up. */
  refusalAnywhere(item: LiveItem): string | undefined;
  /** So much is as good as set aside. */
  take(reserved: number): void;
  /** So much is for work that this node may begin when its turn comes. */
  save(reserved: number): void;
  saved(): number;
  /** Work was refused for want of this node's own rights alone: others may have some to give. */
  isShort(): boolean;
}

export interface PurseInput {
  readonly view: View;
  readonly caps: Caps;
  /** In UTC: `2026-11-21`. */
  readonly today: string;
  /** Member id of the node that pays. */
  readonly self: string;
}

export const allSpends = (view: View): readonly Spend[] => [...view.items.values()].flatMap(spendsOf);

export function openPurse({ view, caps, today, self }: PurseInput): Purse {
  let taken = 0;
  let saved = 0;
  let short = false;
  let rights: ReadonlyMap<string, Rights> | undefined;
  const fleet = budgetOn(view.membership, today) !== undefined;
  let day: { readonly charged: number; readonly unknown: number } | undefined;
  const ofToday = (): { readonly charged: number; readonly unknown: number } => {
    if (day !== undefined) return day;
    const spends = allSpends(view).filter((spend) => spend.day === today);
    day = { charged: sum(spends, chargeOf), unknown: unknownOf(spends) };
    return day;
  };
  const ownLeft = (): number => {
    rights ??= rightsOn(view, today);
    return (rights?.get(self)?.left ?? 0) - taken;
  };
  const fleetProblem = (wanted: number | null): string | undefined => {
    if (!fleet) return undefined;
    if (wanted === null) return NO_ATTEMPT_CAP;
    return ownProblem(wanted);
  };
  const ownProblem = (wanted: number): string | undefined => {
    const left = ownLeft();
    if (left >= wanted) return undefined;
    short = true;
    return shortOfRights(left, wanted);
  };
  const hasCap = fleet || caps.attempt !== null || caps.item !== null || caps.day !== null;
  const refusalAnywhere = (item: LiveItem): string | undefined => {
    if (!hasCap) return undefined;
    const reserve = caps.attempt ?? 0;
    return (
      attemptProblem(item, caps) ??
      itemProblem(item, caps, reserve) ??
      dayProblem(caps, ofToday, taken, reserve) ??
      (fleet && caps.attempt === null ? NO_ATTEMPT_CAP : undefined)
    );
  };
  return {
    offer: (item) => {
      if (!hasCap) return ok(0);
      const why = refusalAnywhere(item) ?? fleetProblem(caps.attempt);
      return why === undefined ? ok(caps.attempt ?? 0) : err(why);
    },
    refusalAnywhere,
    offerMore: (item, claim) => {
      if (!hasCap) return ok(0);
      const own = spendsOf(item).filter((spend) => spend.claim === claim);
      const more = caps.attempt === null ? null : Math.max(0, caps.attempt - sum(own, chargeOf));
      const why =
        spentProblem(sum(own, microUsdOf), caps) ??
        itemProblem(item, caps, more ?? 0) ??
        dayProblem(caps, ofToday, taken, more ?? 0) ??
        fleetProblem(more);
      return why === undefined ? ok(more ?? 0) : err(why);
    },
    take: (reserved) => {
      taken += reserved;
    },
    save: (reserved) => {
      saved += reserved;
    },
    saved: () => saved,
    isShort: () => short,
  };
}

const NO_ATTEMPT_CAP =
  "the mesh has a budget, and nothing can be set aside from it while skein.yaml does not say what an attempt may cost. Give " +
  "budget.attempt there";

const shortOfRights = (left: number, wanted: number): string =>
  `this node has ${formatUsd(Math.max(0, left))} left of its part of today's budget, and an attempt may take ` +
  `${formatUsd(wanted)}. Other nodes give it what they do not need; \`skein budget\` shows what there is`;

/** An attempt that is ended by its cap once is ended by it again, unless the cap was raised or a person starts it anew. */
function attemptProblem(item: LiveItem, { attempt }: Caps): string | undefined {
  const { overBudget, epoch } = item.best.state;
  if (!overBudget || attempt === null) return undefined;
  const last = sum(
    spendsOf(item).filter((spend) => spend.epoch === epoch - 1),
    microUsdOf,
  );
  if (last < attempt) return undefined;
  return (
    `its last attempt has cost ${formatUsd(last)}, and an attempt may cost ${formatUsd(attempt)}. Raise budget.attempt in ` +
    `skein.yaml, or start it anew: \`skein item move ${item.id} backlog\` and \`skein item start ${item.id}\``
  );
}

const spentProblem = (spent: number, { attempt }: Caps): string | undefined =>
  attempt === null || spent < attempt
    ? undefined
    : `it has cost ${formatUsd(spent)} already, and an attempt may cost ${formatUsd(attempt)}. Raise budget.attempt in skein.yaml`;

function itemProblem(item: LiveItem, caps: Caps, reserve: number): string | undefined {
  const spends = spendsOf(item);
  const unknown = unknownOf(spends);
  if (unknown > 0 && caps.unknown === "refuse") {
    return (
      `it is not known what ${attempts(unknown)} of it cost, so the caps on it mean nothing. Give \`prices\` for the model in ` +
      "skein.yaml, or say `budget: { unknown: allow }` there"
    );
  }
  if (caps.item === null) return undefined;
  const charged = sum(spends, chargeOf);
  const why = shortOf("it", caps.item, charged, reserve);
  return why === undefined ? undefined : `${why}. Raise budget.item in skein.yaml`;
}

function dayProblem(
  caps: Caps,
  ofToday: () => { readonly charged: number; readonly unknown: number },
  taken: number,
  reserve: number,
): string | undefined {
  if (caps.day === null) return undefined;
  const { charged, unknown } = ofToday();
  if (unknown > 0 && caps.unknown === "refuse") {
    return (
      `it is not known what ${attempts(unknown)} of today cost, so the day's cap means nothing. Give \`prices\` for the model ` +
      "in skein.yaml, or say `budget: { unknown: allow }` there"
    );
  }
  const why = shortOf("today's work", caps.day, charged + taken, reserve);
  return why === undefined
    ? undefined
    : `${why}. It goes on tomorrow (UTC), or once budget.day in skein.yaml is raised`;
}

function shortOf(what: string, cap: number, charged: number, reserve: number): string | undefined {
  if (charged < cap && charged + reserve <= cap) return undefined;
  const left = Math.max(0, cap - charged);
  const wanted = left === 0 ? "" : `; that leaves ${formatUsd(left)}, and an attempt may take ${formatUsd(reserve)}`;
  return `${what} has ${formatUsd(charged)} of ${formatUsd(cap)} spent or set aside${wanted}`;
}

/** What is set aside for an attempt that has told nothing yet is charged, so it keeps nobody from working. */
const unknownOf = (spends: readonly Spend[]): number =>
  new Set(spends.flatMap((spend) => (isUnknown(spend) ? [spend.claim] : []))).size;

const attempts = (count: number): string => (count === 1 ? "1 attempt" : `${count} attempts`);

const sum = (spends: readonly Spend[], of: (spend: Spend) => number): number =>
  spends.reduce((total, spend) => total + of(spend), 0);

/** An attempt that runs. */
export interface RunningCost {
  readonly item: string;
  readonly claim: string;
  readonly today: string;
}

/** What all others of the item, and of the day, have cost beside an attempt that runs. */
export interface OthersCost {
  readonly item: number;
  readonly day: number;
}

/** Reads the whole ledger where the day has a cap, so it is not to be asked with every word of an agent. */
export function costOfOthers(view: View, caps: Caps, { item: id, claim, today }: RunningCost): OthersCost {
  const item = view.items.get(id);
  const others = (spends: readonly Spend[]): number =>
    sum(
      spends.filter((one) => one.claim !== claim),
      microUsdOf,
    );
  return {
    item: caps.item === null || item === undefined ? 0 : others(spendsOf(item)),
    day: caps.day === null ? 0 : others(allSpends(view).filter(({ day }) => day === today)),
  };
}

/** Why an attempt that has cost so much has to end, as a clause that follows "because"; undefined while it may go on. */
export function overspent(caps: Caps, spent: number, others: OthersCost): string | undefined {
  const passed = (cap: number | null, all: number, words: string): string | undefined =>
    cap === null || all < cap ? undefined : `${words} ${formatUsd(all)} of ${formatUsd(cap)}`;
  return (
    passed(caps.attempt, spent, "it has cost") ??
    passed(caps.item, spent + others.item, "the item has cost") ??
    passed(caps.day, spent + others.day, "today's work has cost")
  );
}
