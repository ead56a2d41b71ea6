/**
 * Starts one child process, or says in one sentence why it did not start.
 *
 * No shell is involved, the child leads its own session and process group, and its environment is exactly what was given
 * plus the run's mark.
 */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { statSync } from "node:fs";
import { Readable } from "node:stream";
import type { Entered, ProcessSpec } from "@skein/node";
import { err, ok, type Result } from "@skein/core";
import { trackTree, type ProcessTree } from "./process-tree.ts";

export interface StartedChild {
  readonly child: ChildProcessWithoutNullStreams;
  readonly tree: ProcessTree;
  /** What it writes to its fourth descriptor, when it was given one. */
  readonly status: () => string;
}

/** What is started: the command itself, or what shuts it in. */
export interface Launch extends Pick<ProcessSpec, "argv" | "cwd" | "env"> {
  /** The child gets a fourth descriptor. */
  readonly isRoom: boolean;
  readonly keeper: Entered["keeper"];
}

/** Carries the run's mark; proc-table.ts finds stragglers by it. */
const MARK_NAME = "SKEIN_RUN";

const STATUS_BYTES = 8_192;

export async function spawnChild(spec: Launch, mark: string): Promise<Result<StartedChild, string>> {
  try {
    const [program, ...args] = spec.argv;
    const child = spawn(program, args, {
      cwd: spec.cwd,
      env: { ...spec.env, [MARK_NAME]: mark },
      detached: true,
      stdio: spec.isRoom ? ["pipe", "pipe", "pipe", "pipe"] : ["pipe", "pipe", "pipe"],
    });
    if (!hasPipes(child)) throw new Error("its pipes could not be made");
    if (child.pid === undefined) return err(explain(spec, await failureOf(child)));
    const tree = trackTree(child.pid, mark, spec);
    // A failed signal is emitted as an error too; whether the process is gone is judged by looking, not by this event.
    child.on("error", () => {});
    return ok({ child, tree, status: statusOf(child) });
  } catch (cause) {
    // Node throws instead of emitting for the rarer causes: a NUL byte in an argument, an argument list that is too long.
    return err(explain(spec, cause));
  }
}

const hasPipes = (child: ChildProcess): child is ChildProcessWithoutNullStreams =>
  child.stdin !== null && child.stdout !== null && child.stderr !== null;

function statusOf({ stdio }: ChildProcess): () => string {
  let text = "";
  const pipe = stdio[3];
  if (pipe instanceof Readable) {
    pipe.on("data", (chunk: Buffer) => {
      if (text.length < STATUS_BYTES) text += chunk.toString("utf8");
    });
    // It is read for what it says, not for how it ends.
    pipe.on("error", () => {});
  }
  return () => text;
}

function failureOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.once("error", resolve);
  });
}

/** Program and directory are quoted as JSON: they may hold anything, and the sentence is shown to people. */
function explain(spec: Launch, cause: unknown): string {
  const program = JSON.stringify(spec.argv[0]);
  const cwd = JSON.stringify(spec.cwd);
  const directoryTrouble = troubleWith(spec.cwd);
  if (directoryTrouble !== undefined) {
    return `Could not start ${program}: its working directory ${cwd} ${directoryTrouble}.`;
  }
  switch (codeOf(cause)) {
    case "ENOENT":
      return `Could not start ${program}: there is no such program. Install it, or correct its name or the PATH.`;
    case "EACCES":
      return `Could not start ${program}: this user may not execute it. Make it executable, or correct its name.`;
    case "E2BIG":
      return `Could not start ${program}: its arguments and environment are too long for this system.`;
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return `Could not start ${program}: this machine has no room for another process (${codeOf(cause)}). Try again later.`;
    default:
      return `Could not start ${program}: ${cause instanceof Error ? cause.message : String(cause)}.`;
  }
}

function troubleWith(cwd: string): string | undefined {
  try {
    return statSync(cwd).isDirectory() ? undefined : "is not a directory";
  } catch (cause) {
    return codeOf(cause) === "ENOENT" ? "does not exist" : `cannot be used (${codeOf(cause)})`;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown cause";
}
