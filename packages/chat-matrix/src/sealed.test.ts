import type { OutgoingMessage, SendOutcome } from "@skein/chat";
import { expect, test } from "vitest";

import { pageSchema, type Page } from "./events.ts";
import type { Answer, Failure } from "./http.ts";
import { createSealer, findSent, withKey } from "./sealed.ts";

const BOT = "@bot:example.org";
const { signal } = new AbortController();
const DOWN: Failure = { type: "unclear", reason: "nobody answers" };

const outgoing: OutgoingMessage = {
  key: "k".repeat(64),
  room: "!room:example.org",
  thread: null,
  threadTitle: "",
  quotes: null,
  body: [],
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
};

const NOW = 1_000_000_000;
let ids = 0;
const wrote = (key: string, more: object = {}, content: object = {}): object => ({
  event_id: `$${ids++}`,
  type: "m.room.encrypted",
  sender: BOT,
  origin_server_ts: NOW,
  content: withKey({ ...content }, key),
  ...more,
});
const page = (chunk: readonly object[], end?: string): Page => pageSchema.parse({ chunk, end });

const find = (pages: readonly Answer<Page>[]): Promise<SendOutcome> => {
  const left = [...pages];
  return findSent(
    {
      device: () => Promise.resolve({ type: "ok", value: { userId: BOT, deviceId: "D" } }),
      written: () => Promise.resolve(left.shift() ?? { type: "ok", value: page([], undefined) }),
    },
    outgoing,
    NOW,
    signal,
  );
};

test("what was sent is found by its key, also on a later page", async () => {
  const found = wrote(outgoing.key, { event_id: "$found" });
  const pages = [page([wrote("other")], "next"), page([wrote("other"), found])];
  expect(await find(pages.map((value) => ({ type: "ok", value })))).toEqual({ type: "sent", message: "$found" });
});

test.each([
  ["somebody else's", wrote(outgoing.key, { sender: "@eve:example.org" })],
  ["an edit", wrote(outgoing.key, {}, { "m.relates_to": { rel_type: "m.replace", event_id: "$card" } })],
  ["another key's", wrote("x".repeat(64))],
])("%s message is not it", async (_what, event) => {
  expect(await find([{ type: "ok", value: page([event]) }])).toMatchObject({ type: "refused" });
});

test("nobody looks further back than a while before it could have been sent", async () => {
  const old = wrote("other", { origin_server_ts: NOW - 120_000 });
  const pages = [page([old], "next"), page([wrote(outgoing.key)])];
  expect(await find(pages.map((value) => ({ type: "ok", value })))).toMatchObject({ type: "refused" });
});

test("where it cannot be told, nobody claims to know", async () => {
  expect(await find([DOWN])).toMatchObject({ type: "uncertain" });
  const endless = Array.from({ length: 30 }, (_, n): Answer<Page> => ({ type: "ok", value: page([], `p${n}`) }));
  expect(await find(endless)).toMatchObject({ type: "uncertain" });
});

test("what fails before the message was sent is no doubt about the message", async () => {
  const seal = createSealer({
    api: { members: () => Promise.resolve(DOWN) },
    cipher: {
      ready: () => Promise.resolve(DOWN),
      close: () => Promise.resolve(),
    },
    secrecy: {
      isEncrypted: () => Promise.resolve(DOWN),
      waiting: () => [],
      read: () => Promise.resolve(DOWN),
    },
    signal,
  });
  const request = { room: outgoing.room, type: "m.room.message", transaction: "t", content: {} } as const;
  expect(await seal(request)).toMatchObject({ type: "retry", reason: "nobody answers" });
});
