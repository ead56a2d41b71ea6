/**
 * Coding: a fresh clone, the agent, and what it left on its branch. The result is read from the branch, never from the
 * exit code alone: commits of a crashed agent are judged, success without a commit is refused loudly.
 */
import { type AgentConfig, formatDuration } from "@skein/config";
import {
  type Candidate,
  commentsTold,
  type Feature,
  featureIn,
  type LiveItem,
  type Result,
  unmetNeeds,
} from "@skein/core";

import type { AttemptResult, AttemptWorkspace, GitError, Usage } from "../ports.ts";
import {
  type AttemptContext,
  currentBase,
  describeEnd,
  giveClaimBack,
  heldItem,
  persistently,
  agentLimits,
  roomFor,
  runLogged,
  type ShippedAgent,
  type StepEnd,
  type WorkDeps,
  writeStage,
} from "./attempt-context.ts";
import { adopt, adoptable, canAdopt } from "./adoption.ts";
import { hearAgent } from "./asking.ts";
import { conflictedTip, conflictTold, resolverOf } from "./conflicts.ts";
import { giveBack, shorten } from "./give-back.ts";
import { itemTold } from "./item-told.ts";
import { followUsage, paid } from "./paying.ts";
import { createTally, type Meter } from "./spending.ts";
import { type AgentEnd, runTurn, withHowTo } from "./turn.ts";
import { commitRest, publishRest, unfinishedWork } from "./unfinished.ts";
import { pause } from "./wait.ts";

export async function code(context: AttemptContext): Promise<StepEnd> {
  const { project, signal } = context;
  context.say("preparing a clone");
  const base = await currentBase(context);
  if (base === undefined) return "over";
  const adopted = await adopt(context);
  if (adopted !== undefined) return adopted;
  const item = heldItem(context);
  if (item === undefined) return "over";
  const resolver = resolverOf(context, item);
  const begun = await unfinishedWork(context, item, base);
  const conflicted = resolver === undefined ? undefined : (begun ?? (await conflictedTip(context, item)));
  const start = conflicted ?? begun;
  const coder = conflicted === undefined ? undefined : resolver;
  const attempt = { item: context.item, epoch: context.epoch, base, ...(start === undefined ? {} : { start }) };
  const workspace = await persistently(context, "Cloning", () => project.repository.openAttempt(attempt, signal));
  if (!workspace.ok) return "over";
  try {
    return await unlessFinishedElsewhere(context, (one) => inWorkspace(one, workspace.value, coder));
  } finally {
    await project.repository.remove(workspace.value.directory);
  }
}

/** A partition heals while the agent works, and the result of the other side is there: nobody pays for it twice. */
async function unlessFinishedElsewhere(
  context: AttemptContext,
  work: (context: AttemptContext) => Promise<StepEnd>,
): Promise<StepEnd> {
  const found = new AbortController();
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking || adoptable(context) === undefined) return;
    looking = true;
    // Only for what is here: a member may name work that nobody has, and the agent would have been stopped for nothing.
    if (await canAdopt(context)) found.abort();
    looking = false;
  };
  const stopListening = context.onChanged(() => void look());
  try {
    const end = await work({ ...context, signal: AbortSignal.any([context.signal, found.signal]) });
    return found.signal.aborted && !context.signal.aborted && heldItem(context) !== undefined ? "continue" : end;
  } finally {
    stopListening();
  }
}

