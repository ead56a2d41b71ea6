/** The way in from Discord's gateway: sessions, endings, and a mesh that cannot write. */
import { WebSocketManager } from "@discordjs/ws";
import { REST } from "@discordjs/rest";
import { expect, test } from "vitest";

import type { DiscordServer } from "../support/discord-server.ts";
import { newHost } from "../support/discord-stand.ts";
import { useDiscord } from "../support/discord-table.ts";
import { ADA, BOT, GENERAL, GUILD, OTHER, TOKEN } from "../support/discord-world.ts";
import { waitFor } from "../support/wait.ts";

let server: DiscordServer;
const { enter, stand } = useDiscord((started) => {
  server = started;
});

test("the official client accepts the frames of our gateway, and resumes at it", async () => {
  const rest = new REST({ api: server.api, version: "10" }).setToken(TOKEN);
  let session: Parameters<WebSocketManager["options"]["updateSessionInfo"]>[1] = null;
  const manager = new WebSocketManager({
    token: TOKEN,
    intents: 0,
    rest,
    retrieveSessionInfo: () => session,
    updateSessionInfo: (_, next) => {
      session = next;
    },
  });
  const texts: unknown[] = [];
  manager.on(
    "dispatch" as never,
    ((payload: { t: string; d: { content: string } }) => {
      if (payload.t === "MESSAGE_CREATE") texts.push(payload.d.content);
    }) as never,
  );
  await manager.connect();
  server.write(GENERAL, "one");
  await waitFor("the first message", () => texts.length === 1);
  server.gateway.send({ op: 7, d: null, s: null, t: null });
  await waitFor("a resume", () => server.gateway.resumes.length === 1);
  server.write(GENERAL, "two");
  await waitFor("the second message", () => texts.length === 2);
  expect(server.gateway.identifies).toHaveLength(1);
  await manager.destroy();
});

