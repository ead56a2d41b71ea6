/** What agents have told of their cost beside what the ledger says, attempt by attempt. */
import { microUsdOf, spendsOf } from "@skein/core";

import { correctMachines } from "../invariants/i07-convergence.ts";
import type { World } from "../world.ts";
import type { Night } from "./night.ts";

/** In millionths of a dollar. */
export interface AttemptMoney {
  /** For people: the item, the epoch, and the machine. */
  readonly name: string;
  /** The day (UTC) that it counts for; undefined where the ledger does not have it. */
  readonly day: string | undefined;
  /** By its agents, all their runs together. */
  readonly told: number;
  readonly spent: number;
  readonly reserved: number;
  /** Its program was killed. */
  readonly isCutShort: boolean;
}

export function moneyOf(world: World, night: Night): readonly AttemptMoney[] {
  const told = new Map<string, number>();
  const nameOf = (member: string): string => world.machines.find(({ key }) => key === member)?.name ?? member;
  const keyOf = (item: string, epoch: number, member: string): string => `${item}/${epoch} on ${nameOf(member)}`;
  for (const { item, epoch, member, microUsd } of night.runs) {
    const key = keyOf(item, epoch, member);
    told.set(key, (told.get(key) ?? 0) + microUsd);
  }
  const [machine] = correctMachines(world);
  const ledger = [...(machine?.running.node.replica.view().items.values() ?? [])].flatMap((item) =>
    spendsOf(item).map((spend): AttemptMoney => {
      const name = keyOf(item.id, spend.epoch, spend.member);
      const isCutShort = night.cutShort.attempts.has(`${item.id}/${spend.epoch}`);
      const mine = told.get(name) ?? 0;
      told.delete(name);
      return { name, day: spend.day, told: mine, spent: microUsdOf(spend), reserved: spend.reserved, isCutShort };
    }),
  );
  const unknown = [...told].map(([name, microUsd]): AttemptMoney => ({
    name,
    day: undefined,
    told: microUsd,
    spent: 0,
    reserved: 0,
    isCutShort: false,
  }));
  return [...ledger, ...unknown];
}

export const daysOf = (money: readonly AttemptMoney[]): readonly string[] =>
  [...new Set(money.flatMap(({ day }) => day ?? []))].toSorted();

export const sumOf = (money: readonly AttemptMoney[], of: (attempt: AttemptMoney) => number): number =>
  money.reduce((sum, attempt) => sum + of(attempt), 0);

/** How often a machine gave another one a part of its budget. */
export const giftsOf = (world: World): number =>
  correctMachines(world)[0]?.running.node.replica.view().membership.transfers.size ?? 0;
