/** I9: what a person was told is safe is in every correct node's log in the end. */
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

export const ackedOps: MakeChecker = (world) => ({
  onEnd: () => {
    const correct = correctMachines(world);
    const keys = new Set(correct.map(({ key }) => key));
    for (const { op, machine, lost } of world.acks) {
      // A removed member's last ops may never have left it, and a disk that went back in time took what only it had.
      if (lost || machine.removed || !keys.has(machine.key)) continue;
      for (const other of correct) {
        if (other.running.node.replica.hasOp(op)) continue;
        world.violate("I9", `${other.name} lacks op ${op.slice(0, 12)} that ${machine.name} acknowledged`);
        return;
      }
    }
  },
});
