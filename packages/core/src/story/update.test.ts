/** The gate of story updates: what an editor makes goes through, and every other thing that Yjs could be told is refused. */
import * as fc from "fast-check";
import { createEncoder, type Encoder, toUint8Array, writeUint8, writeVarString, writeVarUint } from "lib0/encoding";
import { expect, test } from "vitest";
import * as Y from "yjs";

import { LIMITS } from "../op/limits.ts";
import { baseClient } from "./clients.ts";
import { baseUpdate } from "./document.ts";
import { createStoryEdits, type StoryEdit } from "./edits.ts";
import { readStoryUpdate } from "./update.ts";

const CLIENT = 77;

/** What a document says when this is done to it. */
function made(change: (doc: Y.Doc) => void, client: number = CLIENT): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.transact(() => change(doc));
  return Y.encodeStateAsUpdate(doc);
}

const reasonOf = (update: Uint8Array): string => {
  const read = readStoryUpdate(update);
  return read.ok ? "" : read.error;
};

test("text that was typed, and text that was deleted again, is read with its clocks", () => {
  const typed = made((doc) => doc.getText("text").insert(0, "a story 😀"));
  expect(readStoryUpdate(typed)).toEqual({
    ok: true,
    value: { runs: [{ client: CLIENT, start: 0, end: 10 }], needs: [] },
  });
  const cut = made((doc) => {
    doc.getText("text").insert(0, "abc");
    doc.getText("text").delete(0, 2);
  });
  expect(readStoryUpdate(cut)).toEqual({
    ok: true,
    value: { runs: [{ client: CLIENT, start: 0, end: 3 }], needs: [] },
  });
});

test.each([
  ["another root", made((doc) => doc.getText("title").insert(0, "x"))],
  ["a map", made((doc) => doc.getMap("text").set("key", "x"))],
  ["a map with a prototype's name", made((doc) => doc.getMap("text").set("__proto__", { polluted: 1 }))],
  ["an array", made((doc) => doc.getArray("text").insert(0, [1, "x"]))],
  ["a format", made((doc) => doc.getText("text").insert(0, "x", { bold: true }))],
  ["an embed", made((doc) => doc.getText("text").insertEmbed(0, { image: "x" }))],
  ["a type inside", made((doc) => doc.getArray("text").insert(0, [new Y.Text("x")]))],
  ["a subdocument", made((doc) => doc.getArray("text").insert(0, [new Y.Doc()]))],
  ["an XML element", made((doc) => doc.getXmlFragment("text").insert(0, [new Y.XmlElement("p")]))],
  ["binary", made((doc) => doc.getArray("text").insert(0, [new Uint8Array(3)]))],
  ["text with a zero in it", made((doc) => doc.getText("text").insert(0, "a\0b"))],
])("%s is refused", (_what, update) => {
  expect(reasonOf(update)).not.toBe("");
});

test("version 2, a garbage run, a gap and a missing end are refused", () => {
  const text = made((doc) => doc.getText("text").insert(0, "x"));
  expect(reasonOf(Y.convertUpdateFormatV1ToV2(text))).not.toBe("");
  expect(reasonOf(written((to) => piece(to, { info: 0, length: 2 ** 31 })))).toContain("something else than text");
  expect(reasonOf(written((to) => piece(to, { info: 10, length: 5 })))).toContain("something else than text");
  expect(reasonOf(text.subarray(0, text.length - 1))).not.toBe("");
  expect(reasonOf(new Uint8Array([...text, 0]))).toBe("something follows its end");
  expect(reasonOf(new Uint8Array())).not.toBe("");
});

test("numbers that promise more than there is cost nothing", () => {
  for (const count of [2 ** 20, 2 ** 31, 2 ** 52]) {
    expect(reasonOf(bytesOf((to) => writeVarUint(to, count)))).not.toBe("");
    expect(reasonOf(bytesOf((to) => [1, count, CLIENT, 0].forEach((one) => writeVarUint(to, one))))).not.toBe("");
    expect(reasonOf(bytesOf((to) => [0, count].forEach((one) => writeVarUint(to, one))))).not.toBe("");
    expect(reasonOf(bytesOf((to) => [0, 1, CLIENT, count].forEach((one) => writeVarUint(to, one))))).not.toBe("");
    expect(reasonOf(bytesOf((to) => [0, 1, CLIENT, 1, 0, count].forEach((one) => writeVarUint(to, one))))).toBe(
      count <= LIMITS.storyClock ? "" : "it deletes what nobody has written",
    );
  }
  expect(reasonOf(new Uint8Array(LIMITS.storyUpdateBytes + 1))).toContain("bytes");
});

test("too much text, too many pieces and a client named twice are refused", () => {
  const long = made((doc) => doc.getText("text").insert(0, "x".repeat(LIMITS.storyInserted + 1)));
  expect(reasonOf(long)).toContain("too much text");
  const crumbs = written((to) => piece(to, { info: 4, text: "x" }), LIMITS.storyStructs + 1);
  expect(reasonOf(crumbs)).toContain("pieces");
  const twice = bytesOf((to) => {
    writeVarUint(to, 2);
    for (const clock of [0, 1]) {
      for (const one of [1, CLIENT, clock]) writeVarUint(to, one);
      piece(to, { info: 4, text: "x" });
    }
    writeVarUint(to, 0);
  });
  expect(reasonOf(twice)).toContain("twice");
});