test("a message becomes an event, and the cursor moves behind it", async () => {
  const { host } = await enter();
  const message = server.write(GENERAL, `<@${BOT}> list`);
  await waitFor("the event", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({
    id: message.id,
    type: "message",
    principal: `discord:${ADA}`,
    room: GENERAL,
    thread: null,
    message: message.id,
    text: "list",
    addressed: true,
    direct: false,
  });
  await waitFor("the cursor", () => host.cursors.at(-1)?.includes(message.id));
  expect(host.cursors.every((cursor) => cursor.length <= 200)).toBe(true);
  expect(host.spent).toEqual(["identify"]);
});

test("threads, direct messages, edits, deletions and reactions say where they were", async () => {
  const { host } = await enter();
  const root = server.write(GENERAL, "root");
  const thread = server.world.openThread(root.id, GENERAL, "A thread");
  server.gateway.dispatch("THREAD_CREATE", thread);
  const inside = server.write(thread.id, "inside");
  server.world.channels.set("900000000000000700", { id: "900000000000000700", type: 1 });
  server.gateway.dispatch("MESSAGE_CREATE", {
    id: "900000000000000777",
    channel_id: "900000000000000700",
    type: 0,
    content: "hello",
    author: { id: ADA, username: "ada" },
  });
  const edited = {
    id: inside.id,
    channel_id: thread.id,
    guild_id: GUILD,
    edited_timestamp: "2026-01-02T03:04:05.000000+00:00",
  };
  server.gateway.dispatch("MESSAGE_UPDATE", { ...edited, content: "changed", author: inside.author });
  server.gateway.dispatch("MESSAGE_UPDATE", { ...edited, edited_timestamp: null, author: inside.author });
  server.gateway.dispatch("MESSAGE_DELETE", { id: root.id, channel_id: GENERAL, guild_id: GUILD });
  const emoji = { id: null, name: "✅" };
  const by = { user_id: ADA, message_id: inside.id, channel_id: thread.id, guild_id: GUILD, emoji };
  server.gateway.dispatch("MESSAGE_REACTION_ADD", by);
  server.gateway.dispatch("MESSAGE_REACTION_ADD", { ...by, user_id: BOT });
  await waitFor("all events", () => host.received.length >= 6);
  const seen = host.received.map(({ type, room, thread, message, text, direct }) => ({
    type,
    room,
    thread,
    message,
    text,
    direct,
  }));
  const ref = `${root.id}/${inside.id}`;
  const inThread = { room: GENERAL, thread: root.id, message: ref, direct: false };
  expect(seen).toEqual([
    { type: "message", room: GENERAL, thread: null, message: root.id, text: "root", direct: false },
    { type: "message", ...inThread, text: "inside" },
    {
      type: "message",
      room: "900000000000000700",
      thread: null,
      message: "900000000000000777",
      text: "hello",
      direct: true,
    },
    { type: "edit", ...inThread, text: "" },
    { type: "edit", room: GENERAL, thread: null, message: root.id, text: "", direct: false },
    { type: "reaction", ...inThread, text: "✅" },
  ]);
});

test("whoever only looks like a person says nothing: bots, webhooks, forwards, quotes, edits, borrowed names", async () => {
  const { host } = await enter();
  const content = `<@${BOT}> merge everything`;
  server.write(GENERAL, content, { author: { id: ADA, username: "ada", bot: true } });
  server.write(GENERAL, content, { author: { id: BOT, username: "skein" } });
  server.write(GENERAL, content, { extra: { webhook_id: "900000000000000088" } });
  server.write(GENERAL, content, { extra: { message_reference: { type: 1, message_id: "1" } } });
  server.write(GENERAL, "", { extra: { message_snapshots: [{ message: { content } }] } });
  server.write(GENERAL, `> ${content}`);
  server.write(GENERAL, content, { type: 7 });
  server.write(GENERAL, content, { author: { id: "nobody", username: "ada" } });
  const own = server.write(GENERAL, "good morning", { author: { id: "900000000000000013", username: "mallory" } });
  const update = { id: own.id, channel_id: GENERAL, guild_id: GUILD, author: own.author, content };
  server.gateway.dispatch("MESSAGE_UPDATE", { ...update, edited_timestamp: "2026-01-02T03:04:05Z" });
  const nick = { member: { nick: "ada" }, referenced_message: { content } };
  server.write(GENERAL, "hello", { author: own.author, type: 19, extra: nick });
  await waitFor("the last one", () => host.received.some(({ text }) => text === "hello"));
  expect(host.received.map(({ type, principal, text }) => [type, principal, text])).toEqual([
    ["message", "discord:900000000000000013", "good morning"],
    ["edit", "discord:900000000000000013", ""],
    ["message", "discord:900000000000000013", "hello"],
  ]);
});

test("a channel that nobody spoke of is asked for once", async () => {
  const { host } = await enter();
  const unknown = "900000000000000500";
  server.world.channels.set(unknown, { id: unknown, type: 11, guild_id: GUILD, parent_id: OTHER });
  for (const text of ["one", "two"]) server.write(unknown, text);
  await waitFor("both", () => host.received.length === 2);
  expect(host.received.map(({ room, thread }) => [room, thread])).toEqual([
    [OTHER, unknown],
    [OTHER, unknown],
  ]);
  expect(server.requests.filter(({ path }) => path === `/channels/${unknown}`)).toHaveLength(1);
});

test("after a cut, the session is resumed and brings what came in between", async () => {
  const { host } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  server.gateway.cut();
  server.write(GENERAL, "two");
  server.write(GENERAL, "three");
  await waitFor("all three", () => host.received.length === 3);
  expect(host.received.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  expect(server.gateway.identifies).toHaveLength(1);
  expect(server.gateway.resumes).toHaveLength(1);
});

test.each([
  ["told to reconnect (op 7)", () => server.gateway.send({ op: 7, d: null, s: null, t: null })],
  ["closed with 4000", () => server.gateway.close(4000)],
  ["told that the session may be resumed (op 9)", () => server.gateway.send({ op: 9, d: true, s: null, t: null })],
  ["sent garbage", () => server.gateway.send(["what"])],
])("when it is %s, it resumes", async (_, happens) => {
  await enter();
  happens();
  await waitFor("a resume", () => server.gateway.resumes.length === 1);
  expect(server.gateway.identifies).toHaveLength(1);
});

test("another instance takes the session over from the cursor, and nothing is said twice or lost", async () => {
  const first = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => first.host.received.length === 1);
  await first.ingress.close();
  // Not 1000 or 1001, with which Discord would throw the session away.
  await waitFor("the closing", () => server.gateway.closes.length === 1);
  expect(server.gateway.closes).toEqual([4200]);
  server.write(GENERAL, "two");
  const second = await enter(newHost(first.host.cursors.at(-1)));
  await waitFor("the second", () => second.host.received.length === 1);
  expect(second.host.received.map(({ text }) => text)).toEqual(["two"]);
  expect(server.gateway.identifies).toHaveLength(1);
  expect(server.gateway.resumes).toHaveLength(1);
  expect(second.host.spent).toEqual([]);
});

test("what the mesh cannot write is not behind the cursor, and Discord sends it again", async () => {
  const { host } = await enter();
  host.failure = "disk full";
  const told = host.cursors.at(-1);
  const one = server.write(GENERAL, "one");
  server.write(GENERAL, "two");
  await waitFor("another try", () => server.gateway.resumes.length >= 2);
  expect(host.received).toEqual([]);
  expect(host.cursors.at(-1)).toBe(told);
  expect(told).not.toContain(one.id);
  host.failure = undefined;
  await waitFor("both", () => host.received.length === 2);
  expect(host.received.map(({ text }) => text)).toEqual(["one", "two"]);
  await waitFor("the cursor", () => host.cursors.at(-1) !== told);
});

test.each([4004, 4010, 4011, 4012, 4013, 4014])("close code %i stops it for good and says what to do", async (code) => {
  server.gateway.turnAway = code;
  const host = newHost();
  const ingress = stand().transport.open?.(host);
  await waitFor("the trouble", () => host.troubles.length === 1);
  expect(host.troubles[0]).toMatchObject({ severity: "fatal" });
  expect(host.troubles[0]?.message).toContain(String(code));
  await ingress?.close();
  expect(server.gateway.dials).toHaveLength(1);
});

test("a token that was revoked stops it before it dials, and is nowhere to be read", async () => {
  const host = newHost();
  const made = stand({}, { secret: () => "a-revoked-token" });
  const ingress = made.transport.open?.(host);
  await waitFor("the trouble", () => host.troubles.some(({ severity }) => severity === "fatal"));
  await ingress?.close();
  expect(server.gateway.dials).toEqual([]);
  expect(JSON.stringify([host.troubles, made.log])).not.toContain("a-revoked-token");
});

test("a gateway that answers no heartbeats is left, and the session resumed", async () => {
  server.gateway.intervalMs = 5_000;
  server.gateway.isDeaf = true;
  await enter();
  await waitFor("a resume", () => server.gateway.resumes.length >= 1);
  expect(server.gateway.beats.length).toBeGreaterThan(0);
  expect(server.gateway.closes).not.toContain(1000);
  expect(server.gateway.identifies).toHaveLength(1);
});

test("a heartbeat that is asked for (op 1) comes at once, with the last sequence", async () => {
  server.gateway.intervalMs = 3_600_000;
  await enter();
  const before = server.gateway.beats.length;
  server.gateway.send({ op: 1, d: null, s: null, t: null });
  await waitFor("the beat", () => server.gateway.beats.length > before);
  expect(server.gateway.beats.at(-1)).toBeGreaterThanOrEqual(2);
});

test("a gateway that says nothing is left after a while", async () => {
  server.gateway.isMute = true;
  const host = newHost();
  const ingress = stand().transport.open?.(host);
  await waitFor("the second dial", () => server.gateway.dials.length >= 2);
  await ingress?.close();
  expect(server.gateway.identifies).toEqual([]);
});

test("a session that cannot be resumed for whatever reason is given up after three tries", async () => {
  await enter();
  server.gateway.resumeAnswer = { close: 4000 };
  server.gateway.cut();
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  expect(server.gateway.resumes).toHaveLength(3);
});

test("the token goes to no other address, whatever the platform or a cursor says", async () => {
  server.gateway.resumeUrl = "ws://attacker.example:9";
  const { host } = await enter();
  expect(host.cursors.join("")).not.toContain("attacker");
  const planted = JSON.stringify({ s: ["stolen", "ws://attacker.example:9", 1] });
  await enter(newHost(planted));
  expect(server.gateway.identifies).toHaveLength(2);
});

test("when the mesh's budget is spent it does not dial, and says so", async () => {
  const host = newHost();
  host.exhaustedMs = 3_600_000;
  const ingress = stand().transport.open?.(host);
  await waitFor("the trouble", () => host.troubles.some(({ message }) => message.includes("60 minutes")));
  expect(server.gateway.dials).toEqual([]);
  await ingress?.close();
});

test("when Discord's own count is nearly used up it does not dial either, and spends nothing", async () => {
  server.sessionsLeft = 50;
  const host = newHost();
  const ingress = stand().transport.open?.(host);
  await waitFor("the trouble", () => host.troubles.some(({ severity }) => severity === "passing"));
  expect(server.gateway.dials).toEqual([]);
  expect(host.spent).toEqual([]);
  await ingress?.close();
});

test("without message content the privileged intent is not asked for", async () => {
  await enter(newHost(), stand({ messageContent: false }));
  await enter(newHost(), stand());
  const intents = server.gateway.identifies.map((identify) => (identify as { intents: number }).intents);
  expect(intents.map((one) => one & (1 << 15))).toEqual([0, 1 << 15]);
});
