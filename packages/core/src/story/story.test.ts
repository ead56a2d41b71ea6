/** Stories edited by several feeds come to one text in any order of ops, and what nobody may write has no effect. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";

import { testCrypto } from "../testing/test-crypto.ts";
import { baseClient, storyClient } from "./clients.ts";
import { baseUpdate, editTo, joinUpdates, storyDocument, storyTextOf } from "./document.ts";
import { addEdit, addWriting, type EditOp, type MutableStory, type Writing } from "./story.ts";
import { readStoryUpdate } from "./update.ts";

const ITEM = "0123456789ab";
const hex = (text: string): string => Buffer.from(testCrypto.sha256(Buffer.from(text))).toString("hex");
const writing = (text: string, lamport = 1, isBirth = true): Writing => ({
  id: hex(`writing ${text} ${lamport}`),
  lamport,
  author: "f0",
  isBirth,
  text,
});

/** Somebody who edits: a feed with its own copy of the story, which it brings up to date now and then. */
interface Editor {
  readonly feed: { readonly author: string; readonly incarnation: string };
  readonly seen: EditOp[];
  lamport: number;
  session: number;
}

const editor = (name: string): Editor => ({
  feed: { author: hex(name), incarnation: "00" },
  seen: [],
  lamport: 1,
  session: 1,
});

const stateOf = (base: Writing, ops: readonly EditOp[]): Uint8Array =>
  Y.mergeUpdates([baseUpdate({ op: base.id, text: base.text }), ...ops.map(({ update }) => update)]);

function editAs(who: Editor, base: Writing, text: string, isNewSession = true): EditOp {
  if (isNewSession) who.session++;
  const client = storyClient(who.feed, ITEM, who.session, testCrypto);
  const op: EditOp = {
    ...who.feed,
    id: hex(`${who.feed.author} ${who.lamport} ${text}`),
    item: ITEM,
    on: base.id,
    lamport: who.lamport + 1,
    sessions: [who.session],
    update: editTo(stateOf(base, who.seen), text, client),
  };
  who.lamport++;
  who.seen.push(op);
  return op;
}

function hear(who: Editor, ops: readonly EditOp[]): void {
  for (const op of ops) {
    if (!who.seen.includes(op)) who.seen.push(op);
    who.lamport = Math.max(who.lamport, op.lamport);
  }
}

const textNow = (base: Writing, ops: readonly EditOp[]): string => storyTextOf(storyDocument([stateOf(base, ops)]));

function fold(base: Writing, ops: readonly EditOp[]): { story: MutableStory; refused: string[] } {
  let story = addWriting(undefined, base);
  const refused: string[] = [];
  for (const op of ops) {
    const added = addEdit(story, op, testCrypto);
    if (added.ok) story = added.value;
    else refused.push(added.error);
  }
  return { story, refused };
}

/** Any order that keeps each feed's own. */
function shuffled(ops: readonly EditOp[], pick: () => number): EditOp[] {
  const feeds = [...new Set(ops.map(({ author }) => author))].map((author) => ops.filter((op) => op.author === author));
  const out: EditOp[] = [];
  while (feeds.some(({ length }) => length > 0)) {
    const left = feeds.filter(({ length }) => length > 0);
    const next = left[pick() % left.length]?.shift();
    if (next !== undefined) out.push(next);
  }
  return out;
}

const words = fc.constantFrom("a", "bc", "😀", "é\n", "\r\n", "x y", "\ufeff", "def ghi");
const step = fc.record({
  who: fc.nat(2),
  at: fc.nat(1_000),
  remove: fc.nat(6),
  insert: words,
  hears: fc.boolean(),
  isNewSession: fc.boolean(),
});

/** A run of edits by three feeds that hear each other now and then. */
function play(base: Writing, steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): EditOp[] {
  const editors = ["one", "two", "three"].map(editor);
  const all: EditOp[] = [];
  for (const { who, at, remove, insert, hears, isNewSession } of steps) {
    const by = editors[who];
    if (by === undefined) continue;
    if (hears) hear(by, all);
    const before = Array.from(textNow(base, by.seen));
    before.splice(at % (before.length + 1), remove, insert);
    all.push(editAs(by, base, before.join(""), isNewSession || by.seen.every((op) => op.author !== by.feed.author)));
  }
  return all;
}

test("edits in any order come to one text, the one that Yjs makes of them, and none is refused", () => {
  const run = fc.array(step, { minLength: 1, maxLength: 14 });
  fc.assert(
    fc.property(run, fc.infiniteStream(fc.nat()), fc.string(), (steps, picks, text) => {
      const base = writing(text.replaceAll("\0", ""));
      const ops = play(base, steps);
      const one = fold(base, ops);
      const other = fold(
        base,
        shuffled(ops, () => picks.next().value ?? 0),
      );
      expect(one.refused).toEqual([]);
      expect(other.refused).toEqual([]);
      expect(other.story.text()).toBe(one.story.text());
      expect(one.story.text()).toBe(textNow(base, ops));
      expect(one.story.place).toEqual(other.story.place);
    }),
    { numRuns: 60 },
  );
});

