/**
 * `npm run rehearsal`: a night of unattended agents in short. Three real nodes, stories whose agent does what agents do at night
 * (`packages/sim/src/night/plan.ts`), one node that is killed with -9 and started again, one that is cut off for a while, one whose provider has enough of
 * it (`night.ts`). Afterwards everything is looked at (`check.ts`), and what is not as it has to be is a violation.
 *
 *     npm run rehearsal -- --stories 50 --minutes 60 --seed 1
 *
 * `--only` takes stories of the behaviors that it names alone; `--patience` is how many minutes more everything has to come to its
 * end, for a machine that is busy with other things.
 *
 * Prints a table and ends with 1 when anything was violated.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { BEHAVIORS, type Behavior, drawStories, RETRIES } from "@skein/sim";

import { startPartableMesh } from "../support/mesh.ts";
import { randomOf } from "../support/random.mjs";
import { openWorld, type World } from "../support/world.ts";
import { checkAtRest, checkWhileUp, type Findings } from "./check.ts";
import { live, NAMES, type Night, SLOTS } from "./night.ts";

interface Plan {
  readonly stories: number;
  readonly minutes: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly only: readonly Behavior[];
  readonly patience: number;
}

function readArguments(argv: readonly string[]): Plan | string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      stories: { type: "string", default: "50" },
      minutes: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      only: { type: "string", default: BEHAVIORS.map(({ name }) => name).join(",") },
      patience: { type: "string", default: "0" },
    },
  });
  const [stories, minutes, seed] = [Number(values.stories), Number(values.minutes), Number(values.seed)];
  if (!Number.isInteger(stories) || stories < 1 || stories > 500) return "--stories is a whole number from 1 to 500";
  if (!(minutes >= 1 && minutes <= 1_440)) return "--minutes is a number from 1 to 1440";
  if (!Number.isInteger(seed)) return "--seed is a whole number";
  const patience = Number(values.patience);
  if (!(patience >= 0 && patience <= 60)) return "--patience is a number from 0 to 60";
  const names = values.only.split(",");
  const only = BEHAVIORS.filter(({ name }) => names.includes(name));
  if (only.length !== names.length) return `--only names of these: ${BEHAVIORS.map(({ name }) => name).join(", ")}`;
  return { stories, minutes, seed, keep: values.keep, only, patience };
}

/** Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const plan = readArguments(argv);
  if (typeof plan === "string") {
    console.error(plan);
    return 2;
  }
  console.log(
    `Machine: ${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node.js ${process.version}\n` +
      `Budget: ${plan.stories} stories, ${NAMES.length} nodes, at most ${plan.minutes} minutes, seed ${plan.seed}`,
  );
  const opened = openWorld();
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await opened.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void close().finally(() => process.exit(1)));
  }
  const findings: Findings = { problems: [], rows: [] };
  try {
    await rehearse(plan, opened.world, opened.root, findings);
  } catch (cause) {
    findings.problems.push(cause instanceof Error ? cause.message : String(cause));
  }
  if (plan.keep) await keep(opened.root);
  await close().catch((cause: unknown) => findings.problems.push(String(cause)));
  const rows = findings.rows.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n");
  console.log(`\n| what | figure |\n|---|---|\n${rows}\n`);
  for (const problem of findings.problems) console.error(`VIOLATED: ${problem}`);
  return findings.problems.length === 0 ? 0 : 1;
}

async function keep(root: string): Promise<void> {
  console.log(`Everything is in ${root} until you press Ctrl-C.`);
  const idle = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
  });
  clearInterval(idle);
}

const ATTEMPT_DOLLARS = 0.5;

async function rehearse(plan: Plan, world: World, root: string, findings: Findings): Promise<void> {
  const startedMs = performance.now();
  const random = randomOf(plan.seed);
  const control = world.directory("control");
  const here = (file: string): string => join(import.meta.dirname, file);
  const project = await world.project({
    files: { "check.mjs": readFileSync(here("gate.mjs"), "utf8") },
    config: {
      agent: `{ kind: acp, run: [node, ${here("agent.mjs")}], env: [REHEARSAL_CONTROL, REHEARSAL_NODE] }`,
      retries: `{ noProgress: ${RETRIES.noProgress}, total: ${RETRIES.total} }`,
      claim: "{ ttl: 6s, stagger: 100ms }",
      limits: "{ agentIdle: 12s, agentWall: 40s, gateWall: 2m, output: 1MiB }",
      budget: `{ attempt: $${ATTEMPT_DOLLARS.toFixed(2)}, item: $5 }`,
    },
  });
  const temporary = (name: string): string => join(root, "temporary", name);
  for (const name of NAMES) mkdirSync(temporary(name), { recursive: true });
  const mesh = await startPartableMesh(world, {
    project,
    names: NAMES,
    each: (name) => ({
      slots: SLOTS,
      env: { REHEARSAL_CONTROL: control, REHEARSAL_NODE: name, TMPDIR: temporary(name) },
    }),
  });
  // Enough for all of it and for what runs at once, so that nothing but what spends too much waits for money in the end.
  const dollars = Math.ceil(NAMES.length * SLOTS * ATTEMPT_DOLLARS + 2 + plan.stories * 0.15);
  await mesh.nodes[0].api.command("budget.set", { amount: `${dollars}/day` });
  const upMs = performance.now();
  const night: Night = {
    mesh,
    project,
    control,
    stories: drawStories(plan.stories, random, plan.only),
    random,
    startedMs: upMs,
    endMs: upMs + plan.minutes * 60_000,
    patienceMs: plan.patience * 60_000,
    root,
    temporary,
    money: { dollars, attempt: ATTEMPT_DOLLARS },
    say: (words) => console.log(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(5)} s  ${words}`),
  };
  const lived = await live(night);
  await checkWhileUp(night, lived, findings);
  await Promise.all(lived.nodes.map((node) => node.stop()));
  await checkAtRest(night, lived, findings);
  findings.rows.push(["seconds", ((performance.now() - startedMs) / 1_000).toFixed(0)]);
}
