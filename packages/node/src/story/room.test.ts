/** A story edited together on one node: what is told when, what is refused, and what a session that is cut off keeps. */
import {
  createReplica,
  type Draft,
  err,
  type FeedParts,
  foundMesh,
  LIMITS,
  ok,
  type Replica,
  type Role,
  storyDocument,
  type StoryField,
  storyTextOf,
  toHex,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";
import * as Y from "yjs";

import type { Journal } from "../journal.ts";
import { createStories, type StoryRooms } from "./stories.ts";
import type { Cursor, SessionEnd, StorySession } from "./story-api.ts";
import { withStoryEdits } from "./story-writing.ts";

const ITEM = "0123456789ab";

interface Stand {
  readonly replica: Replica;
  readonly stories: StoryRooms;
  readonly journal: Journal;
  readonly text: () => string;
  readonly ops: () => number;
  /** Lets everything happen that waits for time. */
  readonly pass: () => Promise<void>;
  role: Role;
  feed: FeedParts;
  isDiskFull: boolean;
  readonly cursors: (readonly [client: number, name: string | undefined])[];
}

function stand(text: string = "hello", secret: string = "never"): Stand {
  const me = { signer: testSigner("stories"), incarnation: new Uint8Array(8).fill(1) };
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const create = {
    kind: "item.create",
    title: "t",
    text,
    type: "story",
    priority: 5,
    labels: [],
    dependsOn: [],
  } as const;
  replica.write([{ entity: ITEM, on: null, body: create }], me, 1);
  const due: (() => void)[] = [];
  let draws = 0;
  const bytes = (length: number): Uint8Array => testCrypto.sha256(new Uint8Array([draws++])).subarray(0, length);
  const listeners: (() => void)[] = [];
  const bare: Pick<Journal, "write"> = {
    write: (decide) => {
      const decided = decide();
      if (!decided.ok) return Promise.resolve(decided);
      if (one.isDiskFull) return Promise.resolve(err({ type: "not-saved", message: "the disk is full" }));
      const { ops } = replica.write(decided.value, me, 1);
      for (const listener of listeners) listener();
      return Promise.resolve(ok(ops));
    },
  };
  const journal = withStoryEdits({ ...bare } as Journal, {
    random: { bytes },
    crypto: testCrypto,
    replica,
    feed: () => one.feed,
  });
  const cursors: (readonly [number, string | undefined])[] = [];
  const stories = createStories({
    clock: { monoMs: () => 0, wallMs: () => 0, after: (_ms, run) => (due.push(run), () => undefined) },
    random: { bytes },
    crypto: testCrypto,
    replica,
    journal,
    secrets: { text: (value) => value.replaceAll(secret, "***") },
    feed: () => one.feed,
    role: () => one.role,
    self: () => toHex(me.signer.publicKey),
    farCursors: () => [],
    onCursor: (_item, client, cursor) => cursors.push([client, cursor?.name]),
  });
  listeners.push(() => stories.changed(new Set([ITEM])));
  const one: Stand = {
    replica,
    stories,
    journal,
    cursors,
    text: () => replica.view().items.get(ITEM)?.registers?.text.value ?? "",
    ops: () => replica.opCount(),
    pass: async () => {
      for (let run = due.shift(); run !== undefined; run = due.shift()) {
        run();
        await Promise.resolve();
        await Promise.resolve();
        await Promise.resolve();
      }
    },
    role: "operator",
    feed: { author: toHex(me.signer.publicKey), incarnation: toHex(me.incarnation) },
    isDiskFull: false,
  };
  return one;
}

interface Editor {
  readonly doc: Y.Doc;
  readonly session: StorySession;
  readonly saved: number[];
  readonly ends: SessionEnd[];
  readonly others: Map<number, Cursor | undefined>;
  type(at: number, text: string): void;
  remove(at: number, length: number): void;
  readonly text: () => string;
}

/** What a browser does: its own document under the client it was given. */
function editor({ stories }: Stand, name: string = "ann", field: StoryField = "text", member?: string): Editor {
  const doc = new Y.Doc();
  const saved: number[] = [];
  const ends: SessionEnd[] = [];
  const others = new Map<number, Cursor | undefined>();
  const opened = stories.open(
    { item: ITEM, field },
    { name, member },
    {
      update: (update) => Y.applyUpdate(doc, update, "node"),
      saved: (edits) => saved.push(edits),
      cursors: (moved) => moved.forEach((cursor, client) => others.set(client, cursor)),
      end: (why) => ends.push(why),
    },
  );
  if (!opened.ok) throw new Error(opened.error.message);
  const session = opened.value;
  doc.clientID = session.client;
  Y.applyUpdate(doc, session.state(), "node");
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "node") session.edit(update);
  });
  const text = doc.getText("text");
  return {
    doc,
    session,
    saved,
    ends,
    others,
    type: (at, typed) => text.insert(at, typed),
    remove: (at, length) => text.delete(at, length),
    text: () => text.toJSON(),
  };
}

