/**
 * What an item in Qa or Merge still waits for beside a node's work: a person who is content with the branch, or nodes other than
 * the coders' that ran the gate on the very tree that is to land. Pure; what is asked for comes from skein.yaml, or from the
 * item itself.
 *
 *     Qa     gate ─► signed evidence ─► a person's word on the tip        (held by nobody meanwhile)
 *     Merge  gate on the tree to land ─► k other nodes' word on that tree  (the merger keeps its place in the queue)
 */
import type { Attest } from "../fold/annotations.ts";
import type { ItemState } from "../fold/item-state.ts";
import { type Evidence, type Feature, type GateRun, isGreen } from "../fold/stage.ts";
import { compareText } from "../kernel/bytes.ts";
import type { QaMode } from "../op/bodies.ts";
import { compareStamp } from "../op/stamp.ts";
import { coderOf, codersOf } from "./coders.ts";
import type { LiveItem } from "./find.ts";

export interface QaPolicy {
  readonly mode: QaMode;
  /** Nodes other than the coders' that must have run the gate on the tree. */
  readonly witnesses: number;
  /** Nobody approves what their own node has coded, alone or with others. */
  readonly fourEyes: boolean;
}

/** What a witness is to run the gate on: this tip merged into this base makes this tree. */
export interface Attested {
  readonly tip: string;
  readonly base: string;
  readonly tree: string;
}

export interface Awaited {
  /** Somebody has to approve or reject the branch. */
  readonly person: boolean;
  /** And that is somebody else than these, whose nodes have coded it: member ids, sorted; empty where anybody may. */
  readonly notBy: readonly string[];
  /** So many more nodes have to run the gate on the same tree; none that has coded it, and none of those that did. */
  readonly witnesses: number;
  readonly on: Attested | undefined;
  /** Member ids. */
  readonly not: ReadonlySet<string>;
}

const NOTHING: Awaited = { person: false, notBy: [], witnesses: 0, on: undefined, not: new Set() };

/** How a review stands among the runs of evidence: this before the reviewer's command, and a verdict as exit code. */
export const REVIEW = "skein review";

/** As a reviewer says it that gives no verdict, in the place of an exit code. */
export const NO_VERDICT = 125;

const isReview = ({ argv }: GateRun): boolean => argv[0] === REVIEW;

export const qaModeOf = (item: LiveItem, { mode }: Pick<QaPolicy, "mode">): QaMode => item.registers.qa.value || mode;

/** `tree`: the one that is about to land; left out, the one that was looked at last. */
export function awaitedOf(item: LiveItem, policy: QaPolicy, tree?: string): Awaited {
  const feature = featureOf(item.best.state);
  if (feature === undefined) return NOTHING;
  const isQueued = item.best.state.stage.stage === "Merge";
  const attests = item.annotations.attests.filter(({ tip }) => tip === feature.tip);
  // A node has to run the gate first, so there is something to look at.
  if (!isQueued && attests.length === 0) return NOTHING;
  const coders = codersOf(item);
  const isApproved = hasApproval(item, feature, policy, coders);
  const newest = attests
    .filter((one) => tree === undefined || one.evidence.tree === tree)
    .toSorted(compareStamp)
    .at(-1);
  const ofTree = attests.filter(({ evidence }) => evidence.tree === (tree ?? newest?.evidence.tree));
  const isDisputed = policy.witnesses > 0 && disagree(ofTree);
  // What a person has said of a branch that nodes disagree about goes before what any of them saw.
  const counting = ofTree.filter(({ member, evidence }) => !coders.has(member) && (isGreen(evidence) || isApproved));
  const asked = qaModeOf(item, policy) === "human" || attests.some(({ evidence }) => hasNoVerdict(evidence));
  return {
    person: !isApproved && (asked || isDisputed),
    notBy: policy.fourEyes ? [...coders].toSorted(compareText) : [],
    witnesses: isQueued ? Math.max(0, policy.witnesses - counting.length) : 0,
    on: newest === undefined ? undefined : { tip: newest.tip, base: newest.base, tree: newest.evidence.tree },
    not: new Set([...ofTree.map(({ member }) => member), ...coders]),
  };
}

/**
 * What is known to be green of a tree without running its gate: by this node's own word, or by that of the coder, who would have
 * passed the item with it. Anybody else could sign anything about the work of others.
 */
export function greenOn(item: LiveItem, tree: string, self: string): readonly Evidence[] {
  const coder = coderOf(item);
  return item.annotations.attests
    .filter(({ member, evidence }) => evidence.tree === tree && (member === self || member === coder))
    .map(({ evidence: { runs } }) => ({ tree, runs: runs.filter((run) => !isReview(run)) }))
    .filter(isGreen);
}

/** They ran the same commands on the same tree and saw different things. */
const disagree = (attests: readonly Attest[]): boolean =>
  attests.some(({ evidence }) => isGreen(evidence)) && !attests.every(({ evidence }) => isGreen(evidence));

const hasNoVerdict = ({ runs }: Evidence): boolean => runs.some((run) => isReview(run) && run.exitCode === NO_VERDICT);

/** Somebody whose word counts is content with the branch as it is now. */
export function isApproved(item: LiveItem, policy: Pick<QaPolicy, "fourEyes">): boolean {
  const feature = featureOf(item.best.state);
  return feature !== undefined && hasApproval(item, feature, policy, codersOf(item));
}

const hasApproval = (
  { annotations: { approvals } }: LiveItem,
  { tip, tree }: Feature,
  { fourEyes }: Pick<QaPolicy, "fourEyes">,
  coders: ReadonlySet<string>,
): boolean => approvals.some((one) => one.tip === tip && one.tree === tree && !(fourEyes && coders.has(one.member)));

export const isAwaited = ({ person, witnesses }: Pick<Awaited, "person" | "witnesses">): boolean =>
  person || witnesses > 0;

export interface WaitingWords {
  readonly nameOf?: (member: string) => string;
  /** Members that could run a gate; left out where nobody counts them. */
  readonly able?: readonly string[] | undefined;
}

/** In words; empty when nothing is. */
export function waitingFor({ person, notBy, witnesses, not }: Awaited, { nameOf, able }: WaitingWords = {}): string {
  const who = `a person${otherThan(notBy, nameOf)}`;
  const nodes = witnesses === 1 ? "one more node" : `${witnesses} more nodes`;
  const left = able?.filter((member) => !not.has(member)).length ?? witnesses;
  const short = left < witnesses ? `, and the mesh has ${left === 0 ? "none" : `only ${left}`} that could` : "";
  const waits = [
    ...(person ? [`${who} who approves or rejects it`] : []),
    ...(witnesses > 0 ? [`${nodes} to run the gate on its tree${short}`] : []),
  ];
  return waits.length === 0 ? "" : `it waits for ${waits.join(" and ")}`;
}

/** For a sentence about a person; empty where it may be anybody. */
export function otherThan(notBy: readonly string[], nameOf?: (member: string) => string): string {
  if (notBy.length === 0) return "";
  return ` other than ${nameOf === undefined ? "who has coded it" : listOf(notBy.map(nameOf))}`;
}

/** `a`, `a and b`, `a, b and c`. */
export const listOf = (names: readonly string[]): string =>
  [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(" and ");

const featureOf = ({ stage }: ItemState): Feature | undefined =>
  stage.stage === "Qa" || stage.stage === "Merge" ? stage : undefined;