/** `resolver`: the branch conflicts, and this agent goes on with it. */
async function inWorkspace(
  context: AttemptContext,
  workspace: AttemptWorkspace,
  resolver: AgentConfig | undefined,
): Promise<StepEnd> {
  const item = heldItem(context);
  if (item === undefined) return "over";
  const coder = resolver ?? context.project.config().agent;
  const conflict = resolver === undefined ? "" : await conflictTold(context, workspace);
  const { ended: agent, overspent } = await paid(context, item, coder, (paying, meter) =>
    runPatiently(paying, item, { ...workspace, coder, conflict }, meter),
  );
  if (agent.type === "not-started") return context.signal.aborted ? "over" : waitForAgent(context, agent.why);
  // A limit of the agent itself is its end; what others cut off may be in the middle of a file.
  const isCutOff = context.signal.aborted || overspent !== undefined || agent.type === "rate-limited";
  if (isCutOff && heldItem(context) !== undefined) await commitRest(context, workspace);
  // Also after a lost claim: what the agent committed stays in the mirror as an alternate attempt.
  const collected = await context.project.repository.collectAttempt(workspace, new AbortController().signal);
  const left = isCutOff && collected.ok ? await leftBy(context, workspace, collected.value) : undefined;
  if (context.signal.aborted) {
    if (left !== undefined) context.leave(left);
    return "over";
  }
  if (overspent !== undefined) return afterOverspending(context, overspent, left);
  if (agent.type === "rate-limited") return afterRateLimit(context, agent, left);
  const ended = agent.words;
  if (!collected.ok) {
    const reason = AGENTS_DOING.has(collected.error.type) ? "agent-failed" : "infrastructure";
    await giveBack(context, { reason, note: collected.error.message, tree: null, evidence: [] });
    return "over";
  }
  if (collected.value.commitsAhead === 0) {
    const note = `The agent ${ended} and left no commit on ${workspace.branch}: there is nothing to check or merge.`;
    await giveBack(context, { reason: "no-commits", note, tree: null, evidence: [] });
    return "over";
  }
  context.note(`The agent ${ended} and left ${plural(collected.value.commitsAhead, "commit")} on ${workspace.branch}.`);
  return submit(context, workspace.branch, collected.value);
}

/** What an agent did to its own repository. It would do it again, and for nothing, if it cost no attempt. */
const AGENTS_DOING: ReadonlySet<GitError["type"]> = new Set(["bad-object", "missing-branch"]);

const AGENT_RETRY_MS = 15_000;

/**
 * A mistyped or missing agent must not use up the attempts of every item: it is shown, and tried again. Where another node
 * could have the item it goes there: what is missing here may be there, and nobody may be up to mend it.
 */
async function waitForAgent(context: AttemptContext, why: string): Promise<StepEnd> {
  context.startsInVain.push(why);
  if (context.startsInVain.length >= STARTS_IN_VAIN && isForOthers(context)) return leaveToOthers(context, why);
  context.say(`waiting: ${why}`);
  context.note(`The agent did not start. ${why} Trying again in ${AGENT_RETRY_MS / 1_000} s.`);
  await pause(context.deps.clock, AGENT_RETRY_MS, context.signal);
  return "continue";
}

const STARTS_IN_VAIN = 2;

function isForOthers(context: AttemptContext): boolean {
  const labels = heldItem(context)?.registers.labels.value ?? [];
  const mayWork = ({ burden, ...other }: Candidate): boolean =>
    burden?.slots !== 0 && unmetNeeds(labels, other.labels).length === 0;
  return context.deps.others().some(mayWork);
}

async function leaveToOthers(context: AttemptContext, why: string): Promise<StepEnd> {
  const { replica, self } = context.deps;
  const name = replica.view().membership.members.get(self().key)?.name ?? "this node";
  context.rests.leaveAlone(context.item, NOT_STARTED_MS);
  context.rests.blockCoding(NOT_STARTED_MS);
  await giveClaimBack(context, shorten(`Left to other nodes, as the agent does not start on ${name}: ${why}`));
  return "over";
}

/** Should nobody have mended anything, the mesh hears of it no more often than that. */
const NOT_STARTED_MS = 5 * 60_000;

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

type RateLimited = Extract<AgentEnd, { type: "rate-limited" }>;

