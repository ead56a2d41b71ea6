/** I13: a view that says Done names a commit that is on the target branch and carries the item's trailer. */
import type { Machine } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

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
  };
};
