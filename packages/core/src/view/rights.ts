/**
 * The fleet's budget, escrowed: every member may spend only from rights of its own, so that the sum stays under the cap
 * whoever can hear whom. This is the bounded counter of Balegas et al. (2015) with the log as its state.
 *
 *     rights of a member on a day = its share of the cap + what others gave it − what it gave away
 *
 * A share comes from the last budget that an operator has set for the day; a gift is the giver's own signed op. Gifts are
 * judged in the total order: one of more than the giver had at its place counts for nothing, and so do the giver's later ones
 * of that day. So a gift counts when all of its giver's gifts up to it were covered by what the giver had got before: more ops
 * only ever make more gifts count, and nobody who has spent a gift sees it taken back. Whoever has seen what it got before it
 * gives is never refused. Pure.
 */
import type { View } from "../fold/fold.ts";
import { compareStamp } from "../op/stamp.ts";
import { compareText } from "../kernel/bytes.ts";
import type { BudgetSetting, Membership } from "../member/membership.ts";
import { chargeOf, formatUsd, microUsdOf, spendsOf } from "./ledger.ts";

/** In millionths of a dollar. */
export interface Rights {
  readonly member: string;
  readonly share: number;
  readonly received: number;
  readonly given: number;
  /** What it tried to give and did not have. */
  readonly refused: number;
  readonly spent: number;
  readonly reserved: number;
  /** What it may still spend or give; below 0 once it has taken more than it had. */
  readonly left: number;
}

/** The budget in force on a day; undefined when there is none. */
export function budgetOn({ budgets }: Pick<Membership, "budgets">, day: string): BudgetSetting | undefined {
  const inForce = [...budgets.values()]
    .filter(({ from }) => from <= day)
    .toSorted(compareStamp)
    .at(-1);
  return inForce?.microUsd === null ? undefined : inForce;
}

/** A member's part of the cap, rounded down: together they are never more than all of it. */
export function shareOf({ microUsd, shares }: Pick<BudgetSetting, "microUsd" | "shares">, member: string): number {
  const weights = [...shares.values()].reduce((sum, weight) => sum + weight, 0);
  const weight = shares.get(member) ?? 0;
  return weight === 0 ? 0 : Number((BigInt(microUsd ?? 0) * BigInt(weight)) / BigInt(weights));
}

interface Account {
  share: number;
  received: number;
  given: number;
  refused: number;
}

/** Everybody's rights on a day, by member; undefined when no budget is in force. */
export function rightsOn(
  view: Pick<View, "membership" | "items">,
  day: string,
): ReadonlyMap<string, Rights> | undefined {
  const { membership } = view;
  const budget = budgetOn(membership, day);
  if (budget === undefined) return undefined;
  const accounts = new Map<string, Account>();
  const accountOf = (member: string): Account => {
    const known = accounts.get(member) ?? { share: shareOf(budget, member), received: 0, given: 0, refused: 0 };
    accounts.set(member, known);
    return known;
  };
  for (const member of [...membership.members.keys(), ...budget.shares.keys()]) accountOf(member);
  const gifts = [...membership.transfers.values()].filter((gift) => gift.day === day).toSorted(compareStamp);
  for (const { from, to, microUsd } of gifts) {
    const giver = accountOf(from);
    const isCovered = giver.refused === 0 && giver.share + giver.received - giver.given >= microUsd;
    if (!isCovered) giver.refused += microUsd;
    else {
      giver.given += microUsd;
      accountOf(to).received += microUsd;
    }
  }
  const used = usedOn(view, day);
  return new Map(
    [...accounts].map(([member, account]) => {
      const { spent, charged } = used.get(member) ?? { spent: 0, charged: 0 };
      const left = account.share + account.received - account.given - charged;
      return [member, { member, ...account, spent, reserved: charged - spent, left }];
    }),
  );
}

interface Used {
  readonly spent: number;
  readonly charged: number;
}

function usedOn({ items }: Pick<View, "items">, day: string): ReadonlyMap<string, Used> {
  const used = new Map<string, Used>();
  for (const item of items.values()) {
    for (const spend of spendsOf(item)) {
      if (spend.day !== day) continue;
      const { spent, charged } = used.get(spend.member) ?? { spent: 0, charged: 0 };
      used.set(spend.member, { spent: spent + microUsdOf(spend), charged: charged + chargeOf(spend) });
    }
  }
  return used;
}

export interface GiftInput {
  readonly rights: ReadonlyMap<string, Rights>;
  readonly self: string;
  /** Members that say that they lack money for work, this one too when it does. */
  readonly short: ReadonlySet<string>;
  /** Members that are there, with this one. */
  readonly alive: ReadonlySet<string>;
  /** What one attempt may cost. */
  readonly need: number;
  /** What this member keeps for work that it is about to begin. */
  readonly saved: number;
}

export interface Gift {
  readonly to: string;
  readonly microUsd: number;
}

/**
 * What this member gives away now. Of those that have no use for their money the richest gives, enough for an attempt and up
 * to half of what it has. When nobody has enough for one, those that are short put together what they have with the first.
 */
export function planGift({ rights, self, short, alive, need, saved }: GiftInput): Gift | undefined {
  const leftOf = (member: string): number => Math.max(0, rights.get(member)?.left ?? 0);
  const [to] = [...short].filter((member) => alive.has(member)).toSorted(compareText);
  if (to === undefined || to === self) return undefined;
  const lacking = need - leftOf(to);
  const own = leftOf(self) - saved;
  if (lacking <= 0 || own <= 0) return undefined;
  const givers = [...alive].filter((member) => !short.has(member) && leftOf(member) > 0);
  if (givers.length === 0) return short.has(self) ? { to, microUsd: own } : undefined;
  const [richest] = givers.toSorted((a, b) => leftOf(b) - leftOf(a) || compareText(a, b));
  return richest === self ? { to, microUsd: Math.min(own, Math.max(lacking, Math.floor(own / 2))) } : undefined;
}

/** Who has taken more than was theirs, in words: what they spent beyond their rights, or tried to give without having it. */
export function overdrafts(
  rights: ReadonlyMap<string, Rights>,
  nameOf: (member: string) => string,
): ReadonlyMap<string, string> {
  return new Map(
    [...rights.values()].flatMap(({ member, left, refused }) => {
      const name = nameOf(member);
      const beyond = left < 0 ? [`${name} has taken ${formatUsd(-left)} more than its part of the day's budget`] : [];
      const tried = refused > 0 ? [`${name} tried to give away ${formatUsd(refused)} that it did not have`] : [];
      const words = [...beyond, ...tried];
      return words.length === 0 ? [] : [[member, `${words.join(", and ")}.`] as const];
    }),
  );
}
