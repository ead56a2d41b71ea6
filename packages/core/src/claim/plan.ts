/**
 * What this node should do about the items next: which to claim, which of its own to go on with, which to stop.
 *
 * Pure but for its own memory of since when each item could be claimed, which the stagger counts from: the k-th node in
 * rendezvous order waits k times the stagger, so that usually one node claims and the others never try. Claims save
 * cost and give no exclusion: two nodes may run one item in a partition, and landing is what must be once.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import { openParts, partsByParent } from "../command/parts.ts";
import type { View } from "../fold/fold.ts";
import type { Claim } from "../fold/item-state.ts";
import type { Crypto } from "../op/crypto.ts";
import { type Attested, awaitedOf, type QaPolicy } from "../command/review.ts";
import { type MergeQueue, mergeQueueOf } from "../view/merge-queue.ts";
import type { Purse } from "../view/purse.ts";
import { compareUrgency, openDependencies } from "../view/project.ts";
import { unmetNeeds } from "../view/needs.ts";
import { type Meets, rememberingMeets, spread } from "../view/overlap.ts";
import { describeStandby, standbyOf } from "../view/standby.ts";
import { type Burden, handicapOf, warmNodeOf } from "./handicap.ts";
import { rankOf } from "./rank.ts";

/** A node that could take work, as heard in its beats. */
export interface Candidate {
  /** The member's id. */
  readonly key: string;
  readonly slotsFree: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Left out when nothing is known of it. */
  readonly burden?: Burden;
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
  /** Items whose gate this node runs as a witness now. */
  readonly witnessing: ReadonlySet<string>;
  /** False while work cannot start at all (no project, no sandbox): then only stops are planned. */
  readonly ready: boolean;
  /** Items to leave alone until their time has come (a remote that is down). */
  readonly notBefore: ReadonlyMap<string, number>;
  /** Until then nothing goes into Coding here: the provider of this node's agent has cut it off. */
  readonly codingFrom: number;
  /** This node has found the item's landing on the target branch: what depends on it may start. */
  readonly isVerified: (item: string) => boolean;
  /** What has to be said of a branch before it lands; undefined while there is no project. */
  readonly qa: () => QaPolicy | undefined;
  /** What attempts are paid from; nothing is asked for money when it is left out. */
  readonly purse?: Pick<Purse, "offer" | "take" | "save">;
  /** How many more items this node would land together with those that it is landing; they take no slots. */
  readonly trainRoom: number;
}

export type Intent =
  /** `on` is the stage op that it was planned on; on any other the plan says nothing. */
  | { readonly type: "claim"; readonly item: string; readonly on: string; readonly why: "free" | "expired" | "own" }
  /** Run the gate on somebody else's work, and sign what it says. */
  | ({ readonly type: "witness"; readonly item: string } & Attested)
  /** Its own claim, which it has no room to go on with: somebody else may. */
  | { readonly type: "yield"; readonly item: string; readonly on: string; readonly why: string }
  | { readonly type: "stop"; readonly item: string; readonly why: string; readonly release: boolean };

export interface Planner {
  plan(input: PlanInput): readonly Intent[];
}

export function createPlanner(crypto: Crypto): Planner {
  /** `<item>/<epoch>` → when this node first saw that it could be claimed. */
  const claimableSince = new Map<string, number>();
  const meets = rememberingMeets();
  return {
    plan: (input) => {
      const stops = planStops(input);
      const claims = planClaims(input, { claimableSince, meets, crypto });
      const room = input.self.slotsFree - claims.filter((intent) => intent.type === "claim").length;
      return [...stops, ...claims, ...planWitnesses(input, room, claims, crypto)];
    },
  };
}

/** The loser stops: its claim is not the item's any more. Its branch is kept. */
function planStops({ view, running, self }: PlanInput): readonly Intent[] {
  const stops: Intent[] = [];
  const leaving = leavingOf(view, self.key);
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
    } else if (leaving !== undefined) {
      stops.push({ type: "stop", item: id, why: leaving, release: true });
    }
  }
  return stops;
}

/** Why this node is to give back what it works on; undefined when it is not. */
function leavingOf(view: View, self: string): string | undefined {
  const standby = standbyOf(view, self);
  return standby?.mode === "leaving" ? describeStandby(standby) : undefined;
}

interface Memory {
  readonly claimableSince: Map<string, number>;
  readonly meets: Meets;
  readonly crypto: Crypto;
}

