/**
 * `npm run mutants`: shows that the simulator sees every known-bad variant of the product, and in how many seeds. The
 * product as it is comes first: what it violates itself would kill every mutant.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { bundleOf } from "./bundle.ts";
import { contest } from "./contest.ts";
import { MUTANTS } from "./catalog.ts";
import type { Mutant } from "./mutant.ts";
import { type Result, tableOf } from "./table.ts";

const SEEDS = 100;
const LIMIT = 1_000;

interface Arguments {
  readonly seeds: number;
  readonly only: readonly string[];
}

function readArguments(argv: readonly string[]): Arguments | string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: "string", default: String(SEEDS) },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > LIMIT) return `--seeds is a whole number from 1 to ${LIMIT}`;
  const unknown = values.only.find((name) => MUTANTS.every((mutant) => mutant.name !== name));
  return unknown === undefined ? { seeds, only: values.only } : `there is no mutant ${unknown}`;
}

/** Returns the exit code. */
export async function main(argv: readonly string[], root: string): Promise<number> {
  const given = readArguments(argv);
  if (typeof given === "string") {
    console.error(given);
    return 2;
  }
  const directory = mkdtempSync(join(tmpdir(), "skein-mutants-"));
  try {
    return await hunt(given, root, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What it is hunted in, in words; nothing for ordinary runs. */
const kindOf = ({ faults = [], night = false }: Mutant): string =>
  night ? " of nights" : faults.length === 0 ? "" : ` with ${faults.join(",")}`;

async function hunt({ seeds, only }: Arguments, root: string, directory: string): Promise<number> {
  const hunted = MUTANTS.filter(({ name }) => only.length === 0 || only.includes(name));
  const unmutated = await bundleOf(undefined, root, directory);
  for (const kind of new Set(hunted.map(kindOf))) {
    const { faults, night } = hunted.find((mutant) => kindOf(mutant) === kind) ?? {};
    const honest = await contest(unmutated, { seeds, limit: seeds, faults, night });
    for (const { seed, violated, message } of honest.answers) {
      if (violated !== null) console.error(`The product itself violates ${violated} with seed ${seed}: ${message}`);
    }
    if (honest.kills > 0) return 1;
    console.error(`The product as it is: ${seeds} seeds${kind}, nothing violated.`);
  }
  const results: Result[] = [];
  for (const mutant of hunted) {
    const { faults, night } = mutant;
    const score = await contest(await bundleOf(mutant, root, directory), { seeds, limit: LIMIT, faults, night });
    results.push({ mutant, score });
    const example = score.answers.find(({ violated }) => violated !== null)?.message ?? "";
    console.error(
      `${mutant.name}: ${score.kills} of ${score.seeds}, first by seed ${score.first ?? "none"}. ${example.slice(0, 300)}`,
    );
  }
  console.log(tableOf(results));
  return results.every(({ score }) => score.first !== undefined) ? 0 : 1;
}
