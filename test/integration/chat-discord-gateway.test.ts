/** The way in from Discord's gateway: sessions, endings, gaps, and a mesh that cannot write. */
import { WebSocketManager } from "@discordjs/ws";
import { REST } from "@discordjs/rest";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type DiscordServer, startDiscordServer } from "../support/discord-server.ts";
import { createStand, newHost, type Stand, uniqueTexts } from "../support/discord-stand.ts";
import { ADA, BOT, GENERAL, GUILD, OTHER, TOKEN } from "../support/discord-world.ts";
import { waitFor } from "../support/wait.ts";

type Ingress = ReturnType<NonNullable<Stand["transport"]["open"]>>;

let server: DiscordServer;
const open: Ingress[] = [];
const stands: Stand[] = [];

beforeEach(async () => {
  server = await startDiscordServer();
});

afterEach(async () => {
  for (const ingress of open.splice(0)) await ingress.close();
  for (const { transport } of stands.splice(0)) await transport.close();
  await server.stop();
});

function stand(settings: Readonly<Record<string, unknown>> = {}): Stand {
  const made = createStand(server, settings);
  stands.push(made);
  return made;
}

/** Opens the way in and waits until Discord has let it in. */
async function enter(
  host = newHost(),
  made = stand(),
): Promise<{ host: ReturnType<typeof newHost>; ingress: Ingress }> {
  const ups = server.gateway.identifies.length + server.gateway.resumes.length;
  const ingress = made.transport.open?.(host);
  if (ingress === undefined) throw new Error("It has no way in");
  open.push(ingress);
  await waitFor("the gateway", () => server.gateway.identifies.length + server.gateway.resumes.length > ups);
  await waitFor("a session in the cursor", () => host.cursors.at(-1)?.includes("session-"));
  return { host, ingress };
}

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

test.each([
  ["4007", () => server.gateway.close(4007)],
  ["4009", () => server.gateway.close(4009)],
  ["an invalid session (op 9)", () => server.gateway.send({ op: 9, d: false, s: null, t: null })],
])("after %s it begins a new session, within the budget, and looks for what it missed", async (_, happens) => {
  const { host } = await enter();
  const first = server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  // Nothing of this reaches the gateway's new session.
  server.gateway.forget();
  happens();
  const missed = server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  await waitFor("what was missed", () => host.received.some(({ text }) => text === "missed"));
  const live = server.write(GENERAL, "live");
  await waitFor("what is new", () => host.received.some(({ text }) => text === "live"));
  expect(uniqueTexts(host)).toEqual(["one", "missed", "live"]);
  expect([...new Set(host.received.map(({ id }) => id))]).toEqual([first.id, missed.id, live.id]);
  expect(host.spent).toEqual(["identify", "identify"]);
  expect(server.gateway.resumes).toEqual([]);
});

test("a lost session: hundreds of messages in channels and threads are all found, with the ids of the gateway", async () => {
  const { host, ingress } = await enter();
  const root = server.write(GENERAL, "root");
  server.gateway.dispatch("THREAD_CREATE", server.world.openThread(root.id, GENERAL, "thread"));
  await waitFor("the root", () => host.received.length === 1);
  await ingress.close();
  server.gateway.forget();
  const written = new Set<string>([root.id]);
  for (let count = 0; count < 230; count++) written.add(server.write(GENERAL, `message ${count}`).id);
  for (let count = 0; count < 30; count++) written.add(server.write(root.id, `in the thread ${count}`).id);
  const later = newHost(host.cursors.at(-1));
  const next = await enter(later);
  await waitFor("all", () => new Set([...host.received, ...later.received].map(({ id }) => id)).size === written.size);
  expect(new Set([...host.received, ...later.received].map(({ id }) => id))).toEqual(written);
  const inThread = later.received.filter(({ thread }) => thread === root.id);
  expect(inThread).toHaveLength(30);
  await next.ingress.close();
});

test("a search for missed messages outlasts rate limits, errors and the connection it began on", async () => {
  const { host } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  const limited = {
    status: 429,
    headers: { "retry-after": "1", "x-ratelimit-scope": "user" },
    body: { retry_after: 1 },
  };
  server.faults.push({ method: "GET", path: /messages$/, how: limited, times: 2 });
  server.faults.push({ method: "GET", path: /messages$/, how: { status: 502 }, times: 8 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  const missed = server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  // The mesh is told of no session as long as messages from before it are missing.
  const live = server.write(GENERAL, "live");
  await waitFor("a try on another connection", () => server.gateway.resumes.length > 0);
  await waitFor("both", () => host.received.some(({ id }) => id === live.id));
  expect(uniqueTexts(host)).toEqual(["one", "missed", "live"]);
  expect(host.received.some(({ id }) => id === missed.id)).toBe(true);
  const second = host.cursors.findIndex((cursor) => cursor.includes("session-2"));
  expect(host.cursors.slice(0, second).at(-1)).not.toContain("session-");
  expect(server.gateway.identifies).toHaveLength(2);
});

test("rate limits alone do not cost the connection that the search began on", async () => {
  const { host } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  const limited = {
    status: 429,
    headers: { "retry-after": "1", "x-ratelimit-scope": "user" },
    body: { retry_after: 1 },
  };
  server.faults.push({ method: "GET", path: /messages$/, how: limited, times: 8 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  server.write(GENERAL, "missed");
  await waitFor("what was missed", () => host.received.some(({ text }) => text === "missed"));
  expect(server.gateway.dials).toHaveLength(2);
});

test("whoever takes over in the middle of a search begins it again", async () => {
  const { host, ingress } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  server.faults.push({ method: "GET", path: /messages$/, how: { status: 502 }, times: 1_000 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  await ingress.close();
  expect(host.cursors.at(-1)).not.toContain("session-");
  server.faults.length = 0;
  const next = await enter(newHost(host.cursors.at(-1)));
  expect(uniqueTexts(next.host)).toContain("missed");
});

test("a configured channel that the bot may not read is told to people once, and keeps nothing else shut", async () => {
  const { host } = await enter(newHost(), stand({ channels: [GENERAL, "900000000000000999"] }));
  expect(host.troubles.filter(({ message }) => message.includes("900000000000000999"))).toHaveLength(1);
  server.write(GENERAL, "one");
  await waitFor("the message", () => host.received.length === 1);
});

test("a message that got lost is found also when a newer one of another channel had come", async () => {
  const { host } = await enter(newHost(), stand({ channels: [GENERAL, OTHER] }));
  const lost = server.world.add(OTHER, { content: "lost" });
  server.write(GENERAL, "newer");
  await waitFor("the newer one", () => host.received.length === 1);
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  await waitFor("the lost one", () => host.received.some(({ id }) => id === lost.id));
});

test("what was said before the bot came is nobody's business", async () => {
  for (let count = 0; count < 5; count++) server.write(GENERAL, `before ${count}`);
  const { host } = await enter();
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  server.write(GENERAL, "after");
  await waitFor("the message", () => host.received.length > 0);
  expect(uniqueTexts(host)).toEqual(["after"]);
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
  const made = createStand(server, {}, { secret: () => "a-revoked-token" });
  stands.push(made);
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