test("reading between the edits changes nothing", () => {
  const run = fc.array(step, { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(run, fc.infiniteStream(fc.nat()), (steps, picks) => {
      const base = writing("where it began 😀");
      const ops = play(base, steps);
      let story = addWriting(undefined, base);
      for (const op of shuffled(ops, () => picks.next().value ?? 0)) {
        const added = addEdit(story, op, testCrypto);
        if (added.ok) story = added.value;
        story.text();
      }
      expect(story.text()).toBe(fold(base, ops).story.text());
    }),
    { numRuns: 60 },
  );
});

test("of two texts that were written as a whole the one that was changed last counts, with its edits", () => {
  const born = writing("born", 1);
  const later = writing("replaced", 3, false);
  const one = editor("one");
  const edited = editAs(one, born, "born again");
  const both = (ops: readonly EditOp[], writings: readonly Writing[]): string => {
    let story = addWriting(undefined, born);
    for (const base of writings) story = addWriting(story, base);
    for (const op of ops) {
      const added = addEdit(story, op, testCrypto);
      if (added.ok) story = added.value;
    }
    return story.text();
  };
  expect(both([edited], [later])).toBe("replaced");
  one.lamport = 7;
  const again = editAs(one, born, "born again, later", false);
  expect(both([edited, again], [later])).toBe("born again, later");
});

test("a second birth does not undo what was edited in the first", () => {
  const born = writing("born", 1);
  const story = addWriting(addWriting(undefined, born), writing("born twice", 9));
  expect(story.text()).toBe("born twice");
  const added = addEdit(story, editAs(editor("one"), born, "born and raised"), testCrypto);
  expect(added.ok && added.value.text()).toBe("born and raised");
});

test("several updates become one that says the same", () => {
  const base = writing("");
  const one = editor("one");
  const ops = ["h", "he", "hel", "hell", "hello"].map((text, at) => editAs(one, base, text, at === 0));
  const joined = joinUpdates(
    stateOf(base, []),
    ops.map(({ update }) => update),
  );
  expect(readStoryUpdate(joined)).toMatchObject({ ok: true, value: { runs: [{ start: 0, end: 5 }] } });
  expect(storyTextOf(storyDocument([stateOf(base, []), joined]))).toBe("hello");
});

// ── what a member may not write ─────────────────────────────────────────────────────────────────────────────────────

const base = writing("hello");

const forged = (who: Editor, update: Uint8Array, sessions = [who.session], lamport = 9): EditOp => ({
  ...who.feed,
  id: hex(`forged ${lamport} ${Buffer.from(update).toString("hex")}`),
  item: ITEM,
  on: base.id,
  lamport,
  sessions,
  update,
});

test("another one's client, a clock that was used, and an edit of another item's text are refused", () => {
  const [one, two] = [editor("one"), editor("two")];
  const first = editAs(one, base, "hello there");
  const stolen = { ...first, ...two.feed, id: hex("stolen"), lamport: 9 };
  expect(fold(base, [first, stolen]).refused).toEqual([expect.stringContaining("not its author's")]);
  const twice = { ...first, id: hex("twice"), lamport: 9 };
  expect(fold(base, [first, twice]).refused).toEqual([expect.stringContaining("where its session ended")]);
  expect(fold(base, [{ ...first, item: "ba9876543210" }]).refused).toHaveLength(1);
  expect(fold(base, [{ ...first, on: first.id }]).refused).toEqual([expect.stringContaining("written as a whole")]);
});

test("nobody deletes what is not written yet, and what builds on nothing waits without an effect", () => {
  const [one, two] = [editor("one"), editor("two")];
  const first = editAs(one, base, "hello there");
  hear(two, [first]);
  const client = storyClient(one.feed, ITEM, one.session, testCrypto);
  // A delete set alone: everything of the victim's session, now and later.
  const kill = encodeDeletes(client, 0, 1_000);
  const { story, refused } = fold(base, [forged(two, kill), first]);
  expect(refused).toEqual([]);
  expect(story.text()).toBe("hello there");
  const stillThere = fold(base, [first, forged(two, kill), editAs(one, base, "hello there, you", false)]);
  expect(stillThere.story.text()).toBe("hello there, you");
});

/** No pieces, one range deleted. */
function encodeDeletes(client: number, clock: number, length: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  const text = doc.getText("text");
  text.insert(0, "x".repeat(clock + length));
  let update = new Uint8Array();
  doc.on("update", (made: Uint8Array) => {
    update = new Uint8Array(made);
  });
  text.delete(clock, length);
  return update;
}

test("two feeds under one client number: one of them counts, the same one in any order", () => {
  // Nobody finds such a pair by trying in a test, so the hash is made to give one.
  const weak = { sha256: () => new Uint8Array(32).fill(7) };
  const [one, two] = [editor("one"), editor("two")];
  const client = storyClient(one.feed, ITEM, 1, weak);
  const of = (who: Editor, text: string): EditOp =>
    forged(who, editTo(stateOf(base, []), text, client), [1], who === one ? 5 : 6);
  const ops = [of(one, "hello one"), of(two, "hello two")];
  const texts = [ops, ops.toReversed()].map((order) => {
    let story = addWriting(undefined, base);
    for (const op of order) {
      const added = addEdit(story, op, weak);
      if (added.ok) story = added.value;
      story.text();
    }
    return story.text();
  });
  expect(texts[0]).toBe(texts[1]);
  expect(["hello one", "hello two"]).toContain(texts[0]);
});

test("a base's client is not a session's", () => {
  expect(baseClient(base.id)).not.toBe(storyClient(editor("one").feed, ITEM, 1, testCrypto));
  expect(Number.isSafeInteger(baseClient("f".repeat(64)))).toBe(true);
});
