/**
 * I1, I3 and half of I6: the log on each disk, taken by a replica that trusts nothing, is whole. Every signature verifies
 * under a key that was a member, every op comes after what it names, and the view it makes is the one the node shows,
 * which got its ops one by one, in another order, and through restarts.
 */
import { createReplica, digestOf } from "@skein/core";

import { runningMachines } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

export const logReplays: MakeChecker = (world) => ({
  onEnd: () => {
    // A replay costs as much as the run did on one node. Any node will do: which one, the seed says.
    const machines = runningMachines(world);
    const one = machines.length === 0 ? [] : [world.streams("replay").pick(machines)];
    for (const { name, disk, running } of one) {
      const replica = createReplica(world.mesh, world.crypto);
      let stale = false;
      for (const { position, bytes } of disk.frames()) {
        const taken = replica.takeRecord(bytes);
        stale ||= taken.ok && taken.value.frames.some(({ changes }) => changes.some(({ type }) => type === "stale"));
        if (taken.ok) continue;
        world.violate("I1", `${name}: frame ${position} does not verify: ${taken.error.type}: ${taken.error.message}`);
        return;
      }
      // Somebody's say over earlier ops changed: what they mean is asked again, as a node does.
      if (stale) replica.reload(disk.frames().map(({ bytes }) => bytes));
      if (replica.opCount() !== running.node.replica.opCount()) {
        world.violate("I3", `${name} holds ${running.node.replica.opCount()} ops, its disk ${replica.opCount()}`);
      }
      const [own, replayed] = [running.node.replica, replica].map((one) => digestOf(one.view(), world.crypto));
      if (own !== replayed) world.violate("I6", `${name} shows another view than its log makes`);
    }
  },
});
