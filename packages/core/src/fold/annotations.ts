/**
 * What people and agents say about an item beside its stage: notes, and questions with the answer that counts. The same from
 * any order of ops that has each behind the one it builds on.
 *
 *     item.ask (on a stage of the item) ◄── item.answer ◄── item.unask   the asker took this answer
 *                                       ◄────────────────── item.unask   the asker has stopped waiting
 *
 * Whoever asks waits for the answer, so it is the asker that says which one it took: two people may answer at once on nodes
 * that do not hear each other, and the agent gets one text. Until then the first answer stands.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { AnnotationBody, ArtifactFile } from "../op/bodies.ts";
import type { ItemState } from "./item-state.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";
import { mergeSpend, type Spend } from "./spend.ts";
import type { Evidence } from "./stage.ts";

interface Note extends Stamp {
  readonly note: string;
  readonly text: string;
  /** Who said it, as the room knew them; empty for a person at a terminal. */
  readonly by: string;
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

export const noAnnotations: Annotations = {
  notes: [],
  questions: new Map(),
  attests: [],
  artifacts: [],
  approvals: [],
  spends: new Map(),
  asks: new Map(),
  answers: new Map(),
};

/** The op beside its body: its stamp, who wrote it, and what it builds on. */
export interface AnnotationOp extends Stamp {
  readonly on: string | null;
  readonly member: string;
  readonly isOperator: boolean;
  /** The item's state at the op that it builds on; undefined when that is no stage event. */
  readonly state: ItemState | undefined;
}

const isEarlier = (a: Stamp, b: Stamp | undefined): boolean => b === undefined || compareStamp(a, b) < 0;

/** Adds one, or says why it has no effect. */
export function annotate(known: Annotations, body: AnnotationBody, op: AnnotationOp): Result<Annotations, string> {
  switch (body.kind) {
    case "item.note": {
      if (!op.isOperator) return err("writing a note needs the role operator");
      const { note, text, by } = body;
      const before = known.notes.find((one) => one.note === note);
      if (before !== undefined && compareStamp(before, op) < 0) return ok(known);
      const others = known.notes.filter((one) => one !== before);
      return ok({ ...known, notes: [...others, { ...stampOf(op), note, text, by }] });
    }
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

function attest(known: Annotations, body: Said<"item.attest">, op: AnnotationOp): Result<Annotations, string> {
  if (op.state === undefined) return err("evidence builds on a stage of the item");
  const { tip, base, evidence } = body;
  const isSame = (one: Attest): boolean =>
    one.member === op.member && one.tip === tip && one.evidence.tree === evidence.tree;
  const before = known.attests.find(isSame);
  if (before !== undefined && compareStamp(before, op) > 0) return ok(known);
  const others = known.attests.filter((one) => one !== before);
  return ok({ ...known, attests: [...others, { ...stampOf(op), member: op.member, tip, base, evidence }] });
}

function keep(known: Annotations, body: Said<"item.artifact">, op: AnnotationOp): Result<Annotations, string> {
  if (op.state === undefined) return err("what is kept of an attempt builds on a stage of the item");
  const { project, epoch, commit, copies, files } = body;
  // So there are never more of them than claims.
  if (epoch > op.state.epoch) return err("there was no such attempt");
  const isSame = (one: Artifacts): boolean => one.member === op.member && one.epoch === epoch;
  const before = known.artifacts.find(isSame);
  if (before !== undefined && compareStamp(before, op) > 0) return ok(known);
  const kept: Artifacts = { ...stampOf(op), member: op.member, project, epoch, commit, copies, files };
  return ok({ ...known, artifacts: [...known.artifacts.filter((one) => one !== before), kept] });
}

function approve(known: Annotations, body: Said<"item.approve">, op: AnnotationOp): Result<Annotations, string> {
  if (!op.isOperator) return err("approving needs the role operator");
  const { tip, tree, note, by } = body;
  const stage = op.state?.stage;
  const isThere = (stage?.stage === "Qa" || stage?.stage === "Merge") && stage.tip === tip && stage.tree === tree;
  if (!isThere) return err("approving builds on a stage of the item with that very branch");
  const before = known.approvals.find((one) => one.member === op.member && one.tip === tip);
  if (before !== undefined && !isEarlier(op, before)) return ok(known);
  const others = known.approvals.filter((one) => one !== before);
  return ok({ ...known, approvals: [...others, { ...stampOf(op), member: op.member, tip, tree, note, by }] });
}

/** Also of an attempt that lost its claim: the money is gone all the same. */
function spend(known: Annotations, body: Said<"item.spend">, op: AnnotationOp): Result<Annotations, string> {
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
  const before = known.spends.get(key);
  const spends = new Map(known.spends).set(key, before === undefined ? told : mergeSpend(before, told));
  return ok({ ...known, spends });
}

function ask(known: Annotations, body: Said<"item.ask">, op: AnnotationOp): Result<Annotations, string> {
  const { question, text, options } = body;
  if (op.state === undefined) return err("a question builds on a stage of the item");
  const { stage, epoch, claim } = op.state;
  const asked = { stage, epoch, claim };
  return ok(
    withAsk(known, {
      ...stampOf(op),
      question,
      text,
      options,
      asker: op.member,
      asked,
      answer: undefined,
      over: undefined,
    }),
  );
}

/** The asker may answer for itself: that is what it falls back to when nobody else does. */
function answer(known: Annotations, body: Said<"item.answer">, op: AnnotationOp): Result<Annotations, string> {
  const asked = known.asks.get(op.on ?? "");
  if (asked === undefined || asked.question !== body.question) return err("an answer builds on the question");
  if (!op.isOperator && op.member !== asked.asker) return err("answering needs the role operator");
  if (!fits(asked, body.text)) return err(`the answer is one of ${asked.options.join(", ")}`);
  const given: Answer = { ...stampOf(op), text: body.text, by: body.by };
  const answers = new Map(known.answers).set(op.id, { to: asked.id, answer: given });
  const counts = asked.over === undefined && isEarlier(given, asked.answer);
  return ok(withAsk({ ...known, answers }, counts ? { ...asked, answer: given } : asked));
}

export const fits = ({ options }: Pick<Question, "options">, text: string): boolean =>
  options.length === 0 || options.includes(text);

function unask(known: Annotations, body: Said<"item.unask">, op: AnnotationOp): Result<Annotations, string> {
  const taken = known.answers.get(op.on ?? "");
  const asked = known.asks.get(taken?.to ?? op.on ?? "");
  if (asked === undefined || asked.question !== body.question) {
    return err("what ends a question builds on it or on its answer");
  }
  if (op.member !== asked.asker) return err("only who asks a question ends it");
  if (!isEarlier(op, asked.over)) return ok(known);
  const over = { ...stampOf(op), note: body.note, taken: taken !== undefined };
  return ok(withAsk(known, { ...asked, answer: taken?.answer, over }));
}

function withAsk(known: Annotations, asked: Question): Annotations {
  const asks = new Map(known.asks).set(asked.id, asked);
  const first = known.questions.get(asked.question);
  const stands = first === undefined || first.id === asked.id || isEarlier(asked, first);
  const questions = stands ? new Map(known.questions).set(asked.question, asked) : known.questions;
  return { ...known, asks, questions };
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
