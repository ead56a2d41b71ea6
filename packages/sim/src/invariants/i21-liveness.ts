/** I21: with no faults left, whatever can land has landed or was archived, within bounded time. */
import { isLive, type LiveItem, openDependencies } from "@skein/core";

import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

/** Items that somebody should be working on. */
export function openItems(world: World): readonly LiveItem[] {
  const [machine] = correctMachines(world);
  if (machine === undefined) return [];
  const { items } = machine.running.node.replica.view();
  const isOnBranch = (id: string): boolean => world.remote.chain.some((commit) => commit.items.includes(id));
  return [...items.values()].filter(isLive).filter((item) => {
    const { stage, overBudget } = item.best.state;
    // An attempt that has come to its cap comes to it again: that waits for a person.
    const isOpen = ["Coding", "Qa", "Merge"].includes(stage.stage) && !overBudget;
    return isOpen && item.registers.hold.value === "" && openDependencies(item, items, isOnBranch).length === 0;
  });
}

export const liveness: MakeChecker = (world) => ({
  onEnd: () => {
    const open = openItems(world);
    const [item] = open;
    if (item === undefined) return;
    const { stage, claim, epoch } = item.best.state;
    const holder =
      world.machines.find(({ key }) => key === claim?.holder)?.name ?? claim?.holder.slice(0, 8) ?? "nobody";
    world.violate(
      "I21",
      `${open.length} items did not come to an end, as ${item.id}: ${stage.stage}, epoch ${epoch}, held by ${holder}`,
    );
  },
});
