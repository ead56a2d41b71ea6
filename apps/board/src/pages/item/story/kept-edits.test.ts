/** Tabs of one browser that have one text open: what each has kept is lost with none of them, and typed once. */
import { afterAll, afterEach, expect, test, vi } from "vitest";
import * as Y from "yjs";

import { keptEdits, type KeptEdits } from "./kept-edits.ts";
import { createPlaces, type Locks } from "./kept-places.ts";
import { createCopy, type Kept, retype, ROOT } from "./story-copy.ts";

const inBrowser = vi.hoisted(() => {
  // Test files of one worker share their modules, also those that stand on somebody else's browser.
  vi.resetModules();
  return new Map<IDBValidKey, unknown>();
});
afterAll(() => void vi.resetModules());
const disk = vi.hoisted(() => ({ isFull: false }));

vi.mock("idb-keyval", () => ({
  get: async (key: IDBValidKey) => inBrowser.get(key),
  set: async (key: IDBValidKey, value: unknown) => {
    if (disk.isFull) throw new DOMException("", "QuotaExceededError");
    inBrowser.set(key, value);
  },
  del: async (key: IDBValidKey) => void inBrowser.delete(key),
}));

afterEach(() => {
  inBrowser.clear();
  disk.isFull = false;
});

const WRITER = { mesh: "mesh", member: "a1".repeat(32) };
const STORY = { item: "item", field: "text" } as const;

/** The locks of one browser, and a way to open a tab that holds some until it is closed. */
function browser(): () => { readonly kept: KeptEdits; readonly close: () => void } {
  const held = new Map<string, object>();
  return () => {
    const tab = {};
    const request: Locks["request"] = async (name, _options, run) => {
      if (held.has(name)) return run(null);
      held.set(name, tab);
      return run(tab)?.finally(() => held.delete(name));
    };
    const close = (): void => {
      for (const [name, by] of held) if (by === tab) held.delete(name);
    };
    return { kept: keptEdits(WRITER, STORY, createPlaces({ request })), close };
  };
}

const node = ((): Uint8Array => {
  const doc = new Y.Doc();
  doc.getText(ROOT).insert(0, "one two");
  return Y.encodeStateAsUpdate(doc);
})();

/** What is kept of typing this at this place of what the node has, as that client. */
function typed(client: number, at: number, text: string): Kept {
  const copy = createCopy(node, client);
  copy.doc.getText(ROOT).insert(at, text);
  return copy.unsaved();
}

/** The text once what was kept is typed anew. */
function sent(kept: Kept | undefined): string {
  const copy = createCopy(node, 99);
  if (kept !== undefined) retype(copy, kept);
  return copy.doc.getText(ROOT).toJSON();
}

test("what a tab that is open has kept is typed by no other, nor forgotten with what the other one kept", async () => {
  const open = browser();
  const [first, second] = [open(), open()];
  await first.kept.write(typed(1, 0, "zero "));
  expect(await second.kept.read()).toBeUndefined();
  await second.kept.write(typed(2, 7, " three"));
  await second.kept.forget();
  expect(sent(await first.kept.read())).toBe("zero one two");
});

test("what tabs have left that were closed comes together in the next one that opens the text", async () => {
  const open = browser();
  const [first, second] = [open(), open()];
  await first.kept.write(typed(1, 0, "zero "));
  await second.kept.write(typed(2, 7, " three"));
  first.close();
  second.close();
  const next = open();
  // Twice at once, as a page does that looks and then opens the editor.
  const [looked, opened] = await Promise.all([next.kept.read(), next.kept.read()]);
  expect([sent(looked), sent(opened)]).toEqual(["zero one two three", "zero one two three"]);
  await next.kept.forget();
  next.close();
  expect(await open().kept.read()).toBeUndefined();
});

test("a browser that has no room, or holds more tabs than have a place, says that nothing is kept", async () => {
  const open = browser();
  const tabs = Array.from({ length: 6 }, open);
  const kept = [];
  for (const { kept: one } of tabs) kept.push(await one.write(typed(1, 0, "zero ")));
  expect(kept).toEqual([true, true, true, true, false, false]);
  tabs[0]?.close();
  expect(sent(await tabs[5]?.kept.read())).toBe("zero one two");
  disk.isFull = true;
  expect(await tabs[5]?.kept.write(typed(1, 0, "zero "))).toBe(false);
});

test("without locks all tabs share one place, as if there were one tab", async () => {
  const one = keptEdits(WRITER, STORY, createPlaces(undefined));
  await one.write(typed(1, 0, "zero "));
  expect(sent(await keptEdits(WRITER, STORY, createPlaces(undefined)).read())).toBe("zero one two");
});
