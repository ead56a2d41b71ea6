/** What is to be said: the same on every node, within the platform's limits, and nothing of it twice. */
import { type Body, isLive, plainText, projectItem } from "@skein/core";
import { expect, test } from "vitest";

import type { AccountSettings } from "./account.ts";
import { cardOf, type Due, type DueContext, repliesTo, roomIn } from "./due.ts";
import { newsOfItem } from "./notices/news.ts";
import { digestsFor, planNotice } from "./notices/plan.ts";
import { targetsOf } from "./notices/targets.ts";
import { shortened } from "./parts.ts";
import { createMeshDouble, type MeshDouble } from "./testing/index.ts";
import {
  accountOf,
  addItem,
  commandId,
  eventOf,
  itemOf,
  pair,
  receiveDraft,
  ROOM,
  settleDraft,
  sha256,
} from "./testing/rooms.ts";
import { CAPABILITIES } from "./testing/transport-double.ts";
import type { Capabilities } from "./transport.ts";

const ITEM = "0123456789ab";
const ACCOUNT = accountOf({ rooms: [{ id: ROOM, role: "operator", guests: "none", notices: "everything" }] });
const SMALL: Capabilities = { ...CAPABILITIES, maxText: 400, maxTextWithButtons: 300 };

function contextOf(
  mesh: MeshDouble,
  capabilities: Capabilities = CAPABILITIES,
  account: AccountSettings = ACCOUNT,
): DueContext {
  const { naming } = mesh.desk("reader");
  return { view: mesh.view(), account, capabilities, sha256, project: (item) => projectItem(item, naming) };
}

function meshOf(): MeshDouble {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  pair(mesh, "ada", "fake:ada");
  return mesh;
}

/** An item on which everything that may be long is as long as it may be. */
function longItem(mesh: MeshDouble): void {
  const item = addItem(mesh, ITEM, "T".repeat(200), "x".repeat(16_000));
  mesh.write({ entity: ITEM, on: item.best.id, body: { kind: "item.start" } });
  mesh.write({ entity: ITEM, on: itemOf(mesh, ITEM).best.id, body: { kind: "item.shelve", note: "n".repeat(2_000) } });
  mesh.write({ entity: ITEM, on: itemOf(mesh, ITEM).best.id, body: { kind: "item.start" } });
  const on = itemOf(mesh, ITEM).best.id;
  const options = ["allow", "deny"];
  mesh.write({
    entity: ITEM,
    on,
    body: { kind: "item.ask", question: "q001", text: "q".repeat(2_000), options },
  });
  mesh.write({ entity: ITEM, on, body: { kind: "item.set", field: "hold", value: "h".repeat(200) } });
}

function allDue(mesh: MeshDouble, capabilities: Capabilities): readonly Due[] {
  const context = contextOf(mesh, capabilities);
  const items = [...mesh.view().items.values()].filter(isLive);
  const now = mesh.clock.wallMs();
  const targets = targetsOf(context.account, mesh.view());
  return targets.flatMap((target) => [
    ...items.map((item) => cardOf(item, target.room, context)),
    ...items
      .flatMap((item) => newsOfItem(item, context.project))
      .flatMap((news) => planNotice(news, target, now, context) ?? []),
    ...digestsFor({ ...target, digestMs: 60_000 }, now + 60_000, context),
  ]);
}

const lengthOf = (body: Body): number => body.reduce((sum, { text }) => sum + text.length, 0);

