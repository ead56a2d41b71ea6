// Real nodes (`skein up`), reached over their API, that take items from the story to the target branch. All times are those
// in the ops themselves: the nodes of one machine have one clock.
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { median, quantile } from "../statistics.mjs";
import { cpuOf, createPlace } from "./place.mjs";

const SKEIN = fileURLToPath(new URL("../../apps/skein/bin/skein.js", import.meta.url));
const READY_MS = 60_000;
const STUCK_MS = 120_000;
/** Seldom enough to cost the nodes little. */
const LOOK_MS = 250;

/** What the bare loop has figures of, too. */
export const BACKLOG = { rate: "of a backlog: items per hour", perLanding: "of a backlog: items per landing" };

const running = new Set();
// Before the directories of this run are removed.
process.prependListener("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function throughMesh({ nodes: count, batch, items, slots }) {
  const place = createPlace({ batch });
  const nodes = [];
  try {
    await promisify(execFile)(
      process.execPath,
      [SKEIN, "init", "--data", join(place.root, "node0"), "--name", "node0", "--project", place.clone],
      { cwd: place.env.HOME, env: place.env },
    );
    for (let at = 0; at < count; at++) nodes.push(await startNode(place, `node${at}`, slots, nodes[0]));
    return await work(place, nodes, items);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    place.remove();
  }
}

