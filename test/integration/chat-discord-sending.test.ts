/** What goes out to Discord: messages under one key, threads, edits, reactions, buttons, and what comes back when it fails. */
import { block, code, plain, strong } from "@skein/core";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type DiscordServer, startDiscordServer } from "../support/discord-server.ts";
import { createStand, outgoing, type Stand } from "../support/discord-stand.ts";
import { GENERAL, OTHER, TOKEN } from "../support/discord-world.ts";

let server: DiscordServer;
let stand: Stand;

beforeEach(async () => {
  server = await startDiscordServer();
  stand = createStand(server);
});

afterEach(async () => {
  await stand.transport.close();
  await server.stop();
});

const sentBodies = (): readonly Record<string, unknown>[] =>
  server.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/messages")).map(({ body }) => body);

const textsIn = (channel: string): readonly string[] =>
  (server.world.messages.get(channel) ?? []).map(({ content }) => content);

test("a message is sent with its key as enforced nonce, mentions nobody and shows no previews", async () => {
  const outcome = await stand.transport.send(
    outgoing("hello", { buttons: [{ label: "Yes", value: "yes 1", style: "danger" }] }),
  );
  expect(outcome).toEqual({ type: "sent", message: server.world.messages.get(GENERAL)?.[0]?.id });
  expect(sentBodies()[0]).toEqual({
    content: "hello",
    nonce: "0123456789abcdef012345678",
    enforce_nonce: true,
    allowed_mentions: { parse: [] },
    flags: 4,
    components: [{ type: 1, components: [{ type: 2, style: 4, label: "Yes", custom_id: "yes 1" }] }],
  });
});

test("twenty nodes that race with one key make one message, and all learn its id", async () => {
  const stands = Array.from({ length: 20 }, () => createStand(server));
  const outcomes = await Promise.all(stands.map(({ transport }) => transport.send(outgoing("once"))));
  expect(textsIn(GENERAL)).toEqual(["once"]);
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
  expect(outcomes[0]).toMatchObject({ type: "sent" });
  await Promise.all(stands.map(({ transport }) => transport.close()));
});

test("an answer that is lost is uncertain, and the same key again makes no second message", async () => {
  server.faults.push({ method: "POST", path: /messages$/, how: "reset" });
  const first = await stand.transport.send(outgoing("once"));
  expect(first).toMatchObject({ type: "uncertain" });
  expect(textsIn(GENERAL)).toEqual(["once"]);
  expect(await stand.transport.send(outgoing("once"))).toMatchObject({ type: "sent" });
  expect(textsIn(GENERAL)).toEqual(["once"]);
});

test("a message whose nonce Discord has forgotten is found by its words, and one that is not there is not", async () => {
  const since = Date.now();
  server.faults.push({ method: "POST", path: /messages$/, how: "reset" });
  await stand.transport.send(outgoing("once"));
  const [stored] = server.world.messages.get(GENERAL) ?? [];
  expect(await stand.transport.find?.(outgoing("once"), since)).toEqual({ type: "sent", message: stored?.id });
  expect(await stand.transport.find?.(outgoing("never"), since)).toMatchObject({ type: "refused" });
  server.faults.push({ method: "GET", path: /messages/, how: "reset" });
  expect(await stand.transport.find?.(outgoing("once"), since)).toMatchObject({ type: "uncertain" });
});

test("a node that nobody listens to says that it was certainly not sent", async () => {
  const gone = await startDiscordServer();
  await gone.stop();
  const nobody = createStand(gone);
  const outcome = await nobody.transport.send(outgoing("hello"));
  expect(outcome).toMatchObject({ type: "retry", scope: "account" });
  await nobody.transport.close();
});

test("the first message of a thread opens it, the next one and another node's find it open", async () => {
  const root = server.write(GENERAL, "root");
  const inThread = { thread: root.id, threadTitle: `${"long ".repeat(40)}\ntitle` };
  const first = await stand.transport.send(outgoing("one", inThread));
  expect(first).toMatchObject({ type: "sent", message: expect.stringMatching(new RegExp(`^${root.id}/\\d+$`)) });
  expect((await stand.transport.send(outgoing("two", { ...inThread, key: "f".repeat(64) }))).type).toBe("sent");
  expect(textsIn(root.id)).toEqual(["one", "two"]);
  expect(textsIn(GENERAL)).toEqual(["root"]);
  expect(server.world.channels.get(root.id)?.name).toHaveLength(100);
});

