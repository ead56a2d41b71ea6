/**
 * What people and agents say about an item beside its stage: notes, comments on what an attempt has made, and questions with
 * the answer that counts. The same from any order of ops that has each behind the one it builds on.
 *
 *     item.ask (on a stage of the item) ◄── item.answer ◄── item.unask   the asker took this answer
 *                                       ◄────────────────── item.unask   the asker has stopped waiting
 *
 * Whoever asks waits for the answer, so it is the asker that says which one it took: two people may answer at once on nodes
 * that do not hear each other, and the agent gets one text. Until then the first answer stands.
 *
 * The fold changes what it knows in place, and finds what an op is to replace by its key: a member may sign a hundred
 * thousand of these about one item, and each one costs the same.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { AnnotationBody, ArtifactFile } from "../op/bodies.ts";
import type { ItemState } from "./item-state.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";
import { addSpend, type MutableSpend, type Spend } from "./spend.ts";
import type { Evidence } from "./stage.ts";

interface Note extends Stamp {
  readonly note: string;
  readonly text: string;
  /** Who said it, as the room knew them; empty for a person at a terminal. */
  readonly by: string;
}

/** What somebody says of what an attempt has made. */
export interface Comment extends Stamp {
  readonly comment: string;
  readonly text: string;
  /** As the room knew them; empty for a person at a terminal. */
  readonly by: string;
  readonly epoch: number;
  /** Empty when nobody says which. */
  readonly commit: string;
  /** Empty for all that the attempt has made. */
  readonly path: string;
  /** 0 for the whole file. */
  readonly line: number;
}

interface Answer extends Stamp {
  readonly text: string;
  readonly by: string;
}

export interface Question extends Stamp {
  readonly question: string;
  readonly text: string;
  /** What may be answered; empty for any text. */
  readonly options: readonly string[];
  /** The member that asks, and nobody else may say that the question is over. */
  readonly asker: string;
  /** Where the item stood: the question goes with the attempt that asks it. */
  readonly asked: Pick<ItemState, "stage" | "epoch" | "claim">;
  /** The one that the asker took; before that, the first. */
  readonly answer: Answer | undefined;
  /** The asker waits no more, with an answer or without one; the note says why. */
  readonly over: (Stamp & { readonly note: string; readonly taken: boolean }) | undefined;
}

/** A member ran the gate on what the tip makes of a base, and signed what came of it. */
export interface Attest extends Stamp {
  readonly member: string;
  readonly tip: string;
  readonly base: string;
  readonly evidence: Evidence;
}

/** What a member keeps of an attempt that ended on it. */
export interface Artifacts extends Stamp {
  readonly member: string;
  readonly project: string;
  readonly epoch: number;
  readonly commit: string;
  readonly copies: number;
  readonly files: readonly ArtifactFile[];
}

/** A person is content with the branch as it stood, by the word of the member that signed it. */
interface Approval extends Stamp {
  readonly member: string;
  readonly tip: string;
  readonly tree: string;
  readonly note: string;
  readonly by: string;
}

export interface Annotations {
  /** In no order. */
  readonly notes: readonly Note[];
  /** In no order; of two under one name the first. */
  readonly comments: readonly Comment[];
  /** By the question's own id; of two ops that ask under one id the first. */
  readonly questions: ReadonlyMap<string, Question>;
  /** In no order; of one member's for one tree the last. */
  readonly attests: readonly Attest[];
  /** In no order; of one member's for one epoch the last. */
  readonly artifacts: readonly Artifacts[];
  /** In no order; of one member's for one tip the first. */
  readonly approvals: readonly Approval[];
  /** What each attempt has cost on each day, by claim op and day. */
  readonly spends: ReadonlyMap<string, Spend>;
  /** Every op that asks, by its id. */
  readonly asks: ReadonlyMap<string, Question>;
  /** What each answer's op says, and to which op that asks. */
  readonly answers: ReadonlyMap<string, { readonly to: string; readonly answer: Answer }>;
}

/** The fold's own copy, which it may change. */
export interface MutableAnnotations extends Annotations {
  readonly notes: Note[];
  readonly comments: Comment[];
  readonly questions: Map<string, Question>;
  readonly attests: Attest[];
  readonly artifacts: Artifacts[];
  readonly approvals: Approval[];
  readonly spends: Map<string, MutableSpend>;
  readonly asks: Map<string, Question>;
  readonly answers: Map<string, { readonly to: string; readonly answer: Answer }>;
  /** Where in its list stands what has this key; the keys of one list begin with its name. */
  readonly places: Map<string, number>;
}

