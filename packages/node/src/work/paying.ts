/** An agent's run with its purse beside it: what it tells of its use is counted, and it is ended when the money is gone. */
import type { AgentConfig, ReviewerAgent } from "@skein/config";
import {
  type Caps,
  costOfOthers,
  formatUsd,
  type LiveItem,
  ok,
  overspent as whyOverspent,
  type OthersCost,
  type Spend,
  spendsOf,
} from "@skein/core";

import type { AgentQuestions } from "./asking.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { agentsOf } from "./paying-review.ts";
import { agentName, createMeter, dayOf, type Meter, type MeterContext, type MoneyCheck, sumOf } from "./spending.ts";
import type { AgentEnd } from "./turn.ts";
import { readUsage } from "./usage-file.ts";

/** Runs an agent; `overspent` says why it was ended for its money, when it was. */
export async function paid(
  context: AttemptContext,
  item: LiveItem,
  agent: AgentConfig | ReviewerAgent,
  run: (paying: AttemptContext, meter: Meter) => Promise<AgentEnd>,
): Promise<{ readonly ended: AgentEnd; readonly overspent: string | undefined }> {
  const { prices } = context.project.config();
  const aside = spendsOf(item).find(({ claim }) => claim === context.claimOp);
  const day = aside?.day ?? dayOf(context.deps.clock.wallMs());
  // A copy: the fold goes on changing its own, with the very ops that this run writes.
  const before = new Map(aside?.models);
  const left = aside?.reserved ?? 0;
  const reserved = left === 0 ? 0 : left + sumOf(before);
  const checkCaps = createCapsCheck(context, () => context.project.config().budget, day);
  const check: MoneyCheck = (spent) =>
    reserved > 0 && spent >= reserved
      ? `it has cost ${formatUsd(spent)}, and ${formatUsd(reserved)} were set aside for it`
      : checkCaps(spent);
  const named = agentsOf(aside, agentName(agent));
  const meter = createMeter(context, { agent, named, prices, day, reserved, before, check });
  const signal = AbortSignal.any([context.signal, meter.signal]);
  const ended = await run({ ...context, signal }, meter);
  return { ended, overspent: await meter.close(ended.type === "not-started" ? "not-started" : "ran") };
}

/** An agent may tell its use a thousand times a second, and what all others have cost is in the whole of the log. */
const OTHERS_MS = 1_000;

interface CapsContext extends Pick<AttemptContext, "item" | "claimOp"> {
  readonly deps: Pick<AttemptContext["deps"], "clock" | "replica">;
}

export function createCapsCheck({ deps, item, claimOp }: CapsContext, caps: () => Caps, day: string): MoneyCheck {
  let others: (OthersCost & { readonly atMs: number }) | undefined;
  return (spent) => {
    const nowMs = deps.clock.monoMs();
    if (others === undefined || nowMs - others.atMs >= OTHERS_MS) {
      const running = { item, claim: claimOp, today: day };
      others = { ...costOfOthers(deps.replica.view(), caps(), running), atMs: nowMs };
    }
    return whyOverspent(caps(), spent, others);
  };
}

/**
 * Gives back what was set aside for an attempt whose agent has never run: somebody else was faster, or a finished result was
 * taken over. Otherwise the fleet would have less for the rest of the day each time. To be called when no agent can run any more.
 */
export async function returnUnused(
  { deps, item, claimOp, note }: MeterContext,
  spends: readonly Spend[],
): Promise<void> {
  const aside = spends.find(({ claim }) => claim === claimOp);
  // A run that has begun names a model at its end, if only one that nobody knows.
  if (aside === undefined || aside.reserved === 0 || aside.models.size > 0) return;
  const { day, agent, models } = aside;
  const body = { kind: "item.spend" as const, day, agent, models, reserved: 0 };
  const saved = await deps.journal.write(() => ok([{ entity: item, on: claimOp, body }]));
  if (!saved.ok) note("What was set aside for this attempt and not used could not be given back.");
}

const USAGE_LOOK_MS = 1_000;

/** A plain command tells in a file what it uses. Returns what looks for the last time. */
export function followUsage(
  { deps, note }: AttemptContext,
  questions: AgentQuestions,
  tell: ReturnType<Meter["begin"]>,
): () => void {
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
    if (models.size > 0) tell(models);
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
