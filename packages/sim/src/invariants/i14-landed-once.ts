/** I14: an item's trailer enters the target branch once. */
import type { MakeChecker } from "./checker.ts";

export const landedOnce: MakeChecker = (world) => {
  const landed = new Map<string, string>();
  return {
    onMoved: ({ items, oid, parent }) => {
      if (items.length === 0) return;
      for (const item of items) {
        const before = landed.get(item);
        landed.set(item, oid);
        if (before === undefined) continue;
        world.violate("I14", `item ${item} landed as ${before.slice(0, 12)} and again as ${oid.slice(0, 12)}`);
      }
      const below = world.remote.chain.at(-2);
      if (below !== undefined && parent !== below.oid)
        world.violate("I14", `${oid.slice(0, 12)} throws away what was on the branch`);
    },
  };
};
