import type { Trouble } from "@skein/chat";
import { expect, test } from "vitest";

import type { Deciphered, RoomCryptography } from "./cryptography.ts";
import type { RoomEvent } from "./events.ts";
import type { Answer, Failure } from "./http.ts";
import { createSecrecy } from "./secrecy.ts";

const ROOM = "!room:example.org";
const BOT = "@bot:example.org";
const ADA = "@ada:example.org";
const FORBIDDEN: Failure = {
  type: "refused",
  status: 403,
  code: "M_FORBIDDEN",
  message: "no",
  retryAfterMs: undefined,
};
const DOWN: Failure = { type: "unclear", reason: "nobody answers" };

let events = 0;
const event = (type: string, content: RoomEvent["content"], more: Partial<RoomEvent> = {}): RoomEvent => ({
  event_id: `$${events++}`,
  type,
  sender: ADA,
  origin_server_ts: 1,
  content,
  ...more,
});
const clearText = (body: string, more: Partial<RoomEvent> = {}): RoomEvent =>
  event("m.room.message", { msgtype: "m.text", body }, more);
const sealed = (body: string, more: Partial<RoomEvent> = {}): RoomEvent => event("m.room.encrypted", { body }, more);

interface Stand {
  readonly troubles: Trouble[];
  readonly remembered: Set<string>;
  /** Texts of the messages that are believed. */
  readonly read: (...events: readonly RoomEvent[]) => Promise<readonly unknown[]>;
  readonly secrecy: ReturnType<typeof createSecrecy>;
  readonly cryptography: RoomCryptography;
}

function stand(
  says: Answer<boolean>,
  decrypt: (event: RoomEvent) => Deciphered = ({ content }) => ({
    type: "clear",
    eventType: "m.room.message",
    content,
    id: `id of ${String(content["body"])}`,
  }),
): Stand {
  const remembered = new Set<string>();
  const troubles: Trouble[] = [];
  const ok: Answer<void> = { type: "ok", value: undefined };
  const cryptography: RoomCryptography = {
    position: () => undefined,
    take: () => Promise.resolve(ok),
    lostPosition: () => Promise.resolve(ok),
    knowsAsEncrypted: (room) => Promise.resolve(remembered.has(room)),
    noteEncrypted: (room) => {
      remembered.add(room);
      return Promise.resolve(ok);
    },
    decrypt: (_room, one) => Promise.resolve({ type: "ok", value: decrypt(one) }),
    encrypt: () => Promise.resolve(DOWN),
    close: () => Promise.resolve(),
  };
  const api = { isEncrypted: () => Promise.resolve(says) };
  const secrecy = createSecrecy({ api, account: "main", signal: new AbortController().signal });
  return {
    troubles,
    remembered,
    secrecy,
    cryptography,
    read: async (...given) => {
      const news = await secrecy.read({ cryptography, room: ROOM, events: given, userId: BOT });
      if (news.type !== "ok") throw new Error(news.type);
      news.value.settle({ trouble: (one) => void troubles.push(one) });
      return news.value.events.map(({ content }) => content["body"]);
    },
  };
}

const YES: Answer<boolean> = { type: "ok", value: true };
const NO: Answer<boolean> = { type: "ok", value: false };

test("in a room that is not encrypted, what is in clear is believed", async () => {
  const { read, troubles, remembered } = stand(NO);
  expect(await read(clearText("status"))).toEqual(["status"]);
  expect([troubles, [...remembered]]).toEqual([[], []]);
});

test("in an encrypted room only what was encrypted is, and each kind of the rest is told once", async () => {
  const { read, troubles } = stand(YES);
  const reaction = event("m.reaction", { body: "a reaction" });
  expect(await read(clearText("merge 7"), sealed("status"), reaction)).toEqual(["status"]);
  expect(await read(clearText("merge 8"), reaction)).toEqual([]);
  expect(troubles.map(({ severity }) => severity)).toEqual(["passing", "passing"]);
});

test("removals and joins stay the homeserver's to say", async () => {
  const { read } = stand(YES);
  expect(await read(event("m.room.redaction", { body: "gone" }), event("m.room.member", { body: "here" }))).toEqual([
    "gone",
    "here",
  ]);
});

test("what the bot itself sends is told to nobody", async () => {
  const { read, troubles } = stand(YES);
  expect(await read(sealed("answer", { sender: BOT }), event("m.reaction", {}, { sender: BOT }))).toEqual([undefined]);
  expect(troubles).toEqual([]);
});

