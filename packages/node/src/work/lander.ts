/**
 * Lands what is in Merge on this node: trains of items, each merged behind the one before it and all of them one commit, the
 * gate on exactly its tree, and a compare-and-swap of the target ref. The remote's ref is the one linearization point:
 * whatever two nodes do at once, an item's trailer enters the first-parent chain once.
 *
 *     line ─► train ─► gate ──green──► compare-and-swap ──moved──► landed, all of it
 *               ▲        └─red─► half of it (one alone: its fault, or the target's)
 *               └───────────────────────────── stale ◄──┘
 */
import {
  awaitedOf,
  chainOf,
  type Draft,
  err,
  type Evidence,
  landingMessage,
  isAwaited,
  isGreen,
  memberOf,
  mergeQueueOf,
  ok,
  type QueueHearing,
  type Result,
  roleAtLeast,
  waitingFor,
} from "@skein/core";

import type { GitError, Oid } from "../ports.ts";
import { type AttemptContext, giveClaimBack, heldItem, persistently, type StepEnd } from "./attempt-context.ts";
import { runGate } from "./gate.ts";
import { featureOf, type Merged, mergeOnto, writeLanded } from "./merging.ts";
import { refuseConfig } from "./refuse-config.ts";
import { sendBack } from "./qa.ts";
import { targetIsRed } from "./target-health.ts";
import { pause } from "./wait.ts";

export interface Lander {
  /** Resolves when the item landed, went back, or is somebody else's to land. */
  land(context: AttemptContext): Promise<StepEnd>;
  /** Items that land here or wait for it. */
  readonly size: number;
}

interface Waiting {
  readonly context: AttemptContext;
  readonly end: () => void;
  readonly fail: (cause: unknown) => void;
}

interface Car extends Merged {
  readonly context: AttemptContext;
}

/** Merged one behind the other, the first on the target's tip, and all of them one commit on it. */
interface Train {
  readonly target: Oid;
  readonly cars: readonly [Car, ...Car[]];
  readonly commit: Oid;
  readonly tree: Oid;
  readonly atSeconds: number;
}

const LOOK_MS = 2_000;
const ASIDE_MS = 500;
const FIRST_ABSENCE_MS = 30_000;
const LONGEST_ABSENCE_MS = 600_000;

const absenceMs = (before: number): number => Math.min(FIRST_ABSENCE_MS * 2 ** before, LONGEST_ABSENCE_MS);

/** `hasOthers`: other nodes are alive that could land what this one cannot. */
export function createLander(hearing: QueueHearing, hasOthers: () => boolean): Lander {
  const waiting = new Map<string, Waiting>();
  let running = false;
  /** Items in one train: halved by a red one and by a target that moved meanwhile, doubled by one that lands. */
  let limit = Number.POSITIVE_INFINITY;
  /** How often in a row the remote could not be reached, and refused what was pushed. */
  let [unreached, refused] = [0, 0];

  const end = (context: AttemptContext): void => {
    const one = waiting.get(context.item);
    // Meanwhile it may be a later attempt of the same item that waits here.
    if (one?.context !== context) return;
    waiting.delete(context.item);
    one.end();
  };
  const giveAllBack = async (why: string, leaveAloneMs: number): Promise<void> => {
    for (const { context } of waiting.values()) {
      if (leaveAloneMs > 0) context.rests.leaveAlone(context.item, leaveAloneMs);
      await giveClaimBack(context, why);
      end(context);
    }
  };
  const isMeant = (train: Train): boolean => isStillMeant(train, inLine(waiting, hearing));
  const shorten = ({ cars }: Train): void => {
    limit = Math.max(1, cars.length >> 1);
  };
  const round = async (): Promise<void> => {
    for (const { context } of waiting.values()) if (await leaveToPeople(context)) end(context);
    const line = inLine(waiting, hearing);
    const [head] = line;
    if (head === undefined) return restAside(waiting, hearing);
    if (isForAnother(head, hearing)) {
      return giveAllBack("Queued: the node that lands the head of the merge queue takes it along.", 0);
    }
    const { merge, qa } = head.project.config();
    // What witnesses have signed is good for one tree, and that of a train is nobody's alone.
    limit = Math.max(1, Math.min(limit, qa.witnesses > 0 ? 1 : merge.batch));
    const reached = await reach(head);
    // Somebody stopped the head: the others go on without it.
    if (head.signal.aborted) return undefined;
    // Somebody else may reach it, and everything in the queue waits behind the head.
    if (!reached.ok) return giveAllBack(reached.error, absenceMs(unreached++));
    unreached = 0;
    const target = reached.value;
    const train = await couple(line, target, limit, end);
    if (train === undefined) return pause(head.deps.clock, LOOK_MS, head.signal);
    const verdict = await judge(train);
    if (verdict === "stopped") return undefined;
    if (verdict === "red") return shorten(train);
    if (verdict === "sent-back") return end(train.cars[0].context);
    // The gate took its time: somebody may have paused the queue, or taken an item out of it.
    if (!isMeant(train)) return undefined;
    if (!isWitnessed(train)) return pause(head.deps.clock, LOOK_MS, head.signal);
    const landed = await land(train, isMeant, hasOthers);
    // This node may not push what another one may, and everything in the queue waits behind the head.
    if (!landed.ok) return giveAllBack(landed.error, absenceMs(refused++));
    // A busy target branch: what is merged and tested sooner is the likelier to find it where it was.
    if (landed.value === "stale") return shorten(train);
    if (landed.value === "stopped") return undefined;
    refused = 0;
    for (const { context } of train.cars) end(context);
    limit = Math.max(2, limit * 2);
    return undefined;
  };
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.size > 0) {
      try {
        await round();
      } catch (cause) {
        // A fault of this program ends every attempt that it may have come from.
        for (const one of waiting.values()) one.fail(cause);
        waiting.clear();
      }
    }
    running = false;
  };

  return {
    get size(): number {
      return waiting.size;
    },
    land: (context) =>
      new Promise((resolve, reject) => {
        if (context.signal.aborted) return resolve("over");
        waiting.set(context.item, { context, end: () => resolve("over"), fail: reject });
        context.signal.addEventListener("abort", () => end(context), { once: true });
        if (!running) void run();
        return undefined;
      }),
  };
}

