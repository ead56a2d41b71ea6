/**
 * A failure made small: without the fault classes, machines and ops that it does not need. Classes draw from streams of
 * their own, so leaving one out changes little for the rest; what still fails the same way is kept.
 */
import type { SeedOptions, SeedReport } from "./options.ts";
import { runSeed } from "./simulation.ts";

export interface Minimised {
  readonly options: SeedOptions;
  readonly report: SeedReport;
  /** Seeds run to get there. */
  readonly runs: number;
}

const RUNS_MAX = 80;
const NODES_MIN = 2;

type Run = (seed: number, options: SeedOptions) => Promise<SeedReport>;

/** `failed`: the report of a run with these options that violated something. */
export async function minimise(
  seed: number,
  options: SeedOptions,
  failed: SeedReport,
  run: Run = runSeed,
): Promise<Minimised> {
  const id = failed.violations[0]?.id;
  let best: Minimised = {
    options: { ...options, faults: Object.keys(failed.faults), also: undefined },
    report: failed,
    runs: 0,
  };
  const stillFails = async (change: Partial<SeedOptions>): Promise<boolean> => {
    if (best.runs >= RUNS_MAX) return false;
    const smaller = { ...best.options, ...change, print: undefined };
    const report = await run(seed, smaller);
    const fails = report.violations.some((violation) => violation.id === id);
    best = fails ? { options: smaller, report, runs: best.runs + 1 } : { ...best, runs: best.runs + 1 };
    return fails;
  };
  await dropFaults(() => best.options.faults ?? [], stillFails);
  while (best.options.nodes > NODES_MIN && (await stillFails({ nodes: best.options.nodes - 1 })));
  await fewerOps(() => best.options.ops, stillFails);
  return best;
}

type StillFails = (change: Partial<SeedOptions>) => Promise<boolean>;

/** Halves, then quarters, down to single classes, as long as something can be left out. */
async function dropFaults(current: () => readonly string[], stillFails: StillFails): Promise<void> {
  for (let size = Math.ceil(current().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < current().length;) {
      const without = current().toSpliced(at, size);
      if (!(await stillFails({ faults: without }))) at += size;
    }
  }
}

/** A shorter day fails more often than not when a longer one does, so this is a bisection that may be wrong. */
async function fewerOps(current: () => number, stillFails: StillFails): Promise<void> {
  for (let least = 0; least < current() - 1;) {
    const middle = Math.floor((least + current()) / 2);
    if (!(await stillFails({ ops: middle }))) least = middle;
  }
}

/** The command that runs exactly this again. `step`: where to stop. */
export function replayLine(seed: number, options: SeedOptions, step: number | undefined): string {
  const { night } = options;
  const work =
    night === undefined ? `--ops ${options.ops}` : `--night --stories ${night.stories} --hours ${night.hours}`;
  const words = [`skein sim --seed ${seed} ${work} --nodes ${options.nodes}`];
  if (options.faults !== undefined)
    words.push(`--faults ${options.faults.length === 0 ? "none" : options.faults.join(",")}`);
  if (options.also !== undefined && options.also.length > 0) words.push(`--also ${options.also.join(",")}`);
  if (options.real !== undefined) words.push("--real");
  if (step !== undefined) words.push(`--until ${step} --trace`);
  return words.join(" ");
}