export const newAnnotations = (): MutableAnnotations => ({
  notes: [],
  comments: [],
  questions: new Map(),
  attests: [],
  artifacts: [],
  approvals: [],
  spends: new Map(),
  asks: new Map(),
  answers: new Map(),
  places: new Map(),
});

/** Of an item about which nobody has said anything: one for all of them, to be read only. */
export const noAnnotations: Annotations = newAnnotations();

/** The op beside its body: its stamp, who wrote it, and what it builds on. */
export interface AnnotationOp extends Stamp {
  readonly on: string | null;
  readonly member: string;
  readonly isOperator: boolean;
  /** The item's state at the op that it builds on; undefined when that is no stage event. */
  readonly state: ItemState | undefined;
}

/** What stands in the list under the key; what is put there takes its place. */
interface Slot<T> {
  readonly value: T | undefined;
  put(value: T): void;
}

function slotOf<T>(list: T[], { places }: MutableAnnotations, key: string): Slot<T> {
  const at = places.get(key);
  return {
    value: at === undefined ? undefined : list[at],
    put: (value) => {
      if (at === undefined) places.set(key, list.length);
      list[at ?? list.length] = value;
    },
  };
}

const isEarlier = (a: Stamp, b: Stamp | undefined): boolean => b === undefined || compareStamp(a, b) < 0;

const isLater = (a: Stamp, b: Stamp | undefined): boolean => b === undefined || compareStamp(a, b) > 0;

/** Adds one, or says why it has no effect. */
export function annotate(known: MutableAnnotations, body: AnnotationBody, op: AnnotationOp): Result<void, string> {
  switch (body.kind) {
    case "item.note":
      return addNote(known, body, op);
    case "item.comment":
      return addComment(known, body, op);
    case "item.attest":
      return attest(known, body, op);
    case "item.artifact":
      return keep(known, body, op);
    case "item.approve":
      return approve(known, body, op);
    case "item.spend":
      return spend(known, body, op);
    case "item.ask":
      return ask(known, body, op);
    case "item.answer":
      return answer(known, body, op);
    case "item.unask":
      return unask(known, body, op);
    default:
      return body satisfies never;
  }
}

const stampOf = ({ lamport, author, id, wall }: Stamp): Stamp => ({ lamport, author, id, wall });

type Said<K extends AnnotationBody["kind"]> = Extract<AnnotationBody, { readonly kind: K }>;

const DONE: Result<void, never> = ok(undefined);

function addNote(known: MutableAnnotations, body: Said<"item.note">, op: AnnotationOp): Result<void, string> {
  if (!op.isOperator) return err("writing a note needs the role operator");
  const { note, text, by } = body;
  const slot = slotOf(known.notes, known, `note ${note}`);
  if (isEarlier(op, slot.value)) slot.put({ ...stampOf(op), note, text, by });
  return DONE;
}

function addComment(known: MutableAnnotations, body: Said<"item.comment">, op: AnnotationOp): Result<void, string> {
  if (!op.isOperator) return err("commenting needs the role operator");
  if (op.state === undefined) return err("a comment builds on a stage of the item");
  const { comment, text, by, epoch, commit, path, line } = body;
  if (epoch > op.state.epoch) return err("there was no such attempt");
  const slot = slotOf(known.comments, known, `comment ${comment}`);
  if (isEarlier(op, slot.value)) slot.put({ ...stampOf(op), comment, text, by, epoch, commit, path, line });
  return DONE;
}

function attest(known: MutableAnnotations, body: Said<"item.attest">, op: AnnotationOp): Result<void, string> {
  if (op.state === undefined) return err("evidence builds on a stage of the item");
  const { tip, base, evidence } = body;
  const slot = slotOf(known.attests, known, `attest ${op.member} ${tip} ${evidence.tree}`);
  if (isLater(op, slot.value)) slot.put({ ...stampOf(op), member: op.member, tip, base, evidence });
  return DONE;
}

function keep(known: MutableAnnotations, body: Said<"item.artifact">, op: AnnotationOp): Result<void, string> {
  if (op.state === undefined) return err("what is kept of an attempt builds on a stage of the item");
  const { project, epoch, commit, copies, files } = body;
  // So there are never more of them than claims.
  if (epoch > op.state.epoch) return err("there was no such attempt");
  const slot = slotOf(known.artifacts, known, `artifacts ${op.member} ${epoch}`);
  if (isLater(op, slot.value)) {
    slot.put({ ...stampOf(op), member: op.member, project, epoch, commit, copies, files });
  }
  return DONE;
}

