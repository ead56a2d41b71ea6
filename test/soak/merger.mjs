/**
 * One merger: a process around the repository port of `@skein/git`, which is what a node lands through. It takes the same
 * steps as a node's lander (`packages/node/src/work/lander.ts`): reads which items have landed, merges a train of the next
 * ones, has the gate look at exactly its tree, swaps the target branch, and reads an outcome in doubt again. Ten whole nodes
 * would be other processes on two processors than these; the log, which decides whose turn it is, is a lease in a file here,
 * and in one round of five nobody looks at it: claims keep nobody out, the swap has to.
 */
import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { landingMessage } from "@skein/core";
import { openRepository } from "@skein/git";

import { randomOf } from "../support/random.mjs";

const execute = promisify(execFile);
const never = new AbortController().signal;
const ZOMBIE = 0.02;
const LOOK = 0.1;
const LEASE_MS = 6_000;

const task = await new Promise((resolve) => {
  process.once("message", resolve);
});
// Nobody is left to land for.
process.once("disconnect", () => process.exit(1));
const say = (type, to) => process.send?.({ type, ...(to === undefined ? {} : { to }) });
const random = randomOf(task.seed);
const items = JSON.parse(readFileSync(task.itemsFile, "utf8"));
mkdirSync(task.directory, { recursive: true });

const must = (result) => {
  if (!result.ok) throw Object.assign(new Error(`${result.error.type}: ${result.error.message}`), result.error);
  return result.value;
};
const repository = must(await openRepository({ directory: task.directory, remote: task.remote, base: "main" }, never));

/** True when it is this merger's turn. Two may think so for a moment; that is what the swap is for. */
function hasLease() {
  let lease;
  try {
    lease = JSON.parse(readFileSync(task.lease, "utf8"));
  } catch {
    lease = { holder: undefined, until: 0 };
  }
  if (lease.holder !== task.number && lease.until > Date.now()) return false;
  const draft = `${task.lease}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ holder: task.number, until: Date.now() + LEASE_MS }));
  renameSync(draft, task.lease);
  return true;
}

/** The gate: hashes the files that are really there, and writes down what it has seen. */
async function test(commit) {
  const checkout = must(await repository.openCheckout(commit, `gate-${task.number}`, never));
  const git = async (...args) => (await execute("git", args, { cwd: checkout })).stdout.trim();
  await git("add", "--all");
  const tree = await git("write-tree");
  appendFileSync(task.tested, `${tree}\n`);
  await repository.remove(checkout);
  return tree;
}

const textOf = ({ id, branch }) => ({ title: `Work on ${id}`, item: id, branch });
const AT_SECONDS = 1_700_000_000;

async function couple(target, waiting, limit) {
  const cars = [];
  for (const item of waiting.slice(0, limit)) {
    must(await repository.fetchBranch(item.branch, item.tip, never));
    const base = cars.at(-1)?.commit ?? target;
    const inputs = { base, tip: item.tip, message: landingMessage(textOf(item)), atSeconds: AT_SECONDS };
    const merged = must(await repository.merge(inputs, never));
    if (merged.type !== "merged") throw new Error(`${item.id} conflicts, and nothing here can`);
    cars.push({ item, commit: merged.commit, tree: merged.tree });
  }
  const { commit, tree } = cars.at(-1);
  if (cars.length === 1) return { cars, commit, tree };
  const message = landingMessage(...cars.map(({ item }) => textOf(item)));
  const tips = cars.map(({ item }) => item.tip);
  const inputs = { base: target, tips, tree, message, atSeconds: AT_SECONDS };
  return { cars, commit: must(await repository.join(inputs, never)), tree };
}

async function land(target, { cars, commit }) {
  const names = cars.map(({ item }) => item.id);
  const pushed = await repository.land({ items: names, expected: target, commit }, never);
  if (pushed.ok) return pushed.value.type;
  if (pushed.error.type !== "unknown-outcome") throw new Error(pushed.error.message);
  say("unknown");
  const tip = must(await repository.fetchBase(never));
  const landings = must(await repository.landings(tip, never));
  return names.every((name) => landings.get(name) === commit) ? "moved" : "stale";
}

let limit = task.batch;
for (;;) {
  const isZombie = !hasLease();
  const drawn = random();
  // Whoever waits for others still has to see when there is nothing left.
  if (isZombie && drawn >= ZOMBIE) await delay(200 + random() * 400);
  if (isZombie && drawn >= ZOMBIE + LOOK) continue;
  try {
    const target = must(await repository.fetchBase(never));
    const landings = must(await repository.landings(target, never));
    const waiting = items.filter(({ id }) => !landings.has(id));
    if (waiting.length === 0) process.exit(0);
    if (isZombie && drawn >= ZOMBIE) continue;
    say("rounds");
    if (isZombie) say("zombies");
    const train = await couple(target, waiting, Math.max(1, Math.floor(limit)));
    const tree = await test(train.commit);
    if (tree !== train.tree) throw new Error(`the gate saw ${tree}, and ${train.tree} was to land`);
    const outcome = await land(target, train);
    say(outcome === "moved" ? "landed" : "stale");
    // A target that moves faster than a train is coupled lets only short ones through.
    limit = outcome === "moved" ? Math.min(task.batch, limit * 2) : Math.max(1, limit / 2);
  } catch (cause) {
    // A remote that was cut off answers again; anything else is a finding.
    if (["remote-unreachable", "unknown-outcome"].includes(cause.type)) say("unknown");
    else {
      say("failures");
      process.stderr.write(`${cause.stack}\n`);
    }
  }
}
