/** What people do on a real homeserver arrives as events, once and nothing else. */
import type { InboundEvent } from "@skein/chat";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createBot, type MatrixBot } from "../support/matrix-transport.ts";
import type { MatrixUser } from "../support/matrix-user.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";

let synapse: Synapse;
let ada: MatrixUser;
let bea: MatrixUser;
const bots: MatrixBot[] = [];

beforeAll(async () => {
  synapse = await startSynapse();
  [ada, bea] = await Promise.all([synapse.user("Ada"), synapse.user("Bea")]);
}, SYNAPSE_START_MS);
afterEach(async () => {
  for (const bot of bots.splice(0)) await bot.close();
});
afterAll(async () => synapse.dispose());

let accounts = 0;
async function newBot(): Promise<MatrixBot> {
  const user = await synapse.user(`bot${accounts++}`);
  const bot = createBot(user, { homeserver: synapse.url, allow: [ada.id] });
  bots.push(bot);
  return bot;
}

/** A room with Ada, Bea and the bot in it. */
async function roomWith(bot: MatrixBot): Promise<string> {
  const room = await ada.createRoom({ preset: "public_chat" });
  await bea.join(room);
  await bot.user.join(room);
  return room;
}

/**
 * A position that nobody has waited at: Synapse finishes a long poll whose client went away, and gives the same answer to
 * whoever asks from there in the next minutes.
 */
async function positionOf(bot: MatrixBot, room: string): Promise<string> {
  const cursor = await (await bot.open()).close();
  const [account = ""] = /^[0-9a-f]+\./.exec(cursor) ?? [];
  await ada.say(room, "one more, so that the position is another one");
  return account + String((await bot.user.call("GET", "/v3/sync?timeout=0"))["next_batch"]);
}

const texts = (events: readonly InboundEvent[]): readonly string[] => events.map(({ text }) => text);

/** Everything that arrived before a message that is sent now; so what is not among it does not come. */
async function untilNow(room: string, received: readonly InboundEvent[]): Promise<readonly InboundEvent[]> {
  const marker = await ada.say(room, "marker");
  await waitFor("the marker", () => received.some(({ id }) => id === marker));
  return received.filter(({ id }) => id !== marker);
}

test("a message arrives with who, where and when, by ids", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const before = Date.now();
  const plainId = await ada.say(room, "good morning");
  const mentionId = await ada.say(room, `bot: status 7`, { "m.mentions": { user_ids: [bot.user.id] } });
  await waitFor("both messages", () => host.received.length === 2);
  const [plain, mention] = host.received;
  expect(plain).toEqual({
    id: plainId,
    type: "message",
    principal: `matrix:${ada.id}`,
    displayName: "Ada",
    room,
    direct: false,
    thread: null,
    message: plainId,
    quotes: null,
    text: "good morning",
    addressed: false,
    atMs: plain?.atMs,
  });
  expect(Math.abs((plain?.atMs ?? 0) - before)).toBeLessThan(60_000);
  expect(mention).toMatchObject({ id: mentionId, text: "bot: status 7", addressed: true });
});

test("a mention by pill or display name is left out of the text", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const name = bot.user.id.slice(1, bot.user.id.indexOf(":"));
  const html = `<a href="https://matrix.to/#/${bot.user.id}">${name}</a>: <b>status</b> 7`;
  await ada.say(room, `${name}: status 7`, { format: "org.matrix.custom.html", formatted_body: html });
  await ada.say(room, `${name} status 8`, { "m.mentions": { user_ids: [bot.user.id] } });
  await ada.say(room, `${bot.user.id}: status 9`);
  await waitFor("the messages", () => host.received.length === 3);
  expect(texts(host.received)).toEqual(["status 7", "status 8", "status 9"]);
  expect(host.received.map(({ addressed }) => addressed)).toEqual([true, true, true]);
});

test("what was written before the first sync is not carried out", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  for (const text of ["old 1", "old 2", "old 3"]) await ada.say(room, text);
  const { host } = await bot.open();
  await ada.say(room, "new");
  await waitFor("the new message", () => host.received.length > 0);
  expect(texts(host.received)).toEqual(["new"]);
});

test("of a room that is joined later, only what comes after the joining is carried out", async () => {
  const bot = await newBot();
  const { host } = await bot.open();
  const room = await ada.createRoom({ preset: "public_chat" });
  for (let n = 0; n < 30; n++) await ada.say(room, `before ${n}`);
  await ada.invite(room, bot.user.id);
  await waitFor("the bot to join", async () => (await ada.membership(room, bot.user.id)) === "join");
  await ada.say(room, "after");
  await waitFor("the message", () => host.received.length > 0);
  expect(texts(host.received)).toEqual(["after"]);
});