test("what two people type is one story, one op for all that waited, and nobody hears of it before it is saved", async () => {
  const node = stand();
  const [ann, bob] = [editor(node, "ann"), editor(node, "bob")];
  const before = node.ops();
  for (const [at, letter] of Array.from(" there").entries()) ann.type(5 + at, letter);
  bob.type(0, "> ");
  expect(bob.text()).toBe("> hello");
  expect([ann.saved, node.text()]).toEqual([[], "hello"]);
  await node.pass();
  expect(node.ops() - before).toBe(1);
  expect([ann.text(), bob.text(), node.text()]).toEqual(Array(3).fill("> hello there"));
  expect([ann.saved, bob.saved]).toEqual([[6], [1]]);
  bob.remove(0, 2);
  await node.pass();
  expect([ann.text(), node.text()]).toEqual(["hello there", "hello there"]);
  expect(bob.saved).toEqual([1, 2]);
});

test("an edit from the command line comes to those who type, and takes nothing of theirs", async () => {
  const node = stand("first\nlast\n");
  const ann = editor(node);
  ann.type(0, "# ");
  const draft: Draft = {
    entity: ITEM,
    on: null,
    body: { kind: "item.set", field: "text", value: "first\nthen\nlast\n" },
  };
  await node.journal.write(() => ok([draft]));
  await node.pass();
  expect([ann.text(), node.text()]).toEqual(Array(2).fill("# first\nthen\nlast\n"));
  expect(ann.ends).toEqual([]);
});

test("a command that writes the text that is there changes nothing and succeeds", async () => {
  const node = stand("as it is");
  const draft: Draft = { entity: ITEM, on: null, body: { kind: "item.set", field: "text", value: "as it is" } };
  expect((await node.journal.write(() => ok([draft]))).ok).toBe(true);
  expect(node.text()).toBe("as it is");
});

/** What a session may not send, by what it is. */
const REFUSED: readonly (readonly [string, (ann: Editor) => Uint8Array])[] = [
  ["somebody else's client", () => made(4_242, (doc) => doc.getText("text").insert(0, "x"))],
  ["another root", ({ session }) => made(session.client, (doc) => doc.getMap("other").set("a", 1))],
  ["a format", ({ session }) => made(session.client, (doc) => doc.getText("text").insert(0, "x", { b: true }))],
  ["an embed", ({ session }) => made(session.client, (doc) => doc.getText("text").insertEmbed(0, { a: 1 }))],
  ["garbage", () => new Uint8Array([1, 2, 3])],
  [
    "what builds on nothing",
    ({ session }) => {
      const other = new Y.Doc();
      other.clientID = 4_242;
      other.getText("text").insert(0, "unseen");
      const own = new Y.Doc();
      own.clientID = session.client;
      Y.applyUpdate(own, Y.encodeStateAsUpdate(other));
      const seen = Y.encodeStateVector(own);
      own.getText("text").insert(3, "x");
      return Y.encodeStateAsUpdate(own, seen);
    },
  ],
  ["what nobody has written, deleted", () => new Uint8Array([0, 1, 146, 33, 1, 0, 100])],
  [
    "more than a story may have",
    ({ session }) => made(session.client, (doc) => doc.getText("text").insert(0, "x".repeat(16_385))),
  ],
  ["a secret of the node", ({ session }) => made(session.client, (doc) => doc.getText("text").insert(0, "never"))],
];

function made(client: number, change: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  change(doc);
  return Y.encodeStateAsUpdate(doc);
}

test.each(REFUSED)("%s ends the session with a reason, and changes nothing for anybody", async (_what, attack) => {
  const node = stand();
  const [ann, bob] = [editor(node), editor(node)];
  const before = node.ops();
  ann.session.edit(attack(ann));
  await node.pass();
  expect(ann.ends).toEqual([{ type: "refused", message: expect.stringMatching(/./) }]);
  expect([node.ops(), node.text(), bob.text(), bob.ends]).toEqual([before, "hello", "hello", []]);
  ann.session.edit(made(ann.session.client, (doc) => doc.getText("text").insert(0, "again")));
  await node.pass();
  expect(node.text()).toBe("hello");
});

