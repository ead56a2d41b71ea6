/** What agents write when they mean to ask, and what comes of what they did not mean. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { readQuestion } from "./asked-question.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const problem = (value: unknown): string => {
  const read = readQuestion(bytes(value));
  return read.ok ? "" : read.error;
};

test("a text alone may be answered with anything, and options make it a choice", () => {
  expect(readQuestion(bytes({ text: "Which port?" }))).toEqual({
    ok: true,
    value: { text: "Which port?", options: [] },
  });
  const permission = { text: "May I run npm install?", options: ["allow", "deny"] };
  expect(readQuestion(bytes(permission))).toEqual({ ok: true, value: permission });
});

test.each([
  [[], "is not a JSON object"],
  [null, "is not a JSON object"],
  ["why", "is not a JSON object"],
  [{}, "has no text"],
  [{ text: " \n" }, "has no text"],
  [{ text: 7 }, "has no text"],
  [{ text: "a", question: "b" }, "has a key that is neither text nor options"],
  [{ text: "a", options: "yes" }, "are not a list of texts"],
  [{ text: "a", options: ["yes", 1] }, "are not a list of texts"],
  [{ text: "a", options: ["yes", ""] }, "is empty, or has spaces"],
  [{ text: "a", options: ["yes", " no"] }, "is empty, or has spaces"],
  [{ text: "a", options: ["Yes", "yes"] }, "are the same"],
  [{ text: "a", options: ["two\nlines"] }, "of one line and 80 characters"],
  [{ text: "a", options: Array.from({ length: 11 }, (_, place) => `option ${place}`) }, "and 10 options"],
  [{ text: "a".repeat(2_001) }, "at most 2000 characters"],
  [{ text: "a", options: ["b".repeat(81)] }, "80 characters"],
  [{ text: "nul \u0000" }, "at most 2000 characters"],
])("%j is no question, and the agent is told why", (value, why) => {
  expect(problem(value)).toContain(why);
});

test("bytes that are no UTF-8 and text that is no JSON are refused alike", () => {
  for (const bad of [Uint8Array.of(0xff, 0xfe), new Uint8Array(), new TextEncoder().encode('{"text": "cut')]) {
    expect(readQuestion(bad)).toMatchObject({ ok: false });
  }
});

test("whatever the bytes are, the answer is a question within the limits or one sentence", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (given) => {
        const read = readQuestion(given);
        expect(read.ok ? read.value.text.length <= 2_000 : /^[A-Z].*\.$/.test(read.error)).toBe(true);
      },
    ),
  );
});
