/** I15 and I16: the tree that landed is one on which the gate was green, and it brings at least one commit. */
import type { MakeChecker } from "./checker.ts";

export const landedTested: MakeChecker = (world) => {
  const green = new Set<string>();
  return {
    onGreen: (commit) => {
      const tree = world.remote.commits.get(commit)?.tree;
      if (tree !== undefined) green.add(tree);
    },
    onMoved: ({ items, oid, tree, ahead }) => {
      if (items.length === 0) return;
      if (items.length > 1) world.note("several items landed together");
      const item = items.join(", ");
      if (!green.has(tree))
        world.violate("I15", `${oid.slice(0, 12)} of item ${item} landed with a tree that no gate saw green`);
      if (ahead < 1) world.violate("I16", `${oid.slice(0, 12)} of item ${item} landed without a commit of its own`);
    },
    onView: (machine) => {
      for (const { id, best } of machine.running?.node.replica.view().items.values() ?? []) {
        const stage = best?.state.stage;
        if ((stage?.stage !== "Qa" && stage?.stage !== "Merge") || stage.commitsAhead >= 1) continue;
        world.violate("I16", `${machine.name}: item ${id} is in ${stage.stage} with ${stage.commitsAhead} commits`);
      }
    },
  };
};
