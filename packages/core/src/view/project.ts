/**
 * The view as people see it: items, attempts and the merge queue as plain values. Pure; what depends on this node's
 * hearing (is a lease expired?) comes in as a function.
 */
import type { LiveItem } from "../command/find.ts";
import type { ItemHistory, HistoryEntry } from "../fold/history.ts";
import { openQuestions, type Question } from "../fold/annotations.ts";
import { type Claim, hasLanded, type ItemState } from "../fold/item-state.ts";
import { compareText } from "../kernel/bytes.ts";
import { awaitedOf, type QaPolicy, waitingFor } from "../command/review.ts";
import type { BoardAttempt, BoardClaim, BoardItem, BoardQuestion, BoardQueueEntry, WholeItem } from "./board.ts";
import type { Landing } from "./landing.ts";
import { costOf, spendsOf } from "./ledger.ts";
import { needsOf } from "./needs.ts";

export interface Naming {
  /** A member's name for its key; the beginning of the key when it has none. */
  readonly nameOf: (key: string) => string;
  readonly isExpired: (claim: Claim) => boolean;
  /** What the holder of the item's claim says it is doing. */
  readonly activityOf: (item: string, claim: Claim) => string;
  /** The project that items land on; empty while there is none. */
  readonly project?: () => string;
  /** What the project asks for before something lands; undefined where nobody has read that. */
  readonly qa?: () => QaPolicy | undefined;
  /** How many items the project lands in one train at most; undefined where nobody has read that. */
  readonly batch?: () => number | undefined;
  /** The members that could run a gate. */
  readonly able?: () => readonly string[];
  /** Opens the books, which costs a look at everything that was spent; then, why no attempt of an item is paid for, in words. */
  readonly unpaid?: () => (item: LiveItem) => string | undefined;
  /** The same, but for what only this node's own part of a budget lacks: another node may have enough. */
  readonly unpaidAnywhere?: () => (item: LiveItem) => string | undefined;
  /** What this node knows of the item's landing, should the log say that it has landed. */
  readonly landingOf: (item: string) => Landing;
  /** The nodes that are alive, this one too, with their labels; left out where nobody hears them. */
  readonly aliveNodes?: () => readonly AliveNode[];
  /** What keeps this very node from taking work; left out where no node runs. */
  readonly own?: () => OwnTrouble;
}

/** What a node knows of itself alone, and replicates to nobody. */
export interface OwnTrouble {
  /** Why it takes no work at all; undefined when it does. */
  readonly notReady: string | undefined;
  /** The target branch, when it has found it red. */
  readonly redTarget: { readonly commit: string; readonly sinceMs: number } | undefined;
  /** When it comes back (Unix ms) to an item that it leaves alone after a failure; undefined when it does not leave it. */
  readonly restsUntil: (item: string) => number | undefined;
  /** Until then nothing goes into Coding here: its agent did not start, or the provider has cut it off. */
  readonly codingFrom: number | undefined;
}

