/** What a night came to, for people. */
import { formatUsd } from "@skein/core";

import { correctMachines, logsAreEqual } from "../invariants/i07-convergence.ts";
import { foreignBranches } from "../invariants/i36-nothing-left.ts";
import type { TableRow } from "../options.ts";
import type { World } from "../world.ts";
import { daysOf, giftsOf, moneyOf, sumOf } from "./money.ts";
import type { Night } from "./night.ts";
import { BEHAVIORS, goalOf, notEnded } from "./plan.ts";

export function tableOf(world: World, night: Night): readonly TableRow[] {
  return [...endRows(night), ...runRows(night), ...moneyRows(world, night), ...restRows(world, night)];
}

function endRows({ told, morning }: Night): readonly TableRow[] {
  return BEHAVIORS.flatMap((behavior): TableRow[] => {
    const ids = [...told].flatMap(([id, one]) => (one === behavior ? [id] : []));
    const right = ids.filter((id) => {
      const item = morning.get(id);
      return item !== undefined && notEnded(item, behavior.ends) === undefined;
    });
    return ids.length === 0
      ? []
      : [[`${behavior.words} → ${goalOf(behavior)}`, `${right.length} of ${ids.length}`] as const];
  });
}

function runRows({ runs }: Night): readonly TableRow[] {
  const limited = (how: "throttle" | "block"): number => runs.filter((run) => run.limited === how).length;
  return [
    ["runs of agents", String(runs.length)],
    [
      "runs that a provider told to wait a little, and that it cut off for long",
      `${limited("throttle")}, ${limited("block")}`,
    ],
  ];
}

function moneyRows(world: World, night: Night): readonly TableRow[] {
  const money = moneyOf(world, night);
  const gifts: TableRow = [
    "times that a machine gave another one money, for so many attempts",
    `${giftsOf(world)}, ${money.length}`,
  ];
  const days = daysOf(money).map((day): TableRow => {
    const ofDay = money.filter((attempt) => attempt.day === day);
    const [told, spent] = [sumOf(ofDay, (one) => one.told), sumOf(ofDay, (one) => one.spent)];
    const reserved = sumOf(ofDay, (one) => one.reserved);
    return [
      `told on ${day}, of the day's budget; in the ledger, and set aside for what was killed`,
      `${formatUsd(told)} of ${formatUsd(night.money.day * 1_000_000)}; ${formatUsd(spent)}, ${formatUsd(reserved)}`,
    ];
  });
  return [...days, gifts];
}

function restRows(world: World, night: Night): readonly TableRow[] {
  const { chain, branches } = world.remote;
  const landings = chain.filter(({ items }) => items.length > 0);
  const correct = correctMachines(world);
  const alive = [...world.processes].filter(({ life }) => life.alive).length;
  const clones = world.machines.reduce((sum, { workspaces }) => sum + workspaces.size, 0);
  return [
    [
      "items that have landed, in so many landings",
      `${landings.flatMap(({ items }) => items).length}, ${landings.length}`,
    ],
    ["times that a person moved the target branch", String(chain.length - 1 - landings.length)],
    ["machines with equal logs", logsAreEqual(world) ? `${correct.length} of ${world.machines.length}` : "not all"],
    ["processes that are left", String(alive)],
    ["clones that the killed machine has left, of those it may", `${clones} of ${night.cutShort.clones.size}`],
    ["branches on the remote, and those that are no attempt's", `${branches.size}, ${foreignBranches(world).length}`],
  ];
}