test("who only reads may not write, and one that was let go neither", async () => {
  const node = stand();
  node.role = "observer";
  const ann = editor(node);
  expect(ann.session.mayEdit).toBe(false);
  ann.type(0, "x");
  expect(ann.ends).toMatchObject([{ type: "refused" }]);
  node.role = "operator";
  const bob = editor(node);
  bob.type(0, "y");
  node.role = "agent";
  await node.pass();
  expect(bob.ends).toMatchObject([{ type: "refused" }]);
  expect(node.text()).toBe("hello");
});

/** The node has edited the story so often. */
function wearOut({ replica }: Stand, times: number = LIMITS.storyEdits): void {
  const me = { signer: testSigner("stories"), incarnation: new Uint8Array(8).fill(1) };
  const on = replica.view().items.get(ITEM)?.registers?.text.id ?? "";
  const nothing: Draft = {
    entity: ITEM,
    on,
    body: { kind: "item.write", sessions: [], update: new Uint8Array([0, 0]) },
  };
  for (let left = times; left > 0; left -= 250) {
    const drafts = Array.from({ length: Math.min(250, left) }, () => nothing);
    replica.write(drafts, me, 1);
  }
}

test("an edit that would count nowhere is refused before anybody is told that it is saved, and a whole text helps", async () => {
  const node = stand();
  const [ann, bob] = [editor(node, "ann"), editor(node, "bob")];
  wearOut(node);
  const before = node.ops();
  ann.type(0, "one too many ");
  await node.pass();
  expect(ann.saved).toEqual([]);
  expect(ann.ends).toEqual([{ type: "refused", message: expect.stringContaining("item edit") }]);
  expect([node.ops(), node.text(), bob.ends]).toEqual([before, "hello", []]);
  const draft: Draft = { entity: ITEM, on: null, body: { kind: "item.set", field: "text", value: "anew" } };
  expect((await node.journal.write(() => ok([draft]))).ok).toBe(true);
  expect([node.text(), bob.ends]).toEqual(["anew", [{ type: "again", message: expect.any(String) }]]);
  const cy = editor(node, "cy");
  cy.type(4, "!");
  await node.pass();
  expect([cy.saved, node.text()]).toEqual([[1], "anew!"]);
});

test("of edits that become several ops all are refused when not all of them count", async () => {
  const node = stand();
  wearOut(node, LIMITS.storyEdits - 1);
  // More sessions than one op may name.
  const editors = Array.from({ length: LIMITS.storySessions + 1 }, () => editor(node));
  for (const one of editors) one.type(0, "x");
  await node.pass();
  expect(node.text()).toBe("hello");
  expect(editors.flatMap(({ saved }) => saved)).toEqual([]);
  expect(new Set(editors.flatMap(({ ends }) => ends.map(({ type }) => type)))).toEqual(new Set(["refused"]));
});

test("who writes what may not be there is refused alone, whoever else typed at the same time", async () => {
  const node = stand();
  const [ann, bob, eve] = [editor(node, "ann"), editor(node, "bob"), editor(node, "eve")];
  ann.type(5, " there");
  eve.type(0, "never");
  eve.type(0, "and this ");
  bob.type(0, "> ");
  await node.pass();
  expect(node.text()).toBe("> hello there");
  expect([ann.ends, bob.ends, eve.ends.map(({ type }) => type)]).toEqual([[], [], ["refused"]]);
  expect([ann.saved, bob.saved, eve.saved]).toEqual([[1], [1], []]);
});

test("what could not be saved is nobody's, and its session ends so that it is sent again", async () => {
  const node = stand();
  const [ann, bob] = [editor(node), editor(node)];
  node.isDiskFull = true;
  ann.type(0, "lost? ");
  await node.pass();
  expect(ann.ends).toEqual([{ type: "not-saved", message: "the disk is full" }]);
  expect([bob.text(), bob.ends, node.text()]).toEqual(["hello", [], "hello"]);
  node.isDiskFull = false;
  bob.type(5, "!");
  await node.pass();
  expect(node.text()).toBe("hello!");
});

