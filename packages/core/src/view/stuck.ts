/**
 * What does not move although somebody started it: every cause by itself, since when, and the command with which a person gets
 * the item out. `skein why` tells all of one item; this is the list to look at in the morning.
 *
 * What waits its turn, for a free slot or behind the head of the queue, is not stuck, and what is in the Backlog was never
 * started.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import { type PartsByParent, partsByParent } from "../command/parts.ts";
import { awaitedOf, waitingFor } from "../command/review.ts";
import type { View } from "../fold/fold.ts";
import { once } from "../kernel/once.ts";
import { openQuestions } from "../fold/annotations.ts";
import { hasLanded } from "../fold/item-state.ts";
import * as exits from "./exits.ts";
import { type MergeQueue, mergeQueueOf, queueShut } from "./merge-queue.ts";
import { needsOf } from "./needs.ts";
import { compareUrgency, type Naming, openDependencies } from "./project.ts";
import { standbyOf } from "./standby.ts";
import { awaitedParts, isClaimable, whyNobodyFits } from "./waiting.ts";
import { missingWitnesses, type MissingWitnesses } from "./witnesses.ts";

export interface StuckCause extends exits.Exit {
  readonly why: string;
  /** Wall time (Unix ms), for people only. */
  readonly since: number;
  /** When it ends by itself, should nobody do anything. */
  readonly until?: number;
}

export interface StuckItem {
  readonly item: LiveItem;
  readonly causes: readonly StuckCause[];
}

/** The most urgent first. */
export function stuckItems(view: View, naming: Naming): readonly StuckItem[] {
  const shared = sharedBy(view, naming);
  return [...view.items.values()]
    .filter(isLive)
    .toSorted(compareUrgency)
    .map((item) => ({ item, causes: causesOf({ ...shared, item, since: sinceOf(item) }) }))
    .filter(({ causes }) => causes.length > 0);
}

/** Of one item; empty for one that is not stuck. */
export const stuckCauses = (item: LiveItem, view: View, naming: Naming): readonly StuckCause[] =>
  causesOf({ ...sharedBy(view, naming), item, since: sinceOf(item) });

function sharedBy(view: View, naming: Naming): Omit<Look, "item" | "since"> {
  const books = once(() => naming.unpaid?.());
  return {
    view,
    naming,
    parts: once(() => partsByParent(view.items)),
    queue: once(() => queueOf(view, naming)),
    unpaid: (item) => books()?.(item),
  };
}

const queueOf = (view: View, naming: Naming): MergeQueue =>
  mergeQueueOf(view, {
    isExpired: naming.isExpired,
    isVerified: (id) => naming.landingOf(id).state === "verified",
    qa: () => naming.qa?.(),
  });

interface Look {
  readonly item: LiveItem;
  readonly view: View;
  readonly naming: Naming;
  /** When the item came to where it is. */
  readonly since: number;
  /** What is the same for all items is looked up once, and only when some item asks for it. */
  readonly parts: () => PartsByParent;
  readonly queue: () => MergeQueue;
  readonly unpaid: (item: LiveItem) => string | undefined;
}

type Causes = (look: Look) => readonly StuckCause[];

const sinceOf = ({ entries, best }: LiveItem): number => entries.get(best.id)?.wall ?? 0;

function causesOf(look: Look): readonly StuckCause[] {
  const { stage } = look.item.best.state;
  if (stage.stage === "Backlog") return [];
  if (stage.stage === "Archived") return givenUp(look);
  if (stage.stage === "Done") return refuted(look);
  const told = UNDER_WAY.flatMap((causes) => causes(look));
  return told.length > 0 ? told : waitsWithHolder(look);
}

// ── what has ended ──────────────────────────────────────────────────────────────────────────────────────────────────

const GIVEN_UP: ReadonlySet<string> = new Set(["Blocked", "MergeFailed", "ReviewHeld"]);

const givenUp: Causes = ({ item, since }) => {
  const { stage, note } = item.best.state;
  if (stage.stage !== "Archived" || hasLanded(item.best.state) || !GIVEN_UP.has(stage.reason)) return [];
  const why = `it was given up as ${stage.reason}${note === "" ? "" : `: ${note}`}`;
  return [{ why, since, ...exits.restore(item.id) }];
};

const refuted: Causes = ({ item, naming, since }) =>
  naming.landingOf(item.id).state === "refuted"
    ? [
        {
          why: "it says Done, and the target branch has no commit of it; what has landed is never reopened",
          since,
          ...exits.add(item.registers.title.value),
        },
      ]
    : [];

// ── what people and agents said ─────────────────────────────────────────────────────────────────────────────────────

