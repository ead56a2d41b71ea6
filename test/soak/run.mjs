/**
 * `npm run soak`: the landing on real git, under everything that can go wrong with it at once.
 *
 *     npm run soak -- --items 1000 --mergers 10 --kill 25 --human-ms 200 --seed 1
 *
 * Merger processes that all want to land the same items (`merger.mjs`), of which one in `--kill` per cent of the rounds is
 * ended by SIGKILL at a moment nobody chose; a person who pushes to the target branch every `--human-ms` and now and then
 * rests; and a
 * remote (`project.mjs`) that sometimes moves the branch and drops the connection, and sometimes drops it before. Prints a
 * table and ends with 1 when anything was violated (`check.mjs`).
 *
 * What is drawn here follows from the seed; when the processes run does not, so a run is not repeated by its seed.
 */
import { fork } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { check } from "./check.mjs";
import { createProject } from "./project.mjs";
import { randomOf } from "../support/random.mjs";

const { values } = parseArgs({
  options: {
    items: { type: "string", default: "1000" },
    mergers: { type: "string", default: "10" },
    kill: { type: "string", default: "25" },
    "human-ms": { type: "string", default: "200" },
    drop: { type: "string", default: "10" },
    batch: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "120" },
    keep: { type: "boolean", default: false },
  },
});
const plan = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const unreadable = Object.entries(plan).find(([, value]) => !Number.isFinite(value) || value < 0);
if (unreadable !== undefined || plan.items < 1 || plan.mergers < 1) {
  console.error(`--${unreadable?.[0] ?? "items"} has to be a number that is large enough.`);
  process.exit(2);
}

const random = randomOf(plan.seed);
const directory = realpathSync(mkdtempSync(join(tmpdir(), "skein-soak-")));
const merger = fileURLToPath(new URL("merger.mjs", import.meta.url));
const counts = {
  rounds: 0,
  kills: 0,
  landed: 0,
  stale: 0,
  unknown: 0,
  zombies: 0,
  human: 0,
  humanLost: 0,
  failures: 0,
};
const problems = [];
const startedMs = performance.now();
const deadlineMs = startedMs + plan.minutes * 60_000;

/** A kill strikes at any moment of a round: git is started, at work, or waiting for the remote's answer. */
const KILL_WITHIN_MS = 3_000;

const THINKS = 0.12;
const THINKS_FOR = 40;

console.log(`Machine: ${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node.js ${process.version}`);
console.log(
  `Budget: ${plan.items} items, ${plan.mergers} mergers, ${plan.kill} % of the rounds killed, a person every ${plan["human-ms"]} ms, ` +
    `${plan.drop} % of the pushes cut off, trains of up to ${plan.batch}, seed ${plan.seed}`,
);

const project = createProject({ directory, items: plan.items, dropPercent: plan.drop });
const state = { isOver: false };
const running = new Set();

/** One merger, started again for as long as it is killed. */
async function merge(number) {
  for (let life = 0; !state.isOver; life++) {
    const child = fork(merger, [], { stdio: ["ignore", "inherit", "pipe", "ipc"] });
    running.add(child);
    let said = "";
    let wasKilled = false;
    const timers = new Set();
    child.stderr.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
    child.on("message", ({ type, to }) => {
      counts[type] += to ?? 1;
      if (type !== "rounds" || state.isOver || random() * 100 >= plan.kill) return;
      const timer = setTimeout(() => {
        if (state.isOver) return;
        wasKilled = true;
        counts.kills++;
        child.kill("SIGKILL");
      }, random() * KILL_WITHIN_MS);
      timers.add(timer);
    });
    child.send({
      number,
      seed: plan.seed * 1_000_003 + number * 1_009 + life,
      batch: plan.batch,
      directory: join(directory, `merger-${number}`),
      ...project.forMergers,
    });
    const code = await new Promise((resolve) => {
      child.on("close", resolve);
    });
    running.delete(child);
    for (const timer of timers) clearTimeout(timer);
    if (code === 0) return;
    if (!wasKilled && !state.isOver) {
      problems.push(`merger ${number} ended with ${code}: ${said.trim()}`);
      return;
    }
  }
}

/**
 * Somebody who pushes again and again, never knowing what else lands: a push that lost is made again on top. Now and then
 * this person thinks: a target branch that never rests for as long as a round takes lets nothing through that was tested,
 * and how long that is depends on the machine.
 */
async function push() {
  const mean = plan["human-ms"];
  for (let at = 0; !state.isOver; at++) {
    await delay(-Math.log(1 - random()) * (random() < THINKS ? mean * THINKS_FOR : mean));
    if (state.isOver) return;
    const { lost } = await project.humanPushes(at);
    counts.human++;
    counts.humanLost += lost;
  }
}

const ended = setTimeout(() => {
  problems.push(`not every item had landed after ${plan.minutes} minutes`);
  state.isOver = true;
  for (const child of running) child.kill("SIGKILL");
}, deadlineMs - startedMs);
const human = push();
await Promise.all(Array.from({ length: plan.mergers }, (_, number) => merge(number)));
state.isOver = true;
clearTimeout(ended);
await human;
const seconds = (performance.now() - startedMs) / 1_000;

const found = await check({ project, mergers: plan.mergers, directory });
problems.push(...found.problems);
if (counts.failures > 0) problems.push(`${counts.failures} rounds failed for a reason that is none of these`);

const rows = [
  ["items that landed, each once", `${found.landedOnce} of ${plan.items}`],
  ["landings (a train is one)", found.landings],
  ["landings whose very tree was tested", `${found.tested} of ${found.landings}`],
  ["commits of the person, all on the branch", `${found.humanKept} of ${found.humanCommits}`],
  ["moves of the target branch, all forward", `${found.forward} of ${found.moves}`],
  ["repositories that `git fsck` finds clean", `${found.clean} of ${plan.mergers + 1}`],
  ["rounds of the mergers", counts.rounds],
  ["killed with SIGKILL", counts.kills],
  ["pushes that lost against another", counts.stale],
  ["pushes with an outcome in doubt", counts.unknown],
  ["connections cut behind the move, and before it", `${found.cutAfter}, ${found.cutBefore}`],
  ["rounds without the right to (zombies)", counts.zombies],
  ["pushes of the person that lost and were made again", counts.humanLost],
  ["seconds", seconds.toFixed(0)],
];
console.log(`\n| what | figure |\n|---|---|\n${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n")}\n`);
for (const problem of problems) console.error(`VIOLATED: ${problem}`);
if (values.keep) console.log(`Kept: ${directory}`);
else rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = problems.length === 0 ? 0 : 1;
