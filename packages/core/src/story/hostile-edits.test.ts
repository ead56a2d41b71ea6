/** Edits that members sign to make the fold of a story slow, or to end it: what each costs does not grow with the others. */
import * as fc from "fast-check";
import { createEncoder, toUint8Array, writeUint8, writeVarString, writeVarUint } from "lib0/encoding";
import { expect, test } from "vitest";

import { LIMITS } from "../op/limits.ts";
import { baseClient } from "./clients.ts";
import { createStoryEdits, type StoryEdit } from "./edits.ts";
import { readStoryUpdate } from "./update.ts";
import { createWaiting } from "./waiting.ts";

const BASE = { op: "f".repeat(64), text: "base" };
const CLIENT = 5;

interface Told {
  readonly feed: string;
  readonly lamport: number;
  readonly runs?: StoryEdit["read"]["runs"];
  readonly needs?: StoryEdit["read"]["needs"];
}

const editOf = ({ feed, lamport, runs = [], needs = [] }: Told): StoryEdit => ({
  feed,
  lamport,
  author: feed,
  id: `${feed} ${lamport}`,
  update: new Uint8Array([0, 0]),
  read: { runs, needs },
});

const piece = (at: number): StoryEdit["read"]["runs"] => [{ client: CLIENT, start: at, end: at + 1 }];

test("any number of edits may wait for one client, from several feeds", () => {
  const edits = createStoryEdits(BASE);
  for (const feed of ["a", "b", "c", "d"]) {
    for (let lamport = 1; lamport <= 50_000; lamport++) {
      edits.add(editOf({ feed, lamport: 10 + lamport, needs: [{ client: CLIENT, end: 2 }] }));
    }
  }
  expect(edits.add(editOf({ feed: "e", lamport: 1, runs: piece(0) })).ok).toBe(true);
  expect(edits.landedSince(0)).toHaveLength(1);
  edits.add(editOf({ feed: "e", lamport: 2, runs: piece(1) }));
  expect(edits.landedSince(0)).toHaveLength(200_002);
});

test("what waits for more than has landed is not looked at again", () => {
  const edits = createStoryEdits(BASE);
  let looks = 0;
  for (let lamport = 1; lamport <= 500; lamport++) {
    const edit = editOf({ feed: "a", lamport: 1_000 + lamport });
    const needs = [{ client: CLIENT, end: 1_000_000 }];
    edits.add({
      ...edit,
      read: {
        runs: [],
        get needs() {
          looks++;
          return needs;
        },
      },
    });
  }
  for (let at = 0; at < 500; at++) edits.add(editOf({ feed: "b", lamport: at + 1, runs: piece(at) }));
  expect(looks).toBeLessThan(2_000);
});

test("what came too late for an edit leaves it alone for good", () => {
  const edits = createStoryEdits(BASE);
  edits.add(editOf({ feed: "a", lamport: 5, needs: [{ client: CLIENT, end: 2 }] }));
  edits.add(editOf({ feed: "b", lamport: 4, runs: piece(0) }));
  edits.add(editOf({ feed: "b", lamport: 6, runs: piece(1) }));
  edits.add(editOf({ feed: "b", lamport: 7, runs: piece(2) }));
  expect(edits.landedSince(0)).toHaveLength(3);
});

test("edits that come with the newest stamps first are put in order without looking at each of the others", () => {
  const edits = createStoryEdits(BASE);
  let looks = 0;
  const count = 1_000;
  for (let at = 0; at < count; at++) {
    const feed = `feed ${at}`;
    const edit = editOf({ feed, lamport: 0 });
    edits.add(
      Object.defineProperty(edit, "lamport", {
        get: () => {
          looks++;
          return count - at;
        },
      }),
    );
  }
  expect(looks).toBeLessThan(count * 50);
  expect(edits.text()).toBe("base");
});

test("whoever waits is taken out once, when it is enough", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 10 }), (ends, landings) => {
      const waiting = createWaiting<number>();
      for (const [at, end] of ends.entries()) waiting.add(CLIENT, end, at);
      let left = [...ends.keys()];
      for (const landed of landings) {
        const enough = left.filter((at) => (ends[at] ?? 0) <= landed);
        expect([...waiting.take(CLIENT, landed)].toSorted((a, b) => a - b)).toEqual(enough);
        left = left.filter((at) => !enough.includes(at));
      }
      expect(waiting.take(CLIENT + 1, 1_000)).toEqual([]);
      expect(waiting.take(CLIENT, 1_000)).toHaveLength(left.length);
    }),
  );
});

