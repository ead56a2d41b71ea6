/** Edits that members sign to make the fold of a story slow, or to end it: what each costs does not grow with the others. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createStoryEdits, type StoryEdit } from "./edits.ts";
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
