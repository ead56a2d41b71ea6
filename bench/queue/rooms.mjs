// How long it takes until a command runs, and until it is over, for each way of shutting it in, as a node does it. `spawn`
// is Node.js by itself: no room, no captured output, no look for processes left behind.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { ok } from "@skein/core";
import { systemClock } from "@skein/node";
import { createProcesses } from "@skein/process";
import { createBwrap, createPodman, createSandboxes, makeEtcFiles } from "@skein/sandbox";

import { quantile } from "../statistics.mjs";
import { openDirectory } from "./place.mjs";

const LIMITS = { wallMs: 60_000, idleMs: 60_000, outputBytes: 1_000_000 };
const PATH = process.env.PATH ?? "/usr/bin:/bin";
/** Its word is how it is seen that it runs. */
const ARGV = ["echo", "here"];

/** Figures by kind, and a sentence for each kind that does not work here. */
export async function startRooms({ spawns }) {
  const data = openDirectory();
  try {
    return await measure(data, spawns);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function measure(data, spawns) {
  const clone = join(data, "git", "attempts", "one");
  mkdirSync(clone, { recursive: true });
  const { processes, drivers } = openProcesses(data);
  const notes = [];
  const kinds = ["spawn", "none"];
  for (const driver of drivers) {
    const available = await driver.available();
    notes.push(`${driver.kind}: ${available.ok ? available.value : available.error}`);
    if (available.ok) kinds.push(driver.kind);
  }
  const times = new Map(kinds.map((kind) => [kind, []]));
  // One more than is counted, and in turns: what else the machine does falls on all of them.
  for (let round = 0; round <= spawns; round++) {
    for (const kind of kinds) {
      const time = kind === "spawn" ? await bareSpawn(clone) : await oneRun(processes, kind, clone);
      if (round > 0) times.get(kind).push(time);
    }
  }
  return { notes, figures: new Map([...times].map(([kind, all]) => [kind, figures(all)])) };
}

/** As a node puts them together. */
function openProcesses(data) {
  const places = join(data, "rooms");
  const drivers = [createBwrap(data), createPodman({ places, secret: data })];
  const rooms = createSandboxes({
    drivers,
    clock: systemClock,
    etc: makeEtcFiles(join(places, "etc")),
    places,
    secret: data,
    own: () => ok({ read: [], caches: [], network: undefined }),
  });
  return { drivers, processes: createProcesses({ owner: "bench", rooms }) };
}

async function oneRun(processes, kind, clone) {
  const at = performance.now();
  let startedMs;
  const room = { sandbox: kind, write: [clone], read: [], network: [], onRefused: () => undefined };
  const { end } = await processes.run(
    {
      argv: ARGV,
      cwd: clone,
      env: { PATH },
      stdin: "",
      limits: LIMITS,
      onOutput: () => (startedMs ??= performance.now() - at),
      ...(kind === "none" ? {} : { room }),
    },
    new AbortController().signal,
  );
  if (end.type !== "exited" || end.code !== 0) throw new Error(`${kind}: ${JSON.stringify(end)}`);
  return { startedMs, overMs: performance.now() - at };
}

function bareSpawn(cwd) {
  const at = performance.now();
  return new Promise((resolve, reject) => {
    let startedMs;
    const child = spawn(ARGV[0], ARGV.slice(1), { cwd, env: { PATH } });
    child.on("error", reject);
    child.stdout.on("data", () => (startedMs ??= performance.now() - at));
    child.on("close", () => resolve({ startedMs, overMs: performance.now() - at }));
  });
}

function figures(all) {
  const [started, over] = ["startedMs", "overMs"].map((name) => all.map((time) => time[name]));
  return {
    "until it runs, p50 (ms)": quantile(started, 0.5),
    "until it runs, p99 (ms)": quantile(started, 0.99),
    "until it is over, p50 (ms)": quantile(over, 0.5),
    "until it is over, p99 (ms)": quantile(over, 0.99),
  };
}
