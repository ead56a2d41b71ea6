// npm run bench: Skein and its peers on the same work in one run, taking turns, as a report in Markdown.
//
//     npm run bench                     everything, five runs
//     npm run bench -- --quick          fewer runs and smaller work, to see whether something moved
//     npm run bench -- p1 p4            only what these goals need
//     npm run bench -- --runs 9         more runs
//     npm run bench -- --stack skein    only one stack: for profiling, with BENCH_PROFILE=<directory>
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { coldSync, coldSyncLarge } from "./measurements/cold-sync.mjs";
import { fanOut } from "./measurements/fan-out.mjs";
import { latency } from "./measurements/latency.mjs";
import { restart } from "./measurements/restart.mjs";
import { throughput } from "./measurements/throughput.mjs";
import { report } from "./report.mjs";

const MEASUREMENTS = [latency, throughput, fanOut, coldSync, coldSyncLarge, restart];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, runs: { type: "string" }, stack: { type: "string" } },
});
const runs = Number(values.runs ?? (values.quick ? 3 : 5));
const size = values.quick ? { samples: 150, scale: 0.25 } : { samples: 400, scale: 1 };

installPeers();
const results = [];
for (const measurement of MEASUREMENTS) {
  const wanted = positionals.length === 0 ? !(values.quick && measurement === coldSyncLarge) : isPicked(measurement);
  if (wanted) results.push(await measure(measurement));
}
process.stdout.write(report(results, { runs, quick: values.quick === true }));
process.exit(0);

function isPicked({ picks }) {
  return positionals.some((pick) => picks.includes(pick.toLowerCase()));
}

/** Stacks take turns, so that what else the machine does falls on all of them. */
async function measure(measurement) {
  const stacks = measurement.stacks.filter((stack) => values.stack === undefined || stack.startsWith(values.stack));
  const figures = new Map(stacks.map((stack) => [stack, []]));
  for (const stack of stacks) await measurement.prepare?.(stack);
  for (let run = 1; run <= runs; run++) {
    for (const stack of stacks) {
      process.stderr.write(`${measurement.name}: ${stack}, run ${run} of ${runs}\n`);
      figures.get(stack).push(await measurement.run(stack, size));
    }
  }
  await measurement.finish?.();
  return { name: measurement.name, figures };
}

/** The peers are no dependency of Skein: they have a lockfile of their own, and only whoever measures installs them. */
function installPeers() {
  const peers = fileURLToPath(new URL("peers/", import.meta.url));
  if (existsSync(`${peers}node_modules/.package-lock.json`)) return;
  process.stderr.write("installing what Skein is measured against\n");
  execFileSync("npm", ["ci", "--prefix", peers, "--no-audit", "--no-fund"], { stdio: ["ignore", "ignore", "inherit"] });
}