/** A throttle is waited out in the same clone, with the claim; after a block the agent has ended for good. */
async function runPatiently(
  context: AttemptContext,
  item: LiveItem,
  workspace: Omit<Workplace, "goesOn">,
  meter: Meter,
): Promise<AgentEnd> {
  for (let waits = 0; ; waits++) {
    const agent = await runAgent(
      context,
      item,
      {
        ...workspace,
        goesOn: waits > 0 || workspace.start !== workspace.base,
      },
      meter,
    );
    const now = context.deps.clock.wallMs();
    const restMs = agent.type === "rate-limited" && agent.until !== undefined ? agent.until - now : undefined;
    const isThrottle = restMs !== undefined && restMs <= THROTTLE_MS && waits < THROTTLES_MOST;
    // It has worked before: what it did then is handed on.
    if (agent.type === "not-started" && waits > 0) return { type: "rate-limited", why: agent.why };
    if (agent.type !== "rate-limited" || !isThrottle || context.signal.aborted) return agent;
    context.say(`throttled: the agent's provider asks for ${formatDuration(Math.max(1_000, restMs))}`);
    context.note(`${cutOff(agent)} It goes on then, where it is.`);
    await pause(context.deps.clock, Math.max(0, restMs), context.signal);
    if (context.signal.aborted) return agent;
  }
}

/** Longer than that, somebody with quota left is the better one to go on. */
const THROTTLE_MS = 5 * 60_000;
const THROTTLES_MOST = 20;

function cutOff({ why, until }: RateLimited): string {
  const when = until === undefined ? "" : ` It is told to be free again at ${new Date(until).toISOString()}.`;
  return `The agent's provider has cut it off: ${why}.${when}`;
}

const leftBy = async (
  context: AttemptContext,
  workspace: AttemptWorkspace,
  result: AttemptResult,
): Promise<Feature | undefined> =>
  // Nobody goes on with the work of a claim that was lost, or of one that takes over what others finished.
  heldItem(context) === undefined || adoptable(context) !== undefined
    ? undefined
    : publishRest(context, workspace, result);

/**
 * An hour of a provider's time is nobody's attempt: the item goes to a node with quota, with its branch, and this one takes
 * nothing for its agent until then.
 */
async function afterRateLimit(
  context: AttemptContext,
  agent: RateLimited,
  left: Feature | undefined,
): Promise<StepEnd> {
  const { until } = agent;
  const restMs = until === undefined ? UNKNOWN_LIMIT_MS : until - context.deps.clock.wallMs();
  context.rests.leaveAlone(context.item, restMs);
  context.rests.blockCoding(restMs);
  await giveBack(context, { reason: "infrastructure", note: cutOff(agent), tree: null, evidence: [], left });
  return "over";
}

/** Nobody knows when the provider lets the agent go on. */
const UNKNOWN_LIMIT_MS = 5 * 60_000;

/** The money is gone: that is nobody's failure, and half a story is not tested. The next attempt goes on with what there is. */
async function afterOverspending(context: AttemptContext, why: string, left: Feature | undefined): Promise<StepEnd> {
  const kept =
    left === undefined
      ? "It had committed nothing"
      : `Its ${plural(left.commitsAhead, "commit")} ${left.commitsAhead === 1 ? "is" : "are"} kept on ${left.featureBranch}`;
  const note = `The attempt was ended for its money: ${why}. ${kept}.`;
  await giveBack(context, { reason: "over-budget", note, tree: null, evidence: [], left });
  return "over";
}

interface Workplace extends AttemptWorkspace {
  /** There is work of before in the clone. */
  readonly goesOn: boolean;
  readonly coder: AgentConfig;
  /** What is told of the conflict that has to be resolved; empty when there is none. */
  readonly conflict: string;
}