/** So many pieces of one character, each of which says that it was written between the same two characters of the base. */
function piecesInOneGap(client: number, start: number, count: number): Uint8Array {
  const encoder = createEncoder();
  for (const number of [1, count, client, start]) writeVarUint(encoder, number);
  for (let at = 0; at < count; at++) {
    writeUint8(encoder, 0xc4);
    for (const number of [baseClient(BASE.op), 0, baseClient(BASE.op), 1]) writeVarUint(encoder, number);
    writeVarString(encoder, "x");
  }
  writeVarUint(encoder, 0);
  return toUint8Array(encoder);
}

function editBy(update: Uint8Array, lamport: number, feed: string): StoryEdit {
  const read = readStoryUpdate(update);
  if (!read.ok) throw new Error(read.error);
  return { feed, lamport, author: feed, id: `${feed} ${lamport}`, update, read: read.value };
}

test("pieces that somebody crafted to be compared with each other are left out once they cost too much, from any order", () => {
  const crafted = Array.from({ length: 12 }, (_, at) => editBy(piecesInOneGap(100 + at, 0, 1_000), at + 1, `f${at}`));
  const builds = editBy(piecesInOneGap(111, 1_000, 1), 20, "f11");
  const honest = editBy(piecesInOneGap(7, 0, 1), 30, "h");
  const inOrder = createStoryEdits(BASE);
  for (const edit of [...crafted, builds]) expect(inOrder.add(edit).ok).toBe(true);
  const without = inOrder.text();
  expect(inOrder.isWhole()).toBe(false);
  expect(without.length).toBeLessThan(BASE.text.length + 4_000);
  const turned = createStoryEdits(BASE);
  for (const edit of [...crafted.toReversed(), builds]) turned.add(edit);
  expect(turned.text()).toBe(without);
  expect(turned.state()).toEqual(inOrder.state());
  // Somebody who writes where they wrote pays for what they left.
  inOrder.add(honest);
  expect(inOrder.text().length - without.length).toBeLessThanOrEqual(1);
});

test("a typist's edits cost nothing, however many, in the middle of a text and at its end", () => {
  const edits = createStoryEdits({ op: BASE.op, text: "" });
  let at = 0;
  // Each in front of the last one, which is where Yjs has the most to look at.
  const typed = (): StoryEdit => {
    const encoder = createEncoder();
    for (const number of [1, 1, CLIENT, at]) writeVarUint(encoder, number);
    writeUint8(encoder, at === 0 ? 0x04 : 0x44);
    if (at === 0) {
      writeVarUint(encoder, 1);
      writeVarString(encoder, "text");
    } else for (const number of [CLIENT, at - 1]) writeVarUint(encoder, number);
    writeVarString(encoder, "y");
    writeVarUint(encoder, 0);
    return editBy(toUint8Array(encoder), ++at, "t");
  };
  for (let count = 0; count < 5_000; count++) edits.add(typed());
  expect(edits.text()).toBe("y".repeat(5_000));
  expect(edits.isWhole()).toBe(true);
  expect(LIMITS.storyEffort).toBeLessThan(5_000 ** 2);
});

test("who replaces a word in two thousand places is no attacker", () => {
  const base = { op: BASE.op, text: "a".repeat(4_000) };
  const edits = createStoryEdits(base);
  for (const client of [1, 2, 3, 4]) {
    const encoder = createEncoder();
    for (const number of [1, LIMITS.storyStructs, client, 0]) writeVarUint(encoder, number);
    for (let at = 0; at < LIMITS.storyStructs; at++) {
      writeUint8(encoder, 0xc4);
      for (const number of [baseClient(base.op), at, baseClient(base.op), at + 1]) writeVarUint(encoder, number);
      writeVarString(encoder, String(client));
    }
    writeVarUint(encoder, 0);
    edits.add(editBy(toUint8Array(encoder), client, `f${client}`));
  }
  expect(edits.text().slice(0, 20)).toBe("a1234".repeat(4));
  expect(edits.isWhole()).toBe(true);
});
