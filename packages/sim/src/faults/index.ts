/** All fault classes. */
import { type ByzantineSeat, byzantineFaults } from "./byzantine.ts";
import { chatFault } from "./chat.ts";
import { clockFault } from "./clock.ts";
import { crashAtWriteFault, killFault } from "./crash.ts";
import { bitFlipFault, cloneFault, diskFullFault, restoreFault, syncErrorFault } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { freezeFault } from "./freeze.ts";
import { backpressureFault, cutFault, delayFault, flappingFault, oneWayFault, partitionFault } from "./network.ts";
import { agentFault, cancelFault, humanFault, packingFault, remoteFault } from "./work.ts";

export const faultsOf = (seat: ByzantineSeat): readonly Fault[] => [
  clockFault,
  freezeFault,
  delayFault,
  cutFault,
  backpressureFault,
  partitionFault,
  oneWayFault,
  flappingFault,
  killFault,
  crashAtWriteFault,
  diskFullFault,
  syncErrorFault,
  restoreFault,
  cloneFault,
  bitFlipFault,
  remoteFault,
  humanFault,
  cancelFault,
  packingFault,
  agentFault,
  chatFault,
  ...byzantineFaults(seat),
];

/** What there is, for people. */
export const FAULTS: readonly Pick<Fault, "name" | "about">[] = faultsOf({ peer: undefined });
