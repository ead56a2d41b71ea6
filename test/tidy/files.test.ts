/** What holds for every file by itself: it says what it is for, keeps its size, and stays within its rights. */
import { expect, test } from "vitest";

import { codeOnly, filesBelow, importsOf, isProduction, read, sources, withoutComments } from "./sources.ts";

const CODE_LINES_MAX = 400;

const code = [...sources(), ...filesBelow("test").filter((path) => path.endsWith(".ts"))];
const isTest = (path: string): boolean => path.endsWith(".test.ts");

test("there is something to check", () => {
  expect(code.length).toBeGreaterThan(150);
  expect(code.filter((path) => path.startsWith("packages/core/src/")).length).toBeGreaterThan(30);
});

test("every source file starts with a comment that says what it is for", () => {
  const silent = code.filter((path) => !isTest(path) && !/^(?:#!.*\n)?\/[*/]/.test(read(path)));
  expect(silent).toEqual([]);
});

test(`no file has more than ${CODE_LINES_MAX} lines of code`, () => {
  const long = code.filter((path) => codeLines(read(path)) > CODE_LINES_MAX);
  expect(long).toEqual([]);
});

test("blank lines and comments are no lines of code", () => {
  expect(codeLines('/* one\n two */\n\nconst a = "// not a comment"; // three\n\n// four\nconst b = 1;\n')).toBe(2);
});

const codeLines = (text: string): number =>
  withoutComments(text)
    .split("\n")
    .filter((line) => line.trim() !== "").length;

test("nothing is left for later in the code", () => {
  // The brackets keep this file from finding itself.
  const unfinished = /\b(?:TO[D]O|FIX[M]E|HA[C]K|XX[X])\b/;
  const files = ["packages", "apps", "test", "docs", "scripts", ".ci"].flatMap(filesBelow).filter(isText);
  expect(files.length).toBeGreaterThan(code.length);
  expect(files.filter((path) => unfinished.test(read(path)))).toEqual([]);
});

const isText = (path: string): boolean => !/\.(?:png|gif|webp|ico|woff2)$/.test(path);

test("no test is skipped, left open or run alone", () => {
  const marked = /\b(?:test|it|describe)\.(?:skip|only|todo)\b/;
  expect(code.filter((path) => isTest(path) && marked.test(codeOnly(read(path))))).toEqual([]);
});

/** What a module needs of time, chance and the machine it would have to be given. */
const IMPURE =
  /\bDate\b|\bMath\.random\b|\bprocess\b|\bconsole\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bperformance\b|\bfetch\b|\bglobalThis\b|\bBuffer\b|\bcrypto\.(?:subtle|getRandomValues|randomUUID)\b/;

test.each(["packages/core/src/", "packages/config/src/"])("the code in %s is pure", (directory) => {
  const pure = sources().filter((path) => path.startsWith(directory) && isProduction(path));
  expect(pure.length).toBeGreaterThan(10);
  expect(pure.filter((path) => IMPURE.test(codeOnly(read(path))))).toEqual([]);
  expect(pure.filter((path) => importsOf(read(path)).some(({ specifier }) => specifier.startsWith("node:")))).toEqual(
    [],
  );
});

test("impure code is recognized, and words in strings and comments are not taken for it", () => {
  for (const line of ["Date.now()", "Math.random()", "process.env", "setTimeout(run, 1)", "console.log(1)"]) {
    expect(IMPURE.test(codeOnly(line))).toBe(true);
  }
  expect(IMPURE.test(codeOnly('const a = "the process"; // Date\n/* console */'))).toBe(false);
});

/** The only production code that starts other programs. */
const STARTS_PROCESSES =
  /^packages\/git\/src\/hardened-git\.ts$|^packages\/process\/src\/|^packages\/sandbox\/src\/|^apps\/skein\/src\//;

test("only the git wrapper, the process adapter, the sandboxes and the command start processes", () => {
  const starting = sources()
    .filter(isProduction)
    .filter((path) =>
      importsOf(read(path)).some(({ specifier }) => /^(?:node:)?(?:child_process|cluster)$/.test(specifier)),
    );
  expect(starting).toContain("packages/git/src/hardened-git.ts");
  expect(starting.filter((path) => !STARTS_PROCESSES.test(path))).toEqual([]);
});
