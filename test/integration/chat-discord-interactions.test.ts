/** Slash commands, buttons and completion: over the gateway, and as signed calls. */
import { verifyKey } from "discord-interactions";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type DiscordServer, interactionOf, startDiscordServer } from "../support/discord-server.ts";
import { createStand, newHost, type Stand } from "../support/discord-stand.ts";
import { ADA, GENERAL } from "../support/discord-world.ts";
import { waitFor } from "../support/wait.ts";

type Reply = Awaited<ReturnType<NonNullable<Stand["transport"]["webhook"]>>>;

let server: DiscordServer;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startDiscordServer();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await server.stop();
});

const slash = (name: string, options: Record<string, string> = {}): Record<string, unknown> => ({
  type: 2,
  channel_id: GENERAL,
  data: {
    id: "900000000000000600",
    name: "skein",
    type: 1,
    options: [{ type: 1, name, options: Object.entries(options).map(([name, value]) => ({ type: 3, name, value })) }],
  },
});

const button = (value: string, message: string): Record<string, unknown> => ({
  type: 3,
  channel_id: GENERAL,
  message: { id: message },
  data: { custom_id: value, component_type: 2 },
});

const autocomplete = (value: string): Record<string, unknown> => ({
  type: 4,
  channel_id: GENERAL,
  data: {
    name: "skein",
    options: [{ type: 1, name: "note", options: [{ type: 3, name: "item", value, focused: true }] }],
  },
});

const RECEIVED = {
  type: 4,
  data: { flags: 64, allowed_mentions: { parse: [] }, content: expect.stringContaining("Received") },
};
const NOT_SAVED = { type: 4, data: { flags: 64, content: expect.stringContaining("Nothing was saved") } };

async function enter(host = newHost()): Promise<ReturnType<typeof newHost>> {
  const { transport } = createStand(server);
  const ingress = transport.open?.(host);
  closing.push(async () => {
    await ingress?.close();
    await transport.close();
  });
  await waitFor("the gateway", () => host.cursors.at(-1)?.includes("session-"));
  return host;
}

const answerTo = (id: string): Promise<unknown> =>
  waitFor("the answer", () => server.world.interactions.get(id)?.answer);

test("a slash command over the gateway is kept before it is answered, and only its sender sees that", async () => {
  const host = await enter();
  const id = server.interact(slash("note", { text: "hello there", item: "the red one" }));
  expect(await answerTo(id)).toEqual(RECEIVED);
  expect(host.received).toMatchObject([
    {
      id,
      type: "slash",
      principal: `discord:${ADA}`,
      displayName: "Ada L.",
      room: GENERAL,
      message: "",
      text: 'note "the red one" hello there',
      addressed: true,
    },
  ]);
  // The token of the interaction is its own proof.
  const callback = server.requests.find(({ path }) => path.endsWith("/callback"));
  expect(callback?.authorization).toBeUndefined();
});

test("a button is acknowledged without a word, in a thread as well", async () => {
  const host = await enter();
  const message = server.write(GENERAL, "card");
  const inRoom = server.interact(button("yes 4", message.id));
  expect(await answerTo(inRoom)).toEqual({ type: 6 });
  const thread = { id: message.id, type: 11, parent_id: GENERAL };
  const inThread = server.interact({
    ...button("no 4", "900000000000000888"),
    channel_id: message.id,
    channel: thread,
  });
  await answerTo(inThread);
  expect(host.received.filter(({ type }) => type === "button")).toMatchObject([
    { id: inRoom, room: GENERAL, thread: null, message: message.id, text: "yes 4" },
    { id: inThread, room: GENERAL, thread: message.id, message: `${message.id}/900000000000000888`, text: "no 4" },
  ]);
});

test("completion asks the mesh, keeps nothing, and shows at most 25", async () => {
  const host = await enter();
  host.items = Array.from({ length: 30 }, (_, n) => ({ value: `a${n}`, label: `Item ${n} ${"x".repeat(200)}` }));
  const answer = (await answerTo(server.interact(autocomplete("a")))) as { data: { choices: { name: string }[] } };
  expect(answer).toMatchObject({ type: 8 });
  expect(answer.data.choices).toHaveLength(25);
  expect(answer.data.choices.every(({ name }) => name.length === 100)).toBe(true);
  expect(host.received).toEqual([]);
});

