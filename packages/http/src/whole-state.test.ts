/** Readers that begin with nothing come to the same board, whether what they are sent was written for them or for others before. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import { readSyncMessage } from "y-protocols/sync";
import { createDecoder, readVarUint } from "lib0/decoding";
import { createEncoder } from "lib0/encoding";
import { createWholeState } from "./whole-state.ts";

const NOTHING = Y.encodeStateVector(new Y.Doc());

function board(): Y.Doc {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (let at = 0; at < 500; at++) doc.getMap("items").set(`item ${at}`, { title: `Item ${at}`, stage: "Backlog" });
  });
  return doc;
}

/** A stock client's document after these messages, and whether the last one was the answer that it waits for. */
function read(messages: readonly Uint8Array[] = []): { readonly items: unknown; readonly steps: readonly number[] } {
  const doc = new Y.Doc();
  const steps = messages.map((message) => {
    const decoder = createDecoder(message);
    expect(readVarUint(decoder)).toBe(0);
    return readSyncMessage(decoder, createEncoder(), doc, "node");
  });
  return { items: doc.getMap("items").toJSON(), steps };
}

test("the whole is written once for many readers, and what changed since comes before any of them takes it for all", () => {
  const doc = board();
  const state = createWholeState(doc);
  const first = state.answer(NOTHING);
  expect(read(first)).toEqual({ items: doc.getMap("items").toJSON(), steps: [1] });
  expect(state.answer(NOTHING)).toBe(first);
  doc.getMap("items").set("item 7", { title: "Changed", stage: "Coding" });
  doc.getMap("items").delete("item 8");
  const later = state.answer(NOTHING) ?? [];
  expect(state.answer(NOTHING)).toBe(later);
  expect(read(later)).toEqual({ items: doc.getMap("items").toJSON(), steps: [2, 1] });
  expect(later[1]?.length).toBeLessThan(200);
});

test("it is written anew once much has changed", () => {
  const doc = board();
  const state = createWholeState(doc);
  state.answer(NOTHING);
  for (let at = 0; at < 250; at++) doc.getMap("items").set(`item ${at}`, { title: "Changed", stage: "Coding" });
  expect(read(state.answer(NOTHING))).toEqual({ items: doc.getMap("items").toJSON(), steps: [1] });
});

test("who has some of it gets the rest, and what is no state vector gets nothing", () => {
  const doc = board();
  const state = createWholeState(doc);
  const had = Y.encodeStateVector(doc);
  doc.getMap("items").set("item 1", { title: "Changed", stage: "Coding" });
  const [rest] = state.answer(had) ?? [];
  expect(rest?.length).toBeLessThan(200);
  expect(state.answer(new Uint8Array([255, 255, 255]))).toBeUndefined();
});
