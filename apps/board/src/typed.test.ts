/** What one member has typed is neither shown to the next one in the same browser nor typed in their name. */
import { expect, test, vi } from "vitest";

import { draftAt, keepDraft } from "./pages/item/drafts.ts";
import { keepNothingMore, keptEdits } from "./pages/item/story/kept-edits.ts";
import { shelfOf } from "./testing/shelf.ts";
import { forgetTyped, typeAs } from "./typed.ts";

const inBrowser = vi.hoisted(() => new Map<IDBValidKey, unknown>());

vi.mock("idb-keyval", () => ({
  get: async (key: IDBValidKey) => inBrowser.get(key),
  set: async (key: IDBValidKey, value: unknown) => void inBrowser.set(key, value),
  del: async (key: IDBValidKey) => void inBrowser.delete(key),
  delMany: async (keys: readonly IDBValidKey[]) => keys.forEach((key) => inBrowser.delete(key)),
  keys: async () => [...inBrowser.keys()],
}));

const KEPT = { unsaved: new Uint8Array([1]), whole: new Uint8Array([2]) };
const [ANN, BOB] = ["a1".repeat(32), "b2".repeat(32)];

async function stand(): Promise<{ shelf: Storage; clears: () => number; enter: (member: string) => Promise<void> }> {
  inBrowser.clear();
  const shelf = shelfOf();
  let clears = 0;
  const copies = {
    load: async () => undefined,
    save: async () => undefined,
    clear: async () => void clears++,
  };
  const enter = (member: string): Promise<void> => typeAs(member, shelf, copies);
  await enter(ANN);
  keepDraft(shelf, "item note", "between us", 1);
  await keptEdits("mesh", STORY).write(KEPT);
  inBrowser.set("of somebody else's program", 1);
  shelf.setItem("theme", "dark");
  return { shelf, clears: () => clears, enter };
}

const STORY = { item: "item", field: "text" } as const;

test("who signs in again finds what they had typed", async () => {
  const { shelf, clears, enter } = await stand();
  const before = clears();
  await enter(ANN);
  expect(draftAt(shelf, "item note")).toBe("between us");
  expect(await keptEdits("mesh", STORY).read()).toEqual(KEPT);
  expect(clears()).toBe(before);
});

test("another member finds nothing of it, and no copy of the board", async () => {
  const { shelf, clears, enter } = await stand();
  const before = clears();
  await enter(BOB);
  expect(draftAt(shelf, "item note")).toBe("");
  expect(await keptEdits("mesh", STORY).read()).toBeUndefined();
  expect(clears()).toBe(before + 1);
  expect([shelf.getItem("theme"), [...inBrowser.keys()]]).toEqual(["dark", ["of somebody else's program"]]);
});

test("signing out forgets it, and an editor that is still open keeps nothing any more", async () => {
  const { shelf } = await stand();
  const open = keptEdits("mesh", STORY);
  keepNothingMore();
  await forgetTyped(shelf);
  await open.write(KEPT);
  expect(draftAt(shelf, "item note")).toBe("");
  expect(await open.read()).toBeUndefined();
});
