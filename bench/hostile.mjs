// npm run bench:hostile [-- "name of an attack" …]: what an attack on one node of a pair costs the pair. For each attack the time from an op on one
// node to the other one's board, before it and while it goes on, with the memory that it adds to the node attacked and
// the share of one processor that the node spends on the attack alone.
// The attacker is a process of its own on the same machine, so it costs them processor time as well.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";

import { FLOODS, STRANGERS } from "./attacks.mjs";
import { startClient, startServer } from "./session.mjs";
import { ms, quantile } from "./statistics.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SAMPLES = Number(process.env.SAMPLES ?? 150);
const SOCKETS = Number(process.env.SOCKETS ?? 1_000);

const ATTACKER = fileURLToPath(new URL("hostile-child.mjs", import.meta.url));

const pause = (forMs) => new Promise((resolve) => setTimeout(resolve, forMs));

const rssOf = ({ pid }) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;

/** Processor time it has used, ms. A tick is 10 ms. */
function cpuOf({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

let serial = 0;

/** Ops from either node to the other, one at a time, ms each. */
async function latencies([one, other]) {
  const times = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const [from, to] = sample % 2 === 0 ? [one, other] : [other, one];
    const title = `op-${serial++}`;
    const reached = to.told("reached");
    await to.ask("reach", { title });
    const { at } = await from.ask("one", { title });
    times.push(ms((await reached) - at));
  }
  return times;
}

/** The same pair before and during, right after each other, so that what else the machine does is in both. */
async function oneRound(pair, attack, url, ticket) {
  const [victim] = pair;
  const before = await latencies(pair);
  const rssBefore = rssOf(victim);
  let mostRss = rssBefore;
  const watch = setInterval(() => (mostRss = Math.max(mostRss, rssOf(victim))), 100);
  const attacker = fork(ATTACKER, [JSON.stringify({ url, attack, sockets: SOCKETS, ticket })]);
  // Until it is in full swing; meanwhile the node does nothing else.
  const [cpuBefore, startedAt] = [cpuOf(victim), performance.now()];
  await pause(3_000);
  const cpu = (cpuOf(victim) - cpuBefore) / (performance.now() - startedAt);
  const during = await latencies(pair);
  attacker.kill("SIGKILL");
  clearInterval(watch);
  await pause(1_000);
  return { before, during, cpu, rss: mostRss - rssBefore };
}

async function underAttack(pair, attack, url) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ticket = attack in FLOODS ? await pair[0].ask("call", { name: "invite" }) : undefined;
    rounds.push(await oneRound(pair, attack, url, ticket));
  }
  const pooled = (part) => {
    const times = rounds.flatMap((round) => round[part]);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  };
  return {
    attack,
    before: pooled("before"),
    during: pooled("during"),
    cpu: quantile(
      rounds.map((round) => round.cpu),
      0.5,
    ),
    rss: Math.max(...rounds.map((round) => round.rss)),
  };
}

const number = (value) => value.toFixed(value >= 100 ? 0 : 1).padStart(9);

function line({ attack, before, during, cpu, rss }) {
  const ratios = [during.p50 / before.p50, during.p99 / before.p99].map((ratio) => `${ratio.toFixed(2)} ×`.padStart(9));
  const figures = [before.p50, during.p50, before.p99, during.p99].map(number);
  return `${attack.padEnd(34)}${figures.join("")}${ratios.join("")}${number(rss)}${`${(100 * cpu).toFixed(1)} %`.padStart(9)}`;
}

const victim = await startServer("skein");
const other = await startClient("skein", victim, { role: "reader" });
await other.ask("connect");
const pair = [victim, other];
await latencies(pair);
console.log(`${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; load ${loadavg()[0]?.toFixed(1)}`);
console.log(
  `${ROUNDS} × ${SAMPLES} ops before and during each attack, pooled; ${SOCKETS} sockets of each kind of stranger\n`,
);
const heads = ["p50 ms", "attacked", "p99 ms", "attacked", "p50", "p99", "MiB more", "CPU"];
console.log(`${"".padEnd(34)}${heads.map((head) => head.padStart(9)).join("")}`);
const named = process.argv.slice(2);
const attacks = named.length > 0 ? named : [...STRANGERS, ...Object.keys(FLOODS)];
for (const attack of ["nobody", ...attacks]) {
  console.log(line(await underAttack(pair, attack, victim.where.address)));
}
await Promise.all(pair.map((node) => node.stop()));
