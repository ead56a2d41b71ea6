/**
 * What this node should do about the items next: which to claim, which of its own to go on with, which to stop.
 *
 * Pure but for its own memory of since when each item could be claimed, which the stagger counts from: the k-th node in
 * rendezvous order waits k times the stagger, so that usually one node claims and the others never try. Claims save
 * cost and give no exclusion: two nodes may run one item in a partition, and landing is what must be once.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import type { Claim } from "../fold/item-state.ts";
import type { Crypto } from "../op/crypto.ts";
import { type MergeQueue, mergeQueueOf } from "../view/merge-queue.ts";
import { compareUrgency, openDependencies } from "../view/project.ts";
import { rankOf } from "./rank.ts";

/** A node that could take work, as heard in its beats. */
export interface Candidate {
  /** The member's id. */
  readonly key: string;
  readonly slotsFree: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PlanInput {
  readonly view: View;
  /** With the incarnation under which it writes now (hex). */
  readonly self: Candidate & { readonly incarnation: string };
  /** The other nodes that are alive. */
  readonly others: readonly Candidate[];
  readonly nowMs: number;
  readonly staggerMs: number;
  readonly isExpired: (claim: Claim) => boolean;
  /** Items this node works on now, with the id of the claim op each began with. */
  readonly running: ReadonlyMap<string, string>;
  /** False while work cannot start at all (no project, no sandbox): then only stops are planned. */
  readonly ready: boolean;
  /** Items to leave alone until their time has come (a remote that is down). */
  readonly notBefore: ReadonlyMap<string, number>;
  /** Until then nothing goes into Coding here: the provider of this node's agent has cut it off. */
  readonly codingFrom: number;
  /** This node has found the item's landing on the target branch: what depends on it may start. */
  readonly isVerified: (item: string) => boolean;
  /** How many more items this node would land together with those that it is landing; they take no slots. */
  readonly trainRoom: number;
}

export type Intent =
  /** `on` is the stage op that it was planned on; on any other the plan says nothing. */
  | { readonly type: "claim"; readonly item: string; readonly on: string; readonly why: "free" | "expired" | "own" }
  | { readonly type: "stop"; readonly item: string; readonly why: string; readonly release: boolean };

export interface Planner {
  plan(input: PlanInput): readonly Intent[];
}

export function createPlanner(crypto: Crypto): Planner {
  /** `<item>/<epoch>` → when this node first saw that it could be claimed. */
  const claimableSince = new Map<string, number>();
  return {
    plan: (input) => {
      const stops = planStops(input);
      return [...stops, ...planClaims(input, claimableSince, crypto)];
    },
  };
}

/** The loser stops: its claim is not the item's any more. Its branch is kept. */
function planStops({ view, running }: PlanInput): readonly Intent[] {
  const stops: Intent[] = [];
  for (const [id, claimOp] of running) {
    const item = view.items.get(id);
    if (item === undefined || !isLive(item)) {
      stops.push({ type: "stop", item: id, why: "the item was deleted", release: false });
      continue;
    }
    const { claim } = item.best.state;
    if (claim?.op !== claimOp) {
      stops.push({ type: "stop", item: id, why: "the claim is not this node's any more", release: false });
    } else if (item.registers.hold.value !== "") {
      stops.push({ type: "stop", item: id, why: `on hold: ${item.registers.hold.value}`, release: true });
    }
  }
  return stops;
}

function planClaims(input: PlanInput, claimableSince: Map<string, number>, crypto: Crypto): readonly Intent[] {
  if (!input.ready) return [];
  const queue = mergeQueueOf(input.view, input);
  const open = [...input.view.items.values()].filter(isLive).flatMap((item) => {
    const why = claimable(item, input, queue);
    return why === undefined ? [] : [{ item, why }];
  });
  forgetOthers(
    claimableSince,
    open.map(({ item }) => claimKey(item)),
  );
  const intents: Intent[] = [];
  const room = { slots: input.self.slotsFree, train: input.trainRoom };
  for (const { item, why } of open.toSorted((a, b) => byStageThenUrgency(a.item, b.item))) {
    const kind = item.best.state.stage.stage === "Merge" ? "train" : "slots";
    if (room[kind] <= 0 || !isMyTurn(item, why, input, { claimableSince, queue, crypto })) continue;
    intents.push({ type: "claim", item: item.id, on: item.best.id, why });
    room[kind]--;
  }
  return intents;
}

/** Finishing comes before beginning. */
const STAGE_ORDER: Readonly<Record<string, number>> = { Merge: 0, Qa: 1, Coding: 2 };

const byStageThenUrgency = (a: LiveItem, b: LiveItem): number =>
  (STAGE_ORDER[a.best.state.stage.stage] ?? 9) - (STAGE_ORDER[b.best.state.stage.stage] ?? 9) || compareUrgency(a, b);

function claimable(
  item: LiveItem,
  input: PlanInput,
  queue: MergeQueue,
): Extract<Intent, { type: "claim" }>["why"] | undefined {
  const { state } = item.best;
  if (STAGE_ORDER[state.stage.stage] === undefined || input.running.has(item.id)) return undefined;
  if (item.registers.hold.value !== "" || openDependencies(item, input.view.items, input.isVerified).length > 0)
    return undefined;
  if ((input.notBefore.get(item.id) ?? 0) > input.nowMs) return undefined;
  if (state.stage.stage === "Coding" && input.codingFrom > input.nowMs) return undefined;
  if (!matches(item, input.self.labels)) return undefined;
  if (state.stage.stage === "Merge" && !mayLand(item, input.self.key, queue)) return undefined;
  if (state.claim === null) return "free";
  if (state.claim.holder === input.self.key) return "own";
  return input.isExpired(state.claim) ? "expired" : undefined;
}

/** The head is anybody's who may have it; what is behind it is the merger's, who holds the head. */
const mayLand = (item: LiveItem, self: string, { line, merger }: MergeQueue): boolean =>
  line[0] === item || (merger === self && line.includes(item));

/** A label `key=value` on an item is a requirement on the node. */
const matches = (item: LiveItem, labels: Readonly<Record<string, string>>): boolean =>
  item.registers.labels.value.every((label) => {
    const at = label.indexOf("=");
    return at < 1 || labels[label.slice(0, at)] === label.slice(at + 1);
  });

const claimKey = (item: LiveItem): string => `${item.id}/${item.best.state.epoch}`;

function forgetOthers(claimableSince: Map<string, number>, keys: readonly string[]): void {
  const open = new Set(keys);
  for (const key of claimableSince.keys()) if (!open.has(key)) claimableSince.delete(key);
}

interface Turns {
  readonly claimableSince: Map<string, number>;
  readonly queue: MergeQueue;
  readonly crypto: Crypto;
}

function isMyTurn(
  item: LiveItem,
  why: Extract<Intent, { type: "claim" }>["why"],
  { self, others, nowMs, staggerMs }: PlanInput,
  { claimableSince, queue, crypto }: Turns,
): boolean {
  const key = claimKey(item);
  const { claim } = item.best.state;
  const since = claimableSince.get(key) ?? nowMs;
  claimableSince.set(key, since);
  // A claim that outlived this node's restart is nobody else's to take. One of another incarnation may be at work in a
  // copy of this node: the two would take it from each other without end.
  if (why === "own") return claim?.incarnation === self.incarnation || nowMs - since >= (claim?.ttlMs ?? 0);
  // Nobody else takes what is behind the head.
  if (queue.line.indexOf(item) > 0) return true;
  const candidates = others
    .filter((other) => other.slotsFree > 0 && matches(item, other.labels))
    .map((other) => other.key);
  const work = { item: item.id, epoch: item.best.state.epoch };
  const rank = rankOf(self.key, [self.key, ...candidates], work, crypto);
  return nowMs - since >= rank * staggerMs;
}