test("under another key or incarnation every session begins anew", async () => {
  const node = stand();
  const ann = editor(node);
  ann.type(0, "x");
  node.feed = { ...node.feed, incarnation: "00000000000000ff" };
  await node.pass();
  expect(ann.ends).toMatchObject([{ type: "again" }]);
  expect(node.text()).toBe("hello");
});

test("a text that an older node writes as a whole begins the story anew, and a deleted item ends it", async () => {
  const node = stand();
  const ann = editor(node);
  const me = { signer: testSigner("stories"), incarnation: new Uint8Array(8).fill(1) };
  const item = node.replica.view().items.get(ITEM);
  const on = item?.registers?.text.id ?? "";
  node.replica.write([{ entity: ITEM, on, body: { kind: "item.set", field: "text", value: "whole" } }], me, 2);
  node.stories.changed(undefined);
  expect(ann.ends).toMatchObject([{ type: "again" }]);
  const bob = editor(node);
  expect(bob.text()).toBe("whole");
  node.replica.write([{ entity: ITEM, on: item?.best?.id ?? "", body: { kind: "item.delete", note: "" } }], me, 3);
  node.stories.changed(undefined);
  expect(bob.ends).toMatchObject([{ type: "gone" }]);
});

test("who is where is told to the others by the name that the node knows, until they leave", () => {
  const node = stand();
  const [ann, bob] = [editor(node, "ann"), editor(node, "bob")];
  const selection = { anchor: { item: null, assoc: 0 }, head: { item: null, assoc: 0 } };
  ann.session.move(selection);
  expect(bob.others.get(ann.session.client)).toEqual({ client: ann.session.client, name: "ann", selection });
  expect(ann.others.size).toBe(0);
  const late = editor(node, "cy");
  expect([...late.others.keys()]).toEqual([ann.session.client]);
  node.stories.heard({ item: ITEM, field: "text" }, 99, { client: 99, name: "far", selection });
  expect(ann.others.get(99)?.name).toBe("far");
  ann.session.close();
  expect(bob.others.get(ann.session.client)).toBeUndefined();
  expect(node.cursors).toEqual([
    [ann.session.client, "ann"],
    [ann.session.client, undefined],
  ]);
});

test("what was sent before somebody left is saved", async () => {
  const node = stand();
  const ann = editor(node);
  ann.type(5, ", world");
  ann.session.close();
  await node.pass();
  expect(node.text()).toBe("hello, world");
  expect(storyTextOf(storyDocument([editor(node).session.state()]))).toBe("hello, world");
});

test("the criteria are a text of their own, with a room of their own", async () => {
  const node = stand("the story");
  const [story, criteria] = [editor(node), editor(node, "ben", "criteria")];
  const there = { anchor: { item: null, assoc: 0 }, head: { item: null, assoc: 0 } };
  criteria.session.move(there);
  expect(story.others.size).toBe(0);
  criteria.type(0, "it runs");
  story.type(9, " goes on");
  await node.pass();
  const { registers } = node.replica.view().items.get(ITEM) ?? {};
  expect([registers?.text.value, registers?.criteria.value]).toEqual(["the story goes on", "it runs"]);
  expect([story.text(), criteria.text()]).toEqual(["the story goes on", "it runs"]);
  // Written as a whole, one of them begins another document, and the other one goes on.
  const draft: Draft = { entity: ITEM, on: null, body: { kind: "item.set", field: "criteria", value: "it runs fast" } };
  await node.journal.write(() => ok([{ ...draft, on: registers?.criteria.id ?? "" }]));
  expect(criteria.text()).toBe("it runs fast");
  expect([story.ends, criteria.ends]).toEqual([[], []]);
});

test("an edit names the members that wrote it when that was anybody but the node's own", async () => {
  const node = stand();
  const [own, guest, program] = [node.feed.author, "ab".repeat(32), undefined];
  const [ann, ben, job] = [
    editor(node, "ann", "text", own),
    editor(node, "ben", "text", guest),
    editor(node, "n", "text", program),
  ];
  const write = async (...writers: readonly Editor[]): Promise<readonly string[] | undefined> => {
    for (const writer of writers) writer.type(0, "x");
    await node.pass();
    return [...(node.replica.view().items.get(ITEM)?.entries.values() ?? [])].at(-1)?.edit?.by;
  };
  expect(await write(ann)).toBeUndefined();
  expect(await write(ann, job)).toBeUndefined();
  expect(await write(ben)).toEqual([`mesh:${guest}`]);
  expect(await write(job, ben, ann)).toEqual([`mesh:${own}`, `mesh:${guest}`]);
});
