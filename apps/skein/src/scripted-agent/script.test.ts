import { expect, test } from "vitest";
import { parseScript } from "./script.ts";
import type { Step } from "./step.ts";

const block = (yaml: string, info = "skein"): string => `Title\n\n\`\`\`${info}\n${yaml}\n\`\`\`\n`;

function steps(yaml: string): readonly Step[] {
  const script = parseScript(block(yaml), 1);
  if (!script.ok) throw new Error(script.error);
  const [first] = script.value.blocks;
  return first?.type === "steps" ? first.steps : [];
}

function complaint(yaml: string, info?: string): string {
  const script = parseScript(block(yaml, info), 1);
  return script.ok ? "no complaint" : script.error;
}

test("every step is read", () => {
  const yaml = [
    "- write: { path: src/a.js, content: 'x' }",
    "- append:",
    "    path: src/a.js",
    "    content: |",
    "      one",
    "      two",
    "- replace: { path: a, find: b, with: '' }",
    "- delete: old.txt",
    "- run: [node, -e, 1.0, true]",
    "- print: 5",
    "- sleep: 500ms",
    '- ask: { text: "Which port?" }',
    "- ask: { name: may-i, text: Go on?, options: [allow, deny, 1.0], to: answer.txt }",
    "- sleep: 1.5s",
    "- commit: |",
    "    Two",
    "    lines",
    "- exit: 3",
    "- hang: true",
  ].join("\n");
  expect(steps(yaml)).toEqual([
    { type: "write", path: "src/a.js", content: "x" },
    { type: "append", path: "src/a.js", content: "one\ntwo\n" },
    { type: "replace", path: "a", find: "b", with: "" },
    { type: "delete", path: "old.txt" },
    { type: "run", argv: ["node", "-e", "1.0", "true"] },
    { type: "print", text: "5" },
    { type: "sleep", ms: 500 },
    { type: "ask", name: "question", text: "Which port?", options: [], to: undefined },
    { type: "ask", name: "may-i", text: "Go on?", options: ["allow", "deny", "1.0"], to: "answer.txt" },
    { type: "sleep", ms: 1500 },
    { type: "commit", message: "Two lines" },
    { type: "exit", code: 3 },
    { type: "hang" },
  ]);
});

test("prose and blocks of other languages are not acted on", () => {
  const story = "Title\n```js\n- exit: 1\n```\n````md\n```skein\n- exit: 1\n```\n````\n```skeinish\n- exit: 1\n```\n";
  expect(parseScript(story, 1)).toEqual({ ok: true, value: { blocks: [], hasBlocks: false } });
});

test("blocks are taken in their order, diffs as they are", () => {
  const story = "T\n```diff\n--- a/x\n+++ b/x\n```\n```skein\n- print: x\n```\n";
  expect(parseScript(story, 1)).toEqual({
    ok: true,
    value: {
      hasBlocks: true,
      blocks: [
        { type: "diff", patch: "--- a/x\n+++ b/x\n", line: 2 },
        { type: "steps", steps: [{ type: "print", text: "x" }] },
      ],
    },
  });
});

test("an empty block has no steps", () => {
  expect(steps("# only a comment")).toEqual([]);
});

test.each([
  ["skein", 1, 1],
  ["skein", 7, 1],
  ["skein attempt=1", 1, 1],
  ["skein attempt=1", 2, 0],
  ["skein attempt=1", 11, 0],
  ["skein attempt=2+", 1, 0],
  ["skein attempt=2+", 2, 1],
  ["skein attempt=2+", 30, 1],
  ["diff attempt=2", 1, 0],
])("a block marked %j on attempt %i counts %i times", (info, attempt, count) => {
  const script = parseScript(block("- print: x", info), attempt);
  expect(script.ok && script.value.blocks.length).toBe(count);
  expect(script.ok && script.value.hasBlocks).toBe(true);
});

test.each([
  ["- print: a\n- write: [", "Line 6: this is not YAML."],
  ["- print: a\n- print: 'x\n  y", "this is not YAML."],
  ["print: a", 'Line 4: a skein block is a list of steps. Begin each with "- ".'],
  ["- print: a\n\n- dance: true", 'Line 6: "dance" is not a step.'],
  ["- print: a\n- hello", "Line 5: a step is a map with one key"],
  ["- { print: a, exit: 1 }", "Line 4: a step is a map with one key"],
  ["- { print: a, print: b }", "Line 4: this is not YAML."],
  ["- write: { path: a }", "Line 4: write needs the fields path and content, each a text."],
  ["- write: { path: a, content: b, mode: c }", "Line 4: write needs the fields path and content"],
  ["- write: { path: a, content: [b] }", "Line 4: write needs the fields path and content"],
  ["- replace: { path: a, find: '', with: b }", 'Line 4: "find" of replace is empty.'],
  ["- run: npm test", "Line 4: run needs a list of words"],
  ["- run: []", "Line 4: run needs a list of words"],
  ["- run: [a, [b]]", "Line 4: run needs a list of words"],
  ["- ask: Which port?", "Line 4: ask needs the field text"],
  ["- ask: { text: a, question: b }", "Line 4: ask needs the field text"],
  ["- ask: { text: a, name: A.b }", "Line 4: the name of ask has 1 to 20 of a-z, 0-9 and dashes."],
  ["- ask: { text: a, options: yes }", "Line 4: the options of ask are a list of texts"],
  ["- ask: { text: a, to: ../out }", "Line 4: the path"],
  ["- sleep: 5", "Line 4: sleep needs a time like 500ms or 2s."],
  ["- sleep: 1h", "Line 4: sleep needs a time"],
  ["- commit: ''", "Line 4: commit needs a message."],
  ["- exit: 256", "Line 4: exit needs a code from 0 to 255."],
  ["- exit: '1'", "Line 4: exit needs a code from 0 to 255."],
  ["- hang: false", "Line 4: hang takes only the value true."],
  ["- delete: ../x", 'Line 4: the path "../x" leads out of the working directory.'],
  ["- delete: a/../../x", "leads out of the working directory."],
  ["- delete: /etc/passwd", "leads out of the working directory."],
  ["- delete: .git/config", "leads into .git"],
  ["- delete: sub/.GIT", "leads into .git"],
  ["- delete: .", "is not in its simplest form"],
  ["- delete: a//b", "is not in its simplest form"],
  ['- delete: "a\\0b"', "is not a path"],
  ["- delete: ''", "is not a path"],
])("%j is refused with its line", (yaml, expected) => {
  expect(complaint(yaml)).toContain(expected);
});

test("a filter that is none is refused, and so is a broken block of another attempt", () => {
  expect(complaint("- print: a", "skein attempt=0")).toContain('Line 3: "attempt=0" is not a filter.');
  expect(complaint("- print: a", "skein attempt=1 now")).toContain("is not a filter");
  expect(complaint("- dance: true", "skein attempt=9")).toContain("is not a step");
});

test("a block without an end is refused", () => {
  expect(parseScript("T\n```skein\n- print: a\n", 1)).toEqual({
    ok: false,
    error: "Line 2: this skein block has no end. Close it with the same fence on a line of its own.",
  });
});
