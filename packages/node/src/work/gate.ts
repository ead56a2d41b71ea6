/**
 * The gate: the project's configured commands, in order, on one exact tree. What they returned is evidence bound to that
 * tree; a signed op carries it.
 */
import { type Evidence, err, type GateRun, LIMITS, ok, type Result } from "@skein/core";

import type { GitError, Oid, ProcessResult, ProcessSpec } from "../ports.ts";
import { type AttemptContext, describeEnd, persistently } from "./attempt-context.ts";

export type Verdict =
  | { readonly type: "green"; readonly evidence: Evidence }
  | { readonly type: "red"; readonly evidence: Evidence; readonly note: string };

/** `stopped`: the attempt was aborted, there is no verdict. */
export async function runGate(
  context: AttemptContext,
  merged: { readonly commit: Oid; readonly tree: Oid },
): Promise<Result<Verdict, "stopped">> {
  const { flaky } = context.project.config().retries;
  const failed: GateRun[] = [];
  for (let tried = 0; ; tried++) {
    const verdict = await inCheckout(context, merged.commit, (cwd) => runCommands(context, cwd, merged.tree));
    if (!verdict.ok) return verdict;
    const { tree, runs } = verdict.value.evidence;
    // What fails only now and then says nothing about the work; both runs are in the evidence.
    const evidence = { tree, runs: [...failed, ...runs].slice(-LIMITS.gateRuns) };
    if (verdict.value.type === "green" || tried >= flaky) return ok({ ...verdict.value, evidence });
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
  const name = `${context.item}-${context.epoch}`;
  const open = (): Promise<Result<string, GitError>> => repository.openCheckout(commit, name, context.signal);
  const opened = await persistently(context, "Checking out the merged tree", open);
  if (!opened.ok) return err("stopped");
  try {
    return await run(opened.value);
  } finally {
    await repository.remove(opened.value);
  }
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

/** One program of the gate, with its output in the attempt's log. */
export async function runInGate(
  context: AttemptContext,
  {
    argv,
    cwd,
    stdin,
    env,
    hear,
  }: Pick<ProcessSpec, "argv" | "cwd" | "stdin"> & {
    readonly env: Readonly<Record<`SKEIN_${string}`, string>>;
    readonly hear?: (chunk: Uint8Array) => void;
  },
): Promise<Result<{ readonly run: GateRun; readonly words: string }, "stopped">> {
  const { deps, item, epoch, signal, project } = context;
  const { limits, agent } = project.config();
  const result = await deps.processes.run(
    {
      argv,
      cwd,
      stdin,
      env: deps.environment("gate", agent.env, { SKEIN_ITEM: item, SKEIN_EPOCH: String(epoch), ...env }),
      limits: { wallMs: limits.gateWallMs, idleMs: limits.gateIdleMs, outputBytes: limits.outputBytes },
      onOutput: (chunk) => {
        deps.appendLog({ item, epoch }, chunk);
        hear?.(chunk);
      },
    },
    signal,
  );
  if (result.end.type === "aborted" || signal.aborted) return err("stopped");
  const { durationMs, outputDigest } = result;
  const words = describeEnd(result);
  context.note(`Gate: ${argv.join(" ")} ${words} after ${Math.round(durationMs)} ms.`);
  const exitCode = exitCodeOf(result);
  return ok({ words, run: { argv: shorten(argv), exitCode, durationMs: Math.round(durationMs), outputDigest } });
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
      return 127;
    case "signalled":
    case "aborted":
      return 128;
  }
}
