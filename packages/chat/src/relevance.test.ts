/** What becomes an op of all that is said and done in rooms, and what is nobody's business here. */
import { LIMITS, readBody } from "@skein/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { AccountSettings } from "./account.ts";
import { hasOpenQuestion } from "./questions.ts";
import { relevant } from "./relevance.ts";
import { createMeshDouble, type MeshDouble } from "./testing/index.ts";
import {
  accountOf,
  addItem,
  chatDraft,
  commandId,
  eventOf,
  pair,
  ROOM,
  sentDraft,
  settleDraft,
} from "./testing/rooms.ts";
import type { InboundEvent } from "./transport.ts";

const ITEM = "0123456789ab";

function take(mesh: MeshDouble, event: InboundEvent, account: AccountSettings = accountOf()): string | undefined {
  const view = mesh.view();
  const body = relevant(event, { account, chat: view.chat, hasQuestion: (item) => hasOpenQuestion(view, item) });
  return body?.text;
}

const meshOf = (): MeshDouble => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  return mesh;
};

test("a room that is not named is not heard, whatever is said there and by whom", () => {
  const mesh = meshOf();
  pair(mesh, "ada", "fake:ada");
  for (const type of ["message", "slash", "button", "reaction", "edit"] as const) {
    expect(take(mesh, eventOf("!skein list", { type, room: "!other" }))).toBeUndefined();
  }
  const anywhere = accountOf({ rooms: [{ id: "*", role: "observer", guests: "none", notices: "nothing" }] });
  expect(take(mesh, eventOf("!skein list", { room: "!other" }), anywhere)).toBe("list");
  expect(take(mesh, eventOf("!skein list"), accountOf({ rooms: [] }))).toBeUndefined();
});

test("what people say to each other stays out of the log", () => {
  const mesh = meshOf();
  pair(mesh, "ada", "fake:ada");
  for (const text of ["good morning", "start", "skein list", "!skeinlist", "about !skein list"]) {
    expect(take(mesh, eventOf(text, { addressed: false }))).toBeUndefined();
  }
  expect(take(mesh, eventOf(" !SKEIN  list", { addressed: false }))).toBe("list");
  expect(take(mesh, eventOf("!skein", { addressed: false }))).toBe("");
  expect(take(mesh, eventOf("list", { addressed: true }))).toBe("list");
});

test("a stranger's direct message is heard only when it is a code", () => {
  const mesh = meshOf();
  const direct = { direct: true, room: "!dm" };
  expect(take(mesh, eventOf("list", direct))).toBeUndefined();
  expect(take(mesh, eventOf("pairing is nice", direct))).toBeUndefined();
  expect(take(mesh, eventOf("pair 7K3M-9QXR-2VBT-HW4N", direct))).toBe("pair 7K3M-9QXR-2VBT-HW4N");
  expect(take(mesh, eventOf("!skein Pair 7K3M", direct))).toBe("Pair 7K3M");
  pair(mesh, "ada", "fake:ada");
  expect(take(mesh, eventOf("list", direct))).toBe("list");
});

test("a room of two that the configuration names is a room, and its cap holds", () => {
  const mesh = meshOf();
  const view = mesh.view();
  const event = eventOf("list", { direct: true });
  const body = relevant(event, { account: accountOf(), chat: view.chat, hasQuestion: () => false });
  expect(body?.direct).toBe(false);
});

test("in an item's thread a line that begins with a verb is heard, and any line while an agent asks", () => {
  const mesh = meshOf();
  const item = addItem(mesh, ITEM, "Say hello");
  mesh.write(sentDraft("card", { item: ITEM, about: ITEM }));
  const inThread = { addressed: false, thread: "card" };
  expect(take(mesh, eventOf("start", inThread))).toBe("start");
  expect(take(mesh, eventOf("lunch?", inThread))).toBeUndefined();
  expect(take(mesh, eventOf("start", { ...inThread, thread: "another" }))).toBeUndefined();
  mesh.write({
    entity: ITEM,
    on: item.best.id,
    body: { kind: "item.ask", question: "q001", text: "Which port?", options: [] },
  });
  expect(take(mesh, eventOf("443", inThread))).toBe("443");
});

// ── edits, reactions, buttons ───────────────────────────────────────────────────────────────────────────────────────

