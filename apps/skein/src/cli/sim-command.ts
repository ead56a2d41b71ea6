/** `skein sim`: whole meshes in one process, under faults drawn from a seed. docs/simulation.md. */
import { availableParallelism } from "node:os";

import { type Command, InvalidArgumentError } from "commander";

import type { SimJob } from "../sim/job.ts";
import { jsonOption, wholeNumber } from "./options.ts";

interface SimFlags {
  readonly seed: number;
  readonly seeds: number;
  readonly ops: number;
  readonly nodes?: number;
  readonly jobs: number;
  readonly faults?: readonly string[];
  readonly also?: readonly string[];
  readonly night?: boolean;
  readonly stories: number;
  readonly hours: number;
  readonly real?: boolean;
  readonly trace?: boolean;
  readonly until?: number;
  readonly minimise: boolean;
  readonly json?: boolean;
}

const NODES_MAX = 16;
const USUAL_NODES = 4;
const NIGHT_NODES = 3;

export function addSimCommand(program: Command): void {
  program
    .command("sim")
    .description("Simulate a mesh under faults drawn from a seed, and check that it keeps its promises")
    .option("--seed <n>", "the seed, or the first one of several", seedNumber, 1)
    .option("--seeds <count>", "how many seeds, counting up", positive, 1)
    .option("--ops <n>", "things that people do in each", wholeNumber, 100)
    .option("--nodes <n>", `honest machines in each, 1 to ${NODES_MAX} (default: 4, and in a night 3)`, nodeCount)
    .option("--jobs <n>", "threads that run seeds", positive, availableParallelism())
    .option(
      "--faults <names>",
      "exactly these fault classes, with commas between, or none; docs/simulation.md lists them",
      faultNames,
    )
    .option("--also <names>", "these fault classes besides those that a seed draws", names)
    .option(
      "--night",
      "a night of unattended agents instead of people who do things; faults and all follow from the seed",
    )
    .option("--stories <n>", "how many are told in a night", positive, 50)
    .option(
      "--hours <n>",
      "how long a night is at most; what takes time in it takes as much longer or shorter",
      positive,
      10,
    )
    .option("--real", "real signatures and SQLite stores in a temporary directory")
    .option("--trace", "print every event")
    .option("--until <step>", "stop after this event", wholeNumber)
    .option("--no-minimise", "leave a failure as it was found")
    .addOption(jsonOption())
    .action((flags: SimFlags, command: Command) => simulate(flags, command));
}

function seedNumber(value: string): number {
  const seed = Number(value);
  if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError("A whole number up to 2^53 is needed.");
  }
  return seed;
}

function positive(value: string): number {
  const number = wholeNumber(value);
  if (number < 1) throw new InvalidArgumentError("At least 1 is needed.");
  return number;
}

function nodeCount(value: string): number {
  const nodes = positive(value);
  if (nodes > NODES_MAX) throw new InvalidArgumentError(`At most ${NODES_MAX} machines can be simulated.`);
  return nodes;
}

const names = (value: string): readonly string[] => value.split(",").map((name) => name.trim());

const faultNames = (value: string): readonly string[] => (value === "none" ? [] : names(value));

const nodesOf = ({ nodes, night }: SimFlags): number => nodes ?? (night === true ? NIGHT_NODES : USUAL_NODES);

const jobOf = (flags: SimFlags): SimJob => ({
  ops: flags.night === true ? 0 : flags.ops,
  nodes: nodesOf(flags),
  faults: flags.faults,
  also: flags.also,
  night: flags.night === true ? { stories: flags.stories, hours: flags.hours } : undefined,
  untilStep: flags.until,
  real: flags.real === true,
  minimise: flags.minimise,
});

async function simulate(flags: SimFlags, command: Command): Promise<void> {
  const { FAULTS } = await import("@skein/sim");
  const unknown = [...(flags.faults ?? []), ...(flags.also ?? [])].find(
    (name) => !FAULTS.some((one) => one.name === name),
  );
  if (unknown !== undefined) {
    const known = FAULTS.map(({ name }) => name).join(", ");
    command.error(`error: there is no fault class "${unknown}"; there are ${known}`);
  }
  if (flags.seeds > 1 && (flags.trace === true || flags.until !== undefined)) {
    command.error("error: --trace and --until are for one seed; leave out --seeds");
  }
  if (flags.night === true && (flags.faults ?? flags.also) !== undefined) {
    command.error("error: what fails in a night follows from its seed; leave out --faults and --also");
  }
  if (flags.night === true && nodesOf(flags) < NIGHT_NODES) {
    command.error(`error: a night needs ${NIGHT_NODES} machines: one is killed, and one is cut off`);
  }
  const isBad = flags.seeds === 1 ? await simulateOne(flags) : await simulateMany(flags);
  if (isBad) process.exitCode = 1;
}

async function simulateOne(flags: SimFlags): Promise<boolean> {
  const [{ runJob }, { describeSeed }] = await Promise.all([import("../sim/run-job.ts"), import("../sim/show.ts")]);
  const print = (line: string): void => {
    // With --json the object is all that a program wants to read on standard output.
    (flags.json === true ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const result = await runJob(flags.seed, jobOf(flags), flags.trace === true ? print : undefined);
  const { lastEvents: _lastEvents, ...report } = result.report;
  const shown = flags.trace === true ? { ...result, report: { ...report, lastEvents: [] } } : result;
  process.stdout.write(
    flags.json === true ? `${JSON.stringify({ ...report, replay: result.replay })}\n` : describeSeed(shown),
  );
  return report.violations.length > 0;
}

const PROGRESS_EVERY = 100;

async function simulateMany(flags: SimFlags): Promise<boolean> {
  const [{ runSeeds }, show] = await Promise.all([import("../sim/pool.ts"), import("../sim/show.ts")]);
  const startedMs = performance.now();
  let summary = show.emptySummary;
  await runSeeds({ from: flags.seed, count: flags.seeds }, jobOf(flags), flags.jobs, (result, done) => {
    summary = show.addResult(summary, result);
    const [first] = result.report.violations;
    if (first !== undefined) process.stderr.write(`seed ${result.report.seed}: ${first.id} ${result.replay ?? ""}\n`);
    if (done % PROGRESS_EVERY === 0) process.stderr.write(`${done} of ${flags.seeds} seeds\n`);
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  process.stdout.write(
    flags.json === true ? `${JSON.stringify({ ...summary, seconds })}\n` : show.describeSummary(summary, seconds),
  );
  return summary.violations.length > 0;
}
