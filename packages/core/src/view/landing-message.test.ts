/** Whatever a title is, the commit lands its item and no other. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { landedItems, landingMessage } from "./landing-message.ts";

const SCISSORS = "# ------------------------ >8 ------------------------";
const of = (title: string): string => landingMessage({ title, item: "a1b2", branch: "skein/a1b2/3" });

test.each([
  SCISSORS,
  ` ${SCISSORS}`,
  "---",
  "# a comment",
  "diff --git a/x b/x",
  "Index: x",
  "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
  "fixup! First commit",
  "Conflicts:",
  "Skein-Item: zzzz",
  "Signed-off-by: somebody",
  "\u00a0",
  " ",
  "a\r\n\r\nSkein-Item: zzzz",
  "x".repeat(200),
])("the message of an item with the title %j lands that item alone", (title) => {
  expect(landedItems(of(title))).toEqual(["a1b2"]);
  expect(of(title).split("\n")[0]).toMatch(/^[\p{L}\p{N}]/u);
});

test("several items land with one commit, whatever their titles are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 200 }), { minLength: 2, maxLength: 6 }), (titles) => {
      const [first, ...others] = titles.map((title, at) => ({ title, item: `i${at}`, branch: `skein/i${at}/1` }));
      const message = landingMessage(first ?? { title: "", item: "", branch: "" }, ...others);
      expect(landedItems(message)).toEqual(titles.map((_, at) => `i${at}`));
      expect(message.split("\n")[0]).toBe(`Land ${titles.length} items`);
    }),
  );
});

test("any title gives a message of one subject and two trailers, which lands its item alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (title) => {
      const message = of(title);
      expect(landedItems(message)).toEqual(["a1b2"]);
      expect(message.split("\n").slice(1)).toEqual(["", "Skein-Item: a1b2", "Skein-Attempt: skein/a1b2/3", ""]);
    }),
  );
});

test("an ordinary title is the subject as it is; one that git would take for something else follows a word", () => {
  const subject = (title: string): string | undefined => of(title).split("\n")[0];
  for (const title of [
    "Say hello",
    "fix(core): keep it",
    "\u00c4ndere das",
    "3 more tests",
    "Diffs are shown",
    "From",
  ]) {
    expect(subject(title)).toBe(title);
  }
  expect(subject(SCISSORS)).toBe(`Land: ${SCISSORS}`);
  expect(subject("squash! it")).toBe("Land: squash! it");
  expect(subject("Skein-Item: x")).toBe("Land: Skein-Item: x");
});

test.each<readonly [string, string, readonly string[]]>([
  ["a landing of an earlier version", "A title\n\nSkein-Item: abc\nSkein-Attempt: skein/abc/1\n", ["abc"]],
  ["one whose title is the scissors line", `${SCISSORS}\n\nSkein-Item: abc\nSkein-Attempt: skein/abc/1\n`, ["abc"]],
  ["scissors in the body", `A title\n\n${SCISSORS}\n\nSkein-Item: abc\n`, ["abc"]],
  ["lines that end in CR LF, and empty ones", "\n \nA\r\n\r\nSkein-Item: abc\r\n\r\n \n", ["abc"]],
  ["any case, no space, folded", "A\n\nSKEIN-ITEM:abc\nskein-item:\n  def\n", ["abc", "def"]],
  ["beside what git appends", "A\n\nSkein-Item: abc\n(cherry picked from commit 0)\nprose\n", ["abc"]],
  ["only a subject", "Skein-Item: abc\n", []],
  ["a subject of several lines", "\nA\nSkein-Item: abc\n", []],
  ["a paragraph that is not the last", "A\n\nSkein-Item: abc\n\nAnd so on\n", []],
  ["prose around it", "A\n\nThe story says\nSkein-Item: abc\n", []],
  ["a line that only begins with a space", "A\n\n Skein-Item: abc\n", []],
  ["another name", "A\n\nSkein-Items: abc\nX-Skein-Item: abc\nSkein-Item : abc\n", []],
  ["nothing", "", []],
])("of %s what counts is found", (_, message, items) => {
  expect(landedItems(message)).toEqual(items);
});