test("bytes of any kind are judged, not thrown at", () => {
  const start = made((doc) => doc.getText("text").insert(0, "a story that somebody bends"));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      (any, bends) => {
        expect(readStoryUpdate(any)).toHaveProperty("ok");
        const bent = start.slice();
        for (const [at, byte] of bends) bent[at % bent.length] = byte;
        expect(readStoryUpdate(bent)).toHaveProperty("ok");
      },
    ),
    { numRuns: 2_000 },
  );
});

// ── well-formed and meant badly ─────────────────────────────────────────────────────────────────────────────────────

interface Piece {
  readonly info: number;
  readonly ids?: readonly (readonly [client: number, clock: number])[];
  readonly text?: string;
  readonly length?: number;
}

function bytesOf(write: (to: Encoder) => void): Uint8Array {
  const to = createEncoder();
  write(to);
  return toUint8Array(to);
}

function piece(to: Encoder, { info, ids = [], text, length }: Piece): void {
  writeUint8(to, info | (ids.length > 0 ? 0x80 : 0) | (ids.length > 1 ? 0x40 : 0));
  for (const [client, clock] of ids) {
    writeVarUint(to, client);
    writeVarUint(to, clock);
  }
  if (ids.length === 0 && info !== 0 && info !== 10) {
    writeVarUint(to, 1);
    writeVarString(to, "text");
  }
  if (text === undefined) writeVarUint(to, length ?? 0);
  else writeVarString(to, text);
}

const written = (one: (to: Encoder) => void, count: number = 1): Uint8Array =>
  bytesOf((to) => {
    for (const number of [1, count, CLIENT, 0]) writeVarUint(to, number);
    for (let at = 0; at < count; at++) one(to);
    writeVarUint(to, 0);
  });

const BASE = { op: "ab".repeat(32), text: "base 😀 text" };
const anyId = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant(baseClient(BASE.op)), fc.nat(11)) },
  fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(4)),
);
const anyPiece = fc.oneof(
  fc.record({
    info: fc.constant(4),
    ids: fc.array(anyId, { maxLength: 2 }),
    text: fc.constantFrom("a", "bc", "😀", "de\nf"),
  }),
  fc.record({ info: fc.constant(1), ids: fc.array(anyId, { maxLength: 2 }), length: fc.integer({ min: 1, max: 3 }) }),
);
const anyDelete = fc.tuple(fc.constantFrom(1, 2, 3, baseClient(BASE.op)), fc.nat(8), fc.integer({ min: 1, max: 4 }));
const anyEdit = fc.record({
  client: fc.constantFrom(1, 2, 3),
  pieces: fc.array(anyPiece, { maxLength: 3 }),
  deletes: fc.array(anyDelete, { maxLength: 2 }),
});

const lengthOf = ({ text, length }: Piece): number => text?.length ?? length ?? 0;

/** What members that mean harm could sign: pieces that name whatever they like, each by its own client and on from its end. */
function forge(edits: readonly (typeof anyEdit extends fc.Arbitrary<infer T> ? T : never)[]): StoryEdit[] {
  const ends = new Map<number, number>();
  return edits.flatMap(({ client, pieces, deletes }, at) => {
    const start = ends.get(client) ?? 0;
    const update = bytesOf((to) => {
      writeVarUint(to, pieces.length === 0 ? 0 : 1);
      if (pieces.length > 0) for (const number of [pieces.length, client, start]) writeVarUint(to, number);
      for (const one of pieces) piece(to, one);
      const clients = [...new Set(deletes.map(([whose]) => whose))];
      writeVarUint(to, clients.length);
      for (const whose of clients) {
        const ranges = deletes.filter(([one]) => one === whose);
        for (const number of [whose, ranges.length]) writeVarUint(to, number);
        for (const [, clock, length] of ranges) for (const number of [clock, length]) writeVarUint(to, number);
      }
    });
    const read = readStoryUpdate(update);
    if (!read.ok) return [];
    ends.set(client, start + pieces.reduce((sum, one) => sum + lengthOf(one), 0));
    const place = { lamport: at + 2, author: `feed${client}`, id: String(at) };
    return [{ ...place, feed: `feed${client}`, update, read: read.value }];
  });
}

test("whatever is let through leaves one text in any order, and Yjs neither waits for anything nor fails", () => {
  let counted = 0;
  fc.assert(
    fc.property(fc.array(anyEdit, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (edits, picks) => {
      const forged = forge(edits);
      const one = createStoryEdits(BASE);
      for (const edit of forged) expect(one.add(edit).ok).toBe(true);
      const other = createStoryEdits(BASE);
      const feeds = [1, 2, 3].map((client) => forged.filter(({ feed }) => feed === `feed${client}`));
      while (feeds.some(({ length }) => length > 0)) {
        const next = feeds[(picks.next().value ?? 0) % 3]?.shift();
        if (next !== undefined) other.add(next);
        if ((picks.next().value ?? 0) % 2 === 0) other.text();
      }
      expect(other.text()).toBe(one.text());
      const doc = new Y.Doc();
      for (const update of [baseUpdate(BASE), ...one.landedSince(0)]) Y.applyUpdate(doc, update);
      expect(doc.store.pendingStructs).toBeNull();
      expect(doc.store.pendingDs).toBeNull();
      counted += one.landedSince(0).length;
    }),
    { numRuns: 500 },
  );
  expect(counted).toBeGreaterThan(500);
});
