/**
 * One item's history: a tree of ops, each building on another, and the registers beside it.
 *
 * The item's state is the state of its best accepted op (item-state.ts). Losing branches stay in the tree as alternate
 * attempts; rejected ops stay with their reason. Adding an op costs one transition, whatever is there already.
 */
import type { Standing } from "../member/membership.ts";
import { roleAtLeast } from "../member/role.ts";
import { isStageKind } from "./machine.ts";
import type { AnnotationBody, ItemBody, OpBody, SendBackReason, StageBody } from "../op/bodies.ts";
import { isStoryBody, STORY_FIELDS, type StoryField, type WriteBody } from "../op/story-body.ts";
import type { Crypto } from "../op/crypto.ts";
import { ITEM_ID } from "../op/fields.ts";
import { assert } from "../kernel/result.ts";
import { annotate, type Annotations, type MutableAnnotations, newAnnotations, noAnnotations } from "./annotations.ts";
import { compareRank, type ItemState, type Rank } from "./item-state.ts";
import { addEdit, addWriting, type MutableStory, type Story, type Writing } from "../story/story.ts";
import { mergeRegisters, newRegisters, type Registers, storyRegister, writeRegister } from "./register.ts";
import { newItemState, transition } from "./transition.ts";

/** What the fold needs of an op; keys and hashes in hex. `body` is undefined when this version cannot read it. */
export interface FoldOp {
  readonly id: string;
  readonly author: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly lamport: number;
  readonly wall: number;
  readonly entity: string;
  readonly kind: string;
  readonly on: string | null;
  readonly body: OpBody | undefined;
}

export type HistoryEntry = Omit<FoldOp, "body"> & {
  readonly outcome: Outcome;
  /** Why the attempt was sent back; only there when the op says that it was. */
  readonly sentBack?: SendBackReason;
  /** What an edit of a text says of itself; only there when it says anything. */
  readonly edit?: EditSaid;
};

type EditSaid = Pick<WriteBody, "field" | "by">;

export type Outcome =
  /** Part of the tree, with the state it makes and the member that wrote it, whichever key signed. */
  | { readonly type: "accepted"; readonly state: ItemState; readonly member: string }
  /** Not a stage event: a field was set or the item deleted. */
  | { readonly type: "noted" }
  | { readonly type: "rejected"; readonly reason: string }
  /** Its author wrote two histories of the feed: kept, shown, and without any effect. */
  | { readonly type: "quarantined"; readonly reason: string };

