/** Answers as rooms read them: what stories hold stays text, whatever it looks like. */
import { plainText, STAGES } from "@skein/core";
import { expect, test } from "vitest";

import { answerPage, boardPage, itemLine } from "./answers.ts";

const HOSTILE = [
  "*bold* _under_ `code` ```fence```",
  "@everyone @here <!channel> <@U123> @room",
  "[link](javascript:alert(1)) <https://evil.example|click>",
  "<script>alert(1)</script> &amp; </code></pre>",
  "\u202egnp.exe\u202c \u2066x\u2069",
];

const itemWith = (words: string, stage: string = "Coding"): { readonly [key: string]: string | number | null } => ({
  id: "0123456789ab",
  title: words,
  text: words,
  stage,
  hold: "",
  activity: words,
  note: words,
  archiveReason: "Abandoned",
  claim: null,
  nodeName: words,
});

test("a page has the same pieces in the same styles whatever its items say", () => {
  const pages = (words: string): unknown =>
    [
      answerPage("item.list", [itemWith(words), itemWith(words, "Done")]),
      answerPage("item.show", {
        ...itemWith(words),
        why: [words],
        attemptLog: [{ epoch: 1, nodeName: words, note: words }],
      }),
      answerPage("why", { id: "0123456789ab", title: words, why: [words] }),
      answerPage("item.history", [{ wall: 0, kind: words, authorName: words, reason: words }]),
      answerPage("nodes", [{ name: words, role: words, alive: true }]),
      answerPage("claims", [{ item: "0123456789ab", title: words, nodeName: words }]),
      answerPage("people", { people: [{ name: words, role: words, principals: [words] }] }),
      answerPage("doctor", { checks: [{ ok: false, name: words, message: words }] }),
      boardPage([itemWith(words)]),
    ].map((page) => page.map(({ style }) => style));
  const plain = pages("a few plain words");
  for (const words of HOSTILE) expect(pages(words)).toEqual(plain);
});

test("every stage has its sign, and what is on hold shows that first", () => {
  const signs = STAGES.map((stage) => plainText(itemLine(itemWith("x", stage))).charAt(0));
  expect(signs).toEqual(["○", "○", "◐", "◐", "✓", "✗"]);
  expect(plainText(itemLine({ ...itemWith("x"), hold: "wait" }))).toMatch(/^‖ .*wait$/);
});

test("what an answer lacks makes no page fail", () => {
  for (const value of [null, [], {}, "x", 7, [null], [{}]]) {
    for (const name of ["item.list", "item.show", "why", "nodes", "claims", "people", "doctor", "digest"] as const) {
      expect(() => answerPage(name, value)).not.toThrow();
    }
    expect(() => boardPage(value)).not.toThrow();
  }
});

test("an entry of a history whose time is none makes no page fail", () => {
  for (const wall of [Number.NaN, 2 ** 60, null]) {
    expect(() => answerPage("item.history", [{ wall, kind: "item.create", authorName: "alice" }])).not.toThrow();
  }
});
