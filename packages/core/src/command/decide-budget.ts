/** What all nodes together may spend on a day: the command that gives each of them its part. */
import { MESH_ENTITY, type View } from "../fold/fold.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { roleAtLeast } from "../member/role.ts";
import type { DecideContext, Decision } from "./deciding.ts";
import type { CommandError } from "./error.ts";
import { findMember } from "./find-member.ts";
import type { CommandInput } from "./registry.ts";

/**
 * The first budget counts at once. A later one begins tomorrow: on a day that has begun, nodes that do not hear each other
 * would go on with two budgets, and spend the sum of both.
 */
export function setBudget(
  { amount, share }: CommandInput<"budget.set">,
  { view, wallMs }: Pick<DecideContext, "view" | "wallMs">,
): Result<Decision, CommandError> {
  const microUsd = amount === "none" ? [] : [microUsdFrom(amount)];
  const shares = share.length === 0 ? ok(equalShares(view)) : namedShares(share, view);
  if (!shares.ok) return shares;
  if ([...shares.value.values()].every((weight) => weight === 0)) {
    return err({
      code: "bad-input",
      message: "Somebody must have a part of the budget: give one of the members more than 0.",
    });
  }
  const day = Math.floor(wallMs / DAY_MS);
  const isFirst = view.membership.budgets.size === 0;
  const from = dateOf(isFirst ? day : day + 1);
  return ok({
    drafts: [{ entity: MESH_ENTITY, on: null, body: { kind: "budget.set", from, microUsd, shares: shares.value } }],
    item: null,
  });
}

const DAY_MS = 86_400_000;

function microUsdFrom(amount: string): number {
  const [whole = "0", part = ""] = amount
    .replace(/^\$/, "")
    .replace(/\/day$/, "")
    .split(".");
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, "0"));
}

const equalShares = ({ membership }: View): ReadonlyMap<string, number> =>
  new Map(
    [...membership.members.values()]
      .filter(({ cut, role }) => cut === null && roleAtLeast(role, "agent"))
      .map(({ id }) => [id, 1]),
  );

function namedShares(given: readonly string[], view: View): Result<ReadonlyMap<string, number>, CommandError> {
  const shares = new Map<string, number>();
  for (const one of given) {
    const [, name, weight] = /^(.+)=([0-9]{1,6})$/.exec(one) ?? [];
    if (name === undefined || weight === undefined) {
      return err({
        code: "bad-input",
        message: "A part is written as the member's name and a whole number, like alice=2.",
      });
    }
    const member = findMember(view, name);
    if (!member.ok) return member;
    shares.set(member.value.id, Number(weight));
  }
  return ok(shares);
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The calendar's name of a day counted from 1970, in UTC. */
export function dateOf(day: number): string {
  let [year, month, left] = [1970, 0, day];
  for (; left >= (isLeap(year) ? 366 : 365); year++) left -= isLeap(year) ? 366 : 365;
  const lengthOf = (index: number): number => (MONTHS[index] ?? 31) + (index === 1 && isLeap(year) ? 1 : 0);
  for (; left >= lengthOf(month); month++) left -= lengthOf(month);
  const two = (count: number): string => String(count).padStart(2, "0");
  return `${year}-${two(month + 1)}-${two(left + 1)}`;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