async function runAgent(
  context: AttemptContext,
  item: LiveItem,
  workspace: Workplace,
  meter: Meter,
): Promise<AgentEnd> {
  const { deps, project } = context;
  const tell = meter.begin();
  const { goesOn, coder: agent, conflict } = workspace;
  const told = conflict === "" ? storyOf(deps, item, goesOn) : `${itemTold(item)}${conflict}`;
  const story = withHowTo(agent, `${told}${commentsFor(deps, item)}`, workspace.branch);
  const storyFile = deps.writeStory({ item: context.item, epoch: context.epoch }, story);
  if (!storyFile.ok) return { type: "not-started", why: `The story cannot be written: ${storyFile.error}.` };
  const { run: argv, read } = agentCommand(deps, agent);
  const activity = `agent: ${agent.kind === "scripted" ? "scripted" : (argv[0].split("/").at(-1) ?? argv[0])}`;
  const questions = hearAgent(context, activity);
  if (!questions.ok) return { type: "not-started", why: questions.error };
  context.say(activity);
  context.note(
    `Attempt ${item.best.state.attempts + 1} (epoch ${context.epoch}), branch ${workspace.branch}, from ${workspace.base.slice(0, 12)}.`,
  );
  const spec = {
    argv,
    cwd: workspace.directory,
    env: deps.environment("agent", agent.env, {
      SKEIN_ITEM: context.item,
      SKEIN_EPOCH: String(context.epoch),
      SKEIN_ATTEMPT: String(item.best.state.attempts + 1),
      SKEIN_BRANCH: workspace.branch,
      SKEIN_BASE: workspace.base,
      SKEIN_STORY_FILE: storyFile.value,
      SKEIN_ASK: questions.value.directory,
    }),
    limits: agentLimits(project.config()),
    ...roomFor(context, {
      write: [workspace.directory, questions.value.directory],
      read: [storyFile.value, ...read],
    }),
    excuse: questions.value.excuse,
  };
  if (agent.kind === "acp") {
    const { note } = item.best.state;
    const tally = createTally();
    const onUsage = (usage: Usage): void => tell(tally(usage));
    const turn = { permissions: agent.permissions, story, note, goesOn, ask: questions.value.ask, onUsage };
    return runTurn(context, spec, turn).finally(() => questions.value.close());
  }
  const lookLast = followUsage(context, questions.value, tell);
  const running = runLogged(context, { ...spec, stdin: story });
  const result = await running.finally(() => {
    lookLast();
    return questions.value.close();
  });
  const { end } = result;
  return end.type === "not-started" || end.type === "no-room"
    ? { type: "not-started", why: end.message }
    : { type: "ended", words: describeEnd(result) };
}

function agentCommand(deps: WorkDeps, agent: AgentConfig): ShippedAgent {
  return agent.kind === "scripted" ? deps.scriptedAgent : { run: agent.run, read: [] };
}

/** What the agent is told: the story, and what became of the attempt before. */
function storyOf(deps: WorkDeps, item: LiveItem, goesOn: boolean): string {
  const { note, attempts, epoch } = item.best.state;
  const story = `${itemTold(item)}${goesOn ? WORK_IS_HERE : ""}`;
  if (attempts === 0 || note === "") return story;
  const output = deps.lastOutput(item.id, epoch);
  return `${story}\n## The attempt before this one\n\n${note}\n${output === "" ? "" : `\nThe end of its output:\n\n${indent(output)}\n`}`;
}

/** What people said of the attempts before this one. Of a claim that was lost meanwhile the epoch is another's, and no harm done. */
function commentsFor({ replica }: WorkDeps, item: LiveItem): string {
  const { members } = replica.view().membership;
  const nameOf = (author: string): string => members.get(author)?.name ?? author.slice(0, 8);
  return commentsTold(item, item.best.state.epoch, { nameOf });
}

const WORK_IS_HERE = `
## Work that is here already

Somebody has begun this and was cut off. What was done until then is in the working directory and on its branch: look at
it, and go on from there. When everything is done already, there is nothing to add.
`;

/** Indented, so that output with fences of its own stays one block of text. */
const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");

/** The branch goes to the remote first: a survivor must be able to go on with what the log says is there. */
async function submit(context: AttemptContext, branch: string, result: AttemptResult): Promise<StepEnd> {
  const { repository } = context.project;
  context.say("publishing the branch");
  const publish = (): Promise<Result<void, GitError>> => repository.publishBranch(branch, result.tip, context.signal);
  const published = await persistently(context, "Publishing the branch", publish, ["bad-object", "branch-taken"]);
  if (!published.ok) {
    // Two nodes held this epoch for a while and the other one published: only a new epoch has a branch of its own.
    if (published.error.type === "branch-taken") await giveClaimBack(context, published.error.message);
    return "over";
  }
  const written = await writeStage(context, {
    kind: "item.submit",
    feature: featureIn({ featureBranch: branch, ...result }),
  });
  if (!written.ok) context.note(`The result could not be submitted: ${written.error.message}`);
  return written.ok ? "continue" : "over";
}