test("a room of two is direct, and is no longer when a third comes", async () => {
  const bot = await newBot();
  const { host } = await bot.open();
  const room = await ada.createRoom({ preset: "private_chat", is_direct: true, invite: [bot.user.id] });
  await waitFor("the bot to join", async () => (await ada.membership(room, bot.user.id)) === "join");
  await ada.say(room, "status");
  await waitFor("the message", () => host.received.length === 1);
  await ada.invite(room, bea.id);
  await bea.join(room);
  await ada.say(room, "hello Bea");
  await waitFor("the second message", () => host.received.length === 2);
  expect(host.received.map(({ text, direct }) => ({ text, direct }))).toEqual([
    { text: "status", direct: true },
    { text: "hello Bea", direct: false },
  ]);
});

test("a restart knows a direct room without being told again", async () => {
  const bot = await newBot();
  const room = await ada.createRoom({ preset: "trusted_private_chat" });
  await ada.invite(room, bot.user.id);
  await bot.user.join(room);
  const cursor = await positionOf(bot, room);
  const { host } = await bot.open(cursor);
  await ada.say(room, "status");
  await waitFor("the message", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({ direct: true });
});

test("the position moves after the mesh has the events, and an older one brings the same ids again", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const first = await bot.open();
  const cursor = first.host.cursors.at(-1);
  first.host.failure = "the disk is full";
  const id = await ada.say(room, "approve 3");
  await waitFor("a second attempt", () => bot.requests.filter((one) => one === "GET /v3/sync").length > 3);
  expect(first.host.received).toEqual([]);
  expect(first.host.cursors.at(-1)).toBe(cursor);
  first.host.failure = undefined;
  await waitFor("the message", () => first.host.received.length === 1);
  await waitFor("the position to move", () => first.host.cursors.at(-1) !== cursor);
  await first.close();

  const again = await bot.open(cursor);
  await waitFor("the message again", () => again.host.received.length === 1);
  expect(again.host.received.map((event) => event.id)).toEqual([id]);
  expect(again.host.received).toEqual(first.host.received);
});

test("everything that was written while the node was away arrives, in order, and nothing older", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  for (let n = 0; n < 5; n++) await ada.say(room, `history ${n}`);
  const cursor = await positionOf(bot, room);
  const expected: string[] = [];
  for (let n = 0; n < 60; n++) {
    expected.push(`away ${n}`);
    await ada.say(room, `away ${n}`);
    // The bot's own new name is no reason to take what came before for history.
    if (n === 20 || n === 55) {
      const path = `/v3/profile/${encodeURIComponent(bot.user.id)}/displayname`;
      await bot.user.call("PUT", path, { displayname: `name ${n}` });
    }
  }
  const { host } = await bot.open(cursor);
  await waitFor("all of them", () => host.received.length >= 60);
  expect(texts(await untilNow(room, host.received))).toEqual(expected);
  expect(bot.requests.some((one) => one.endsWith("/messages"))).toBe(true);
  expect(host.received[0]).toMatchObject({ displayName: "Ada" });
  expect(host.troubles).toEqual([]);
});

test("a room that was left and joined again while the node was away brings nothing from before", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const cursor = await positionOf(bot, room);
  for (let n = 0; n < 15; n++) await ada.say(room, `before ${n}`);
  await bot.user.call("POST", `/v3/rooms/${encodeURIComponent(room)}/leave`, {});
  await ada.say(room, "meanwhile");
  await bot.user.join(room);
  for (let n = 0; n < 25; n++) await ada.say(room, `after ${n}`);
  const { host } = await bot.open(cursor);
  await waitFor("the messages", () => host.received.length >= 25);
  expect(texts(host.received)).toEqual(Array.from({ length: 25 }, (_, n) => `after ${n}`));
});

test("only people on the list can invite the bot", async () => {
  const bot = await newBot();
  const { host } = await bot.open();
  const foreign = await bea.createRoom({ invite: [bot.user.id] });
  const known = await ada.createRoom({ invite: [bot.user.id] });
  await waitFor("the bot to join", async () => (await ada.membership(known, bot.user.id)) === "join");
  await waitFor("the bot to refuse", async () => (await bea.membership(foreign, bot.user.id)) === "leave");
  expect(bot.requests.filter((one) => one.startsWith("POST /v3/join"))).toHaveLength(1);
  expect(host.troubles).toEqual([]);
});

test("without a list nobody can", async () => {
  const user = await synapse.user("closed");
  const bot = createBot(user, { homeserver: synapse.url });
  bots.push(bot);
  const room = await ada.createRoom({ invite: [user.id] });
  await bot.open();
  await waitFor("the bot to refuse", async () => (await ada.membership(room, user.id)) === "leave");
  expect(bot.requests.filter((one) => one.startsWith("POST /v3/join"))).toEqual([]);
});

test("an edit is never a message, and only the writer's own edit is one", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const id = await ada.say(room, "approve 3");
  const replacing = (body: string): Readonly<Record<string, unknown>> => ({
    "m.new_content": { msgtype: "m.text", body },
    "m.relates_to": { rel_type: "m.replace", event_id: id },
  });
  await bea.say(room, "* merge 4", replacing("merge 4"));
  const edit = await ada.say(room, "* approve 5", replacing("approve 5"));
  const received = await untilNow(room, host.received);
  expect(received.map(({ type, id }) => ({ type, id }))).toEqual([
    { type: "message", id },
    { type: "edit", id: edit },
  ]);
  expect(received[1]).toMatchObject({ message: id, text: "", addressed: false, principal: `matrix:${ada.id}` });
});