test("an event that becomes encrypted in between changes what is believed from there on", async () => {
  const { read, remembered } = stand(NO);
  const encryption = event("m.room.encryption", {}, { state_key: "" });
  expect(await read(clearText("before"), encryption, clearText("after"), sealed("sealed"))).toEqual([
    "before",
    "sealed",
  ]);
  expect([...remembered]).toEqual([ROOM]);
});

test("an encryption event that is no state changes nothing", async () => {
  const { read, remembered } = stand(NO);
  await read(event("m.room.encryption", {}));
  expect(await read(clearText("status"))).toEqual(["status"]);
  expect([...remembered]).toEqual([]);
});

test("a room whose messages decrypt is encrypted, though the homeserver denies it", async () => {
  const { read } = stand(NO);
  expect(await read(sealed("status"), clearText("merge 7"))).toEqual(["status"]);
  expect(await read(clearText("merge 8"))).toEqual([]);
});

test("what is remembered counts more than what the homeserver says", async () => {
  const { read, remembered } = stand(NO);
  remembered.add(ROOM);
  expect(await read(clearText("merge 7"))).toEqual([]);
});

test("where the homeserver refuses to say, nothing in clear is believed, and where it does not answer, nothing is read", async () => {
  const { read, remembered } = stand(FORBIDDEN);
  expect(await read(clearText("merge 7"), sealed("status"))).toEqual(["status"]);
  expect([...remembered]).toEqual([ROOM]);
  await expect(stand(DOWN).read(clearText("merge 7"))).rejects.toThrow("unclear");
});

test("within ciphertext nothing but a message counts", async () => {
  const { read } = stand(YES, ({ content }) => ({ type: "clear", eventType: "m.room.redaction", content, id: "x" }));
  expect(await read(sealed("$someone-elses"))).toEqual([]);
});

test("an encrypted event that is state is nobody's", async () => {
  const { read } = stand(YES);
  expect(await read(sealed("merge 7", { state_key: "" }))).toEqual([]);
});

test("the id of what was decrypted is its own, so that the same ciphertext is the same", async () => {
  const { secrecy, cryptography } = stand(YES);
  const given = [sealed("approve 7"), sealed("approve 7")];
  const news = await secrecy.read({ cryptography, room: ROOM, events: given, userId: BOT });
  if (news.type !== "ok") throw new Error(news.type);
  expect(news.value.events.map(({ clearId }) => clearId)).toEqual(["id of approve 7", "id of approve 7"]);
  expect(news.value.events.map(({ event_id }) => event_id)).toEqual(given.map(({ event_id }) => event_id));
});

test("a message without its key waits, once what came with it is durable, and comes when the key does", async () => {
  let hasKey = false;
  const { secrecy, cryptography, read, troubles } = stand(YES, ({ content }) =>
    hasKey
      ? { type: "clear", eventType: "m.room.message", content, id: "x" }
      : { type: "unreadable", reason: "no key", later: true },
  );
  await secrecy.read({ cryptography, room: ROOM, events: [sealed("not durable")], userId: BOT });
  expect([...secrecy.waiting()]).toEqual([]);
  expect(await read(sealed("late"))).toEqual([]);
  expect([...secrecy.waiting()]).toEqual([ROOM]);
  expect(await read()).toEqual([]);
  hasKey = true;
  expect(await read(sealed("new"))).toEqual(["late", "new"]);
  expect([...secrecy.waiting()]).toEqual([]);
  expect(troubles).toHaveLength(1);
});

test("what will never be read does not wait, and only the newest hundred do", async () => {
  const never = stand(YES, () => ({ type: "unreadable", reason: "unsigned", later: false }));
  await never.read(sealed("x"));
  expect([...never.secrecy.waiting()]).toEqual([]);
  let hasKey = false;
  const many = stand(YES, ({ content }) =>
    hasKey
      ? { type: "clear", eventType: "m.room.message", content, id: "x" }
      : { type: "unreadable", reason: "no key", later: true },
  );
  await many.read(...Array.from({ length: 150 }, (_, n) => sealed(`${n}`)));
  hasKey = true;
  expect(await many.read()).toEqual(Array.from({ length: 100 }, (_, n) => `${n + 50}`));
});
