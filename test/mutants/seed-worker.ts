/** The entry of a bundle: a thread that runs one seed after the other, and says of each what it violated first. */
import { runSeed } from "@skein/sim";
import { parentPort } from "node:worker_threads";

import type { SeedAnswer, SeedTask } from "./contest.ts";

/** Meshes of three to five nodes, as `skein sim` has them. */
const optionsOf = (seed: number) => ({ ops: 60, nodes: 3 + (seed % 3), untilViolation: true });

/** Short nights, as `npm run reliability` has them. */
const NIGHT = { ops: 0, nodes: 3, night: { stories: 15, hours: 1 }, untilViolation: true } as const;

async function run({ seed, faults, night }: SeedTask): Promise<SeedAnswer> {
  const { violations } = await runSeed(seed, night ? NIGHT : { ...optionsOf(seed), also: faults });
  const [first] = violations;
  return { seed, violated: first?.id ?? null, message: first?.message ?? "" };
}

parentPort?.on("message", (task: SeedTask) => {
  void run(task).then((answer) => parentPort?.postMessage(answer));
});
