/**
 * The gate: the project's configured commands, in order, on one exact tree. What they returned is evidence bound to that
 * tree; a signed op carries it.
 */
import { type Evidence, err, type GateRun, ok, type Result } from "@skein/core";

import type { Oid, ProcessResult, ProcessSpec } from "../ports.ts";
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
    const verdict = await runOnce(context, merged);
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

async function runOnce(
  context: AttemptContext,
  { commit, tree }: { readonly commit: Oid; readonly tree: Oid },
): Promise<Result<Verdict, "stopped">> {
  const { project, signal } = context;
  const name = `${context.item}-${context.epoch}`;
  const opened = await persistently(context, "Checking out the merged tree", () =>
    project.repository.openCheckout(commit, name, signal),
  );
  if (!opened.ok) return err("stopped");
  try {
    const verdict = await runCommands(context, opened.value, tree);
    await keepFiles(context, opened.value);
    return verdict;
  } finally {
    await project.repository.remove(opened.value);
  }
}

/** What is there now was made by the gate, and everything that it started has ended. */
async function keepFiles(context: AttemptContext, directory: string): Promise<void> {
  const patterns = context.project.config().artifacts ?? [];
  if (patterns.length === 0 || context.signal.aborted) return;
  await context.deps.leavings?.files(context, directory, patterns, context.note);
}

async function runCommands(context: AttemptContext, cwd: string, tree: Oid): Promise<Result<Verdict, "stopped">> {
  const { gate, limits, agent } = context.project.config();
  const runs: GateRun[] = [];
  for (const argv of gate) {
    const shown = argv.join(" ");
    context.say(`gate: ${shown.slice(0, 80)}`);
    context.note(`Gate on tree ${tree.slice(0, 12)}: ${shown}`);
    const from = context.deps.leavings?.logEnd(context) ?? 0;
    const result = await runOnceShutIn(context, {
      argv,
      cwd,
      env: context.deps.environment("gate", agent.env, {
        SKEIN_ITEM: context.item,
        SKEIN_EPOCH: String(context.epoch),
      }),
      stdin: "",
      limits: {
        wallMs: limits.gateWallMs,
        idleMs: limits.gateIdleMs,
        outputBytes: limits.outputBytes,
        memoryBytes: limits.memoryBytes,
        processes: limits.processes,
        diskBytes: limits.diskBytes,
      },
      ...roomFor(context, { write: [cwd], read: [] }),
    });
    if (result.end.type === "aborted" || context.signal.aborted) return err("stopped");
    await context.deps.leavings?.output(context, shown, from, context.note);
    const { durationMs, outputDigest } = result;
    const exitCode = exitCodeOf(result);
    runs.push({ argv: shorten(argv), exitCode, durationMs: Math.round(durationMs), outputDigest });
    context.note(`Gate: ${shown} ${describeEnd(result)} after ${Math.round(durationMs)} ms.`);
    if (exitCode !== 0) {
      const note = `The gate is red: ${shown} ${describeEnd(result)}. \`skein logs ${context.item}\` shows its output.`;
      return ok({ type: "red", evidence: { tree, runs }, note });
    }
  }
  return ok({ type: "green", evidence: { tree, runs } });
}

const ROOM_RETRY_MS = 15_000;

/** A sandbox that cannot be made says nothing about the tree: it is shown, and tried again. */
async function runOnceShutIn(context: AttemptContext, spec: Omit<ProcessSpec, "onOutput">): Promise<ProcessResult> {
  for (;;) {
    const result = await runLogged(context, spec);
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