async function startNode(place, name, slots, founder) {
  const data = join(place.root, name);
  const args = ["up", "--data", data, "--name", name, "--headless", "--json-log", "--slots", String(slots)];
  args.push("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0");
  if (founder !== undefined) {
    const { ticket } = await founder.command("member.invite", { role: "agent", ttl: "1h" });
    args.push("--ticket", ticket, "--rendezvous", founder.peer);
  }
  const child = spawn(process.execPath, [SKEIN, ...args], {
    cwd: place.env.HOME,
    env: place.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.add(child);
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-4_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  void ended.then(() => running.delete(child));
  const file = join(data, "endpoints.json");
  await until(`${name} to be up`, READY_MS, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${said}`);
    return existsSync(file);
  });
  const { peer, http } = JSON.parse(readFileSync(file, "utf8"));
  const token = readFileSync(join(data, "token"), "utf8").trim();
  const { get, command } = createApi(http, token);
  await until(`${name} to be linked`, READY_MS, async () => {
    const all = await get("/nodes").catch(() => []);
    return all.some((one) => one.self && !one.removed) && (founder === undefined || all.some((one) => one.linked));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { get, command, peer, pid: child.pid, stop };
}

function createApi(http, token) {
  const ask = async (path, init = {}) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${http}/api/v1${path}`, { ...init, headers });
    const body = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  };
  const command = async (name, input) =>
    (await ask("/commands", { method: "POST", body: JSON.stringify({ name, input }) })).result;
  return { get: (path) => ask(path), command };
}

/** First a stream, as stories come; then as many again that all wait for a queue that was paused, which is the queue by itself. */
async function work(place, nodes, count) {
  const [founder] = nodes;
  // So that the first item finds the project open on every node.
  await delay(2_000);
  const stream = await passThrough(founder, count, "Done", () => cpuOfAll(nodes));
  const streamed = landingsOf(place, stream.ids);
  await founder.command("queue.pause", { reason: "Until all of them wait" });
  const backlog = await passThrough(founder, count, "Merge", () => 0);
  const resumed = Date.now();
  await founder.command("queue.resume", {});
  await untilAllIn(founder, backlog.ids, "Done");
  const landedMs = Math.max(...(await timesOfAll(founder, backlog.ids)).map(({ land }) => land)) - resumed;
  const landings = landingsOf(place, [...stream.ids, ...backlog.ids]) - streamed;
  return {
    ...figures(await timesOfAll(founder, stream.ids), { spent: stream.spent, landings: streamed }),
    [BACKLOG.rate]: (count / landedMs) * 3_600_000,
    [BACKLOG.perLanding]: count / landings,
  };
}

/** Started all at once; `count` more of them are in the stage when it resolves. */
async function passThrough(founder, count, stage, cpu) {
  const ids = [];
  for (let item = 0; item < count; item++) ids.push((await founder.command("item.add", { title: `Item ${item}` })).id);
  const before = cpu();
  for (const id of ids) await founder.command("item.start", { item: id });
  await untilAllIn(founder, ids, stage);
  return { ids, spent: cpu() - before };
}

async function untilAllIn(founder, ids, stage) {
  const wanted = new Set(ids);
  let there = 0;
  let movedAt = performance.now();
  await until(`all items to be in ${stage}`, Infinity, async () => {
    const items = await founder.get("/items?all=true");
    const now = items.filter((item) => wanted.has(item.id) && item.stage === stage).length;
    if (now !== there) [there, movedAt] = [now, performance.now()];
    if (performance.now() - movedAt > STUCK_MS) {
      throw new Error(`${there} of ${ids.length} items are in ${stage}, and nothing moves: ${describe(items, wanted)}`);
    }
    return there === ids.length;
  });
}

const describe = (items, wanted) =>
  items
    .filter(({ id }) => wanted.has(id))
    .map(({ id, stage, activity }) => `${id} ${stage} ${activity}`)
    .join("; ");

async function timesOfAll(founder, ids) {
  const times = [];
  for (const id of ids) times.push(timesOf(id, await founder.get(`/items/${id}/history`)));
  return times;
}

const cpuOfAll = (nodes) => nodes.reduce((sum, { pid }) => sum + cpuOf(pid), 0);

/** When each step of the item was written, in ms; of the way that it landed by. */
function timesOf(id, history) {
  const at = (kind) => history.find((op) => op.winning && op.kind === kind)?.wall;
  const [start, claim, submit, pass] = ["item.start", "item.claim", "item.submit", "item.pass"].map(at);
  // Each node that reads the target branch may write it; the first is the one.
  const land = Math.min(...history.filter(({ kind }) => kind === "item.land").map(({ wall }) => wall));
  const times = { start, claim, submit, pass, land };
  const missing = Object.entries(times).find(([, wall]) => !Number.isFinite(wall));
  if (missing !== undefined) throw new Error(`${id} has no item.${missing[0]} in its history.`);
  return times;
}

/** Commits that items landed with; throws unless each item landed exactly once. */
function landingsOf({ git, remote }, ids) {
  const format = "--format=%(trailers:key=Skein-Item,valueonly,separator=%x20)";
  const commits = git(["log", "--first-parent", format, "main"], remote)
    .split("\n")
    .filter((line) => line !== "");
  const landed = commits.flatMap((line) => line.split(" ")).toSorted();
  if (landed.join() !== ids.toSorted().join()) throw new Error(`${landed.length} landings of ${ids.length} items.`);
  return commits.length;
}

function figures(histories, { spent, landings }) {
  const between = (from, to) => histories.map((times) => times[to] - times[from]);
  const tookMs = Math.max(...histories.map(({ land }) => land)) - Math.min(...histories.map(({ start }) => start));
  const landing = between("pass", "land");
  return {
    "items per hour": (histories.length / tookMs) * 3_600_000,
    "CPU (ms per item)": spent / histories.length,
    "green to landed, p50 (ms)": quantile(landing, 0.5),
    "green to landed, p99 (ms)": quantile(landing, 0.99),
    "items per landing": histories.length / landings,
    "claimed to submitted, p50 (ms)": median(between("claim", "submit")),
    "submitted to green, p50 (ms)": median(between("submit", "pass")),
  };
}

async function until(what, withinMs, isSo) {
  const from = performance.now();
  while (!(await isSo())) {
    if (performance.now() - from > withinMs) throw new Error(`Waited ${withinMs} ms for ${what}.`);
    await delay(LOOK_MS);
  }
}
