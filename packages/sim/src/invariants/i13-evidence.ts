/**
 * I13: a view that says Done names a commit that is on the target branch and carries the item's trailer; and in the end
 * what is on the target branch has landed in the view, whoever brought it there and whatever became of the item.
 */
import { hasLanded, isLive } from "@skein/core";

import type { Machine, World } from "../world.ts";
import { correctMachines } from "./i07-convergence.ts";
import type { MakeChecker } from "./checker.ts";

/** Items whose trailer is on the target branch, and which have not landed as the log says. */
export function unrecordedLandings(world: World): readonly string[] {
  const [machine] = correctMachines(world);
  const items = machine?.running.node.replica.view().items;
  return world.remote.chain.flatMap(({ item: id }) => {
    const item = id === null ? undefined : items?.get(id);
    return item !== undefined && isLive(item) && !hasLanded(item.best.state) ? [item.id] : [];
  });
}

export const evidence: MakeChecker = (world) => {
  const checked = new Map<Machine, Map<string, string>>();
  return {
    onView: (machine) => {
      const items = machine.running?.node.replica.view().items ?? new Map<string, never>();
      const known = checked.get(machine) ?? new Map<string, string>();
      checked.set(machine, known);
      for (const { id, best } of items.values()) {
        const stage = best?.state.stage;
        if (stage?.stage !== "Done" || known.get(id) === stage.mergeCommit) continue;
        known.set(id, stage.mergeCommit);
        const isThere = world.remote.chain.some(({ oid, item }) => oid === stage.mergeCommit && item === id);
        if (!isThere) {
          world.violate(
            "I13",
            `${machine.name}: item ${id} is Done as ${stage.mergeCommit.slice(0, 12)}, which is not its commit on the target branch`,
          );
        }
      }
    },
    onEnd: () => {
      const [id] = unrecordedLandings(world);
      if (id !== undefined) world.violate("I13", `item ${id} is on the target branch, and the log does not say so`);
    },
  };
};
