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

interface Note extends Stamp {
  readonly text: string;
  /** Who said it, as the room knew them; empty for a person at a terminal. */
  readonly by: string;
}

interface Question extends Stamp {
  readonly question: string;
  readonly text: string;
  /** What may be answered; empty for any text. */
  readonly options: readonly string[];
  /** The first that fits. */
  readonly answer: (Stamp & { readonly text: string; readonly by: string }) | undefined;
}

export interface Annotations {
  /** In no order. */
  readonly notes: readonly Note[];
  readonly questions: ReadonlyMap<string, Question>;
}

export const noAnnotations: Annotations = { notes: [], questions: new Map() };

const compareStamp = (a: Stamp, b: Stamp): number =>
  a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id);

/** Adds one. An answer builds on its question's op or on a later one, so the question is there before it. */
export function annotate(known: Annotations, body: AnnotationBody, { lamport, author, id, wall }: Stamp): Annotations {
  const stamp = { lamport, author, id, wall };
  switch (body.kind) {
    case "item.note":
      return { ...known, notes: [...known.notes, { ...stamp, text: body.text, by: body.by }] };
    case "item.ask": {
      const before = known.questions.get(body.question);
      if (before !== undefined && compareStamp(before, stamp) < 0) return known;
      const { question, text, options } = body;
      const asked: Question = { ...stamp, question, text, options, answer: before?.answer };
      return { ...known, questions: new Map(known.questions).set(question, asked) };
    }
    case "item.answer": {
      const asked = known.questions.get(body.question);
      if (asked === undefined || (asked.answer !== undefined && compareStamp(asked.answer, stamp) < 0)) return known;
      const answer = { ...stamp, text: body.text, by: body.by };
      return { ...known, questions: new Map(known.questions).set(body.question, { ...asked, answer }) };
    }
    default:
      return body satisfies never;
  }
}
