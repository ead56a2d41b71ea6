/**
 * I34: after a night every item is where its agent's behavior leads, at the cost of as many attempts as were its own fault, and
 * nobody holds a claim.
 */
import { notEnded } from "../night/plan.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

export const nightEnds: MakeChecker = (world) => ({
  onEnd: () => {
    const { night } = world;
    if (night === undefined) return;
    if (night.told.size < night.stories.length) {
      world.violate("I34", `${night.told.size} of ${night.stories.length} stories were told`);
    }
    for (const [id, { name, ends }] of night.told) {
      const item = night.morning.get(id);
      const wrong = item === undefined ? "is not there" : notEnded(item, ends);
      if (wrong !== undefined) world.violate("I34", `item ${id} (${name}) ${wrong}`);
    }
    const [machine] = correctMachines(world);
    for (const { id, best } of machine?.running.node.replica.view().items.values() ?? []) {
      const holder = best?.state.claim?.holder;
      const name = world.machines.find(({ key }) => key === holder)?.name ?? holder;
      if (name !== undefined) world.violate("I34", `item ${id} is still claimed by ${name}`);
    }
  },
});
