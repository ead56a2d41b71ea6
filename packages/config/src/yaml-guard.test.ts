import { expect, test } from "vitest";
import { parseProjectConfig } from "./parse.ts";
import { findRefusedSyntax } from "./yaml-guard.ts";

const firstMessage = (text: string): string => {
  const parsed = parseProjectConfig(text, "skein.yaml");
  return parsed.ok ? "" : (parsed.error.problems[0]?.message ?? "");
};

// Several of these do not merely throw inside a YAML parser: they end the process.
test.each([
  ["open lists", "[".repeat(60_000)],
  ["open maps", "{a: ".repeat(16_000)],
  ["dashes", "- ".repeat(30_000)],
  ["question marks", "? ".repeat(30_000)],
  ["colons", `a${": ".repeat(30_000)}`],
  ["keys on one line", "a: ".repeat(20_000)],
  ["stairs of dashes", Array.from({ length: 350 }, (_, indent) => `${" ".repeat(indent)}-`).join("\n")],
  ["stairs of keys", Array.from({ length: 350 }, (_, indent) => `${" ".repeat(indent)}a:`).join("\n")],
  ["brackets in quotes between brackets", '[ "]", '.repeat(8000)],
])("deep nesting by %s is refused before it is parsed", (_, text) => {
  expect(firstMessage(text)).toContain("nested too deeply");
});

test("the deepest text that passes the guard is parsed without harm", () => {
  const stairs = Array.from({ length: 40 }, (_, indent) => `${" ".repeat(indent)}${indent % 2 === 0 ? "a:" : "-"}`);
  const text = `${stairs.join("\n")}\n${" ".repeat(40)}${"- ".repeat(16)}${"[".repeat(16)}x${"]".repeat(16)}\n`;
  expect(findRefusedSyntax(text)).toEqual([]);
  expect(firstMessage(text)).not.toBe("");
  expect(firstMessage(text)).not.toContain("nested too deeply");
});

test("a bomb of aliases is refused at its first anchor", () => {
  const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n`;
  expect(findRefusedSyntax(bomb)[0]).toMatchObject({ offset: 3, path: ["a"] });
  expect(findRefusedSyntax("a: &a [*a]")).toHaveLength(2);
});

test("quotes, comments and block text may contain anything", () => {
  const text = `# [[[[[[[[[[[[[[[[[[[[ &a *b !c - - - - - - - - - - - - - - - - - - -\nproject: demo\ngate: [[sh, -c, "&a *b !c [[[[[[[[[[[[[[[[[[[["]]\n`;
  expect(findRefusedSyntax(text)).toEqual([]);
  expect(firstMessage(text)).toBe("");
  expect(findRefusedSyntax("a: |\n  &a *b !c\n  [[[[[[[[[[[[[[[[[[[[[[\n")).toEqual([]);
});

test("offsets are those of the text, behind marks of the lexer too", () => {
  const text = `a: plain\nb: "quoted"\nc: [x, y]\nd: |\n  block\ne: !tag z\n`;
  expect(findRefusedSyntax(text)).toMatchObject([{ offset: text.indexOf("!tag"), path: ["e"] }]);
});

test("thousands of values are refused before they cost the parser seconds", () => {
  expect(firstMessage("[]".repeat(32_000))).toContain("far more values than a configuration needs");
  expect(firstMessage("a:\n".repeat(20_000))).toContain("far more values than a configuration needs");
});

test("the largest gate is far from too much", () => {
  const command = `[${Array.from({ length: 64 }, () => "x").join(", ")}]`;
  const commands = Array.from({ length: 32 }, () => `  - ${command}\n`).join("");
  expect(firstMessage(`project: demo\ngate:\n${commands}`)).toBe("");
});
