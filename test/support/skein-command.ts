/** Runs one `skein` command as its own process and waits for its end. */
import { spawn } from "node:child_process";

import { skeinBin } from "./build-check.ts";

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; throws with everything that was printed when it is not. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape it asserts on
  json<T>(): T;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Put before the command line (`strace …`). */
  readonly wrapper?: readonly string[];
  /** The command is killed and the call fails after this long. */
  readonly withinMs?: number;
}

const WITHIN_MS = 30_000;

/** What every child of a test sees: nothing personal, nothing that changes with the machine. */
export function testEnvironment(home: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: home,
    XDG_DATA_HOME: `${home}/.local/share`,
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    ...extra,
  };
}

export function runSkein(
  args: readonly string[],
  options: CommandOptions & { readonly home: string },
): Promise<CommandResult> {
  const withinMs = options.withinMs ?? WITHIN_MS;
  const [program, ...before] = [...(options.wrapper ?? []), process.execPath];
  const child = spawn(program, [...before, skeinBin(), ...args], {
    cwd: options.cwd,
    env: testEnvironment(options.home, options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A command that does not read its input is free not to.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new Error(`skein ${args.join(" ")} did not end within ${withinMs} ms.\n${Buffer.concat(stderr).toString()}`),
      );
    }, withinMs);
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve(resultOf(args, code, signal, Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString()));
    });
  });
}

function resultOf(
  args: readonly string[],
  code: number | null,
  signal: NodeJS.Signals | null,
  stdout: string,
  stderr: string,
): CommandResult {
  return {
    code,
    signal,
    stdout,
    stderr,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
    json: <T>(): T => {
      try {
        // The caller names the shape it then asserts on.
        return JSON.parse(stdout) as T;
      } catch {
        throw new Error(
          `skein ${args.join(" ")} (exit ${String(code)}) printed no JSON.\n── stdout\n${stdout}\n── stderr\n${stderr}`,
        );
      }
    },
  };
}