test("two nodes that open one thread at once both get their message into it", async () => {
  const root = server.write(GENERAL, "root");
  const [a, b] = [createStand(server), createStand(server)];
  const outcomes = await Promise.all([
    a.transport.send(outgoing("from a", { thread: root.id, key: "a".repeat(64) })),
    b.transport.send(outgoing("from b", { thread: root.id, key: "b".repeat(64) })),
  ]);
  expect(outcomes.map(({ type }) => type)).toEqual(["sent", "sent"]);
  expect(textsIn(root.id).toSorted()).toEqual(["from a", "from b"]);
  await Promise.all([a.transport.close(), b.transport.close()]);
});

test("where no thread can be opened, the message answers the one it belongs to", async () => {
  const root = server.write(GENERAL, "root");
  const no = { status: 400, body: { code: 50_024, message: "Cannot execute action on this channel type" } };
  server.faults.push({ method: "POST", path: /threads$/, how: no });
  const outcome = await stand.transport.send(outgoing("answer", { thread: root.id }));
  expect(outcome).toMatchObject({ type: "sent", message: expect.stringMatching(/^\d+$/) });
  expect(sentBodies().at(-1)).toMatchObject({ message_reference: { message_id: root.id, fail_if_not_exists: false } });
});

test("a quoted message is referred to in its own channel only", async () => {
  const root = server.write(GENERAL, "root");
  server.world.openThread(root.id, GENERAL, "thread");
  const inside = server.write(root.id, "inside");
  const ref = `${root.id}/${inside.id}`;
  await stand.transport.send(outgoing("one", { quotes: root.id, key: "1".repeat(64) }));
  await stand.transport.send(outgoing("two", { thread: root.id, quotes: ref, key: "2".repeat(64) }));
  await stand.transport.send(outgoing("three", { thread: root.id, quotes: root.id, key: "3".repeat(64) }));
  expect(sentBodies().map(({ message_reference: reference }) => reference)).toEqual([
    { message_id: root.id, fail_if_not_exists: false },
    { message_id: inside.id, fail_if_not_exists: false },
    undefined,
  ]);
});

test("messages in rooms and in threads are edited and reacted to where they are", async () => {
  const root = server.write(GENERAL, "root");
  const inRoom = await stand.transport.send(outgoing("card", { key: "1".repeat(64) }));
  const inThread = await stand.transport.send(outgoing("detail", { thread: root.id, key: "2".repeat(64) }));
  if (inRoom.type !== "sent" || inThread.type !== "sent") throw new Error("Not sent");
  expect(await stand.transport.edit?.(outgoing("card 2"), inRoom.message)).toEqual(inRoom);
  expect(await stand.transport.edit?.(outgoing("detail 2"), inThread.message)).toEqual(inThread);
  expect(textsIn(GENERAL)).toEqual(["root", "card 2"]);
  expect(textsIn(root.id)).toEqual(["detail 2"]);
  expect(await stand.transport.react?.(GENERAL, root.id, "👀")).toMatchObject({ type: "sent" });
  expect(await stand.transport.react?.(GENERAL, inThread.message, "✅")).toMatchObject({ type: "sent" });
  expect(server.world.messages.get(GENERAL)?.[0]?.reactions).toEqual(["👀"]);
  expect(server.world.messages.get(root.id)?.[0]?.reactions).toEqual(["✅"]);
});

test("a rate limit of a channel holds up that channel, a global one all", async () => {
  const limit = (more: Record<string, string>): { status: number; headers: Record<string, string>; body: unknown } => ({
    status: 429,
    headers: { "retry-after": "3", ...more },
    body: { message: "You are being rate limited.", retry_after: 2.5, global: false },
  });
  server.faults.push({ method: "POST", path: /messages$/, how: limit({ "x-ratelimit-scope": "user" }) });
  const room = await stand.transport.send(outgoing("hello"));
  expect(room).toMatchObject({ type: "retry", scope: "room" });
  expect(room.type === "retry" && room.afterMs).toBeGreaterThanOrEqual(3_000);
  server.faults.push({
    method: "POST",
    path: /messages$/,
    how: limit({ "x-ratelimit-scope": "global", "x-ratelimit-global": "true" }),
  });
  const other = createStand(server);
  expect(await other.transport.send(outgoing("hello"))).toMatchObject({ type: "retry", scope: "account" });
  await other.transport.close();
});

test("an empty bucket is not asked again before its time: the next send comes back at once", async () => {
  const root = server.write(GENERAL, "root");
  server.faults.push({
    method: "POST",
    path: /messages$/,
    // With the first answer it learns which bucket this is.
    times: 2,
    how: {
      status: 200,
      body: { id: root.id },
      headers: {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset-after": "30",
        "x-ratelimit-bucket": "b",
      },
    },
  });
  await stand.transport.send(outgoing("one", { key: "1".repeat(64) }));
  await stand.transport.send(outgoing("two", { key: "2".repeat(64) }));
  const before = server.requests.length;
  const outcome = await stand.transport.send(outgoing("three", { key: "3".repeat(64) }));
  expect(outcome).toMatchObject({ type: "retry", scope: "room" });
  expect(outcome.type === "retry" && outcome.afterMs).toBeGreaterThan(20_000);
  expect(server.requests).toHaveLength(before);
  expect((await stand.transport.send(outgoing("other", { room: OTHER, key: "4".repeat(64) }))).type).toBe("sent");
});