function approve(known: MutableAnnotations, body: Said<"item.approve">, op: AnnotationOp): Result<void, string> {
  if (!op.isOperator) return err("approving needs the role operator");
  const { tip, tree, note, by } = body;
  const stage = op.state?.stage;
  const isThere = (stage?.stage === "Qa" || stage?.stage === "Merge") && stage.tip === tip && stage.tree === tree;
  if (!isThere) return err("approving builds on a stage of the item with that very branch");
  const slot = slotOf(known.approvals, known, `approval ${op.member} ${tip}`);
  if (isEarlier(op, slot.value)) slot.put({ ...stampOf(op), member: op.member, tip, tree, note, by });
  return DONE;
}

/** Also of an attempt that lost its claim: the money is gone all the same. */
function spend(known: MutableAnnotations, body: Said<"item.spend">, op: AnnotationOp): Result<void, string> {
  const claim = op.state?.claim ?? null;
  if (claim === null || claim.op !== op.on) return err("what an attempt has cost builds on its claim");
  if (claim.holder !== op.member) return err("only who holds an attempt says what it has cost");
  const { day, agent, models, reserved } = body;
  const told: Spend = {
    ...stampOf(op),
    claim: claim.op,
    epoch: claim.epoch,
    member: op.member,
    day,
    agent,
    models,
    reserved,
  };
  const key = `${claim.op} ${day}`;
  known.spends.set(key, addSpend(known.spends.get(key), told));
  return DONE;
}

function ask(known: MutableAnnotations, body: Said<"item.ask">, op: AnnotationOp): Result<void, string> {
  const { question, text, options } = body;
  if (op.state === undefined) return err("a question builds on a stage of the item");
  const { stage, epoch, claim } = op.state;
  const asked = { stage, epoch, claim };
  const said = { ...stampOf(op), question, text, options, asker: op.member, asked };
  putAsk(known, { ...said, answer: undefined, over: undefined });
  return DONE;
}

/** The asker may answer for itself: that is what it falls back to when nobody else does. */
function answer(known: MutableAnnotations, body: Said<"item.answer">, op: AnnotationOp): Result<void, string> {
  const asked = known.asks.get(op.on ?? "");
  if (asked === undefined || asked.question !== body.question) return err("an answer builds on the question");
  if (!op.isOperator && op.member !== asked.asker) return err("answering needs the role operator");
  if (!fits(asked, body.text)) return err(`the answer is one of ${asked.options.join(", ")}`);
  const given: Answer = { ...stampOf(op), text: body.text, by: body.by };
  known.answers.set(op.id, { to: asked.id, answer: given });
  const counts = asked.over === undefined && isEarlier(given, asked.answer);
  if (counts) putAsk(known, { ...asked, answer: given });
  return DONE;
}

export const fits = ({ options }: Pick<Question, "options">, text: string): boolean =>
  options.length === 0 || options.includes(text);

function unask(known: MutableAnnotations, body: Said<"item.unask">, op: AnnotationOp): Result<void, string> {
  const taken = known.answers.get(op.on ?? "");
  const asked = known.asks.get(taken?.to ?? op.on ?? "");
  if (asked === undefined || asked.question !== body.question) {
    return err("what ends a question builds on it or on its answer");
  }
  if (op.member !== asked.asker) return err("only who asks a question ends it");
  if (!isEarlier(op, asked.over)) return DONE;
  const over = { ...stampOf(op), note: body.note, taken: taken !== undefined };
  putAsk(known, { ...asked, answer: taken?.answer, over });
  return DONE;
}

function putAsk({ asks, questions }: MutableAnnotations, asked: Question): void {
  asks.set(asked.id, asked);
  const first = questions.get(asked.question);
  if (first?.id === asked.id || isEarlier(asked, first)) questions.set(asked.question, asked);
}

/** Does somebody still wait for an answer? A question ends with its attempt, also when nobody was left to say so. */
export function isOpen({ answer: given, over, asked }: Question, state: ItemState | undefined): boolean {
  if (given !== undefined || over !== undefined || state === undefined) return false;
  return state.stage.stage === asked.stage.stage && state.epoch === asked.epoch && state.claim?.op === asked.claim?.op;
}

/** What is asked about an item now, the oldest first. */
export const openQuestions = ({
  annotations,
  best,
}: {
  readonly annotations: Annotations;
  readonly best: { readonly state: ItemState } | undefined;
}): readonly Question[] =>
  [...annotations.questions.values()].filter((one) => isOpen(one, best?.state)).toSorted(compareStamp);