const held: Causes = ({ item, since }) => {
  const { value } = item.registers.hold;
  return value === "" ? [] : [{ why: `it is on hold: ${value}`, since, ...exits.release(item.id) }];
};

const asked: Causes = ({ item }) =>
  openQuestions(item).map(({ question, text, wall }) => ({
    why: `its agent asks: ${text}`,
    since: wall,
    ...exits.answer(item.id, question),
  }));

const reviewed: Causes = ({ item, naming, since }) => {
  const policy = naming.qa?.();
  if (policy === undefined) return [];
  const awaited = awaitedOf(item, policy);
  if (!awaited.person) return [];
  const why = waitingFor({ ...awaited, witnesses: 0 }, { nameOf: naming.nameOf });
  return [{ why, since, ...exits.approve(item.id) }];
};

const unwitnessed: Causes = (look) => {
  const { item, view, naming, since } = look;
  const policy = naming.qa?.();
  const missing = policy === undefined ? undefined : missingWitnesses(item, awaitedOf(item, policy), view, naming);
  // What nobody holds is told to be frozen in any case.
  if (missing === undefined || (missing.type === "frozen" && isClaimable(item))) return [];
  return [{ why: missing.why, since, ...exitToWitnesses(missing, item) }, ...blocking(look)];
};

function exitToWitnesses(missing: MissingWitnesses, item: LiveItem): exits.Exit {
  switch (missing.type) {
    case "members":
    case "silent":
      return exits.invite;
    case "frozen":
      return exits.unfreeze;
    case "drained":
      return exits.undrain(missing.nodes[0] ?? "");
    case "labels": {
      const rest = item.registers.labels.value.filter((label) => !missing.unmet.includes(label));
      return exits.label(item.id, rest);
    }
    default:
      return missing satisfies never;
  }
}

/** It keeps its place while it waits, so whoever cannot help it can still let the others pass. */
const blocking: Causes = ({ item, since, queue }) => {
  const { line } = queue();
  const behind = line.length - 1;
  if (line[0] !== item || behind === 0) return [];
  const others = behind === 1 ? "1 item waits" : `${behind} items wait`;
  const why = `it is the head of the merge queue, and ${others} behind it; a hold lets them pass`;
  return [{ why, since, ...exits.hold(item.id, "no node can witness it") }];
};

const frozen: Causes = ({ view }) => {
  const setting = view.membership.work.get("");
  if (setting === undefined || setting.mode === "open") return [];
  const why = `the mesh is frozen${setting.note === "" ? "" : `: ${setting.note}`}`;
  return [{ why, since: setting.wall, ...exits.unfreeze }];
};

const queueClosed: Causes = ({ item, view }) => {
  const shut = item.best.state.stage.stage === "Merge" ? queueShut(item, view) : undefined;
  return shut === undefined ? [] : [{ ...shut, ...exits.resume }];
};

// ── other items ─────────────────────────────────────────────────────────────────────────────────────────────────────

const depends: Causes = ({ item, view, naming, since }) => {
  const all = item.registers.dependsOn.value;
  return openDependencies(item, view.items, (id) => naming.landingOf(id).state === "verified").map((id) => {
    const others = all.filter((other) => other !== id);
    const exit = exitOfOther(id, view) ?? exits.dependOn(item.id, others);
    return { why: `it waits for ${id} to land first`, since, ...exit };
  });
};

const waitsForParts: Causes = ({ item, view, naming, since, parts }) =>
  awaitedParts(item, view, naming, parts).map((id) => ({
    why: `it begins once its part ${id} has landed`,
    since,
    ...(exitOfOther(id, view) ?? exits.takeOut(id)),
  }));

/** What gets an item going that another one waits for; undefined when that is under way, has landed, or is gone. */
function exitOfOther(id: string, { items }: View): exits.Exit | undefined {
  const other = items.get(id);
  if (other === undefined || !isLive(other) || hasLanded(other.best.state)) return undefined;
  const { stage } = other.best.state.stage;
  if (stage === "Backlog") return exits.start(id);
  return stage === "Archived" ? exits.restore(id) : undefined;
}

// ── nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const silent: Causes = ({ item, naming }) => {
  const { claim, stage } = item.best.state;
  if (claim === null || !naming.isExpired(claim)) return [];
  const why = `${naming.nameOf(claim.holder)}, who holds it, has gone silent, and nobody has taken it over yet`;
  const back = stage.stage === "Coding" ? exits.shelve(item.id) : exits.reject(item.id, "its holder has gone silent");
  return [{ why, since: claim.since, ...back }];
};

