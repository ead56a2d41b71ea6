/** What one member has typed is neither shown to the next one in the same browser nor typed in their name. */
import { afterAll, expect, test, vi } from "vitest";

import { draftAt, keepDraft } from "./pages/item/drafts.ts";
import { keepNothingMore, keptEdits } from "./pages/item/story/kept-edits.ts";
import { shelfOf } from "./testing/shelf.ts";
import { followForgetting, forgetTyped, typeAs } from "./typed.ts";

const inBrowser = vi.hoisted(() => {
  // Test files of one worker share their modules, also those that stand on somebody else's browser.
  vi.resetModules();
  return new Map<IDBValidKey, unknown>();
});
// The editor's module keeps nothing any more when the last test is over.
afterAll(() => void vi.resetModules());

vi.mock("idb-keyval", () => ({
  get: async (key: IDBValidKey) => inBrowser.get(key),
  set: async (key: IDBValidKey, value: unknown) => void inBrowser.set(key, value),
  del: async (key: IDBValidKey) => void inBrowser.delete(key),
  delMany: async (keys: readonly IDBValidKey[]) => keys.forEach((key) => inBrowser.delete(key)),
  keys: async () => [...inBrowser.keys()],
}));

const KEPT = { unsaved: new Uint8Array([1]), whole: new Uint8Array([2]) };
const [ANN, BOB] = ["a1".repeat(32), "b2".repeat(32)] as const;
const WRITER = { mesh: "mesh", member: ANN };

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
  await keptEdits(WRITER, STORY).write(KEPT);
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
  expect(await keptEdits(WRITER, STORY).read()).toEqual(KEPT);
  expect(clears()).toBe(before);
});

test("another member finds nothing of it, and no copy of the board", async () => {
  const { shelf, clears, enter } = await stand();
  const before = clears();
  await enter(BOB);
  expect(draftAt(shelf, "item note")).toBe("");
  expect(await keptEdits(WRITER, STORY).read()).toBeUndefined();
  expect(clears()).toBe(before + 1);
  expect([shelf.getItem("theme"), [...inBrowser.keys()]]).toEqual(["dark", ["of somebody else's program"]]);
});

test("an editor of one member's that is still open writes nothing that another one would send", async () => {
  const { enter } = await stand();
  const open = keptEdits(WRITER, STORY);
  await enter(BOB);
  await open.write(KEPT);
  expect(await keptEdits({ ...WRITER, member: BOB }, STORY).read()).toBeUndefined();
});

test("when another tab forgets whose it is, this one keeps nothing more; other changes are none", async () => {
  const told = new Map<string, (event: { readonly key: string | null }) => void>();
  let gone = 0;
  followForgetting(
    () => gone++,
    (type, listener) => void told.set(type, listener),
  );
  for (const key of ["skein.theme", "skein.typed-by", null]) told.get("storage")?.({ key });
  expect(gone).toBe(2);
});

test("signing out forgets it, and an editor that is still open keeps nothing any more", async () => {
  const { shelf } = await stand();
  const open = keptEdits(WRITER, STORY);
  keepNothingMore();
  await forgetTyped(shelf);
  await open.write(KEPT);
  expect(draftAt(shelf, "item note")).toBe("");
  expect(await open.read()).toBeUndefined();
});