export interface ItemHistory {
  readonly id: string;
  readonly entries: ReadonlyMap<string, HistoryEntry>;
  /** Id of the best accepted op, with its rank; undefined while nothing was accepted. */
  readonly best: Rank | undefined;
  readonly registers: Registers | undefined;
  /** What its texts are made of; one that is what the first op that wrote it says is not there. */
  readonly stories: Readonly<Partial<Record<StoryField, Story>>>;
  readonly deleted: boolean;
  readonly annotations: Annotations;
  /** Wall times for people: of the first and of the last op that had an effect. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The op that this one builds on. */
export const parentOf = ({ entries }: Pick<ItemHistory, "entries">, { on }: HistoryEntry): HistoryEntry | undefined =>
  on === null ? undefined : entries.get(on);

/** What the op makes of the item; undefined for one that is no stage of it. */
export const stateOf = (entry: HistoryEntry | undefined): ItemState | undefined =>
  entry?.outcome.type === "accepted" ? entry.outcome.state : undefined;

/** The fold's own copy, which it may change. */
export interface MutableHistory extends ItemHistory {
  readonly entries: Map<string, HistoryEntry>;
  best: Rank | undefined;
  registers: Registers | undefined;
  stories: MutableStories;
  deleted: boolean;
  /** What `annotations` is, once something was said. */
  said: MutableAnnotations | undefined;
  annotations: Annotations;
  createdAt: number;
  updatedAt: number;
}

type MutableStories = Readonly<Partial<Record<StoryField, MutableStory>>>;

/** One for all items that nobody has edited. */
const noStories: MutableStories = {};

export const newHistory = (id: string): MutableHistory => ({
  id,
  entries: new Map(),
  best: undefined,
  registers: undefined,
  stories: noStories,
  deleted: false,
  said: undefined,
  annotations: noAnnotations,
  createdAt: Number.POSITIVE_INFINITY,
  updatedAt: 0,
});

/** Whose op it is; undefined when it may not be folded; `quarantined` when its feed has two histories. */
export type Say = Standing | "quarantined" | undefined;

type Hashing = Pick<Crypto, "sha256">;

/** Adds one op whose parent is already there. */
export function addToHistory(history: MutableHistory, op: FoldOp, say: Say, crypto: Hashing): Outcome {
  const outcome = say === "quarantined" ? quarantined : judge(history, op, say, crypto);
  history.entries.set(op.id, entryOf(history, op, outcome));
  if (hasNoEffect(outcome)) return outcome;
  history.createdAt = Math.min(history.createdAt, op.wall);
  history.updatedAt = Math.max(history.updatedAt, op.wall);
  if (outcome.type === "accepted") raiseBest(history, op, outcome.state);
  return outcome;
}

/**
 * These ops of the item had no effect, and now it shows that their feed has two histories: only why they have none is
 * another reason, for them and for what builds on them.
 */
export function quarantineEntries(history: MutableHistory, ids: ReadonlySet<string>): void {
  for (const entry of history.entries.values()) {
    const isOnOne = entry.on !== null && ids.has(entry.on) && entry.outcome === onRejected;
    const outcome = ids.has(entry.id) ? quarantined : isOnOne ? onQuarantined : undefined;
    if (outcome !== undefined) history.entries.set(entry.id, { ...entry, outcome });
  }
}

/** Field by field: this is done for every op, and copying all but one field of an object costs five times as much. */
function entryOf({ id: entity, entries }: ItemHistory, op: FoldOp, outcome: Outcome): HistoryEntry {
  const { id, author, incarnation, seq, lamport, wall, kind } = op;
  // The string that is here already, not another copy of it.
  const on = op.on === null ? null : (entries.get(op.on)?.id ?? op.on);
  const { body } = op;
  if (body?.kind === "item.write" && (body.field ?? body.by) !== undefined) {
    const edit = editSaid(body);
    return { id, author, incarnation, seq, lamport, wall, entity, kind, on, outcome, edit };
  }
  if (body?.kind !== "item.sendBack") return { id, author, incarnation, seq, lamport, wall, entity, kind, on, outcome };
  return { id, author, incarnation, seq, lamport, wall, entity, kind, on, outcome, sentBack: body.reason };
}

const editSaid = ({ field, by }: WriteBody): EditSaid => ({
  ...(field === undefined ? {} : { field }),
  ...(by === undefined ? {} : { by }),
});

function raiseBest(history: MutableHistory, { lamport, author, id }: FoldOp, state: ItemState): void {
  const rank: Rank = { state, lamport, author, id };
  if (history.best === undefined || compareRank(rank, history.best) > 0) history.best = rank;
}

const quarantined: Outcome = {
  type: "quarantined",
  reason: "its author wrote two histories under one incarnation; neither counts",
};

export const hasNoEffect = (
  outcome: Outcome,
): outcome is Extract<Outcome, { readonly type: "rejected" | "quarantined" }> =>
  outcome.type === "rejected" || outcome.type === "quarantined";

const rejected = (reason: string): Outcome => ({ type: "rejected", reason });

/** One of each for all ops, so that an op which was rejected for this reason is known by its outcome, not by the words. */
const onRejected = rejected("the op it builds on was rejected");
const onQuarantined = rejected("the op it builds on was quarantined");

const onIdle = ({ type }: Outcome): Outcome => (type === "quarantined" ? onQuarantined : onRejected);

function judge(history: MutableHistory, op: FoldOp, standing: Standing | undefined, crypto: Hashing): Outcome {
  if (standing === undefined) {
    return rejected("its author's key is not a member's, or was removed or rotated before it");
  }
  const { body } = op;
  if (body === undefined) return rejected(`this version cannot read ${op.kind}`);
  if (!isItemBody(body)) return rejected(`${op.kind} is not an op of an item`);
  if (body.kind === "item.create") return birth(history, op, body, standing);
  const parent = op.on === null ? undefined : history.entries.get(op.on);
  if (parent === undefined) return rejected("it does not build on an op of this item");
  if (hasNoEffect(parent.outcome)) return onIdle(parent.outcome);
  if (body.kind === "item.write") return edit(history, op, standing, body, crypto);
  return isStageBody(body)
    ? grow(history, op, parent.outcome, standing, body)
    : note(history, op, parent.outcome, standing, body);
}

const isStageBody = (body: ItemBody): body is StageBody => isStageKind(body.kind);

const isItemBody = (body: OpBody): body is ItemBody => body.kind.startsWith("item.");

function birth(
  history: MutableHistory,
  op: FoldOp,
  body: Extract<ItemBody, { kind: "item.create" }>,
  { member, role }: Standing,
): Outcome {
  if (op.on !== null) return rejected("an item's first op builds on nothing");
  // The id becomes part of branch names and paths, so its form is the fold's business, not only that of who made it.
  if (!ITEM_ID.test(history.id)) return rejected("an item's id is 12 digits of base 36");
  if (role === "observer" || role === "agent") return rejected(`adding an item needs the role operator, not ${role}`);
  const registers = newRegisters(body, op);
  const before = history.registers;
  history.registers = before === undefined ? registers : mergeRegisters(before, registers);
  if (before !== undefined) {
    for (const field of STORY_FIELDS) {
      const { lamport, author, id, value } = registers[field];
      writeStory(history, before, field, { lamport, author, id, isBirth: true, text: value });
    }
  }
  return { type: "accepted", state: newItemState, member };
}

/** The text as a whole, beside the one that was there before. */
function writeStory(history: MutableHistory, before: Registers, field: StoryField, writing: Writing): void {
  putStory(history, before, field, addWriting(storyIn(history, before, field), writing));
}

function putStory(history: MutableHistory, before: Registers, field: StoryField, story: MutableStory): void {
  history.stories = { ...history.stories, [field]: story };
  history.registers = { ...(history.registers ?? before), [field]: storyRegister(story) };
}

const storyIn = ({ stories }: MutableHistory, before: Registers, field: StoryField): MutableStory =>
  stories[field] ?? addWriting(undefined, { ...before[field], text: before[field].value });

function edit(
  history: MutableHistory,
  op: FoldOp,
  { role }: Standing,
  { field: named, sessions, update }: WriteBody,
  crypto: Hashing,
): Outcome {
  const field: StoryField = named ?? "text";
  if (!roleAtLeast(role, "operator")) return rejected(`editing needs the role operator, not ${role}`);
  const before = history.registers;
  assert(before !== undefined, "an op with an accepted ancestor belongs to an item that was created");
  const { id, lamport, author, incarnation, on } = op;
  const place = { id, lamport, author, incarnation };
  const edited = addEdit(
    storyIn(history, before, field),
    { ...place, item: history.id, on: on ?? "", sessions, update },
    crypto,
  );
  if (!edited.ok) return rejected(edited.error);
  putStory(history, before, field, edited.value);
  return { type: "noted" };
}

function grow(
  history: MutableHistory,
  op: FoldOp,
  parent: Exclude<Outcome, { type: "rejected" | "quarantined" }>,
  { member, role }: Standing,
  body: StageBody,
): Outcome {
  if (parent.type !== "accepted") return rejected("the op it builds on is not a stage of the item");
  const { incarnation, wall, id } = op;
  const next = transition(parent.state, { item: history.id, op: id, member, incarnation, role, wall, body });
  return next.ok ? { type: "accepted", state: next.value, member } : rejected(next.error.message);
}

function note(
  history: MutableHistory,
  op: FoldOp,
  parent: Exclude<Outcome, { type: "rejected" | "quarantined" }>,
  { member, role }: Standing,
  body: Extract<ItemBody, { kind: "item.set" | "item.delete" }> | AnnotationBody,
): Outcome {
  if (body.kind !== "item.set" && body.kind !== "item.delete") {
    if (!roleAtLeast(role, "agent")) return rejected(`saying something needs the role agent, not ${role}`);
    const state = parent.type === "accepted" ? parent.state : undefined;
    const isOperator = roleAtLeast(role, "operator");
    history.said ??= newAnnotations();
    history.annotations = history.said;
    const annotated = annotate(history.said, body, { ...op, member, isOperator, state });
    return annotated.ok ? { type: "noted" } : rejected(annotated.error);
  }
  if (role === "observer" || role === "agent") return rejected(`editing needs the role operator, not ${role}`);
  if (body.kind === "item.delete") {
    history.deleted = true;
    return { type: "noted" };
  }
  assert(history.registers !== undefined, "an op with an accepted ancestor belongs to an item that was created");
  if (isStoryBody(body)) {
    const { lamport, author, id } = op;
    writeStory(history, history.registers, body.field, { lamport, author, id, isBirth: false, text: body.value });
  } else history.registers = writeRegister(history.registers, body, op);
  return { type: "noted" };
}