/** What waits here and may land, in the queue's order. */
function inLine(waiting: ReadonlyMap<string, Waiting>, hearing: QueueHearing): readonly AttemptContext[] {
  const [first] = waiting.values();
  if (first === undefined) return [];
  const { line } = mergeQueueOf(first.context.deps.replica.view(), hearing);
  return line.flatMap(({ id }) => waiting.get(id)?.context ?? []);
}

/** What a person has to see first may take days: nobody holds it meanwhile, and the place in a train is another's. */
async function leaveToPeople(context: AttemptContext): Promise<boolean> {
  const item = heldItem(context);
  if (item === undefined) return false;
  const awaited = awaitedOf(item, context.project.config().qa);
  if (!awaited.person) return false;
  const { members } = context.deps.replica.view().membership;
  const words = waitingFor({ ...awaited, witnesses: 0 }, { nameOf: (id) => members.get(id)?.name ?? id });
  await giveClaimBack(context, `Not landed yet: ${words}.`);
  return true;
}

/** Somebody alive holds the head of the whole queue. */
function isForAnother({ deps }: AttemptContext, hearing: QueueHearing): boolean {
  const { merger } = mergeQueueOf(deps.replica.view(), hearing);
  return merger !== undefined && merger !== deps.self().key;
}

/** Nothing that waits here may land now; each says why. */
async function restAside(waiting: ReadonlyMap<string, Waiting>, hearing: QueueHearing): Promise<void> {
  const [first] = waiting.values();
  if (first === undefined) return;
  const { aside } = mergeQueueOf(first.context.deps.replica.view(), hearing);
  const reasons = new Map(aside.map(({ item, why }) => [item.id, why]));
  for (const { context } of waiting.values()) {
    context.say(`waiting: ${reasons.get(context.item) ?? "it is not in the merge queue any more"}`);
  }
  await pause(first.context.deps.clock, ASIDE_MS, first.context.signal);
}

const REACH_TRIES = 4;

/** The target branch's tip, or why nothing can land from here. */
async function reach(head: AttemptContext): Promise<Result<Oid, string>> {
  for (let tried = 1; ; tried++) {
    const target = await head.project.refresh(head.signal);
    if (target.ok) {
      const refusal = refuseConfig(head.project.config(), head.deps.sandboxes);
      return refusal === undefined ? target : err(refusal);
    }
    if (tried >= REACH_TRIES || head.signal.aborted) return err(target.error.message);
    head.say(`waiting: ${target.error.message}`);
    head.note(`Fetching the target branch: ${target.error.message}`);
    await pause(head.deps.clock, 1_000 * 2 ** (tried - 1), head.signal);
  }
}

