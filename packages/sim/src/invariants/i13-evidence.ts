/**
 * I13: a view that says Done names a commit that is on the target branch and carries the item's trailer, or a member
 * lied, and then every node that reads the branch says so; and in the end what is on the target branch has landed in the
 * view, whoever brought it there and whatever became of the item.
 */
import { hasLanded, isLive } from "@skein/core";

import type { Machine, RunningMachine, World } from "../world.ts";
import { correctMachines } from "./i07-convergence.ts";
import type { MakeChecker } from "./checker.ts";

/** Items whose trailer is on the target branch, and which have not landed as the log says. */
export function unrecordedLandings(world: World): readonly string[] {
  const [machine] = correctMachines(world);
  const items = machine?.running.node.replica.view().items;
  return world.remote.chain
    .flatMap((commit) => commit.items)
    .flatMap((id) => {
      const item = items?.get(id);
      return item !== undefined && isLive(item) && !hasLanded(item.best.state) ? [item.id] : [];
    });
}

export const evidence: MakeChecker = (world) => {
  const checked = new Map<Machine, Map<string, string>>();
  const isThere = (id: string, commit: string): boolean =>
    world.remote.chain.some(({ oid, items }) => oid === commit && items.includes(id));
  return {
    onView: (machine) => {
      const items = machine.running?.node.replica.view().items ?? new Map<string, never>();
      const known = checked.get(machine) ?? new Map<string, string>();
      checked.set(machine, known);
      for (const { id, best } of items.values()) {
        const stage = best?.state.stage;
        if (best === undefined || stage?.stage !== "Done" || known.get(id) === stage.mergeCommit) continue;
        known.set(id, stage.mergeCommit);
        // A member with the role may write anything; what a node makes of it once it has read the branch is below.
        if (world.byzantine.has(best.author) || isThere(id, stage.mergeCommit)) continue;
        world.violate(
          "I13",
          `${machine.name}: item ${id} is Done as ${stage.mergeCommit.slice(0, 12)}, which is not its commit on the target branch`,
        );
      }
    },
    onEnd: () => {
      const [id] = unrecordedLandings(world);
      if (id !== undefined) world.violate("I13", `item ${id} is on the target branch, and the log does not say so`);
      for (const machine of correctMachines(world)) {
        for (const problem of misjudged(world, machine)) world.violate("I13", `${machine.name}: ${problem}`);
      }
    },
  };
};

/** At rest every node has read the target branch: it shows a landing as verified when it is there, else as refuted. */
function misjudged(world: World, { running }: RunningMachine): readonly string[] {
  const landed = new Set(world.remote.chain.flatMap(({ items }) => items));
  return [...running.node.api.board.current().items.values()].flatMap(({ id, landing }) => {
    const right = landed.has(id) ? "verified" : "refuted";
    if (landing === "refuted" && right === "refuted") world.note("invented landing refuted");
    return landing === null || landing === right ? [] : [`the landing of item ${id} is ${landing}, not ${right}`];
  });
}

/** A landing is judged by every node that reads the branch, some seconds after it hears of it. */
export const landingsAreJudged = (world: World): boolean =>
  correctMachines(world).every((machine) => misjudged(world, machine).length === 0);
