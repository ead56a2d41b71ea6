/** Patches as lines that can be commented on, whatever the agent wrote, and where comments stand. */
import type { BoardComment } from "@skein/core";
import { expect, test } from "vitest";

import { pathAndLine } from "./comments.tsx";
import type { DiffFile } from "./details.ts";
import { placeComments, shownText, viewFile } from "./diff-lines.ts";

const PATCH = `diff --git a/src/a.ts b/src/a.ts
index 1111111..2222222 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,4 @@ function a() {
 one
-two
+2
+--- not a header
 three
`;

const file = (patch: string | null, more: Partial<DiffFile> = {}): DiffFile => ({
  path: "src/a.ts",
  from: null,
  change: "changed",
  sort: "file",
  patch,
  ...more,
});

test("each line has its number on the side where it is, and only lines that are there can be commented on", () => {
  const view = viewFile(file(PATCH));
  expect([view.added, view.removed, view.isBinary]).toEqual([2, 1, false]);
  expect(view.hunks[0]?.lines).toEqual([
    { type: "normal", before: 1, after: 1, text: "one" },
    { type: "delete", before: 2, after: undefined, text: "two" },
    { type: "insert", before: undefined, after: 2, text: "2" },
    { type: "insert", before: undefined, after: 3, text: "--- not a header" },
    { type: "normal", before: 3, after: 4, text: "three" },
  ]);
});

test("what is binary, too long, or no patch at all has no lines, and nothing breaks", () => {
  const binary = viewFile(file("diff --git a/i b/i\nnew file mode 100644\nBinary files /dev/null and b/i differ\n"));
  expect([binary.isBinary, binary.hunks]).toEqual([true, []]);
  for (const patch of [
    null,
    "",
    "\0",
    "@@ -1 +1 @@\n",
    "diff --git \n@@\n+",
    "diff --git a/x b/x\n--- \n+++ \n@@ -a +b @@\n",
  ]) {
    expect(viewFile(file(patch)).isBinary).toBe(false);
  }
});

test("only a line feed ends a line; what else might is shown as a mark, and a carriage return as what it is", () => {
  const patch =
    "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-\tone\r\n+\tone\r@@ -1 +1 @@\r\n+a\u2028diff --git a/y b/y\u2029b\n";
  const [hunk, ...more] = viewFile(file(patch)).hunks;
  expect(more).toEqual([]);
  expect(hunk?.lines.map(({ text }) => shownText(text))).toEqual([
    "\tone␍",
    "\tone␍@@ -1 +1 @@␍",
    "a\ufffddiff --git a/y b/y\ufffdb",
  ]);
  expect(shownText("\u001b[2J\u202e\u0000")).toBe("\ufffd[2J\ufffd\ufffd");
  const text = viewFile(file("diff --git a/x b/x\n--- a/x\n+++ b/x\rBinary files \n"));
  expect(text.isBinary).toBe(false);
});

const comment = (path: string, line: number, epoch: number = 1): BoardComment => ({
  comment: `${path}${line}${epoch}`,
  text: "",
  by: "",
  epoch,
  commit: "",
  path,
  line,
  at: 0,
});

test("a comment stands at its line, at its file when the diff has no such line, and above all where there is no such file", () => {
  const said = [
    comment("src/a.ts", 2),
    comment("src/a.ts", 99),
    comment("gone.ts", 1),
    comment("", 0),
    comment("x", 0, 2),
  ];
  const places = placeComments(said, 1, [viewFile(file(PATCH))]);
  expect([...places].map(([place, { length }]) => [place, length])).toEqual([
    ["src/a.ts:2", 1],
    ["src/a.ts", 1],
    ["", 2],
  ]);
});

test("a place is a path, or a path and a line, also where the path has colons", () => {
  expect(pathAndLine("")).toEqual({});
  expect(pathAndLine("a:b")).toEqual({ path: "a:b" });
  expect(pathAndLine("a:b:12")).toEqual({ path: "a:b", line: 12 });
});
