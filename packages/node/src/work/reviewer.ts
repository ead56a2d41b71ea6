/**
 * The reviewer of Qa mode `agent`: a program of the project's, or an agent that is talked to (reviewing-agent.ts), that looks at the
 * merged tree and says whether it is content. Its
 * last line is `{"verdict": "approve"}` or `{"verdict": "reject", "note": "…"}`. Whoever says nothing that can be read has given
 * no verdict, and a person decides: a reviewer that is broken must neither land anything nor cost anybody an attempt.
 */
import { type Argv, isReviewerAgent } from "@skein/config";
import { type GateRun, type LiveItem, NO_VERDICT, ok, type Result, REVIEW } from "@skein/core";

import type { Oid } from "../ports.ts";
import { type AttemptContext, describeEnd } from "./attempt-context.ts";
import { inCheckout, runInGate } from "./gate.ts";
import { agentPrompt, programPrompt } from "./review-prompt.ts";
import { type Heard, hearReviewer } from "./reviewing-agent.ts";
import { gitInRoom } from "./room-git.ts";

export interface Review {
  readonly type: "approve" | "reject" | "none";
  readonly note: string;
  /** As evidence: `skein review` with 0, 1, or that there was no verdict. */
  readonly run: GateRun;
}

/** Nobody can review it here for so long; `why` is a sentence. */
export type ReviewedLater = Extract<Heard, { readonly type: "later" }>;

const NOTE_LENGTH = 400;
const TAIL_BYTES = 16 * 1024;
const DIFF_BYTES = 128 * 1024;
const DIFF_MS = 60_000;

export async function review(
  context: AttemptContext,
  item: LiveItem,
  commit: Oid,
): Promise<Result<Review | ReviewedLater, "stopped">> {
  const { reviewer, prompt } = context.project.config().qa;
  if (reviewer === undefined) {
    const run = { argv: [REVIEW], exitCode: NO_VERDICT, durationMs: 0, outputDigest: "0".repeat(64) };
    return ok({ type: "none", note: "skein.yaml names no qa.reviewer", run });
  }
  context.say("being reviewed");
  return inCheckout(context, commit, async (cwd) => {
    if (!isReviewerAgent(reviewer))
      return byProgram(context, { reviewer, prompt: programPrompt(item, prompt), commit, cwd });
    const diff = await diffIn(context, cwd);
    if (context.signal.aborted) return { ok: false, error: "stopped" };
    const heard = await hearReviewer(context, { reviewer, prompt: agentPrompt(item, prompt, diff), commit, cwd });
    return heard.ok ? ok(reviewOf(heard.value, reviewer.run)) : heard;
  });
}

interface ProgramWork {
  readonly reviewer: Argv;
  readonly prompt: string;
  readonly commit: Oid;
  readonly cwd: string;
}

async function byProgram(
  context: AttemptContext,
  { reviewer, prompt, commit, cwd }: ProgramWork,
): Promise<Result<Review, "stopped">> {
  let tail = new Uint8Array();
  const hear = (chunk: Uint8Array): void => {
    tail = new Uint8Array([...tail, ...chunk]).slice(-TAIL_BYTES);
  };
  const ran = await runInGate(context, { argv: reviewer, cwd, stdin: prompt, env: { SKEIN_REVIEW: commit }, hear });
  if (!ran.ok) return ran;
  const { run } = ran.value;
  return ok(evidenceOf(verdictIn(new TextDecoder().decode(tail)), run.argv, run));
}

function reviewOf(heard: Heard, argv: Argv): Review | ReviewedLater {
  if (heard.type === "later") return heard;
  const said: Said = heard.type === "said" ? verdictIn(heard.said) : { type: "none", note: oneLine(heard.why) };
  const words = argv.map((word) => word.slice(0, WORD_LENGTH));
  return evidenceOf(said, words, heard.process);
}

const WORD_LENGTH = 60;

type Said = Pick<Review, "type" | "note">;

function evidenceOf(
  said: Said,
  argv: readonly string[],
  { durationMs, outputDigest }: Pick<GateRun, "durationMs" | "outputDigest">,
): Review {
  const exitCode = { approve: 0, reject: 1, none: NO_VERDICT }[said.type];
  return {
    ...said,
    run: { argv: [REVIEW, ...argv].slice(0, 16), exitCode, durationMs: Math.round(durationMs), outputDigest },
  };
}

/** An agent is told the change, because what it would have to run to see it is what it may not run. */
async function diffIn(context: AttemptContext, cwd: string): Promise<string> {
  const args = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD^1", "HEAD"];
  const { end, text, isCut } = await gitInRoom(
    context,
    { cwd, args, keepBytes: DIFF_BYTES, wallMs: DIFF_MS },
    context.signal,
  );
  if (isCut) return `${text}\n(The change is longer: the rest is in the directory.)`;
  if (end.type === "exited" && end.code === 0) return text;
  context.note(`The change could not be shown to the reviewer: git ${describeEnd({ end })}.`);
  return "(It could not be shown; it is in the directory.)";
}

/** As an op can hold it, whatever a reviewer says. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\s]+/gu, " ")
    .trim()
    .slice(0, NOTE_LENGTH);

export function verdictIn(output: string): Pick<Review, "type" | "note"> {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    const said: unknown = JSON.parse(last);
    if (typeof said === "object" && said !== null && "verdict" in said) {
      const note = "note" in said && typeof said.note === "string" ? oneLine(said.note) : "";
      if (said.verdict === "approve" || said.verdict === "reject") return { type: said.verdict, note };
    }
  } catch {
    // No JSON is no verdict, like any other line.
  }
  return { type: "none", note: "the reviewer gave no verdict" };
}
