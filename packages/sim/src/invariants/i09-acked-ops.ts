/**
 * I9: what a person was told is safe is in every correct node's log in the end. An item that was added under a feed that
 * forked is written again under the next one.
 */
import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

export const ackedOps: MakeChecker = (world) => ({
  onEnd: () => {
    const correct = correctMachines(world);
    const keys = new Set(correct.map(({ key }) => key));
    const unborn = unbornItems(world);
    for (const { op, machine, holders } of world.acks) {
      // A removed member's last ops may never have left it, and a disk that went back in time took what only it had, or
      // what besides it only a removed member or a copy had.
      const isLost = holders !== undefined && !correct.some((one) => holders.includes(one));
      if (isLost || machine.removed || !keys.has(machine.key)) continue;
      const item = unborn.get(op);
      if (item !== undefined)
        world.violate("I9", `item ${item} that ${machine.name} acknowledged exists only in a forked feed`);
      for (const other of correct) {
        if (other.running.node.replica.hasOp(op)) continue;
        world.violate("I9", `${other.name} lacks op ${op.slice(0, 12)} that ${machine.name} acknowledged`);
        return;
      }
    }
  },
});

/** Items whose only births do not count, because their feed forked, by the id of the op. */
function unbornItems(world: World): ReadonlyMap<string, string> {
  const [machine] = correctMachines(world);
  const items = [...(machine?.running.node.replica.view().items.values() ?? [])].filter(
    ({ best }) => best === undefined,
  );
  const births = items.flatMap(({ id, entries }) =>
    [...entries.values()].flatMap(({ id: op, kind, outcome }) =>
      kind === "item.create" && outcome.type === "quarantined" ? [[op, id] as const] : [],
    ),
  );
  return new Map(births);
}
