/**
 * The gate: the project's configured commands, in order, on one exact tree. What they returned is evidence bound to that
 * tree; a signed op carries it.
 */
import { type Evidence, err, type GateRun, ok, type Result } from "@skein/core";

import type { GitError, Oid, ProcessResult, ProcessSpec } from "../ports.ts";
import { type AttemptContext, describeEnd, persistently, roomFor, runLogged } from "./attempt-context.ts";
import { pause } from "./wait.ts";

export type Verdict =
  | { readonly type: "green"; readonly evidence: Evidence }
  | { readonly type: "red"; readonly evidence: Evidence; readonly note: string };

/**
 * Tried again when it is red, as often as `retries.flaky` says, and each time on a checkout of its own: what a failed run left
 * behind must not be what makes the next one green. `stopped`: the attempt was aborted, there is no verdict.
 */
export async function runGate(
  context: AttemptContext,
  merged: { readonly commit: Oid; readonly tree: Oid },
): Promise<Result<Verdict, "stopped">> {
  const { flaky } = context.project.config().retries;
  const failed: GateRun[] = [];
  for (let tried = 0; ; tried++) {
    const verdict = await inCheckout(context, merged.commit, async (cwd) => {
      const ran = await runCommands(context, cwd, merged.tree);
      await keepFiles(context, cwd);
      return ran;
    });
    if (!verdict.ok) return verdict;
    const { tree, runs } = verdict.value.evidence;
    if (verdict.value.type === "green" || tried >= flaky) {
      return ok({ ...verdict.value, evidence: { tree, runs: [...failed, ...runs] } });
    }
    // What fails only now and then says nothing about the work, and is there to see.
    failed.push(...runs.slice(-1));
    context.note("Once more, on a fresh checkout of the same tree.");
  }
}

/** A checkout of its own, so that no run finds what an earlier one left. */
export async function inCheckout<T>(
  context: AttemptContext,
  commit: Oid,
  run: (cwd: string) => Promise<Result<T, "stopped">>,
): Promise<Result<T, "stopped">> {
  const { repository } = context.project;
  const open = (): Promise<Result<string, GitError>> =>
    repository.openCheckout(commit, context.checkout, context.signal);
  const opened = await persistently(context, "Checking out the merged tree", open);
  if (!opened.ok) return err("stopped");
  try {
    return await run(opened.value);
  } finally {
    await repository.remove(opened.value);
  }
}

/** What is there now was made by the gate, and everything that it started has ended. */
async function keepFiles(context: AttemptContext, directory: string): Promise<void> {
  const patterns = context.project.config().artifacts ?? [];
  if (patterns.length === 0 || context.signal.aborted) return;
  await context.deps.leavings?.files(context, directory, patterns, context.note);
}

async function runCommands(context: AttemptContext, cwd: string, tree: Oid): Promise<Result<Verdict, "stopped">> {
  const runs: GateRun[] = [];
  for (const argv of context.project.config().gate) {
    const shown = argv.join(" ");
    context.say(`gate: ${shown.slice(0, 80)}`);
    context.note(`Gate on tree ${tree.slice(0, 12)}: ${shown}`);
    const ran = await runInGate(context, { argv, cwd, stdin: "", env: {} });
    if (!ran.ok) return ran;
    runs.push(ran.value.run);
    if (ran.value.run.exitCode === 0) continue;
    const note = `The gate is red: ${shown} ${ran.value.words}. \`skein logs ${context.item}\` shows its output.`;
    return ok({ type: "red", evidence: { tree, runs }, note });
  }
  return ok({ type: "green", evidence: { tree, runs } });
}

/** What runs in the gate's surroundings, and with its limits. */
export interface GateProgram extends Pick<ProcessSpec, "argv" | "cwd" | "stdin"> {
  readonly env: Readonly<Record<`SKEIN_${string}`, string>>;
  readonly hear?: (chunk: Uint8Array) => void;
}

/** One program of the gate, shut in, with its output in the attempt's log. */
export async function runInGate(
  context: AttemptContext,
  { argv, cwd, stdin, env, hear }: GateProgram,
): Promise<Result<{ readonly run: GateRun; readonly words: string }, "stopped">> {
  const { deps, item, epoch, signal, project } = context;
  const { limits, agent } = project.config();
  const spec = {
    argv,
    cwd,
    stdin,
    env: deps.environment("gate", agent.env, { SKEIN_ITEM: item, SKEIN_EPOCH: String(epoch), ...env }),
    limits: {
      wallMs: limits.gateWallMs,
      idleMs: limits.gateIdleMs,
      outputBytes: limits.outputBytes,
      memoryBytes: limits.memoryBytes,
      processes: limits.processes,
      diskBytes: limits.diskBytes,
    },
    ...roomFor(context, { write: [cwd], read: [] }),
  };
  const from = deps.leavings?.logEnd(context) ?? 0;
  const result = await runOnceShutIn(context, spec, hear);
  if (result.end.type === "aborted" || signal.aborted) return err("stopped");
  await deps.leavings?.output(context, argv.join(" "), from, context.note);
  const { durationMs, outputDigest } = result;
  const words = describeEnd(result);
  context.note(`Gate: ${argv.join(" ")} ${words} after ${Math.round(durationMs)} ms.`);
  const exitCode = exitCodeOf(result);
  return ok({ words, run: { argv: shorten(argv), exitCode, durationMs: Math.round(durationMs), outputDigest } });
}

const ROOM_RETRY_MS = 15_000;

/** A sandbox that cannot be made says nothing about the tree: it is shown, and tried again. */
async function runOnceShutIn(
  context: AttemptContext,
  spec: Omit<ProcessSpec, "onOutput">,
  hear: GateProgram["hear"],
): Promise<ProcessResult> {
  for (;;) {
    const result = await runLogged(context, spec, hear);
    if (result.end.type !== "no-room" || context.signal.aborted) return result;
    context.say(`waiting: ${result.end.message}`);
    context.note(`The gate did not run. ${result.end.message} Trying again in ${ROOM_RETRY_MS / 1_000} s.`);
    await pause(context.deps.clock, ROOM_RETRY_MS, context.signal);
  }
}

/** Evidence is part of an op, and ops are small: of a very long command its beginning is enough to know it by. */
const shorten = (argv: readonly string[]): readonly string[] =>
  argv.slice(0, EVIDENCE_WORDS).map((word) => word.slice(0, EVIDENCE_WORD_LENGTH));

const EVIDENCE_WORDS = 16;
const EVIDENCE_WORD_LENGTH = 60;

/** As a shell would report it: 124 for a limit, 127 for what could not start, 128 for a signal. */
function exitCodeOf({ end }: ProcessResult): number {
  switch (end.type) {
    case "exited":
      return Math.min(Math.max(end.code, 0), 255);
    case "limit":
      return 124;
    case "not-started":
    case "no-room":
      return 127;
    case "signalled":
    case "aborted":
      return 128;
  }
}
