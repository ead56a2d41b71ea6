/**
 * I35: what agents tell of their cost stays within the mesh's budget of the day on which their attempts began, and within what an
 * attempt may cost; the ledger has of each attempt what its agents told. Of one whose program was killed it may have less, and
 * then what was set aside for it stays aside. Machines give each other what work needs, and not to and fro.
 */
import { formatUsd, overdrafts, rightsOn } from "@skein/core";

import { type AttemptMoney, daysOf, giftsOf, moneyOf, sumOf } from "../night/money.ts";
import type { Night } from "../night/night.ts";
import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

const MICRO = 1_000_000;
/** For each attempt: the others may put together what they have. */
const GIFTS_MOST = 6;

export const nightMoney: MakeChecker = (world) => ({
  onEnd: () => {
    const { night } = world;
    if (night === undefined) return;
    const money = moneyOf(world, night);
    for (const attempt of money) {
      const wrong = problemOf(attempt, night.money.attempt * MICRO);
      if (wrong !== undefined) world.violate("I35", `${attempt.name} ${wrong}`);
    }
    for (const day of daysOf(money)) checkDay(world, night, money, day);
    const [gifts, most] = [giftsOf(world), money.length * GIFTS_MOST];
    if (gifts > most) world.violate("I35", `money was given ${gifts} times, for ${money.length} attempts`);
  },
});

function problemOf({ day, told, spent, reserved, isCutShort }: AttemptMoney, cap: number): string | undefined {
  if (day === undefined) return `has cost ${formatUsd(told)}, and the ledger does not know it`;
  if (told > cap) return `has cost ${formatUsd(told)}, and an attempt may cost ${formatUsd(cap)}`;
  if (spent > told) return `has cost ${formatUsd(told)}, and the ledger has ${formatUsd(spent)}`;
  if (spent + reserved < told) {
    return `has cost ${formatUsd(told)}; the ledger has ${formatUsd(spent)}, and ${formatUsd(reserved)} are set aside`;
  }
  if (isCutShort) return undefined;
  if (reserved > 0) return `is over, and ${formatUsd(reserved)} stay set aside for it`;
  return spent === told ? undefined : `has cost ${formatUsd(told)}, and the ledger has ${formatUsd(spent)}`;
}

function checkDay(world: World, night: Night, money: readonly AttemptMoney[], day: string): void {
  const told = sumOf(
    money.filter((attempt) => attempt.day === day),
    (attempt) => attempt.told,
  );
  const cap = night.money.day * MICRO;
  if (told > cap)
    world.violate("I35", `on ${day} agents have cost ${formatUsd(told)}, and ${formatUsd(cap)} is the cap`);
  const [machine] = correctMachines(world);
  const rights = machine === undefined ? undefined : rightsOn(machine.running.node.replica.view(), day);
  if (rights === undefined) return world.violate("I35", `nobody knows of a budget on ${day}`);
  const nameOf = (member: string): string => world.machines.find(({ key }) => key === member)?.name ?? member;
  for (const words of overdrafts(rights, nameOf).values()) world.violate("I35", words);
}
