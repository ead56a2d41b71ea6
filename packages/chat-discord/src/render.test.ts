/** Text of other people in Discord's markdown. */
import { block, type Body, code, plain, plainText, strong } from "@skein/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { CONTENT_MAX, escapeMarkdown, render, TEXT_MAX } from "./render.ts";

const ZERO = "\u200b";

test("the styles become Discord's", () => {
  expect(render([plain("See "), strong("this"), plain(": "), code("npm test"), block("one\ntwo")])).toBe(
    "See **this**: `npm test`\n```\none\ntwo\n```",
  );
});

test.each([
  ["**bold** __under__ ~~gone~~", String.raw`\*\*bold\*\* \_\_under\_\_ \~\~gone\~\~`],
  ["||spoiler||", String.raw`\|\|spoiler\|\|`],
  ["`code` and ```fence```", "\\`code\\` and \\`\\`\\`fence\\`\\`\\`"],
  ["[bank](https://evil.example)", String.raw`\[bank\](<https://evil.example>)`],
  ["@everyone and @here", `@${ZERO}everyone and @${ZERO}here`],
  [
    "<@1> <@!1> <@&2> <#3> </a:4> <:a:5> <a:b:6> <t:7:R> <id:guide>",
    "<@1> <@!1> <@&2> <#3> </a:4> <:a:5> <a:b:6> <t:7:R> <id:guide>".replaceAll("<", `<${ZERO}`),
  ],
  ["# big", String.raw`\# big`],
  ["-# small", String.raw`\-# small`],
  ["> quote\n>>> all", String.raw`\> quote` + "\n" + String.raw`\>>> all`],
  [
    "  - list\n* list\n1. first\n2) second",
    String.raw`  \- list` + "\n" + String.raw`\* list` + "\n" + String.raw`1\. first` + "\n" + String.raw`2\) second`,
  ],
  [String.raw`\*not escaped\*`, String.raw`\\\*not escaped\\\*`],
  ["a < b and c@d.example", "a < b and c@d.example"],
  ["Array<string>", "Array<string>"],
])("%j is only text", (text, expected) => {
  expect(escapeMarkdown(text)).toBe(expected);
});

test("an address stays whole, also with signs that would be markup, and ends where it ends", () => {
  expect(escapeMarkdown("see https://ci.example/a_b/c__d?x=1*bold*")).toBe(
    String.raw`see <https://ci.example/a_b/c__d?x=1>\*bold\*`,
  );
  expect(escapeMarkdown("(https://a.example/__x__).")).toBe("(<https://a.example/__x__>).");
  expect(escapeMarkdown("<https://a.example>")).toBe(`<${ZERO}<https://a.example>>`);
  expect(render([plain("https://a.example/_a_"), code("x")])).toBe("<https://a.example/_a_>`x`");
  expect(escapeMarkdown("https://a.example/@everyone")).not.toContain("@everyone");
});

test("two pieces do not make together what neither is", () => {
  const joined = render([plain("<"), plain("@1> @"), strong("everyone")]);
  expect(joined).not.toMatch(/<@|@\*{0,2}everyone/);
  expect(render([strong("a"), strong("b")])).toBe(`**a**${ZERO}**b**`);
  expect(render([code("a"), code("b")])).toBe(`\`a\`${ZERO}\`b\``);
});

test("code and blocks cannot be left from inside", () => {
  expect(render([code("a ` b")])).toBe("`` a ` b ``");
  expect(render([code("a `` b")])).toBe(`\`\` a \`${ZERO}\` b \`\``);
  expect(render([code("one\ntwo")])).toBe("`one two`");
  const fenced = render([block("x\n```\n@everyone **b**\n```")]);
  expect(fenced.match(/```/g)).toHaveLength(2);
  expect(fenced.startsWith("```\n") && fenced.endsWith("\n```")).toBe(true);
});

test("what does not fit escaped goes into a block, whatever it is", () => {
  const stars = "*".repeat(TEXT_MAX);
  expect(render([plain(stars)])).toBe(`\`\`\`\n${stars}\n\`\`\``);
  expect(render([plain("`".repeat(TEXT_MAX))]).length).toBeLessThanOrEqual(CONTENT_MAX);
  expect(render([plain("x".repeat(2_001))]).length).toBeGreaterThan(CONTENT_MAX);
});

test("nothing becomes something empty", () => {
  expect(render([])).toBe("");
  expect(render([plain(""), strong(""), code("")])).toBe("");
});

const piece = fc.oneof(
  fc.constantFrom(
    "@everyone",
    "@here",
    "<@1>",
    "<#1>",
    "<@&1>",
    "```",
    "``",
    "`",
    "**",
    "__",
    "~~",
    "||",
    "\\",
    "[a](https://e.example)",
    "\n# h",
    "\n> q",
    "\n- l",
    "https://e.example/_a_",
    "<",
    "@",
    "\n",
  ),
  fc.string({ maxLength: 8 }),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const body: fc.Arbitrary<Body> = fc.array(
  fc.record({ text, style: fc.constantFrom("plain", "strong", "code", "block") }) as fc.Arbitrary<Body[number]>,
  { maxLength: 6 },
);

/** Code, an escaped character or an address, whichever comes first: the order in which Discord's markup is read. */
const TOKEN = /```\n[\s\S]*?\n```|(`{1,2})(?!`)[\s\S]*?[^`]\1(?!`)|\\[\s\S]|<https?:\/\/[^\s>]+>/g;

/** What is left for the markup to have a meaning. */
const unescaped = (content: string): string => content.replace(TOKEN, "x");

test("of any body nothing is left that mentions, links under another name or begins a line with a sign", () => {
  fc.assert(
    fc.property(body, (one) => {
      const content = render(one);
      const rest = unescaped(content);
      expect(rest).not.toMatch(/@everyone|@here|<@|<#|\]\(|~~|\|\||__/);
      expect(rest).not.toMatch(/^[ \t]*(?:#|>|- )/m);
    }),
    { numRuns: 2_000 },
  );
});

test("whatever is at most TEXT_MAX long fits", () => {
  fc.assert(
    fc.property(body, (one) => {
      fc.pre(plainText(one).length <= TEXT_MAX);
      expect(render(one).length).toBeLessThanOrEqual(CONTENT_MAX);
    }),
  );
});