function askedMesh(): { readonly mesh: MeshDouble; readonly question: InboundEvent } {
  const mesh = meshOf();
  pair(mesh, "ada", "fake:ada");
  const question = eventOf("delete #abc");
  const body = relevant(question, { account: accountOf(), chat: mesh.view().chat, hasQuestion: () => false });
  if (body === undefined) throw new Error("a command of somebody who is known is relevant");
  mesh.write(chatDraft(body));
  return { mesh, question };
}

const settleAsked = (mesh: MeshDouble, event: InboundEvent): void =>
  mesh.write(settleDraft(event, { outcome: "asked", proposal: "x" }));

test("an edit counts while its own line waits, for a judge or for a yes, and only when its author made it", () => {
  const { mesh, question } = askedMesh();
  const edit = (more: Partial<InboundEvent> = {}): string | undefined =>
    take(mesh, eventOf("list", { type: "edit", message: question.message, ...more }));
  expect(edit()).toBe("list");
  settleAsked(mesh, question);
  expect(edit()).toBe("list");
  expect(edit({ principal: "fake:eve" })).toBeUndefined();
  expect(edit({ message: "$another" })).toBeUndefined();
  mesh.write(sentDraft("answer", { about: commandId(question), purpose: "reply" }));
  expect(edit({ message: "answer" })).toBeUndefined();
});

test("a reaction counts on a message that asked something, and on no other", () => {
  const { mesh, question } = askedMesh();
  mesh.write(sentDraft("card"), sentDraft("asks", { about: commandId(question), purpose: "reply" }));
  const react = (message: string): string | undefined => take(mesh, eventOf("👍", { type: "reaction", message }));
  expect(react("asks")).toBeUndefined();
  settleAsked(mesh, question);
  expect(react("asks")).toBe("👍");
  expect(react("card")).toBeUndefined();
  expect(react(question.message)).toBeUndefined();
});

test("a button counts before this node has heard of the message that it is on", () => {
  expect(take(meshOf(), eventOf("start:x:y", { type: "button", message: "not heard of yet" }))).toBe("start:x:y");
});

// ── hostile events ──────────────────────────────────────────────────────────────────────────────────────────────────

test("a text that is longer than a command may be arrives as nothing, whole ones arrive whole", () => {
  const mesh = meshOf();
  const longest = "x".repeat(LIMITS.chatTextLength ?? 0);
  expect(take(mesh, eventOf(longest))).toBe(longest);
  expect(take(mesh, eventOf(`${longest}x`))).toBe("");
});

test("ids that cannot be written down are no event, and what it claims to hang on is nothing", () => {
  const mesh = meshOf();
  const long = "x".repeat(301);
  for (const bad of [
    { id: long },
    { id: "" },
    { principal: `fake:${long}` },
    { message: "a\nb" },
    { id: "\ud800" },
    { id: "\ufeff$1" },
  ]) {
    expect(take(mesh, eventOf("list", bad))).toBeUndefined();
  }
  const view = mesh.view();
  for (const bad of [long, "a\u0000b", "a\nb"]) {
    const event = eventOf("list", { thread: bad, quotes: bad });
    const body = relevant(event, { account: accountOf(), chat: view.chat, hasQuestion: () => false });
    expect([body?.thread, body?.quotes]).toEqual(["", ""]);
  }
});

test("whatever a platform hands over, what becomes an op is an op that every node can read", () => {
  const mesh = meshOf();
  const { chat } = mesh.view();
  const texts = fc.string({ unit: "binary", maxLength: 400 });
  const events = fc.record({
    id: texts,
    principal: texts,
    displayName: texts,
    message: texts,
    thread: fc.option(texts),
    quotes: fc.option(texts),
    text: texts,
    direct: fc.boolean(),
    atMs: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 53)),
  });
  const kept = new Set<string>();
  fc.assert(
    fc.property(events, (more) => {
      const event = { ...eventOf("", { room: ROOM }), ...more, type: "slash" as const };
      const body = relevant(event, { account: accountOf(), chat, hasQuestion: () => false });
      if (body === undefined) return;
      kept.add(commandId(event));
      mesh.write(chatDraft(body));
    }),
    { numRuns: 300 },
  );
  expect(kept.size).toBeGreaterThan(20);
  // An op that could not be read would have had no effect.
  expect(mesh.view().chat.commands.size).toBe(kept.size);
  expect(readBody({ kind: "chat.receive", body: {} })).toBeUndefined();
});