test("two nodes that read the same log plan the same messages under the same keys", () => {
  const mesh = meshOf();
  longItem(mesh);
  const once = allDue(mesh, CAPABILITIES);
  expect(once.length).toBeGreaterThan(3);
  expect(allDue(mesh, CAPABILITIES)).toEqual(once);
  const keys = once.map(({ mark }) => mark.key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

test("a card, a notice, a question and a digest fit into one message each, however long what they are about is", () => {
  const mesh = meshOf();
  longItem(mesh);
  for (let at = 10; at < 40; at++) addItem(mesh, `aaaaaaaaaa${at}`, `Item ${at} ${"y".repeat(150)}`);
  const all = allDue(mesh, SMALL);
  expect(new Set(all.map(({ mark }) => mark.purpose))).toEqual(new Set(["card", "notice", "question"]));
  for (const { message, mark } of all) {
    const room = roomIn(SMALL, message.buttons.length > 0);
    expect([mark.purpose, lengthOf(message.body) <= room]).toEqual([mark.purpose, true]);
  }
});

test("a question that is cut still says what may be answered, and how", () => {
  const mesh = meshOf();
  longItem(mesh);
  const limits = { ...CAPABILITIES, maxText: 1_600, maxTextWithButtons: 1_024 };
  const question = allDue(mesh, limits).find(({ mark }) => mark.purpose === "question");
  const said = plainText(question?.message.body ?? []);
  expect(said).toContain("One of: allow, deny");
  expect(said).toContain("answer #012345");
  expect(said).toContain("q…");
  expect(question?.message.buttons.map(({ value }) => value)).toEqual([
    `answer:${ITEM}:q001:0`,
    `answer:${ITEM}:q001:1`,
  ]);
});

test("buttons keep to what platforms take, whatever the options are", () => {
  const mesh = meshOf();
  const item = addItem(mesh, ITEM, "Say hello");
  const options = [":".repeat(80), `x${"\u{1f600}".repeat(39)}`, " "];
  const body = { kind: "item.ask", question: "q".repeat(26), text: "?", options } as const;
  mesh.write({ entity: ITEM, on: item.best.id, body });
  const context = contextOf(mesh);
  const buttons = newsOfItem(itemOf(mesh, ITEM), context.project).flatMap((news) => news.buttons(CAPABILITIES));
  expect(buttons).toHaveLength(3);
  for (const { label, value } of buttons) {
    expect([label.length <= 20, label.length > 0, value.length <= 100, /[\ud800-\udfff]/u.test(label)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  }
});

test("a reply in parts has a key for each, closes the command with the last, and says when there is more", () => {
  const mesh = meshOf();
  const event = eventOf("list");
  mesh.write(
    receiveDraft(event),
    settleDraft(event, { reply: [{ text: "line of some words\n".repeat(200), style: "plain" }] }),
  );
  const command = mesh.view().chat.commands.get(commandId(event));
  if (command === undefined) throw new Error("it was received");
  const due = repliesTo(command, contextOf(mesh, SMALL));
  expect(due).toHaveLength(3);
  expect(due.map(({ mark }) => mark.about === command.id)).toEqual([false, false, true]);
  expect(new Set(due.map(({ mark }) => mark.key)).size).toBe(3);
  for (const { message } of due) expect(lengthOf(message.body)).toBeLessThanOrEqual(SMALL.maxText * 0.75);
  expect(plainText(due.at(-1)?.message.body ?? [])).toContain("say more for the rest");
});

test("a topic that a node with a wrong clock spoke of is not silent until that day", () => {
  const mesh = meshOf();
  const item = addItem(mesh, ITEM, "Say hello");
  mesh.write({ entity: ITEM, on: item.best.id, body: { kind: "item.start" } });
  const context = contextOf(mesh);
  const news = newsOfItem(itemOf(mesh, ITEM), context.project).find(({ purpose }) => purpose === "notice");
  const [target] = targetsOf(ACCOUNT, mesh.view());
  if (news === undefined || target === undefined) throw new Error("there is news for the room");
  const at = (saidMs: number): string | undefined => {
    const lastSaid = new Map([[`fake/main ${ROOM} ${news.topic}`, saidMs]]);
    const view = { ...context.view, items: context.view.items, chat: { ...context.view.chat, lastSaid } };
    return planNotice(news, target, mesh.clock.wallMs(), { ...context, view })?.suppressed;
  };
  expect(at(mesh.clock.wallMs() - 1_000)).toContain("said 1 s before");
  expect(at(mesh.clock.wallMs() + 365 * 24 * 3_600_000)).toBeUndefined();
});

test("what is shortened keeps its pieces and their styles as long as one piece is to blame", () => {
  const body: Body = [
    { text: "a".repeat(10), style: "strong" },
    { text: "b".repeat(100), style: "plain" },
    { text: "c".repeat(10), style: "code" },
  ];
  const short = shortened(body, 60);
  expect(short.map(({ style }) => style)).toEqual(["strong", "plain", "code"]);
  expect(plainText(short)).toBe(`${"a".repeat(10)}${"b".repeat(39)}…${"c".repeat(10)}`);
  expect(shortened(body, 120)).toBe(body);
});

test("options that a button's length makes alike have no buttons, so that the question is asked at all", () => {
  const buttonsFor = (...options: readonly string[]): number | undefined => {
    const mesh = meshOf();
    const item = addItem(mesh, ITEM, "Choose");
    mesh.write({ entity: ITEM, on: item.best.id, body: { kind: "item.start" } });
    mesh.write({
      entity: ITEM,
      on: itemOf(mesh, ITEM).best.id,
      body: { kind: "item.ask", question: "q001", text: "Which?", options },
    });
    const { project } = contextOf(mesh);
    const asked = newsOfItem(itemOf(mesh, ITEM), project).find(({ purpose }) => purpose === "question");
    return asked?.buttons(CAPABILITIES).length;
  };
  expect(buttonsFor("Use PostgreSQL version 15", "Use PostgreSQL version 16")).toBe(0);
  expect(buttonsFor("PostgreSQL 15", "PostgreSQL 16")).toBe(2);
});