function planClaims(input: PlanInput, { claimableSince, meets, crypto }: Memory): readonly Intent[] {
  if (!input.ready) return [];
  const queue = mergeQueueOf(input.view, input);
  const parts = partsByParent(input.view.items);
  const items = [...input.view.items.values()].filter(isLive);
  const open = items.flatMap((item) => {
    const why = claimable(item, input, queue);
    return why === undefined || waitsForParts(item, parts, input) ? [] : [{ item, why }];
  });
  const misfits = items.flatMap((item) => {
    const why = whyNotOwn(item, input);
    return why === undefined ? [] : [{ item, why }];
  });
  forgetOthers(
    claimableSince,
    [...open, ...misfits].map(({ item }) => claimKey(item)),
  );
  const intents: Intent[] = misfits
    .filter(({ item }) => isMyTurn(item, "own", input, { claimableSince, queue, crypto }))
    .map(({ item, why }) => ({ type: "yield", item: item.id, on: item.best.id, why }));
  const room = { slots: input.self.slotsFree, train: input.trainRoom };
  const leaving = leavingOf(input.view, input.self.key);
  for (const { item, why } of inOrder(open, input, meets)) {
    const { stage } = item.best.state.stage;
    const kind = stage === "Merge" ? "train" : "slots";
    const isFull = room[kind] <= 0 || (why === "own" && leaving !== undefined);
    // What others in this plan take is not there any more.
    const paid = stage === "Coding" ? input.purse?.offer(item) : undefined;
    if ((isFull && why !== "own") || paid?.ok === false) continue;
    if (!isMyTurn(item, why, input, { claimableSince, queue, crypto })) {
      if (paid?.ok === true) input.purse?.save(paid.value);
      continue;
    }
    if (isFull) {
      intents.push({ type: "yield", item: item.id, on: item.best.id, why: leaving ?? NO_ROOM });
      continue;
    }
    intents.push({ type: "claim", item: item.id, on: item.best.id, why });
    room[kind]--;
    if (paid?.ok === true) input.purse?.take(paid.value);
  }
  return intents;
}

interface Open {
  readonly item: LiveItem;
  readonly why: Extract<Intent, { type: "claim" }>["why"];
}

/** What would get into the way of work that is under way begins later than its equals that would not. */
function inOrder(open: readonly Open[], { view, self }: PlanInput, meets: Meets): readonly Open[] {
  const sorted = open.toSorted((a, b) => ownFirst(a, b) || byStageThenUrgency(a.item, b.item));
  const begins = ({ item, why }: Open): boolean => why === "free" && item.best.state.stage.stage === "Coding";
  const waiting = sorted.filter(begins);
  const spreadOut = spread(
    waiting.map(({ item }) => item),
    view,
    self.slotsFree,
    meets,
  );
  let next = 0;
  return sorted.map((one) => {
    const item = begins(one) ? spreadOut[next++] : undefined;
    return item === undefined ? one : { item, why: "free" };
  });
}

const NO_ROOM = "this node has no room for it";

/** What this node holds already renews itself with every beat, so nobody else can have it meanwhile. */
const ownFirst = (a: { readonly why: string }, b: { readonly why: string }): number =>
  Number(b.why === "own") - Number(a.why === "own");

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
  if (input.witnessing.has(item.id)) return undefined;
  if (item.registers.hold.value !== "" || openDependencies(item, input.view.items, input.isVerified).length > 0)
    return undefined;
  if ((input.notBefore.get(item.id) ?? 0) > input.nowMs) return undefined;
  if (state.stage.stage === "Coding" && input.codingFrom > input.nowMs) return undefined;
  if (!matches(item, input.self.labels)) return undefined;
  const policy = input.qa();
  if (policy !== undefined && awaitedOf(item, policy).person) return undefined;
  if (state.stage.stage === "Merge" && !mayLand(item, input.self.key, queue)) return undefined;
  const why = whyTake(state.claim, input);
  // The purse remembers what it could not pay for, so it is asked for nothing that somebody else works at.
  const isPaid = why === undefined || state.stage.stage !== "Coding" || input.purse?.offer(item).ok !== false;
  return isPaid ? why : undefined;
}

function whyTake(
  claim: Claim | null,
  { view, self, isExpired }: PlanInput,
): Extract<Intent, { type: "claim" }>["why"] | undefined {
  if (claim?.holder === self.key) return "own";
  if (standbyOf(view, self.key) !== undefined) return undefined;
  if (claim === null) return "free";
  return isExpired(claim) ? "expired" : undefined;
}

/**
 * Why this node cannot go on with what it holds and does not run, as after a restart, though another one might: its beats would
 * keep the claim alive for ever.
 */
