/**
 * I27: a checkpoint names what is in the log. That a packed and thinned log means the same as before is I1 and I6, which
 * read what is on the disk. A node that is removed, or that lost the end of its log, may have named what nobody got.
 */
import { standingOf } from "@skein/core";

import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

export const checkpointsHold: MakeChecker = (world) => ({
  onEnd: () => {
    const correct = correctMachines(world);
    const sound = new Set(correct.filter(({ rolledBack }) => !rolledBack).map(({ key }) => key));
    for (const { name, running } of correct) {
      const { replica } = running.node;
      for (const checkpoint of replica.view().membership.checkpoints) {
        const standing = standingOf(checkpoint, replica);
        if (standing.type === "held" || !sound.has(checkpoint.author)) continue;
        world.violate("I27", `${name}: checkpoint ${checkpoint.op.slice(0, 12)} is ${standing.type}`);
      }
    }
  },
});
