/** What somebody types outlives a reload, in its place, and does not fill the browser. */
import { expect, test } from "vitest";

import { shelfOf } from "../../testing/shelf.ts";
import { draftAt, draftsBelow, keepDraft } from "./drafts.ts";

test("a draft is kept by its place until it is empty", () => {
  const shelf = shelfOf();
  keepDraft(shelf, "item comment 1 src/a.ts:3", "Say why.", 1);
  keepDraft(shelf, "item comment 12 x", "other", 1);
  expect(draftAt(shelf, "item comment 1 src/a.ts:3")).toBe("Say why.");
  expect(draftsBelow(shelf, "item comment 1")).toEqual(["src/a.ts:3"]);
  keepDraft(shelf, "item comment 1 src/a.ts:3", "", 2);
  expect(draftAt(shelf, "item comment 1 src/a.ts:3")).toBe("");
});

test("of too many the oldest go, and nothing else of the page's", () => {
  const shelf = shelfOf();
  shelf.setItem("theme", "dark");
  for (let at = 0; at < 80; at++) keepDraft(shelf, `item ${at}`, `text ${at}`, at);
  expect(shelf.length).toBe(61);
  expect([draftAt(shelf, "item 19"), draftAt(shelf, "item 20"), shelf.getItem("theme")]).toEqual([
    "",
    "text 20",
    "dark",
  ]);
});

test("a full browser, and what is no draft, break nothing", () => {
  expect(() => keepDraft(shelfOf(true), "item", "text", 1)).not.toThrow();
  const shelf = shelfOf();
  for (const wrong of ["", "no json", "null", '{"text":1,"at":2}', "[]"]) {
    shelf.setItem("skein.draft item", wrong);
    expect(draftAt(shelf, "item")).toBe("");
  }
});
