/** Notes, and questions with the answer that counts: the same from any order. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { AnnotationBody } from "../op/bodies.ts";
import { annotate, type Annotations, noAnnotations } from "./annotations.ts";

const ask = (question: string, text: string, options: readonly string[] = []): AnnotationBody => ({
  kind: "item.ask",
  question,
  text,
  options,
});
const answer = (question: string, text: string): AnnotationBody => ({ kind: "item.answer", question, text, by: "ada" });

type Said = readonly [body: AnnotationBody, lamport: number, author?: string];

const annotated = (...all: readonly Said[]): Annotations =>
  all.reduce(
    (known, [body, lamport, author = "aa"]) =>
      annotate(known, body, { lamport, author, id: `${lamport}${author}`, wall: lamport }),
    noAnnotations,
  );

const answerOf = (of: Annotations, question: string): string | undefined => of.questions.get(question)?.answer?.text;

test("of two answers the first counts, in whatever order they come", () => {
  const all: readonly Said[] = [
    [ask("q1", "Which port?"), 1],
    [answer("q1", "443"), 2, "bb"],
    [answer("q1", "80"), 3, "aa"],
  ];
  expect(answerOf(annotated(...all), "q1")).toBe("443");
  expect(answerOf(annotated(...all.toReversed()), "q1")).toBe("443");
});

test("an answer that came before its question counts once the question is here", () => {
  expect(answerOf(annotated([answer("q1", "443"), 2], [ask("q1", "Which port?"), 1]), "q1")).toBe("443");
});

test("an answer that is none of the options does not count, however early it is", () => {
  const all: readonly Said[] = [
    [answer("q1", "maybe"), 2],
    [ask("q1", "Deploy?", ["allow", "deny"]), 1],
    [answer("q1", "deny"), 3],
  ];
  expect(answerOf(annotated(...all), "q1")).toBe("deny");
  expect(answerOf(annotated(...all.slice(0, 2)), "q1")).toBeUndefined();
});

test("an answer to one question is none to another", () => {
  const two = annotated([ask("q1", "a?"), 1], [ask("q2", "b?"), 2], [answer("q2", "yes"), 3]);
  expect([answerOf(two, "q1"), answerOf(two, "q2")]).toEqual([undefined, "yes"]);
});

test("any order of any notes, questions and answers gives the same", () => {
  const questions = fc.constantFrom("q1", "q2");
  const texts = fc.constantFrom("allow", "deny", "maybe");
  const bodies: fc.Arbitrary<AnnotationBody> = fc.oneof(
    fc.record({ kind: fc.constant("item.note" as const), text: texts, by: fc.constant("") }),
    fc
      .record({ question: questions, text: texts, options: fc.constantFrom([], ["allow", "deny"]) })
      .map(({ question, text, options }) => ask(question, text, options)),
    fc.tuple(questions, texts).map(([question, text]) => answer(question, text)),
  );
  const histories = fc.uniqueArray(fc.tuple(bodies, fc.integer({ min: 1, max: 8 }), fc.constantFrom("aa", "bb")), {
    selector: ([, lamport, author]) => `${lamport} ${author}`,
    maxLength: 12,
  });
  const seen = ({ notes, questions: asked }: Annotations): unknown => [
    notes.map(({ id }) => id).toSorted(),
    [...asked.values()].toSorted((a, b) => (a.question < b.question ? -1 : 1)),
  ];
  fc.assert(
    fc.property(
      histories.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
      ),
      ([all, shuffled]) => {
        expect(seen(annotated(...shuffled))).toEqual(seen(annotated(...all)));
      },
    ),
    { numRuns: 500 },
  );
});