/** How holders begin to say that they cannot go on: with a remote, an agent or a sandbox that is not there, or a red target. */
const WAITING = "waiting: ";
/** What every item goes through on its way, as the queue says it. */
const IN_TURN = "it waits for ";

/** Its holder is alive and says itself what it cannot go on without; the sentence says what to do about it. */
const waitsWithHolder: Causes = ({ item, naming }) => {
  const { claim } = item.best.state;
  const activity = claim === null ? "" : naming.activityOf(item.id, claim);
  const what = activity.slice(WAITING.length);
  if (claim === null || !activity.startsWith(WAITING) || what.startsWith(IN_TURN)) return [];
  const why = `${naming.nameOf(claim.holder)}, who holds it, waits: ${what}`;
  return [{ why, since: claim.since, ...exits.look(`skein why ${item.id}`) }];
};

const nobodyFits: Causes = ({ item, view, naming, since }) => {
  const why = whyNobodyFits(item, view, naming);
  if (why === undefined) return [];
  const [node] = why.type === "drained" ? why.nodes : [];
  if (why.type === "drained" && node !== undefined) {
    const { note } = standbyOf(view, node) ?? { note: "" };
    const sentence = `every node that could take it is drained${note === "" ? "" : `: ${note}`}`;
    return [{ why: sentence, since: view.membership.work.get(node)?.wall ?? since, ...exits.undrain(node) }];
  }
  return [unmetLabels(item, why.type === "labels" ? why.nowhere : [], since)];
};

function unmetLabels(item: LiveItem, nowhere: readonly string[], since: number): StuckCause {
  const labels = item.registers.labels.value;
  const unmet = nowhere.length > 0 ? nowhere : needsOf(labels);
  const rest = labels.filter((label) => !unmet.includes(label));
  const has = nowhere.length > 0 ? `has ${nowhere.join(", ")}` : `has all of ${unmet.join(", ")}`;
  const why = `no node that is alive ${has}; a node gets a label by \`skein up --label KEY=VALUE\``;
  return { why, since, ...exits.label(item.id, rest) };
}

const money: Causes = ({ item, since, unpaid: unpaidOf }) => {
  const { stage, overBudget } = item.best.state;
  const unpaid = stage.stage === "Coding" ? unpaidOf(item) : undefined;
  if (unpaid === undefined) return [];
  // Caps are in skein.yaml on the target branch and the fleet's budget begins at midnight: the sentence says which it is.
  const show = unpaid.includes("skein budget") ? "skein budget" : "skein costs --by item";
  return [{ why: `it waits for money: ${unpaid}`, since, ...(overBudget ? exits.shelve(item.id) : exits.look(show)) }];
};

// ── this node ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where others are alive it waits its turn there. */
const notReady: Causes = ({ naming, since }) => {
  const why = naming.own?.().notReady;
  return why === undefined || (naming.aliveNodes?.() ?? []).length > 1
    ? []
    : [{ why: `this node does not take it: ${why}`, since, ...exits.look("skein doctor") }];
};

/** Any other node may have it meanwhile, so the way out is another node. */
const rests: Causes = ({ item, naming, since }) => {
  const until = naming.own?.().restsUntil(item.id);
  if (until === undefined) return [];
  const why = "this node leaves it alone for a while, after trouble of its own that `skein doctor` tells";
  return [{ why, since, until, ...exits.invite }];
};

const cutOff: Causes = ({ item, naming, since }) => {
  const until = naming.own?.().codingFrom;
  if (until === undefined || item.best.state.stage.stage !== "Coding") return [];
  const why = "this node's agent did not start, or its provider has cut it off, so nothing goes into Coding here";
  return [{ why, since, until, ...exits.invite }];
};

const redTarget: Causes = ({ item, naming }) => {
  const red = naming.own?.().redTarget;
  if (red === undefined || item.best.state.stage.stage !== "Merge") return [];
  const commit = red.commit.slice(0, 12);
  const why = `the target branch is red by itself at ${commit}; only what mends it lands`;
  return [{ why, since: red.sinceMs, ...exits.addFirst(`Mend the target branch, which is red at ${commit}`) }];
};

const ifUnclaimed =
  (causes: Causes): Causes =>
  (look) =>
    isClaimable(look.item) ? causes(look) : [];

/** In the order in which they are told. */
const UNDER_WAY: readonly Causes[] = [
  held,
  asked,
  reviewed,
  unwitnessed,
  queueClosed,
  redTarget,
  depends,
  waitsForParts,
  silent,
  ...[frozen, nobodyFits, money, cutOff, rests, notReady].map(ifUnclaimed),
];
