/**
 * What an item in Qa or Merge still waits for beside a node's work: a person who is content with the branch, or nodes other than
 * the coder's that ran the gate on the same tree. Pure; what is asked for comes from skein.yaml, or from the item itself.
 */
import type { LiveItem } from "../command/find.ts";
import type { ItemState } from "../fold/item-state.ts";
import { type Feature, isGreen } from "../fold/stage.ts";
import type { QaMode } from "../op/bodies.ts";
import { chainOf } from "./project.ts";

export interface QaPolicy {
  readonly mode: QaMode;
  /** Nodes other than the coder's that must have run the gate on the tree. */
  readonly witnesses: number;
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
  /** So many more nodes have to run the gate on the same tree; not the coder's, and none of those that did. */
  readonly witnesses: number;
  readonly on: Attested | undefined;
  /** Member ids. */
  readonly not: ReadonlySet<string>;
}

/** As a reviewer says it that gives no verdict, in the place of an exit code. */
export const NO_VERDICT = 125;

export const qaModeOf = (item: LiveItem, { mode }: QaPolicy): QaMode => item.registers.qa.value || mode;

export function awaitedOf(item: LiveItem, policy: QaPolicy): Awaited {
  const feature = featureIn(item.best.state);
  const attests = item.annotations.attests.filter(({ tip }) => tip === feature?.tip);
  // A node has to run the gate first, so there is something to look at.
  if (feature === undefined || attests.length === 0) return NOTHING;
  const isApproved = item.annotations.approvals.has(feature.tip);
  const isOpen = attests.some(({ evidence }) => evidence.runs.some(({ exitCode }) => exitCode === NO_VERDICT));
  const newest = attests.toSorted((a, b) => b.lamport - a.lamport)[0];
  const ofTree = attests.filter(({ evidence }) => evidence.tree === newest?.evidence.tree);
  const coder = coderOf(item);
  const others = new Set(ofTree.filter(({ member }) => member !== coder).map(({ member }) => member));
  // They ran the same commands on the same tree and saw different things.
  const isDisputed =
    ofTree.some(({ evidence }) => isGreen(evidence)) && !ofTree.every(({ evidence }) => isGreen(evidence));
  return {
    person: !isApproved && (qaModeOf(item, policy) === "human" || isOpen || isDisputed),
    witnesses: Math.max(0, policy.witnesses - others.size),
    on: newest === undefined ? undefined : { tip: newest.tip, base: newest.base, tree: newest.evidence.tree },
    not: new Set([...others, ...(coder === undefined ? [] : [coder])]),
  };
}

const NOTHING: Awaited = { person: false, witnesses: 0, on: undefined, not: new Set() };

export const isAwaited = ({ person, witnesses }: Pick<Awaited, "person" | "witnesses">): boolean =>
  person || witnesses > 0;

/** In words; empty when nothing is. */
export function waitingFor({ person, witnesses }: Pick<Awaited, "person" | "witnesses">): string {
  const nodes = witnesses === 1 ? "one more node" : `${witnesses} more nodes`;
  const waits = [
    ...(person ? ["a person who approves or rejects it"] : []),
    ...(witnesses > 0 ? [`${nodes} to run the gate on its tree`] : []),
  ];
  return waits.length === 0 ? "" : `it waits for ${waits.join(" and ")}`;
}

const featureIn = ({ stage }: ItemState): Feature | undefined =>
  stage.stage === "Qa" || stage.stage === "Merge" ? stage : undefined;

/** The member whose attempt it is. */
function coderOf(item: LiveItem): string | undefined {
  const submit = chainOf(item, item.best.id).find(({ kind }) => kind === "item.submit");
  return submit?.outcome.type === "accepted" ? submit.outcome.state.claim?.holder : undefined;
}