test.each([
  [500, undefined, { type: "uncertain" }],
  [
    403,
    { code: 50_013, message: "Missing Permissions" },
    { type: "refused", reason: "Discord answered 403 (50013): Missing Permissions" },
  ],
  [401, { code: 0, message: "401: Unauthorized" }, { type: "retry", scope: "account", afterMs: 600_000 }],
  [400, { code: 30_046, message: "Max edits" }, { type: "refused" }],
])("an answer of %i is told apart", async (status, body, expected) => {
  server.faults.push({ method: "POST", path: /messages$/, how: { status, body } });
  expect(await stand.transport.send(outgoing("hello"))).toMatchObject(expected);
  expect(server.requests).toHaveLength(1);
});

test("after a token was refused once, the next send asks again with the token that there is then", async () => {
  server.faults.push({ method: "POST", path: /messages$/, how: { status: 401, body: { code: 0, message: "no" } } });
  await stand.transport.send(outgoing("hello"));
  expect((await stand.transport.send(outgoing("hello"))).type).toBe("sent");
});

test("too many edits of an old message wait", async () => {
  const message = server.write(GENERAL, "old");
  server.faults.push({
    method: "PATCH",
    path: /messages/,
    how: { status: 400, body: { code: 30_046, message: "Max edits" } },
  });
  expect(await stand.transport.edit?.(outgoing("new"), message.id)).toMatchObject({ type: "retry", scope: "room" });
});

test.each([
  ["an empty text", outgoing("")],
  ["a room that is no id", outgoing("hello", { room: "../../users/@me" })],
  ["a thread that is no id", outgoing("hello", { thread: "1/../2".slice(1) })],
  [
    "too many buttons",
    outgoing("hello", {
      buttons: Array.from({ length: 6 }, (_, n) => ({ label: "a", value: `${n}`, style: "normal" as const })),
    }),
  ],
  [
    "a button with too long a value",
    outgoing("hello", { buttons: [{ label: "a", value: "v".repeat(101), style: "normal" }] }),
  ],
  ["a text that does not fit", outgoing("x".repeat(2_001))],
])("%s is refused without asking Discord", async (_, message) => {
  expect(await stand.transport.send(message)).toMatchObject({ type: "refused" });
  expect(server.requests).toEqual([]);
});

test("hostile texts stay texts: nothing in them is markup, a mention or a link with a false name", async () => {
  const hostile =
    "@everyone @here <@1> <#2> <@&3> **b** _i_ ~~s~~ ||spoiler|| `c` [safe](https://evil.example) \n# big\n> quote\n- list\n```\nfence";
  await stand.transport.send(outgoing("", { body: [plain(hostile), strong(hostile), code(hostile), block(hostile)] }));
  const content = String(sentBodies()[0]?.["content"]);
  expect(content.length).toBeLessThanOrEqual(2_000);
  expect(content.replace(/```\n[\s\S]*?\n```|`` [\s\S]*? ``/g, "")).not.toMatch(
    /@everyone|@here|<@|<#|[^\\]\]\(|\n# |\n> |\n- /,
  );
  expect(sentBodies()[0]?.["allowed_mentions"]).toEqual({ parse: [] });
});

test("the token goes into one header and nowhere else", async () => {
  server.faults.push({ method: "POST", path: /messages$/, how: { status: 403, body: { code: 1, message: "no" } } });
  const outcome = await stand.transport.send(outgoing("hello"));
  expect(server.requests[0]?.authorization).toBe(`Bot ${TOKEN}`);
  expect(JSON.stringify([outcome, stand.log, server.requests.map(({ path, body }) => [path, body])])).not.toContain(
    TOKEN,
  );
});

test("a redirection is not followed", async () => {
  const other = await startDiscordServer();
  const headers = { location: `${other.api}/v10/users/@me` };
  server.faults.push({ method: "POST", path: /messages$/, how: { status: 307, headers, body: {} } });
  expect(await stand.transport.send(outgoing("hello"))).toMatchObject({ type: "uncertain" });
  expect(other.requests).toEqual([]);
  await other.stop();
});

test("after closing nothing is sent", async () => {
  await stand.transport.close();
  expect(await stand.transport.send(outgoing("hello"))).toMatchObject({ type: "retry" });
  expect(server.requests).toEqual([]);
});
