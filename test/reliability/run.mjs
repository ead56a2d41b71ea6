/**
 * `npm run reliability`: many seeds of the simulator, with a budget that is printed first and figures that are printed last.
 *
 *     npm run reliability                 100 pure seeds, 15 with real signatures and SQLite, 4 with rooms, 6 short nights
 *     npm run reliability -- --nightly    10,000 seeds of 100 ops with real signatures and SQLite, 2,000 with rooms, 200 nights
 *     npm run reliability -- --from 5000  the same numbers of seeds, beginning there
 *     npm run reliability -- --part 0.01  a hundredth of them
 *     npm run reliability -- --answers 200    only rooms: how often somebody sees an answer twice, with 200 seeds of each kind
 *
 * Seeds that once failed (regressions.json) always run first. Ends with 1 when anything was violated.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { SOMETIMES } from "@skein/sim";

const skein = fileURLToPath(new URL("../../apps/skein/bin/skein.js", import.meta.url));

const { values } = parseArgs({
  options: {
    nightly: { type: "boolean", default: false },
    from: { type: "string", default: "1" },
    part: { type: "string", default: "1" },
    answers: { type: "string" },
  },
});
const from = Number(values.from);
const part = Number(values.part);

const roomsArgs = ["--ops", "60", "--nodes", "4"];
const answers = Number(values.answers ?? 0);
const regressions = answers > 0 ? [] : JSON.parse(readFileSync(new URL("regressions.json", import.meta.url), "utf8"));
const PLANS = {
  usual: [
    { name: "pure", seeds: 100, args: ["--ops", "20", "--nodes", "3"] },
    { name: "real signatures and SQLite", seeds: 15, args: ["--real", "--ops", "30", "--nodes", "3"] },
    { name: "rooms", seeds: 4, args: ["--also", "chat", "--ops", "30", "--nodes", "3"] },
    { name: "nights", seeds: 6, args: ["--night", "--stories", "15", "--hours", "1"] },
  ],
  nightly: [
    { name: "real signatures and SQLite", seeds: 10_000, args: ["--real", "--ops", "100", "--nodes", "3"] },
    { name: "rooms", seeds: 2_000, args: [...roomsArgs, "--also", "chat"] },
    { name: "nights", seeds: 200, args: ["--night"] },
  ],
  answers: [
    { name: "rooms, nodes are killed", seeds: answers, args: [...roomsArgs, "--faults", "chat,kill"] },
    { name: "rooms, everything fails", seeds: answers, args: [...roomsArgs, "--also", "chat"] },
  ],
};
const whole = PLANS[answers > 0 ? "answers" : values.nightly ? "nightly" : "usual"];
const plan = whole.map((one) => ({ ...one, seeds: Math.max(2, Math.ceil(one.seeds * part)) }));

console.log(`Machine: ${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node.js ${process.version}`);
console.log(`Budget: ${regressions.length} seeds that once failed, then`);
for (const { name, seeds, args } of plan) console.log(`  ${seeds} seeds, ${name}: ${args.join(" ")}`);

const failures = [];
const sometimes = {};
const startedMs = performance.now();

function sim(args, describe) {
  const run = spawnSync(process.execPath, [skein, "sim", ...args, "--json"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (run.stdout === "") throw new Error(`skein sim ${args.join(" ")} ended with ${run.status} and said nothing`);
  const answer = JSON.parse(run.stdout);
  for (const [name, count] of Object.entries(answer.sometimes)) sometimes[name] = (sometimes[name] ?? 0) + count;
  for (const violation of answer.violations) {
    failures.push(`${violation.id} (${describe}): ${violation.message}\n    ${violation.replay ?? answer.replay}`);
  }
  return answer;
}

/**
 * Of a thousand answers one may be seen twice where a platform knows no keys and speakers are killed. One in a small sample says
 * nothing; and where two nodes that do not hear each other both reach the platform, nothing can be promised, only counted.
 */
const TWICE = 1 / 1_000;

function answersOf({ sometimes: seen }) {
  const given = seen["room: answer on an account without keys"] ?? 0;
  const twice = seen["room: answer seen twice"] ?? 0;
  return { given, twice, line: `${given} answers on accounts without keys, ${twice} of them seen twice` };
}

for (const { found, args } of regressions) sim(args, found);
for (const { name, seeds, args } of plan) {
  const began = performance.now();
  const answer = sim(["--seed", String(from), "--seeds", String(seeds), ...args], name);
  const seconds = (performance.now() - began) / 1_000;
  const days = answer.simulatedMs / 86_400_000;
  console.log(
    `${name}: ${answer.seeds} seeds, ${answer.ops} ops, ${answer.steps} events, ${days.toFixed(1)} simulated days ` +
      `in ${seconds.toFixed(0)} s (${(answer.seeds / seconds).toFixed(1)} seeds/s); ` +
      `${new Set(answer.violations.map(({ seed }) => seed)).size} seeds failed`,
  );
  const { given, twice, line } = answersOf(answer);
  if (given > 0)
    console.log(`  ${line} (${((twice / given) * 1_000).toFixed(2)} in a thousand); with keys none, or a seed failed`);
  if (name.includes("killed") && twice > Math.max(1, given * TWICE))
    failures.push(`${name}: ${line}; one in a thousand is the limit`);
}

console.log(`\nSeen, in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s:`);
for (const name of SOMETIMES) console.log(`${String(sometimes[name] ?? 0).padStart(9)}  ${name}`);
// Nobody is glad of this one.
const never = SOMETIMES.filter((name) => sometimes[name] === undefined && !name.includes("seen twice"));
// A sample may miss one; of ten thousand seeds, one that is never seen says that the simulator is too kind.
if (values.nightly && part >= 1 && never.length > 0) failures.push(`never seen: ${never.join("; ")}`);
if (failures.length > 0) {
  console.log(`\n${failures.length} violations:`);
  for (const failure of failures) console.log(`  ${failure}`);
  process.exitCode = 1;
} else console.log("\nNothing was violated.");
