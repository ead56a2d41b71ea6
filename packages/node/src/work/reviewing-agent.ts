/**
 * An agent of the kind acp as the reviewer: one turn in a session of its own, in a checkout of the merged tree and shut in like
 * the agent that codes. It is told the story and the change, may look, and is asked nothing back; what counts is its last line.
 *
 *     money set aside ─► the turn ─┬─ it ended by itself ─► what it said last
 *                                  ├─ limit, error, exit, no session, no money ─► silent: a person decides
 *                                  └─ its provider cut it off ─► a throttle is waited out; after a block: later, or elsewhere
 */
import { formatDuration, type ReviewerAgent } from "@skein/config";
import { err, ok, type Result } from "@skein/core";

import type { TurnResult } from "../ports.ts";
import { agentLimits, type AttemptContext, describeEnd, heldItem, roomFor } from "./attempt-context.ts";
import { paid } from "./paying.ts";
import { putBack, setAside } from "./paying-review.ts";
import { agentName, createTally, type Meter } from "./spending.ts";
import type { AgentEnd } from "./turn.ts";
import { pause } from "./wait.ts";

export interface ReviewWork {
  readonly reviewer: ReviewerAgent;
  readonly prompt: string;
  readonly commit: string;
  readonly cwd: string;
}

/** `why` is a clause for people. */
export type Heard =
  | { readonly type: "said"; readonly said: string; readonly process: Process }
  | { readonly type: "silent"; readonly why: string; readonly process: Process }
  /** Its provider lets it do no more for so long. */
  | { readonly type: "later"; readonly why: string; readonly restMs: number };

type Process = Pick<TurnResult["process"], "durationMs" | "outputDigest">;

const NOTHING_RAN: Process = { durationMs: 0, outputDigest: "0".repeat(64) };

export async function hearReviewer(context: AttemptContext, work: ReviewWork): Promise<Result<Heard, "stopped">> {
  const { talking } = context.deps;
  if (talking === undefined) return ok(silent("this node cannot talk to agents"));
  const money = await setAside(context, agentName(work.reviewer));
  // As it is with what was set aside.
  const item = heldItem(context);
  if (item === undefined) return err("stopped");
  if (!money.ok) return ok(silent(`the reviewer did not begin: ${money.error}`));
  let last: TurnResult | undefined;
  const { ended, overspent } = await paid(context, item, work.reviewer, async (paying, meter) => {
    const ran = await runPatiently(paying, work, meter, talking.agents);
    last = ran.result;
    return ran.end;
  });
  if (ended.type === "not-started") await putBack(context);
  if (context.signal.aborted) return err("stopped");
  return ok(heard(context, ended, overspent, last));
}

function heard(
  context: AttemptContext,
  ended: AgentEnd,
  overspent: string | undefined,
  last: TurnResult | undefined,
): Heard {
  const process = last?.process ?? NOTHING_RAN;
  if (overspent !== undefined) return silent(`the reviewer was ended for its money: ${overspent}`, process);
  if (ended.type === "not-started") return silent(`the reviewer did not start: ${ended.why}`);
  if (ended.type === "rate-limited") {
    const restMs = ended.until === undefined ? UNKNOWN_LIMIT_MS : ended.until - context.deps.clock.wallMs();
    const why = `The reviewer's provider has cut it off: ${ended.why}. The review goes on in ${formatDuration(roundedUp(restMs))}, or on a node that may go on now.`;
    return { type: "later", why, restMs };
  }
  // Words that something has cut off are no verdict, whatever they happen to end with.
  return last?.end.type === "ended" && last.end.isDone === true
    ? { type: "said", said: last.said, process }
    : silent(`the reviewer ${ended.words}`, process);
}

const silent = (why: string, process: Process = NOTHING_RAN): Heard => ({ type: "silent", why, process });

/** Longer than that, another node may have the item. */
const THROTTLE_MS = 5 * 60_000;
const THROTTLES_MOST = 20;
/** Nobody knows when the provider lets it go on. */
const UNKNOWN_LIMIT_MS = 5 * 60_000;

const roundedUp = (ms: number): number => Math.max(1_000, Math.ceil(ms / 1_000) * 1_000);

interface Ran {
  readonly end: AgentEnd;
  readonly result: TurnResult;
}

async function runPatiently(context: AttemptContext, work: ReviewWork, meter: Meter, agents: Agents): Promise<Ran> {
  for (let waits = 0; ; waits++) {
    const ran = await runOnce(context, work, meter.begin(), agents);
    const { end } = ran;
    if (end.type !== "rate-limited" || end.until === undefined || context.signal.aborted) return ran;
    const restMs = end.until - context.deps.clock.wallMs();
    if (restMs > THROTTLE_MS || waits >= THROTTLES_MOST) return ran;
    context.say(`throttled: the reviewer's provider asks for ${formatDuration(roundedUp(restMs))}`);
    context.note(`The reviewer's provider has cut it off: ${end.why}. It begins again then.`);
    await pause(context.deps.clock, Math.max(0, restMs), context.signal);
    if (context.signal.aborted) return ran;
  }
}

type Agents = NonNullable<AttemptContext["deps"]["talking"]>["agents"];

async function runOnce(
  context: AttemptContext,
  { reviewer, prompt, commit, cwd }: ReviewWork,
  tell: ReturnType<Meter["begin"]>,
  agents: Agents,
): Promise<Ran> {
  const { deps, item, epoch, project } = context;
  const log = deps.capture({ item, epoch });
  const from = deps.leavings?.logEnd(context) ?? 0;
  const tally = createTally();
  const turn = agents.run(
    {
      process: {
        argv: reviewer.run,
        cwd,
        env: deps.environment("agent", reviewer.env, {
          SKEIN_ITEM: item,
          SKEIN_EPOCH: String(epoch),
          SKEIN_REVIEW: commit,
        }),
        limits: agentLimits(project.config()),
        ...roomFor(context, { write: [cwd], read: [] }),
        onOutput: (chunk) => log.write(chunk),
      },
      prompt: { fresh: prompt, again: prompt },
      // Never the session of whoever has coded, and none that a later review would go on with.
      earlier: undefined,
      onSession: () => undefined,
      permissions: "look",
      ask: () => Promise.resolve(err("Nobody answers a reviewer.")),
      onUsage: (usage) => tell(tally(usage)),
    },
    context.signal,
  );
  const result = await turn.finally(() => log.end());
  tell(tally(result.usage));
  await deps.leavings?.output(context, reviewer.run.join(" "), from, context.note);
  return { end: endOf(result), result };
}

/** What kept the process from running explains what became of the conversation, too. */
function endOf({ end, process }: TurnResult): AgentEnd {
  if (process.end.type === "not-started" || process.end.type === "no-room") {
    return { type: "not-started", why: process.end.message };
  }
  return end.type === "process" ? { type: "ended", words: describeEnd(process) } : end;
}
