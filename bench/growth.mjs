// node bench/growth.mjs [ops …]: how long a restart and a join take with a log of so many ops, packed and not, and how long
// the event loop of either side was held up. node bench/growth.mjs --soak: what thirty days of a mesh of ten nodes with a
// thousand items a day add to log and memory.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { checkpointOf, createFrameIndex, createReplica, standingOf } from "@skein/core";
import { GROWTH, packStep, thinStep } from "@skein/node";
import { openLogStore } from "@skein/store-sqlite";

import { createHistory, seedOf } from "./history.mjs";

const DAYS = Number(process.env.DAYS ?? 30);
const ITEMS_PER_DAY = 1_000;
const DAY_MS = 24 * 3_600_000;
const KEPT_DAYS = 7;

const child = fileURLToPath(new URL("growth-child.mjs", import.meta.url));
const mib = (bytes) => bytes / 2 ** 20;
const show = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1));

const showDelay = ({ p99, max, sliceP99, sliceMax }) =>
  `event loop delay p99 ${show(p99)}, max ${show(max)} ms, of CPU at a stretch p99 ${show(sliceP99)}, max ${show(sliceMax)} ms`;

function openStore(directory) {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** Frames go to the store in batches, as a node's group commits do. */
function createWriter(store) {
  let position = store.lastPosition();
  let batch = [];
  const flush = () => {
    const appended = store.append(batch);
    if (!appended.ok) throw new Error(appended.error.message);
    batch = [];
  };
  return {
    add: (bytes) => {
      batch.push({ position: ++position, bytes });
      if (batch.length >= 1_000) flush();
    },
    flush,
  };
}

function writeLog(directory, ops) {
  const store = openStore(directory);
  const writer = createWriter(store);
  const history = createHistory(writer.add);
  while (history.replica.opCount() < ops) history.advance(1_000);
  writer.flush();
  store.close();
  return { mesh: Buffer.from(history.mesh).toString("hex"), ops: history.replica.opCount(), items: history.items() };
}

function spawn(options) {
  const profile = process.env.BENCH_PROFILE;
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const forked = fork(child, [JSON.stringify(options)], { execArgv: ["--expose-gc", ...flags] });
  const waiting = new Map();
  let next = 1;
  const ready = new Promise((resolve, reject) => {
    forked.on("message", (message) => {
      if (message.ready !== undefined) resolve(message.ready);
      else waiting.get(message.to)?.(message.answer);
    });
    forked.on("exit", (code) => reject(new Error(`${options.name} ended with ${code}`)));
  });
  const ask = (question, fields = {}) =>
    new Promise((resolve) => {
      const to = next++;
      waiting.set(to, resolve);
      forked.send({ ask: question, to, ...fields });
    });
  return { ready, ask };
}

async function measure(directory, ops) {
  const log = writeLog(join(directory, "author"), ops);
  const author = { directory: join(directory, "author"), mesh: log.mesh, seed: seedOf("node 0"), name: "node0" };
  console.log(`\n${log.ops.toLocaleString("en")} ops, ${log.items.toLocaleString("en")} items`);
  await restart("loose frames", author);
  const packing = spawn(author);
  await packing.ready;
  await packing.ask("start");
  const from = performance.now();
  await packing.ask("command", { name: "checkpoint" });
  await packing.ask("command", { name: "compact" });
  const delay = await packing.ask("delay");
  console.log(`  packed and thinned in ${show(performance.now() - from)} ms; ${showDelay(delay)}`);
  await packing.ask("stop");
  await restart("packs", author);
  await joinFresh(directory, author);
}

async function restart(what, author) {
  const node = spawn(author);
  const { openedInMs, cpuMs } = await node.ready;
  const { rss, heapUsed } = await node.ask("memory");
  const size = statSync(join(author.directory, "log.sqlite")).size;
  console.log(
    `  restart from ${what}: ${show(openedInMs)} ms (${show(cpuMs)} ms of CPU with starting Node.js); heap ${show(mib(heapUsed))} MiB, resident ${show(mib(rss))} MiB; file ${show(mib(size))} MiB`,
  );
  await node.ask("stop");
}

async function joinFresh(directory, author) {
  const server = spawn(author);
  await server.ready;
  await server.ask("start");
  const { ticket } = await server.ask("command", { name: "member.invite", input: { role: "agent" } });
  const { ops } = await server.ask("command", { name: "digest" });
  const fresh = spawn({ directory: join(directory, "fresh"), ticket, name: "fresh" });
  await fresh.ready;
  await server.ask("resetDelay");
  const from = performance.now();
  await fresh.ask("start");
  await fresh.ask("untilOps", { ops });
  const took = performance.now() - from;
  const [theirs, ours] = await Promise.all([server.ask("delay"), fresh.ask("delay")]);
  const cpu = await fresh.ask("cpu");
  await settled(server, fresh);
  const memory = await fresh.ask("memory");
  console.log(
    `  a fresh node joins in ${show(took)} ms (${show(cpu)} ms of CPU); ${showDelay(ours)}; the server's: ${showDelay(theirs)}; heap ${show(mib(memory.heapUsed))} MiB, resident ${show(mib(memory.rss))} MiB`,
  );
  const verified = await fresh.ask("command", { name: "verify" });
  console.log(
    `  it verifies: ${show(verified.frames)} frames, ${show(verified.signatures)} signatures, ${show(verified.covered)} covered by later ones`,
  );
  await Promise.all([fresh.ask("stop"), server.ask("stop")]);
}

/** Both mean the same in the end. */
async function settled(a, b) {
  for (let round = 0; round < 200; round++) {
    const [one, other] = await Promise.all([a, b].map((node) => node.ask("command", { name: "digest" })));
    if (one.digest === other.digest && one.ops === other.ops) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the two nodes do not mean the same");
}

// ── thirty days ─────────────────────────────────────────────────────────────────────────────────────────────────────

function soak(directory) {
  const store = openStore(directory);
  const writer = createWriter(store);
  const index = createFrameIndex();
  let rawBytes = 0;
  const history = createHistory((bytes) => {
    rawBytes += bytes.length;
    writer.add(bytes);
  });
  const deps = { store, index, crypto: history.crypto, forks: new Map() };
  const place = { packed: 1, thinned: 1 };
  const checkpoints = [];
  console.log("\n day      ops    items   log as frames   log kept   per op       heap    CPU of a restart");
  for (let day = 1; day <= DAYS; day++) {
    const until = history.items() + ITEMS_PER_DAY;
    // Eight or nine ops an item: the pace only sets what the wall clocks in the ops say.
    while (history.items() < until) history.advance(Math.round(DAY_MS / ITEMS_PER_DAY / 8.5));
    writer.flush();
    indexNew(store, index, history);
    checkpoints.push(checkpointOf(history.replica.sealedHeads(), history.replica.opCount()));
    shorten(deps, place, checkpoints.at(-1 - KEPT_DAYS), history.replica);
    if (day === 1 || day % 5 === 0) report(day, store, history, rawBytes);
  }
  store.close();
}

function indexNew(store, index, history) {
  // The generator writes one feed per author and never forks, so a frame's branch is its feed.
  for (const { branch, lastSeq } of history.written.splice(0)) index.add(branch, lastSeq);
  if (index.size !== store.lastPosition()) throw new Error("the index misses frames");
}

function shorten(deps, place, checkpoint, replica) {
  for (let step = packStep(deps, GROWTH.packOps, place.packed, deps.index.size); step !== undefined;) {
    place.packed = step.next;
    step = packStep(deps, GROWTH.packOps, place.packed, deps.index.size);
  }
  if (checkpoint === undefined) return;
  const standing = standingOf(checkpoint, replica);
  if (standing.type !== "held") throw new Error("an own checkpoint is held");
  for (let step = thinStep(deps, place.thinned, standing.known); step !== undefined;) {
    place.thinned = step.next;
    step = thinStep(deps, place.thinned, standing.known);
  }
}

function report(day, store, history, rawBytes) {
  const kept = [...store.frames(1)].reduce((sum, { bytes }) => sum + bytes.length, 0);
  const ops = history.replica.opCount();
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const from = process.cpuUsage();
  const replica = createReplica(history.mesh, history.crypto);
  const loaded = replica.reload(
    (function* bytes() {
      for (const record of store.frames(1)) yield record.bytes;
    })(),
  );
  if (!loaded.ok) throw new Error(loaded.error.message);
  const { user, system } = process.cpuUsage(from);
  const restartMs = (user + system) / 1e3;
  const cells = [
    String(day).padStart(4),
    ops.toLocaleString("en").padStart(8),
    history.items().toLocaleString("en").padStart(8),
    `${show(mib(rawBytes))} MiB`.padStart(15),
    `${show(mib(kept))} MiB`.padStart(10),
    `${Math.round(kept / ops)} B`.padStart(8),
    `${show(mib(heap))} MiB`.padStart(10),
    `${show(restartMs)} ms`.padStart(10),
  ];
  console.log(cells.join(" "));
}

const sizes = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(mib(totalmem()) / 1024)} GiB; Node ${process.version}`,
);
const directory = mkdtempSync(join(tmpdir(), "skein-growth-"));
try {
  if (process.argv.includes("--soak")) soak(join(directory, "soak"));
  else for (const size of sizes.length > 0 ? sizes : ["100000"]) await measure(join(directory, size), Number(size));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
