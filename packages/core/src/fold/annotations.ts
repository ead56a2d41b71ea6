/**
 * What people and agents say about an item beside its stage: notes, and questions with the answer that counts. The same from
 * any order of ops.
 */
import { compareText } from "../kernel/bytes.ts";
import type { AnnotationBody } from "../op/bodies.ts";

interface Stamp {
  readonly lamport: number;
  readonly author: string;
  readonly id: string;
  readonly wall: number;
}

export interface Note extends Stamp {
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
  /** The first that fits. */
  readonly answer: Answer | undefined;
}

export interface Annotations {
  /** In no order. */
  readonly notes: readonly Note[];
  readonly questions: ReadonlyMap<string, Question>;
  /** Every answer by its question, also of questions that are not here yet. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
}

export const noAnnotations: Annotations = { notes: [], questions: new Map(), answers: new Map() };

const compareStamp = (a: Stamp, b: Stamp): number =>
  a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id);

/** Adds one. An answer builds on the item's head and not on its question, so it may come first. */
export function annotate(known: Annotations, body: AnnotationBody, { lamport, author, id, wall }: Stamp): Annotations {
  const stamp = { lamport, author, id, wall };
  switch (body.kind) {
    case "item.note":
      return { ...known, notes: [...known.notes, { ...stamp, text: body.text, by: body.by }] };
    case "item.ask": {
      const before = known.questions.get(body.question);
      if (before !== undefined && compareStamp(before, stamp) < 0) return known;
      const { question, text, options } = body;
      return answered(known, { ...stamp, question, text, options, answer: undefined });
    }
    case "item.answer": {
      const { question, text, by } = body;
      const all = [...(known.answers.get(question) ?? []), { ...stamp, text, by }];
      const next = { ...known, answers: new Map(known.answers).set(question, all) };
      const asked = known.questions.get(question);
      return asked === undefined ? next : answered(next, asked);
    }
    default:
      return body satisfies never;
  }
}

/** The question with the first answer that fits it. */
function answered(known: Annotations, asked: Question): Annotations {
  const { options, question } = asked;
  const fitting = (known.answers.get(question) ?? []).filter(
    ({ text }) => options.length === 0 || options.includes(text),
  );
  const [answer] = fitting.toSorted(compareStamp);
  return { ...known, questions: new Map(known.questions).set(question, { ...asked, answer }) };
}
