// Starts the processes of a benchmark and asks them things over IPC. Everything that is timed is timed inside of them.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));

/** Where Skein's processes of this run have their data; removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), "skein-bench-"));

const running = new Set();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** `options.stack` names a module of ./stacks or ./peers, `options.role` says what it plays there. */
export async function start(options) {
  const profile = process.env.BENCH_PROFILE;
  const flags =
    profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${nameOf(options)}`];
  const child = fork(CHILD, [JSON.stringify(options)], { execArgv: ["--expose-gc", ...flags] });
  running.add(child);
  const waiting = new Map();
  const events = new Map();
  let next = 1;
  let fail = () => {};
  const dead = new Promise((_, reject) => {
    fail = reject;
  });
  // Whoever waits for an answer hears of the end; nobody else needs to.
  dead.catch(() => undefined);
  const told = (name) =>
    Promise.race([dead, new Promise((resolve) => events.set(name, [...(events.get(name) ?? []), resolve]))]);
  child.on("message", ({ event, to, answer, error }) => {
    if (error !== undefined) fail(new Error(`${options.stack} ${options.role}: ${error}`));
    else if (event === undefined) waiting.get(to)?.(answer);
    else {
      for (const resolve of events.get(event) ?? []) resolve(answer);
      events.delete(event);
    }
  });
  child.on("exit", (code, signal) => {
    running.delete(child);
    fail(new Error(`${options.stack} ${options.role} ended with ${code ?? signal}`));
  });
  const ask = (question, fields = {}) =>
    Promise.race([
      dead,
      new Promise((resolve) => {
        const to = next++;
        waiting.set(to, resolve);
        child.send({ ask: question, to, fields });
      }),
    ]);
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // With a profile being taken the process has to end by itself.
    if (profile === undefined) child.kill("SIGKILL");
    else child.send({ ask: "exit", to: 0, fields: {} });
    await ended;
  };
  await told("ready");
  return { ask, told, stop, pid: child.pid };
}

let profiles = 0;
const nameOf = ({ stack, role }) => `${stack}-${role}-${profiles++}.cpuprofile`;
