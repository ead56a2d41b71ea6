// npm run bench: what one op costs on its way, how many go through, how long a fresh node takes, what 10,000 items weigh.
// Every figure is the median of RUNS runs with the least and the greatest beside it.
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNS = Number(process.env.RUNS ?? 5);
const ITEMS = Number(process.env.ITEMS ?? 10_000);
const SAMPLES = Number(process.env.SAMPLES ?? 300);

const child = fileURLToPath(new URL("node-child.mjs", import.meta.url));

function spawnNode(directory, name, ticket) {
  const forked = fork(child, [JSON.stringify({ directory: join(directory, name), name, ticket })], {
    execArgv: ["--expose-gc"],
  });
  const waiting = new Map();
  const reached = new Map();
  let next = 1;
  const ready = new Promise((resolve, reject) => {
    forked.on("message", (message) => {
      if (message.type === "ready") resolve();
      if (message.type === "answer") waiting.get(message.to)?.(message.answer);
      if (message.type === "reached") reached.get(message.id)?.(message.at);
      if (message.type === "refused") reject(new Error(message.message));
    });
    forked.on("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const ask = (question, fields = {}) =>
    new Promise((resolve) => {
      const to = next++;
      waiting.set(to, resolve);
      forked.send({ ask: question, to, ...fields });
    });
  const whenItems = (items) =>
    new Promise((resolve) => {
      const id = next++;
      reached.set(id, resolve);
      void ask("waitFor", { items, id });
    });
  return { ready, ask, whenItems, kill: () => forked.kill("SIGKILL") };
}

async function until(condition) {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("the nodes did not find each other");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ms = (nanoseconds) => nanoseconds / 1e6;

async function oneRun(directory) {
  const figures = {};
  const author = spawnNode(directory, "author");
  await author.ready;
  await author.ask("start");
  const empty = await author.ask("memory");
  const reader = spawnNode(directory, "reader", await author.ask("invite"));
  await reader.ready;
  await reader.ask("start");
  await until(async () => (await reader.ask("role")) === 2);
  await latency(author, reader, figures);
  await throughput(author, reader, figures);
  const before = SAMPLES + 5_000;
  await author.ask("addMany", { count: Math.max(0, ITEMS - before), window: 256, prefix: "fill" });
  const full = await author.ask("memory");
  figures["memory of 10,000 items, heap and buffers (MiB)"] =
    (full.heapUsed + full.external - empty.heapUsed - empty.external) / 2 ** 20;
  figures["resident memory of a node with 10,000 items (MiB)"] = full.rss / 2 ** 20;
  await coldSync(directory, author, figures);
  await Promise.all([author.ask("stop"), reader.ask("stop")]);
  return figures;
}

/** One command at a time: from the call on one node to the change on the other one's board. */
async function latency(author, reader, figures) {
  const visible = [];
  const acknowledged = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const title = `latency-${sample}`;
    const times = await author.ask("addOne", { title });
    let at = null;
    while (at === null) at = await reader.ask("seen", { title });
    visible.push(ms(at - times.at));
    acknowledged.push(ms(times.acknowledged - times.at));
  }
  figures["op acknowledged, fsynced: p50 (ms)"] = quantile(acknowledged, 0.5);
  figures["op visible on a peer: p50 (ms)"] = quantile(visible, 0.5);
  figures["op visible on a peer: p99 (ms)"] = quantile(visible, 0.99);
}

async function throughput(author, reader, figures) {
  const count = 5_000;
  const done = reader.whenItems(SAMPLES + count);
  const { at } = await author.ask("addMany", { count, window: 256, prefix: "through" });
  figures["ops through two nodes, 256 in flight (ops/s)"] = count / (ms((await done) - at) / 1e3);
}

async function coldSync(directory, author, figures) {
  const fresh = spawnNode(directory, "fresh", await author.ask("invite"));
  await fresh.ready;
  const done = fresh.whenItems(ITEMS);
  const at = await fresh.ask("start");
  figures["cold sync of 10,000 items, verified and durable (ms)"] = ms((await done) - at);
  const [theirs, ours] = await Promise.all([fresh.ask("digest"), author.ask("digest")]);
  if (theirs.digest !== ours.digest) throw new Error("the fresh node folded another view");
  await fresh.ask("stop");
}

const quantile = (values, q) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];

const round = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2));

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

const runs = [];
for (let run = 0; run < RUNS; run++) {
  const directory = mkdtempSync(join(tmpdir(), "skein-bench-"));
  try {
    runs.push(await oneRun(directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const versions = ["better-sqlite3", "ws", "msgpackr", "xstate"].map((name) => `${name} ${versionOf(name)}`);
console.log(
  `${machine}; Node ${process.version}; ${versions.join(", ")}; ${RUNS} runs, ${ITEMS.toLocaleString("en")} items\n`,
);
console.log(`${"".padEnd(56)}${"median".padStart(10)}${"least".padStart(10)}${"greatest".padStart(10)}`);
for (const name of Object.keys(runs[0])) {
  const values = runs.map((figures) => figures[name]);
  const cells = [quantile(values, 0.5), Math.min(...values), Math.max(...values)].map((value) =>
    round(value).padStart(10),
  );
  console.log(`${name.padEnd(56)}${cells.join("")}`);
}
