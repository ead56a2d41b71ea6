/** The entry of a mutant's bundle: runs the seeds it is given, one after the other, in a thread of its own. */
import { runSeed } from "@skein/sim";
import { parentPort, workerData } from "node:worker_threads";

import type { SeedOutcome, SeedTask } from "./contest.ts";

const { seeds } = workerData as SeedTask;

for (const seed of seeds) {
  const report = await runSeed(seed.seed, seed.options);
  const outcome: SeedOutcome = { seed: seed.seed, violations: report.violations, sometimes: report.sometimes };
  parentPort?.postMessage(outcome);
}