function whyNotOwn(item: LiveItem, input: PlanInput): string | undefined {
  const { claim, stage } = item.best.state;
  const isIdle = !input.running.has(item.id) && !input.witnessing.has(item.id);
  const isLeft = item.registers.hold.value !== "" || (input.notBefore.get(item.id) ?? 0) > input.nowMs;
  if (claim?.holder !== input.self.key || STAGE_ORDER[stage.stage] === undefined || !isIdle || isLeft) return undefined;
  const unmet = unmetNeeds(item.registers.labels.value, input.self.labels);
  if (unmet.length > 0) return `it asks for ${unmet.join(", ")}, which this node does not have`;
  const offer = stage.stage === "Coding" ? input.purse?.offer(item) : undefined;
  return offer?.ok === false ? `this node cannot pay for it: ${offer.error}` : undefined;
}

/** An item begins when its parts have landed; one that is under way is not stopped by another part. */
const waitsForParts = (
  item: LiveItem,
  parts: ReadonlyMap<string, readonly LiveItem[]>,
  { view, isVerified }: PlanInput,
): boolean => {
  const { stage, claim } = item.best.state;
  const own = parts.get(item.id);
  if (own === undefined || stage.stage !== "Coding" || claim !== null) return false;
  return openParts(own, view.items, isVerified).length > 0;
};

/** The head is anybody's who may have it; what is behind it is the merger's, who holds the head. */
const mayLand = (item: LiveItem, self: string, { line, merger }: MergeQueue): boolean =>
  line[0] === item || (merger === self && line.includes(item));

const matches = (item: LiveItem, labels: Readonly<Record<string, string>>): boolean =>
  unmetNeeds(item.registers.labels.value, labels).length === 0;

const claimKey = (item: LiveItem): string => `${item.id}/${item.best.state.epoch}`;

function forgetOthers(claimableSince: Map<string, number>, keys: readonly string[]): void {
  const open = new Set(keys);
  for (const key of claimableSince.keys()) if (!open.has(key)) claimableSince.delete(key);
}

/** The first of those that could do it, so many as are asked for; the rest leave it to them while they are heard. */
function planWitnesses(input: PlanInput, room: number, claims: readonly Intent[], crypto: Crypto): readonly Intent[] {
  const policy = input.qa();
  if (!input.ready || policy === undefined || policy.witnesses === 0 || room <= 0) return [];
  const { self, others, witnessing, notBefore, nowMs } = input;
  const claimed = new Set(claims.map(({ item }) => item));
  // The others see it too, and do not count on this node.
  if (standbyOf(input.view, self.key) !== undefined) return [];
  return [...input.view.items.values()]
    .filter(isLive)
    .flatMap((item): readonly Intent[] => {
      if (
        input.running.has(item.id) ||
        claimed.has(item.id) ||
        item.registers.hold.value !== "" ||
        (notBefore.get(item.id) ?? 0) > nowMs
      )
        return [];
      const { on, not, witnesses } = awaitedOf(item, policy);
      if (on === undefined || witnesses === 0 || not.has(self.key) || witnessing.has(item.id)) return [];
      const candidates = [
        self,
        ...others.filter(({ key, slotsFree }) => slotsFree > 0 && standbyOf(input.view, key) === undefined),
      ]
        .filter(({ key, labels }) => !not.has(key) && matches(item, labels))
        .map(({ key }) => key);
      const work = { item: item.id, epoch: item.best.state.epoch };
      const rank = rankOf(self.key, candidates, work, crypto);
      return rank >= 0 && rank < witnesses ? [{ type: "witness", item: item.id, ...on }] : [];
    })
    .slice(0, room);
}

interface Turns {
  readonly claimableSince: Map<string, number>;
  readonly queue: MergeQueue;
  readonly crypto: Crypto;
}

function isMyTurn(
  item: LiveItem,
  why: Extract<Intent, { type: "claim" }>["why"],
  { view, self, others, nowMs, staggerMs }: PlanInput,
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
  const mayTake = (other: Candidate): boolean =>
    other.slotsFree > 0 && matches(item, other.labels) && standbyOf(view, other.key) === undefined;
  const candidates = [self, ...others.filter(mayTake)];
  const warm = warmNodeOf(item);
  const handicaps = new Map(candidates.map((one) => [one.key, handicapOf(one, warm)]));
  const work = { item: item.id, epoch: item.best.state.epoch };
  const rank = rankOf(self.key, [...handicaps.keys()], work, crypto, (key) => handicaps.get(key) ?? 0);
  return nowMs - since >= rank * staggerMs;
}
