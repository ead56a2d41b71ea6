/**
 * One `skein` process of the demo, the same program as this one. It leads a process group of its own, so that Ctrl-C in
 * the terminal reaches only the demo, which then ends its nodes in good order.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { plainOutput } from "@skein/core";

import { childrenOf } from "./child-processes.ts";
import { environmentWithout } from "./environment.ts";

export interface SkeinProcess {
  readonly name: string;
  readonly pid: number;
  /** Undefined while it runs; then how it ended, after its name in a sentence. */
  ending(): string | undefined;
  /** It was told to end by us. */
  wasStopped(): boolean;
  readonly ended: Promise<void>;
  /** The last lines it wrote. */
  logTail(): string;
  /** Asks it to end in good order, and makes it end when it takes too long. */
  stop(): Promise<void>;
  /** As when the machine loses power: the process and everything it started are gone at once. */
  kill(): void;
}

const PROGRAM = fileURLToPath(new URL("../../bin/skein.js", import.meta.url));
const STOP_MS = 8_000;
const TAIL_LINES = 8;

export function startSkein(name: string, args: readonly string[], logFile: string): SkeinProcess {
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    detached: true,
    stdio: ["ignore", log, log],
    env: environmentWithout(process.env),
  });
  closeSync(log);
  let failure: string | undefined;
  let stopped = false;
  const ended = new Promise<void>((resolve) => {
    child.once("error", (cause) => {
      failure = `could not be started: ${cause.message}`;
      resolve();
    });
    child.once("exit", () => resolve());
  });
  const ending = (): string | undefined => failure ?? describeExit(child);
  const kill = (): void => {
    stopped = true;
    if (child.pid !== undefined && ending() === undefined) killWithChildren(child.pid);
  };
  return {
    name,
    // Without a pid it was not started, which `ending` says; nothing is ever signalled then.
    pid: child.pid ?? -1,
    ending,
    wasStopped: () => stopped,
    ended,
    logTail: () => tailOf(logFile),
    kill,
    stop: async () => {
      stopped = true;
      if (ending() !== undefined) return;
      child.kill("SIGTERM");
      const tooLong = setTimeout(kill, STOP_MS);
      await ended;
      clearTimeout(tooLong);
    },
  };
}

function describeExit({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `was ended by ${signalCode}`;
  return exitCode === null ? undefined : `ended with exit code ${exitCode}`;
}

/**
 * Attempts lead process groups of their own, so that killing the node alone would leave them to go on for nobody. The
 * node is halted while its children are listed: it cannot start another one meanwhile.
 */
function killWithChildren(pid: number): void {
  signal(pid, "SIGSTOP");
  const children = childrenOf(pid);
  signal(-pid, "SIGKILL");
  for (const child of children) {
    signal(-child, "SIGKILL");
    signal(child, "SIGKILL");
  }
}

/** Nobody being there any more is what was wanted. */
function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    return;
  }
}

function tailOf(logFile: string): string {
  if (!existsSync(logFile)) return "";
  const lines = plainOutput(readFileSync(logFile, "utf8")).trimEnd().split("\n");
  return lines.slice(-TAIL_LINES).join("\n");
}