/** A node that is alive, as this one hears of it. */
export interface AliveNode {
  /** The member's id. */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function projectItem(item: LiveItem, naming: Naming): BoardItem {
  const { state } = item.best;
  const { stage } = state;
  const { title, priority, labels, dependsOn, hold, qa, type } = item.registers;
  const feature = stage.stage === "Qa" || stage.stage === "Merge" ? stage : undefined;
  const landing = hasLanded(state) ? naming.landingOf(item.id) : undefined;
  const policy = naming.qa?.();
  const { microUsd, unknown } = costOf(spendsOf(item));
  return {
    id: item.id,
    project: naming.project?.() ?? "",
    title: title.value,
    type: type.value,
    stage: stage.stage,
    priority: priority.value,
    labels: labels.value,
    dependsOn: dependsOn.value,
    hold: hold.value,
    qa: qa.value,
    generation: state.generation,
    epoch: state.epoch,
    attempts: state.attempts,
    claim: state.claim === null ? null : projectClaim(state.claim, naming),
    branch: feature?.featureBranch ?? (state.claim === null ? null : `skein/${item.id}/${state.claim.epoch}`),
    commitsAhead: feature?.commitsAhead ?? null,
    mergeCommit: landing?.commit ?? landedAs(state),
    landing: landing?.state ?? null,
    mergedAt: stage.stage === "Done" ? stage.mergedAt : null,
    archivedAt: stage.stage === "Archived" ? stage.archivedAt : null,
    archiveReason: stage.stage === "Archived" ? stage.reason : null,
    activity: state.claim === null ? "" : naming.activityOf(item.id, state.claim),
    note: state.note,
    questions: openQuestions(item).map(projectQuestion),
    awaitsPerson: policy !== undefined && awaitedOf(item, policy).person,
    cost: { microUsd, unknown },
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
    revision: item.entries.size,
  };
}

export const projectWhole = (item: LiveItem, naming: Naming): WholeItem => ({
  ...projectItem(item, naming),
  text: item.registers.text.value,
  criteria: item.registers.criteria.value,
});

export const projectQuestion = ({ question, text, options, wall }: Question): BoardQuestion => ({
  question,
  text,
  options,
  askedAt: wall,
});

/** The merge commit as the log says it. */
export const landedAs = ({ stage }: ItemState): string | null =>
  stage.stage === "Done" || stage.stage === "Archived" ? stage.mergeCommit : null;

/** Who wrote that the item has landed, as a key in hex; undefined while nobody has. */
export const landedBy = (item: LiveItem): string | undefined =>
  chainOf(item, item.best.id).find((entry) => entry.kind === "item.land")?.author;

const projectClaim = (claim: Claim, { nameOf, isExpired }: Naming): BoardClaim => ({
  node: claim.holder,
  nodeName: nameOf(claim.holder),
  epoch: claim.epoch,
  since: claim.since,
  expired: isExpired(claim),
  ttlMs: claim.ttlMs,
});

/** The op and its ancestors, newest first. */
export function chainOf(item: ItemHistory, op: string): readonly HistoryEntry[] {
  const chain: HistoryEntry[] = [];
  for (let entry = item.entries.get(op); entry !== undefined;) {
    chain.push(entry);
    entry = entry.on === null ? undefined : item.entries.get(entry.on);
  }
  return chain;
}

/** Every accepted claim is an attempt; what follows it in the winning branch ended it. Keyed `<item>/<epoch>`. */
export function projectAttempts(item: LiveItem, { nameOf }: Naming): ReadonlyMap<string, BoardAttempt> {
  const winning = chainOf(item, item.best.id).toReversed();
  const attempts = new Map<string, BoardAttempt>();
  const add = (entry: HistoryEntry, end: Pick<BoardAttempt, "endedAt" | "outcome" | "note">): void => {
    const claim = claimMadeBy(entry);
    if (claim === undefined) return;
    const { holder: node, epoch } = claim;
    const alternate = end.outcome === "alternate" && attempts.has(`${item.id}/${epoch}`);
    const key = alternate ? `${item.id}/${epoch}/${entry.id.slice(0, 8)}` : `${item.id}/${epoch}`;
    attempts.set(key, { item: item.id, epoch, node, nodeName: nameOf(node), startedAt: entry.wall, ...end });
  };
  for (const [index, entry] of winning.entries()) add(entry, endOf(winning.slice(index + 1)));
  const inWinning = new Set(winning.map((entry) => entry.id));
  for (const entry of item.entries.values()) {
    if (!inWinning.has(entry.id))
      add(entry, { endedAt: entry.wall, outcome: "alternate", note: "another attempt won" });
  }
  return attempts;
}

const claimMadeBy = (entry: HistoryEntry): Claim | undefined =>
  entry.kind === "item.claim" && entry.outcome.type === "accepted"
    ? (entry.outcome.state.claim ?? undefined)
    : undefined;

const ENDS: Readonly<Record<string, BoardAttempt["outcome"]>> = {
  "item.claim": "taken-over",
  "item.release": "released",
  "item.shelve": "released",
  "item.sendBack": "sent-back",
  "item.land": "landed",
  "item.archive": "archived",
};

function endOf(later: readonly HistoryEntry[]): Pick<BoardAttempt, "endedAt" | "outcome" | "note"> {
  for (const entry of later) {
    const outcome = ENDS[entry.kind];
    if (outcome === undefined) continue;
    const note = entry.outcome.type === "accepted" ? entry.outcome.state.note : "";
    return { endedAt: entry.wall, outcome, note };
  }
  return { endedAt: null, outcome: "running", note: "" };
}

/** Work in the order everybody takes it: priority first, then the oldest, then by id. */
export const compareUrgency = (a: LiveItem, b: LiveItem): number =>
  b.registers.priority.value - a.registers.priority.value || a.createdAt - b.createdAt || compareText(a.id, b.id);

export function projectQueue(items: readonly LiveItem[]): ReadonlyMap<string, BoardQueueEntry> {
  const waiting = items.filter((item) => item.best.state.stage.stage === "Merge").toSorted(compareUrgency);
  return new Map(waiting.map((item, position) => [item.id, { item: item.id, position }]));
}

/** The dependencies that have not landed, or whose landing does not count for who asks. */
export const openDependencies = (
  item: LiveItem,
  items: ReadonlyMap<string, ItemHistory>,
  counts: (item: string) => boolean,
): readonly string[] =>
  item.registers.dependsOn.value.filter((id) => {
    const best = items.get(id)?.best;
    return best === undefined || !hasLanded(best.state) || !counts(id);
  });

/** In words: why the item is where it is, and what it waits for. `waits`: for something that is not told here. */
export function explain(
  item: LiveItem,
  items: ReadonlyMap<string, ItemHistory>,
  naming: Naming,
  waits: boolean = false,
): readonly string[] {
  const { state } = item.best;
  const open = openDependencies(item, items, (id) => naming.landingOf(id).state !== "refuted");
  const unread = openDependencies(item, items, (id) => naming.landingOf(id).state === "verified").filter(
    (id) => !open.includes(id),
  );
  const hold = item.registers.hold.value;
  const needs = needsOf(item.registers.labels.value);
  const policy = naming.qa?.();
  const isWaiting = policy !== undefined && awaitedOf(item, policy).person;
  const unpaid = state.stage.stage === "Coding" && state.claim === null ? naming.unpaid?.()(item) : undefined;
  const free = hold === "" && open.length === 0 && !waits && !isWaiting && unpaid === undefined;
  const reasons = [stageReason(item, free, naming)];
  reasons.push(...openQuestions(item).map((asked) => questionReason(item, asked)));
  const activity = state.claim === null ? "" : naming.activityOf(item.id, state.claim);
  if (activity !== "") reasons.push(`Right now: ${activity.replace(/\.$/, "")}.`);
  if (hold !== "") reasons.push(`It is on hold: ${hold}. \`skein item hold ${item.id} --release\` ends that.`);
  if (policy !== undefined) reasons.push(...reviewReasons(item, policy, naming));
  if (open.length > 0 && !hasLanded(state)) reasons.push(`It waits for ${open.join(", ")} to land first.`);
  if (unread.length > 0 && !hasLanded(state)) {
    reasons.push(`A node takes it once it has itself found ${unread.join(", ")} on the target branch.`);
  }
  if (unpaid !== undefined) reasons.push(`It waits for money: ${unpaid}.`);
  if (state.note !== "") reasons.push(`Last note: ${state.note}`);
  if (needs.length > 0 && state.claim === null && isWorkStage(state)) {
    reasons.push(`It asks for a node with the ${needs.length === 1 ? "label" : "labels"} ${needs.join(", ")}.`);
  }
  if (state.attempts > 0 && state.stage.stage !== "Done" && state.stage.stage !== "Archived") {
    const attempts = state.attempts === 1 ? "1 attempt" : `${state.attempts} attempts`;
    const idle = state.noProgress === 0 ? "" : `, the last ${state.noProgress} without progress`;
    reasons.push(`${attempts} did not succeed${idle}.`);
  }
  return reasons;
}

function reviewReasons(item: LiveItem, policy: QaPolicy, { nameOf, able }: Naming): readonly string[] {
  const awaited = awaitedOf(item, policy);
  const words = waitingFor(awaited, { nameOf, able: able?.() });
  if (words === "") return [];
  const how = awaited.person
    ? ` \`skein item approve ${item.id}\` or \`skein item reject ${item.id} NOTE\` says what a person thinks.`
    : "";
  return [`I${words.slice(1)}.${how}`];
}

function questionReason({ id }: LiveItem, { question, text, options }: Question): string {
  const choice = options.length === 0 ? "" : ` (${options.join(", ")})`;
  return `The agent asks and waits for an answer: ${text}${choice} \`skein item answer ${id} TEXT --question ${question}\` gives one.`;
}

const isWorkStage = ({ stage: { stage } }: ItemState): boolean =>
  stage === "Coding" || stage === "Qa" || stage === "Merge";

const commits = (count: number): string => `${count} ${count === 1 ? "commit" : "commits"}`;

function stageReason(item: LiveItem, free: boolean, naming: Naming): string {
  const { nameOf, isExpired } = naming;
  const { stage, claim } = item.best.state;
  const holder = claim === null ? undefined : nameOf(claim.holder);
  const held =
    claim === null || holder === undefined
      ? free
        ? "nobody holds it yet; a node with a free slot will claim it"
        : "nobody holds it"
      : isExpired(claim)
        ? `${holder} held it (epoch ${claim.epoch}) and has gone silent; a survivor will take it over`
        : `${holder} holds it (epoch ${claim.epoch})`;
  switch (stage.stage) {
    case "Backlog":
      return `It is in Backlog: nobody started it. \`skein item start ${item.id}\` sends it to Coding.`;
    case "Coding":
      return `It is in Coding: ${held}.`;
    case "Qa":
      return `It is in Qa with ${commits(stage.commitsAhead)} on ${stage.featureBranch}: ${held}.`;
    case "Merge":
      return `It is in Merge, gate green, waiting to land ${stage.featureBranch}: ${held}.`;
    case "Done":
      return doneReason(item, stage.mergeCommit, naming);
    case "Archived":
      return stage.mergeCommit === null
        ? `It is Archived as ${stage.reason}. \`skein item restore ${item.id}\` brings it back.`
        : `It is Archived as ${stage.reason}. ${doneReason(item, stage.mergeCommit, naming)}`;
  }
}

/** "Done" is what the log says; what is true of it is on the target branch. */
function doneReason(item: LiveItem, logged: string, { landingOf, nameOf }: Naming): string {
  const { state, commit } = landingOf(item.id);
  const author = nameOf(landedBy(item) ?? "");
  const merged = `It is Done: merged as ${(commit ?? logged).slice(0, 12)}`;
  switch (state) {
    case "verified":
      return commit === logged
        ? `${merged}.`
        : `${merged} on the target branch; ${author} had written ${logged.slice(0, 12)}.`;
    case "unverified":
      return `${merged}, as ${author} says; this node has not found that on the target branch itself.`;
    case "refuted":
      return (
        `It says Done and was not merged: ${author} wrote that it landed as ${logged.slice(0, 12)}, and the target ` +
        "branch has no commit with its trailer. A landed item is never reopened: add the work as a new item, and if " +
        `nobody has rewritten the branch, \`skein members remove ${author}\`.`
      );
  }
}