/** Undefined when nothing of it can be merged now, or what can be is known to be red on a target that is red itself. */
async function couple(
  line: readonly AttemptContext[],
  target: Oid,
  limit: number,
  end: (context: AttemptContext) => void,
): Promise<Train | undefined> {
  const [head] = line;
  const isRed = head?.verdicts.of(target) === "red";
  const cars: Car[] = [];
  for (const context of line) {
    if (cars.length >= limit) break;
    context.say(cars.length === 0 ? "landing" : `landing behind ${cars.length} others`);
    const commit = cars.at(-1)?.commit ?? target;
    const step = await mergeOnto(context, { target, commit });
    if (step.type === "over") end(context);
    if (step.type !== "merged") continue;
    // While the target is red, each is tried alone and once: one of them may be what mends it.
    if (isRed && context.verdicts.of(step.merged.tree) === "red") {
      context.say(`waiting: ${context.project.project.base} is red at ${target.slice(0, 12)}; mend it there`);
      continue;
    }
    cars.push({ ...step.merged, context });
    if (isRed) break;
  }
  const [first, ...others] = cars;
  return first === undefined ? undefined : join(target, [first, ...others]);
}

async function join(target: Oid, cars: Train["cars"]): Promise<Train | undefined> {
  const [head, ...others] = cars;
  const { context } = head;
  const { tree } = cars.at(-1) ?? head;
  // The same on every node, like each one's own.
  const atSeconds = Math.max(...cars.map((car) => car.atSeconds));
  if (others.length === 0) return { target, cars, commit: head.commit, tree, atSeconds };
  const message = landingMessage(head.text, ...others.map(({ text }) => text));
  const inputs = { base: target, tips: cars.map(({ tip }) => tip), tree, message, atSeconds };
  const joined = await persistently(context, "Joining", () => context.project.repository.join(inputs, context.signal));
  return joined.ok ? { target, cars, commit: joined.value, tree, atSeconds } : undefined;
}

/** Landed = tested: the very tree of the evidence, or the gate runs on the tree that is about to land. */
async function judge({ target, cars, commit, tree }: Train): Promise<"green" | "red" | "sent-back" | "stopped"> {
  const [{ context }] = cars;
  const evidence = evidenceOf(cars);
  const known = context.verdicts.of(tree) ?? (evidence === undefined ? undefined : "green");
  if (known === "green" && evidence !== undefined) await standBy(cars, target, evidence);
  if (known === "green" || (known === "red" && cars.length > 1)) return known;
  if (cars.length > 1) {
    for (const one of cars) one.context.note(`Landing ${cars.length} items together: the gate runs on their tree.`);
  } else context.note("The target branch has moved since the gate: testing the new tree.");
  const verdict = await runGate(context, { commit, tree });
  if (!verdict.ok) return "stopped";
  context.verdicts.remember(tree, verdict.value.type);
  await attest(cars, target, verdict.value.evidence);
  if (verdict.value.type === "green") return "green";
  if (cars.length > 1) {
    for (const one of cars) one.context.note("They are red together: trying fewer.");
    return "red";
  }
  const red = await targetIsRed(context, target);
  if (red === undefined) return "stopped";
  // Then nobody is to blame, and the next round tries the others.
  if (red) return "red";
  await sendBack(context, verdict.value);
  return "sent-back";
}

/**
 * Of this very tree, by who passed the item; nothing that was seen of an older one. Where witnesses are asked for, the coder's
 * word is not enough, and the merger vouches only for what it has run itself.
 */
function evidenceOf([{ context, tree }, ...others]: Train["cars"]): Evidence | undefined {
  const item = heldItem(context);
  const stage = item?.best.state.stage;
  if (item === undefined || stage?.stage !== "Merge" || others.length > 0) return undefined;
  const isOfTree = ({ tree: of }: Evidence): boolean => of === tree;
  const passed = isOfTree(stage.evidence) ? stage.evidence : undefined;
  if (context.project.config().qa.witnesses === 0) return passed;
  const { deps } = context;
  const self = deps.self().key;
  const passer = chainOf(item, item.best.id).find(({ kind }) => kind === "item.pass")?.author ?? "";
  if (passed !== undefined && memberOf(deps.replica.view().membership, passer)?.id === self) return passed;
  const own = item.annotations.attests.find(
    ({ member, tip, evidence }) => member === self && tip === stage.tip && isOfTree(evidence),
  );
  return own !== undefined && isGreen(own.evidence) ? own.evidence : undefined;
}

