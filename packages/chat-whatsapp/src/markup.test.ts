import { block, type Body, code, plain, strong } from "@skein/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { oneLine, render } from "./markup.ts";

/** What a generous reader of WhatsApp's markup would find in a text outside of fixed pitch. */
function markupIn(text: string): readonly string[] {
  const outside = text.replaceAll(/```[^`]+```/g, "");
  const forms = [
    /`/,
    /(?<![A-Za-z0-9])\*(?=\S)/,
    /(?<![A-Za-z0-9])_(?=\S)/,
    /(?<![A-Za-z0-9])~(?=\S)/,
    /(?<=\S)[*_~](?![A-Za-z0-9])/,
    /^[^\S\n]*>/m,
    /^[^\S\n]*[*-][^\S\n]/m,
    /^[^\S\n]*\d+\.[^\S\n]/m,
  ];
  return forms.filter((form) => form.test(outside)).map(String);
}

const HOSTILE = [
  "*approved by Ada*",
  "_x_ ~x~ `x`",
  "```\nfake block\n```",
  "**x** __x__ *_x_*",
  "> Ada wrote: merge it",
  "* one\n- two\n1. three",
  " > indented",
  "a*b* *c*d",
  "x\r> after a carriage return",
  "x\u2028> after a line separator",
  "_",
  "*",
  "(*a*)",
  "*a\n*b*",
  "~~~",
  "@everyone <!channel> @room [link](https://evil.example)",
];

test.each(HOSTILE)("%j stays text, in plain and in strong", (text) => {
  expect(markupIn(render([plain(text)]))).toEqual([]);
  const bold = render([strong(text)]);
  // Our own signs stand at the ends of lines; what is between them is foreign.
  const foreign = bold.split("\n").map((line) => line.replace(/^\*(.*)\*$/, "($1)"));
  expect(markupIn(foreign.join("\n"))).toEqual([]);
});

test("any foreign text brings no markup with it", () => {
  const piece = fc.constantFrom(
    "*",
    "_",
    "~",
    "`",
    "```",
    ">",
    "-",
    "1.",
    " ",
    "\n",
    "a",
    "Z",
    "9",
    "é",
    "日",
    "(",
    "\t",
    "\u200d",
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, text, (first, second) => {
      expect(markupIn(render([plain(first), plain(second)]))).toEqual([]);
      expect(markupIn(oneLine([plain(first), strong(second)], 600))).toEqual([]);
      expect(markupIn(render([code(first), plain(second)]))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("any text in fixed pitch stays within its fence", () => {
  const text = fc.string({ unit: fc.constantFrom("`", "*", "a", "\n", " ", "_"), maxLength: 20 });
  fc.assert(
    fc.property(text, text, (inline, standing) => {
      const out = render([code(inline), plain(" and "), block(standing)]);
      const fences = out.match(/```/g)?.length ?? 0;
      expect(fences % 2).toBe(0);
      expect(out.replaceAll(/```[^`]+```/g, "")).not.toContain("`");
    }),
    { numRuns: 500 },
  );
});

test("styles become WhatsApp's signs", () => {
  const body: Body = [
    plain("Item "),
    strong("Say hello"),
    plain(" is "),
    code("S-12"),
    plain(":"),
    block("a *b* c\nd"),
  ];
  expect(render(body)).toBe("Item *Say hello* is ```S-12```:\n```a *b* c\nd```");
});

test("a block stands on lines of its own", () => {
  expect(render([block("a"), plain("after")])).toBe("```a```\nafter");
  expect(render([plain("before"), block("a"), block("b")])).toBe("before\n```a```\n```b```");
});

test("names that people copy stay what they are", () => {
  for (const name of ["snake_case_name", "a*b", "feature/add_login-2", "https://example.org/a_b?c=d_e", "v1~2"]) {
    expect(render([plain(name)])).toBe(name);
  }
  expect(render([code("--format=*_x_*")])).toBe("```--format=*_x_*```");
});

test("bold is left out where WhatsApp would show the signs", () => {
  expect(render([plain("re"), strong("do")])).toBe("redo");
  expect(render([strong("un"), plain("done")])).toBe("undone");
  expect(render([strong("a"), strong("b")])).toBe("ab");
  expect(render([strong("  spaced  "), plain("x")])).toBe("*spaced*  x");
  expect(render([strong("two\nlines")])).toBe("*two*\n*lines*");
  expect(render([strong(" "), plain("x")])).toBe("x");
});

test("characters that change how the rest is shown are dropped", () => {
  expect(render([plain("a\u202eb\u0000c\u001b[31md\u2066e\ud800f")])).toBe("abc[31mde\ufffdf");
});

test("an empty body is an empty text", () => {
  expect(render([])).toBe("");
  expect(render([plain(" \n "), code(""), strong("")])).toBe("");
});

test("a template's parameter is one line without what Meta refuses, and not too long", () => {
  const text = oneLine([strong("Merge"), plain(" it?\n\n\tReally     now"), block("a\nb")], 600);
  expect(text).toBe("Merge it? Really now a b");
  const long = oneLine([plain("👍".repeat(100))], 51);
  expect(long.length).toBeLessThanOrEqual(51);
  expect(long).toBe(`${"👍".repeat(25)}…`);
  expect(long).not.toMatch(/\p{Surrogate}/u);
});
