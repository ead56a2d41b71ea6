/**
 * I36: after a night nothing is left of it: no process that a program which runs has started, no clone but those of a program
 * that was killed, no gate's directory, and no branch on the remote that is no attempt's.
 */
import { runningMachines, type World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

/** Branches on the remote that belong to no attempt which the log knows. */
export function foreignBranches(world: World): readonly string[] {
  const [machine] = correctMachines(world);
  const items = machine?.running.node.replica.view().items;
  return [...world.remote.branches.keys()].filter((name) => {
    const [, item = "", epoch = ""] = /^skein\/([^/]+)\/(\d+)$/.exec(name) ?? [];
    // Of attempts that lost, too: their epochs may be later than that of what has landed.
    return ![...(items?.get(item)?.entries.values() ?? [])].some(
      ({ outcome }) => outcome.type === "accepted" && outcome.state.epoch === Number(epoch),
    );
  });
}

export const nothingLeft: MakeChecker = (world) => ({
  onEnd: () => {
    const { night } = world;
    if (night === undefined) return;
    for (const { life, what } of world.processes) if (life.alive) world.violate("I36", `there is still ${what}`);
    for (const { name, workspaces, checkouts } of runningMachines(world)) {
      const clones = [...workspaces.keys()].filter((directory) => !night.cutShort.clones.has(directory));
      for (const directory of clones) world.violate("I36", `${name} has left the clone ${directory}`);
      for (const directory of checkouts) world.violate("I36", `${name} has left ${directory}`);
    }
    for (const branch of foreignBranches(world)) world.violate("I36", `the branch ${branch} belongs to no attempt`);
  },
});