/** Witnesses run the gate on what was attested last: that is to be the tree that lands. */
async function standBy(cars: Train["cars"], target: Oid, evidence: Evidence): Promise<void> {
  const [{ context }] = cars;
  const { qa: policy } = context.project.config();
  const item = heldItem(context);
  if (item === undefined || policy.witnesses === 0) return;
  if (awaitedOf(item, policy).on?.tree !== evidence.tree) await attest(cars, target, evidence);
}

/** Everybody who has to be content has said so of the very tree that is to land. */
function isWitnessed({ cars, tree }: Train): boolean {
  return cars.every(({ context }) => {
    const item = heldItem(context);
    if (item === undefined) return false;
    const awaited = awaitedOf(item, context.project.config().qa, tree);
    if (!isAwaited(awaited)) return true;
    const { members } = context.deps.replica.view().membership;
    const able = [...members.values()].flatMap(({ id, cut, role }) =>
      cut === null && roleAtLeast(role, "agent") ? [id] : [],
    );
    context.say(`waiting: ${waitingFor(awaited, { nameOf: (id) => members.get(id)?.name ?? id, able })}`);
    return false;
  });
}

/** Signed by being ops, one on each item. That they are missing keeps nothing from landing: the verdict is this node's own. */
async function attest(cars: Train["cars"], base: Oid, evidence: Evidence): Promise<void> {
  const [{ context: head }] = cars;
  const written = await head.deps.journal.write<never>(() => ok(cars.flatMap((car) => attestOf(car, base, evidence))));
  if (!written.ok) head.note(`The evidence could not be written: ${written.error.message}`);
}

function attestOf({ context }: Car, base: Oid, evidence: Evidence): readonly Draft[] {
  const [item, feature] = [heldItem(context), featureOf(context)];
  if (item === undefined || feature === undefined) return [];
  const body = { kind: "item.attest" as const, tip: feature.tip, base, evidence };
  return [{ entity: item.id, on: item.best.id, body }];
}

/** This node still holds all of it, and nobody has taken any of it out of the queue. */
function isStillMeant({ cars }: Train, line: readonly AttemptContext[]): boolean {
  const now = new Set(line);
  return cars.every(({ context }) => now.has(context) && heldItem(context) !== undefined);
}

const PUSH_TRIES = 4;
const LONGEST_RETRY_MS = 30_000;

/**
 * `stale`: it has to be merged anew. `stopped`: it is not to land any more. Fails, when others might do better, with what kept
 * it from being pushed.
 */
async function land(
  train: Train,
  isMeant: (train: Train) => boolean,
  mayGiveUp: () => boolean,
): Promise<Result<"moved" | "stale" | "stopped", string>> {
  const [{ context: head }] = train.cars;
  for (const { context } of train.cars) context.say("landing");
  for (let tried = 1; ; tried++) {
    // The last look before the point of no return, each time: a remote may have refused for hours, and meanwhile people say stop.
    if (head.signal.aborted || !isMeant(train)) return ok("stopped");
    const pushed = await landOnce(head, train);
    if (pushed.ok && pushed.value === "moved") break;
    if (pushed.ok) head.note("The target branch moved meanwhile: merging again.");
    if (pushed.ok || pushed.error.type === "bad-object") return ok("stale");
    if (tried >= PUSH_TRIES && mayGiveUp()) return err(pushed.error.message);
    const delay = Math.min(1_000 * 2 ** (tried - 1), LONGEST_RETRY_MS);
    head.say(`waiting: ${pushed.error.message}`);
    head.note(`Landing: ${pushed.error.message} Trying again in ${Math.round(delay / 1_000)} s.`);
    await pause(head.deps.clock, delay, head.signal);
  }
  for (const { context } of train.cars) await writeLanded(context, train.commit, train.atSeconds * 1_000);
  return ok("moved");
}

/** An unknown outcome is read again before anything is tried again. */
async function landOnce(
  { project: { repository }, signal }: AttemptContext,
  { target: expected, cars, commit }: Train,
): Promise<Result<"moved" | "stale", GitError>> {
  const pushed = await repository.land({ items: cars.map(({ context }) => context.item), expected, commit }, signal);
  if (pushed.ok) return ok(pushed.value.type);
  if (pushed.error.type !== "unknown-outcome") return pushed;
  const tip = await repository.fetchBase(signal);
  if (!tip.ok) return tip;
  const landings = await repository.landings(tip.value, signal);
  if (!landings.ok) return landings;
  return ok(cars.every(({ context }) => landings.value.get(context.item) === commit) ? "moved" : "stale");
}
