/** I25: what waits for a peer stays within its limit, and a node keeps no more links than the mesh has members. */
import { LIMITS } from "@skein/core";

import { runningMachines } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

export const bounds: MakeChecker = (world) => ({
  onEnd: () => {
    const peak = world.network.peakBytes();
    if (peak > LIMITS.outboxBytes) world.violate("I25", `${peak} bytes waited for one peer`);
    for (const { name, running } of runningMachines(world)) {
      const nodes = [...running.node.api.board.current().nodes.values()].filter(({ linked }) => linked);
      if (nodes.length > world.machines.length + 1) world.violate("I25", `${name} shows ${nodes.length} links`);
    }
  },
});
