/** Runs one seed with everything it needs; a failure is made small at once, where it was found. */
import { minimise, replayLine, runSeed, type SeedOptions } from "@skein/sim";

import type { SimJob, SimResult } from "./job.ts";
import { withRealPorts } from "./real-ports.ts";

export async function runJob(seed: number, job: SimJob, print?: (line: string) => void): Promise<SimResult> {
  const { ops, nodes, faults, also, night, untilStep } = job;
  const options: SeedOptions = { ops, nodes, faults, also, night, untilStep, print };
  return job.real
    ? withRealPorts((real) => runOptions(seed, { ...options, real }, job))
    : runOptions(seed, options, job);
}

async function runOptions(seed: number, options: SeedOptions, job: SimJob): Promise<SimResult> {
  const report = await runSeed(seed, options);
  const [first] = report.violations;
  if (first === undefined) return { report, replay: null };
  // Another number of stories is another night.
  const isAsItIs = !job.minimise || job.untilStep !== undefined || job.night !== undefined;
  if (isAsItIs) return { report, replay: replayLine(seed, options, first.step) };
  const small = await minimise(seed, options, report);
  const step = small.report.violations.find(({ id }) => id === first.id)?.step;
  return { report, replay: replayLine(seed, small.options, step) };
}
