/** An agent's run with its purse beside it: what it tells of its use is counted, and it is ended when the money is gone. */
import { type LiveItem, overspent as whyOverspent, spendsOf } from "@skein/core";

import type { AgentQuestions } from "./asking.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { createMeter, dayOf, type Meter } from "./spending.ts";
import type { AgentEnd } from "./turn.ts";
import { readUsage } from "./usage-file.ts";

/** Runs the agent; `overspent` says why it was ended for its money, when it was. */
export async function paid(
  context: AttemptContext,
  item: LiveItem,
  run: (paying: AttemptContext, meter: Meter) => Promise<AgentEnd>,
): Promise<{ readonly ended: AgentEnd; readonly overspent: string | undefined }> {
  const { agent, prices } = context.project.config();
  const reserved = reservedFor(item, context.claimOp);
  const meter = createMeter(context, { agent, prices, reserved, check: (spent) => checkMoney(context, spent) });
  const signal = AbortSignal.any([context.signal, meter.signal]);
  const ended = await run({ ...context, signal }, meter);
  return { ended, overspent: await meter.close(ended.type === "not-started" ? "not-started" : "ran") };
}

const reservedFor = (item: LiveItem, claim: string): number =>
  spendsOf(item).reduce((sum, spend) => sum + (spend.claim === claim ? spend.reserved : 0), 0);

function checkMoney({ deps, project, item, claimOp }: AttemptContext, spent: number): string | undefined {
  const running = { item, claim: claimOp, today: dayOf(deps.clock.wallMs()), spent };
  return whyOverspent(deps.replica.view(), project.config().budget, running);
}

const USAGE_LOOK_MS = 1_000;

/** A plain command tells in a file what it uses. Returns what looks for the last time. */
export function followUsage({ deps, note }: AttemptContext, questions: AgentQuestions, meter: Meter): () => void {
  const said = new Set<string>();
  const complain = (problem: string | undefined): void => {
    if (problem !== undefined && !said.has(problem)) note(problem);
    if (problem !== undefined) said.add(problem);
  };
  const look = (): void => {
    const read = questions.readUsage();
    if (!read.ok) return complain(read.error);
    if (read.value === undefined) return undefined;
    const { models, problem } = readUsage(read.value);
    complain(problem);
    if (models.size > 0) meter.tell(models);
    return undefined;
  };
  let cancel = deps.clock.after(USAGE_LOOK_MS, function again() {
    look();
    cancel = deps.clock.after(USAGE_LOOK_MS, again);
  });
  return () => {
    cancel();
    look();
  };
}
