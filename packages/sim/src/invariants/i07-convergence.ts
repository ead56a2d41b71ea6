/** I6, I7 and I18: with no faults left, all logs become equal, and so do the views, with one claim at most on each item. */
import { digestOf, feedOf, type Heads, toHex } from "@skein/core";

import { type RunningMachine, runningMachines, type World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

/** What a log holds as one text, to compare. Which branch of a forked feed a node names first is its own affair. */
const headsOf = (heads: Heads): string =>
  [...heads.values()]
    .map((head) => `${feedOf(head)} ${head.seq} ${head.frame === null ? "" : toHex(head.frame)}`)
    .toSorted()
    .join("\n");

/**
 * Those that the founder, whom nobody can remove, knows as members. A machine that joined through a removed member is
 * none: its admission was written beyond the cut.
 */
export function correctMachines(world: World): readonly RunningMachine[] {
  const members = world.machines[0]?.running?.node.replica.view().membership.members;
  return runningMachines(world).filter(({ key }) => members?.get(key)?.cut === null);
}

export function logsAreEqual(world: World): boolean {
  const correct = correctMachines(world);
  const [first] = correct;
  if (first === undefined) return false;
  const heads = headsOf(first.running.node.replica.heads());
  return correct.every(({ running }) => headsOf(running.node.replica.heads()) === heads);
}

export const convergence: MakeChecker = (world) => ({
  onEnd: () => {
    const correct = correctMachines(world);
    const down = world.machines.filter((machine) => machine.running === undefined && !machine.name.endsWith("-clone"));
    for (const { name } of down) world.violate("I7", `${name} does not run`);
    if (!logsAreEqual(world)) {
      const counts = correct.map(({ name, running }) => `${name} ${running.node.replica.opCount()}`).join(", ");
      world.violate("I7", `the logs are not equal: ${counts}`);
      return;
    }
    const digests = correct.map(({ running }) => digestOf(running.node.replica.view(), world.crypto));
    const names = correct.map(({ name }, index) => `${name} ${digests[index]?.slice(0, 12) ?? ""}`);
    if (new Set(digests).size > 1) world.violate("I6", `equal logs, and digests differ: ${names.join(", ")}`);
  },
});