test("an edit of a message from before the node came is judged by who wrote that", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const id = await ada.say(room, "approve 3");
  const { host } = await bot.open();
  const replacing = {
    "m.new_content": { msgtype: "m.text", body: "x" },
    "m.relates_to": { rel_type: "m.replace", event_id: id },
  };
  await bea.say(room, "* x", replacing);
  const edit = await ada.say(room, "* x", replacing);
  const received = await untilNow(room, host.received);
  expect(received.map(({ type, id, message }) => ({ type, id, message }))).toEqual([
    { type: "edit", id: edit, message: id },
  ]);
});

test("a message that is removed counts as edited", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const id = await ada.say(room, "merge 4");
  await waitFor("the message", () => host.received.length === 1);
  await ada.call("PUT", `/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(id)}/r1`, {});
  const received = await untilNow(room, host.received);
  expect(received.slice(1)).toMatchObject([{ type: "edit", message: id, principal: `matrix:${ada.id}` }]);
});

test("a message that was removed before the node saw it is never one", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const cursor = await positionOf(bot, room);
  const id = await ada.say(room, "merge 4");
  await ada.call("PUT", `/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(id)}/r2`, {});
  const { host } = await bot.open(cursor);
  const received = await untilNow(room, host.received);
  expect(received.map(({ type }) => type)).toEqual(["edit"]);
});

test("threads and replies are told apart", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const root = await ada.say(room, "root");
  const inThread = (more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
    "m.relates_to": { rel_type: "m.thread", event_id: root, ...more },
  });
  await ada.say(room, "in the thread", inThread({ is_falling_back: true, "m.in_reply_to": { event_id: root } }));
  await ada.say(room, "an answer in it", inThread({ is_falling_back: false, "m.in_reply_to": { event_id: root } }));
  await ada.say(room, "> <@bea:localhost> merge 4\n> please\n\nno", {
    "m.relates_to": { "m.in_reply_to": { event_id: root } },
  });
  await waitFor("the messages", () => host.received.length === 4);
  expect(host.received.map(({ text, thread, quotes }) => ({ text, thread, quotes }))).toEqual([
    { text: "root", thread: null, quotes: null },
    { text: "in the thread", thread: root, quotes: null },
    { text: "an answer in it", thread: root, quotes: root },
    { text: "no", thread: null, quotes: root },
  ]);
});

test("a reaction names the message that it sits on", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const id = await ada.say(room, "merge 4?");
  await bea.send(room, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: id, key: "✅\u{fe0f}" } });
  await waitFor("the reaction", () => host.received.length === 2);
  expect(host.received[1]).toMatchObject({
    type: "reaction",
    principal: `matrix:${bea.id}`,
    message: id,
    text: "✅",
    addressed: false,
  });
});

test("notices, emotes and what the account itself writes are no messages", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  await ada.send(room, "m.room.message", { msgtype: "m.notice", body: "merge 1" });
  await ada.send(room, "m.room.message", { msgtype: "m.emote", body: "merge 2" });
  await bot.user.say(room, "merge 3");
  await ada.call("PUT", `/v3/rooms/${encodeURIComponent(room)}/state/m.room.message/x`, {
    msgtype: "m.text",
    body: "merge 4",
  });
  expect(await untilNow(room, host.received)).toEqual([]);
});

test("who takes another's name, or the bot's, is still somebody else", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const eve = await synapse.user("ada.");
  await eve.join(room);
  const rename = async (displayname: string): Promise<void> => {
    await eve.call("PUT", `/v3/profile/${encodeURIComponent(eve.id)}/displayname`, { displayname });
    await waitFor("the name to reach the room", async () => (await eve.nameIn(room)) === displayname);
  };
  await rename("Ada");
  const { host } = await bot.open();
  await eve.say(room, "approve 3");
  await rename("bot");
  await eve.say(room, "status");
  // Somebody is spoken to who only has the bot's name.
  await ada.say(room, "bot: merge 4");
  await waitFor("the messages", () => host.received.length === 3);
  expect(host.received.map(({ principal, displayName, addressed }) => [principal, displayName, addressed])).toEqual([
    [`matrix:${eve.id}`, "Ada", false],
    [`matrix:${eve.id}`, "bot", false],
    [`matrix:${ada.id}`, "Ada", false],
  ]);
});

test("an encrypted room is named once, as the bot cannot read there", async () => {
  const bot = await newBot();
  const room = await roomWith(bot);
  const { host } = await bot.open();
  const content = {
    algorithm: "m.megolm.v1.aes-sha2",
    ciphertext: "x",
    session_id: "s",
    sender_key: "k",
    device_id: "d",
  };
  await ada.send(room, "m.room.encrypted", content);
  await ada.send(room, "m.room.encrypted", content);
  expect(await untilNow(room, host.received)).toEqual([]);
  expect(host.troubles.map(({ severity }) => severity)).toEqual(["passing"]);
  expect(host.troubles[0]?.message).toContain(room);
});