test("when nothing can be written the person is told so, and the command is never carried out later", async () => {
  const host = await enter();
  host.failure = "disk full";
  expect(await answerTo(server.interact(slash("list")))).toMatchObject(NOT_SAVED);
  expect(await answerTo(server.interact(button("yes", "900000000000000888")))).toMatchObject(NOT_SAVED);
  host.failure = undefined;
  const later = server.write(GENERAL, "later");
  await waitFor("what came later", () => host.received.some(({ id }) => id === later.id));
  expect(host.received.map(({ type }) => type)).toEqual(["message"]);
  expect(server.gateway.resumes).toEqual([]);
});

test("an interaction is answered while messages before it still wait for the disk", async () => {
  const host = await enter();
  const disk = deferred();
  host.receive = async (events) => {
    if (events.some(({ text }) => text === "slow")) await disk.promise;
    return { ok: true, value: undefined };
  };
  server.write(GENERAL, "slow");
  const id = server.interact(slash("list"));
  expect(await answerTo(id)).toEqual(RECEIVED);
  const cursors = host.cursors.length;
  disk.resolve();
  await waitFor("the cursor", () => host.cursors.length > cursors);
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test("what comes after an interaction is not durable before it", async () => {
  server.gateway.intervalMs = 2_000;
  const host = newHost();
  const disk = deferred();
  const order: string[] = [];
  host.receive = async (events) => {
    if (events.some(({ type }) => type === "slash")) await disk.promise;
    order.push(...events.map(({ type }) => type));
    return { ok: true, value: undefined };
  };
  await enter(host);
  server.interact(slash("list"));
  server.write(GENERAL, "after");
  const beats = server.gateway.beats.length;
  await waitFor("some time", () => server.gateway.beats.length > beats + 3);
  disk.resolve();
  await waitFor("both", () => order.length === 2);
  expect(order).toEqual(["slash", "message"]);
});

test("two nodes that got one interaction: one answers, the other takes it calmly", async () => {
  const [first, second] = [await enter(), await enter()];
  const id = server.interact(slash("list"));
  expect(await answerTo(id)).toEqual(RECEIVED);
  await waitFor("both", () => first.received.length === 1 && second.received.length === 1);
  await waitFor("both answers", () => server.requests.filter(({ path }) => path.endsWith("/callback")).length === 2);
  expect(new Set([...first.received, ...second.received].map(({ id }) => id)).size).toBe(1);
  expect([...first.troubles, ...second.troubles]).toEqual([]);
});

function webhookStand(): {
  stand: Stand;
  call: (payload: unknown, atMs?: number) => Promise<Reply>;
  host: ReturnType<typeof newHost>;
} {
  const stand = createStand(server, { mode: "interactions", publicKey: server.publicKey });
  closing.push(() => stand.transport.close());
  const host = newHost();
  const call = async (payload: unknown, atMs?: number): Promise<Reply> => {
    const { transport } = stand;
    if (transport.webhook === undefined) throw new Error("It takes no calls");
    return transport.webhook({ method: "POST", url: "/chat/team", ...server.signed(payload, atMs) }, host);
  };
  return { stand, call, host };
}

const bodyOf = ({ body }: Reply): unknown => JSON.parse(body ?? "null");

test("the official library takes the signatures of our Discord for genuine", async () => {
  const { headers, body } = server.signed({ type: 1 });
  const signature = headers["x-signature-ed25519"]?.[0] ?? "";
  const timestamp = headers["x-signature-timestamp"]?.[0] ?? "";
  expect(await verifyKey(body, signature, timestamp, server.publicKey)).toBe(true);
  expect(await verifyKey(Buffer.from("{}"), signature, timestamp, server.publicKey)).toBe(false);
});

test("a signed ping is ponged", async () => {
  const reply = await webhookStand().call({ type: 1, id: "1", token: "t", version: 1, application_id: "1" });
  expect([reply.status, bodyOf(reply)]).toEqual([200, { type: 1 }]);
});

test("a signed command, button and completion are answered in the reply itself", async () => {
  const { call, host } = webhookStand();
  host.items = [{ value: "a1", label: "Item 1" }];
  const command = await call(interactionOf("900000000000000900", "t", slash("list")));
  expect([command.status, command.headers, bodyOf(command)]).toEqual([
    200,
    { "content-type": "application/json" },
    RECEIVED,
  ]);
  expect(bodyOf(await call(interactionOf("900000000000000901", "t", button("yes", "900000000000000888"))))).toEqual({
    type: 6,
  });
  expect(bodyOf(await call(interactionOf("900000000000000902", "t", autocomplete("a"))))).toEqual({
    type: 8,
    data: { choices: [{ name: "Item 1", value: "a1" }] },
  });
  expect(host.received.map(({ id, type }) => [id, type])).toEqual([
    ["900000000000000900", "slash"],
    ["900000000000000901", "button"],
  ]);
  expect(server.requests.filter(({ path }) => path.endsWith("/callback"))).toEqual([]);
});

test("a disk that refuses is told to the person who called", async () => {
  const { call, host } = webhookStand();
  host.failure = "disk full";
  const reply = await call(interactionOf("900000000000000900", "t", slash("list")));
  expect([reply.status, bodyOf(reply)]).toMatchObject([200, NOT_SAVED]);
});

test("what is not genuine is 401 and nothing else", async () => {
  const { stand, host } = webhookStand();
  const genuine = server.signed(interactionOf("900000000000000900", "t", slash("list")));
  const signature = genuine.headers["x-signature-ed25519"]?.[0] ?? "";
  const forged: readonly { readonly headers: Record<string, string[]>; readonly body: Uint8Array }[] = [
    { ...genuine, headers: {} },
    { ...genuine, body: Buffer.from("{}") },
    { ...genuine, headers: { ...genuine.headers, "x-signature-ed25519": [signature, signature] } },
    { ...genuine, headers: { ...genuine.headers, "x-signature-ed25519": [`00${signature.slice(2)}`] } },
    server.signed({ type: 1 }, Date.now() - 400_000),
    server.signed({ type: 1 }, Date.now() + 400_000),
  ];
  for (const request of forged) {
    expect(await stand.transport.webhook?.({ method: "POST", url: "/", ...request }, host)).toEqual({ status: 401 });
  }
  expect(host.received).toEqual([]);
});

test("a genuine call that is no interaction is 400", async () => {
  const { call } = webhookStand();
  for (const odd of [null, 7, [], {}, { type: "2" }, { type: 2, id: "x", token: "t" }]) {
    expect((await call(odd)).status).toBe(400);
  }
});

test("in mode interactions it never dials the gateway, and registers the command", async () => {
  const { stand, host } = webhookStand();
  const ingress = stand.transport.open?.(host);
  await waitFor("the registration", () => server.world.commands.length === 1);
  await ingress?.close();
  expect(server.gateway.dials).toEqual([]);
});

test("the command is registered once, and again only when it has changed", async () => {
  const puts = (): number => server.requests.filter(({ method }) => method === "PUT").length;
  const register = async (services: Parameters<typeof createStand>[2] = {}, settings = {}): Promise<void> => {
    const { transport, log } = createStand(
      server,
      { mode: "interactions", publicKey: server.publicKey, ...settings },
      services,
    );
    const ingress = transport.open?.(newHost());
    await waitFor("the registration", () => log.some((line) => line.includes("discord.command")));
    await ingress?.close();
    await transport.close();
  };
  await register();
  expect(server.world.commands).toMatchObject([
    {
      name: "skein",
      type: 1,
      options: [
        { type: 1, name: "list" },
        {
          type: 1,
          name: "note",
          options: [
            { type: 3, name: "item", required: true, autocomplete: true },
            { type: 3, name: "text", required: true },
          ],
        },
      ],
    },
  ]);
  await register();
  expect(puts()).toBe(1);
  await register({ verbs: [{ name: "list", summary: "Lists", parameters: [] }] });
  expect(puts()).toBe(2);
  await register({}, { guild: "900000000000000002" });
  expect(server.requests.some(({ path }) => path.includes("/guilds/900000000000000002/commands"))).toBe(true);
});

test("a registration that Discord refuses is told to people and does not keep the gateway shut", async () => {
  server.faults.push({
    method: "PUT",
    path: /commands$/,
    how: { status: 400, body: { code: 50_035, message: "Invalid Form Body" } },
  });
  const host = await enter();
  await waitFor("the trouble", () => host.troubles.some(({ message }) => message.includes("/skein")));
  expect(host.troubles.every(({ severity }) => severity === "passing")).toBe(true);
});
