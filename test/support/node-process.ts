/** A node as a real child process: started with `skein up`, reached over its API, stopped by signals. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type Api, createApi } from "./api-client.ts";
import { skeinBin } from "./build-check.ts";
import { testEnvironment } from "./skein-command.ts";
import { NotYet, waitFor } from "./wait.ts";

export interface NodeOptions {
  readonly name: string;
  readonly data: string;
  readonly home: string;
  readonly cwd: string;
  readonly rendezvous?: readonly string[];
  readonly ticket?: string;
  readonly slots?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** The address to tell others, such as a proxy's. */
  readonly advertise?: string;
  /** Default 127.0.0.1:0. */
  readonly listen?: string;
  readonly http?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the node's own command line (`strace …`). */
  readonly wrapper?: readonly string[];
  readonly extraArgs?: readonly string[];
  /** Default true: no board page. */
  readonly headless?: boolean;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly name: string;
  readonly data: string;
  /** The process that was started: the node, or its wrapper. */
  readonly pid: number;
  readonly api: Api;
  readonly endpoints: { readonly peer: string; readonly http: string };
  /** Everything it wrote so far. */
  output(): string;
  isRunning(): boolean;
  readonly exited: Promise<Exit>;
  /** SIGTERM, and waits for the end. */
  stop(withinMs?: number): Promise<Exit>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: the process is there and does nothing. */
  freeze(): void;
  thaw(): void;
}

/** A busy machine is no failure. */
const READY_MS = 60_000;
const STOP_MS = 20_000;
const OUTPUT_KEPT = 400_000;

/** A node that is not up yet: what fails at the start is seen here too. */
export interface SpawnedNode {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  output(): string;
}

export function spawnNode(options: NodeOptions): SpawnedNode {
  const [program, ...before] = [...(options.wrapper ?? []), process.execPath];
  const child = spawn(program, [...before, skeinBin(), ...argsOf(options)], {
    cwd: options.cwd,
    env: testEnvironment(options.home, options.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
    if (output.length > OUTPUT_KEPT) output = output.slice(-OUTPUT_KEPT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<Exit>((resolve) => {
    child.on("error", (cause) => {
      output += `could not be started: ${cause.message}\n`;
      resolve({ code: null, signal: null });
    });
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  return { child, exited, output: () => output };
}

function argsOf(options: NodeOptions): readonly string[] {
  const args = ["up", "--data", options.data, "--name", options.name, "--json-log"];
  if (options.headless !== false) args.push("--headless");
  args.push("--listen", options.listen ?? "127.0.0.1:0", "--http", options.http ?? "127.0.0.1:0");
  args.push("--slots", String(options.slots ?? 1));
  for (const url of options.rendezvous ?? []) args.push("--rendezvous", url);
  for (const [key, value] of Object.entries(options.labels ?? {})) args.push("--label", `${key}=${value}`);
  if (options.ticket !== undefined) args.push("--ticket", options.ticket);
  if (options.advertise !== undefined) args.push("--advertise", options.advertise);
  return [...args, ...(options.extraArgs ?? [])];
}

/** Resolves once the node answers on its API. */
export async function startNode(options: NodeOptions, onSpawned: (node: SpawnedNode) => void): Promise<NodeProcess> {
  // Left over from a node that was killed; the new one writes its own.
  rmSync(join(options.data, "endpoints.json"), { force: true });
  const spawned = spawnNode(options);
  onSpawned(spawned);
  const { child } = spawned;
  const { endpoints, token } = await waitFor(
    `${options.name} to be up`,
    () => {
      if (!isRunning(child)) throw new NodeEnded(options.name, child, spawned.output());
      return readEndpoints(options.data);
    },
    { withinMs: READY_MS },
  ).catch((cause: unknown) => {
    throw new Error(`${String(cause)}\n── ${options.name}\n${spawned.output()}`, { cause });
  });
  const api = createApi(options.name, endpoints.http, token);
  await waitFor(`${options.name} to answer`, async () => (await fetch(`${endpoints.http}/healthz`)).ok, {
    withinMs: READY_MS,
  });
  const exitWithin = (withinMs: number): Promise<Exit> => endWithin(options.name, spawned, withinMs);
  return {
    name: options.name,
    data: options.data,
    pid: child.pid ?? 0,
    api,
    endpoints,
    output: () => spawned.output(),
    isRunning: () => isRunning(child),
    exited: spawned.exited,
    stop: (withinMs = STOP_MS) => {
      child.kill("SIGTERM");
      return exitWithin(withinMs);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exitWithin(STOP_MS);
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
  };
}

class NodeEnded extends NotYet {
  constructor(name: string, child: ChildProcess, output: string) {
    super(`${name} ended with ${String(child.exitCode ?? child.signalCode)}: ${output.slice(-2_000)}`);
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function endWithin(name: string, spawned: SpawnedNode, withinMs: number): Promise<Exit> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, withinMs, "late");
  });
  const ended = await Promise.race([spawned.exited, late]);
  clearTimeout(timer);
  if (ended !== "late") return ended;
  throw new Error(`${name} did not end within ${withinMs} ms.\n${spawned.output().slice(-4_000)}`);
}

interface Reachable {
  readonly endpoints: { readonly peer: string; readonly http: string };
  readonly token: string;
}

function readEndpoints(data: string): Reachable | undefined {
  const file = join(data, "endpoints.json");
  if (!existsSync(file)) return undefined;
  // Written by the node under test; the tests that are about this file look closer.
  const endpoints = JSON.parse(readFileSync(file, "utf8")) as Reachable["endpoints"];
  return { endpoints, token: readFileSync(join(data, "token"), "utf8").trim() };
}
