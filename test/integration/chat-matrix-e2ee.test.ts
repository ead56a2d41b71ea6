/** In encrypted rooms of a real homeserver, what people write is read, what the mesh says is read by them alone, and what is not encrypted does nothing. */
import { createCryptographyOpener } from "@skein/chat-matrix-e2ee";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createSecretUser, type SecretUser } from "../support/matrix-secret-user.ts";
import { createBot, outgoing, type BotOptions, type MatrixBot } from "../support/matrix-transport.ts";
import type { MatrixUser, RoomEvent } from "../support/matrix-user.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";

const SECRET = "only the nodes know this, and nobody else";
const ANOTHER = "what somebody else made up for themselves";

let synapse: Synapse;
let ada: SecretUser;
const bots: MatrixBot[] = [];
const directories: string[] = [];

beforeAll(async () => {
  synapse = await startSynapse();
  ada = await createSecretUser(await synapse.user("Ada"));
}, SYNAPSE_START_MS);
afterEach(async () => {
  for (const bot of bots.splice(0)) await bot.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});
afterAll(async () => synapse.dispose());

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "skein-keys-"));
  directories.push(directory);
  return directory;
}

interface NodeOptions extends Pick<BotOptions, "fetch"> {
  readonly secret?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

function nodeOf(
  user: MatrixUser,
  directory: string,
  { secret = SECRET, settings = {}, ...more }: NodeOptions = {},
): MatrixBot {
  const open = createCryptographyOpener(directory);
  const encryption = { open, secret, settings };
  const bot = createBot(user, { homeserver: synapse.url, allow: [ada.user.id], encryption, ...more });
  bots.push(bot);
  return bot;
}

let accounts = 0;
const newUser = (): Promise<MatrixUser> => synapse.user(`bot${accounts++}`);

/** An encrypted room with Ada and the bot, which has joined because she invited it. */
async function roomWith(bot: MatrixBot, person = ada): Promise<string> {
  const room = await person.createRoom([bot.user.id]);
  await waitFor("the bot to join", async () => (await person.user.membership(room, bot.user.id)) === "join");
  return room;
}

const sentBy = (events: readonly RoomEvent[], { id }: MatrixUser): readonly RoomEvent[] =>
  events.filter(({ sender, type }) => sender === id && type === "m.room.message");

async function sentId(sending: ReturnType<MatrixBot["transport"]["send"]>): Promise<string> {
  const outcome = await sending;
  expect(outcome).toMatchObject({ type: "sent" });
  return outcome.type === "sent" ? outcome.message : "";
}

test("a command is read, and the answer can be read by the person and not by the homeserver", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const { host } = await bot.open();
  const room = await roomWith(bot);
  const id = await ada.say(room, "status 7");
  await waitFor("the command", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({
    type: "message",
    principal: `matrix:${ada.user.id}`,
    room,
    direct: true,
    message: id,
    text: "status 7",
  });
  const answer = await sentId(bot.transport.send(outgoing(room, "answer", "Item 7 is being reviewed", { quotes: id })));
  const raw = (await ada.user.timeline(room)).find(({ event_id }) => event_id === answer);
  expect(raw).toMatchObject({ type: "m.room.encrypted", sender: bot.user.id });
  expect(JSON.stringify(raw)).not.toContain("reviewed");
  const [read] = sentBy(await ada.read(room), bot.user);
  expect(read?.content).toMatchObject({ msgtype: "m.notice", body: "Item 7 is being reviewed" });
  expect(host.troubles).toEqual([]);
});

test("threads, edits and reactions work as in rooms without encryption", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const { host } = await bot.open();
  const room = await roomWith(bot);
  const root = await ada.say(room, "new story");
  const inThread = await ada.say(room, "show", { "m.relates_to": { rel_type: "m.thread", event_id: root } });
  await ada.send(room, {
    msgtype: "m.text",
    body: "* merge",
    "m.new_content": { msgtype: "m.text", body: "merge" },
    "m.relates_to": { rel_type: "m.replace", event_id: root },
  });
  await waitFor("all three", () => host.received.length === 3);
  expect(host.received.map(({ type, text, thread, message }) => ({ type, text, thread, message }))).toEqual([
    { type: "message", text: "new story", thread: null, message: root },
    { type: "message", text: "show", thread: root, message: inThread },
    { type: "edit", text: "", thread: null, message: root },
  ]);
  const card = await sentId(bot.transport.send(outgoing(room, "card", "Item 7: Coding", { thread: root })));
  await sentId(bot.transport.edit(outgoing(room, "card, second", "Item 7: Merged"), card));
  await sentId(bot.transport.react(room, inThread, "👀"));
  const events = await ada.read(room);
  const raw = await ada.user.timeline(room);
  const mine = raw.filter(({ sender, type }) => sender === bot.user.id && type === "m.room.encrypted");
  expect(mine.map(({ content }) => content["m.relates_to"])).toMatchObject([
    { rel_type: "m.thread", event_id: root },
    { rel_type: "m.replace", event_id: card },
  ]);
  expect(sentBy(events, bot.user)[1]?.content["m.new_content"]).toMatchObject({ body: "Item 7: Merged" });
  expect(raw.filter(({ sender, type }) => sender === bot.user.id && type === "m.reaction")).toHaveLength(1);
});

test("after a restart, keys from before read what was written meanwhile, and new ones come", async () => {
  const [user, directory] = [await newUser(), newDirectory()];
  const before = nodeOf(user, directory);
  const first = await before.open();
  const room = await roomWith(before);
  await ada.say(room, "one");
  await waitFor("the first", () => first.host.received.length === 1);
  await sentId(before.transport.send(outgoing(room, "before", "heard")));
  const cursor = await first.close();
  await before.close();
  await ada.say(room, "two");

  const after = nodeOf(user, directory);
  const { host } = await after.open(cursor);
  await waitFor("what was written meanwhile", () => host.received.length === 1);
  await ada.say(room, "three");
  await waitFor("the third", () => host.received.length === 2);
  expect(host.received.map(({ text }) => text)).toEqual(["two", "three"]);
  await sentId(after.transport.send(outgoing(room, "after", "heard that too")));
  const bodies = sentBy(await ada.read(room), user).map(({ content }) => content["body"]);
  expect(bodies).toEqual(["heard", "heard that too"]);
  expect(host.troubles).toEqual([]);
  expect(await ada.devicesOf(user.id)).toHaveProperty("size", 1);
});

test("the keys are in a file that only its owner can read, and that tells nothing", async () => {
  const [user, directory] = [await newUser(), newDirectory()];
  const bot = nodeOf(user, directory);
  const { host } = await bot.open();
  const room = await roomWith(bot);
  await ada.say(room, "status");
  await waitFor("the command", () => host.received.length === 1);
  const [name = "", ...others] = readdirSync(directory);
  expect(others).toEqual([]);
  expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  const bytes = readFileSync(join(directory, name)).toString("latin1");
  for (const known of [room, ada.user.id, "curve25519", "tracked_users"]) expect(bytes).not.toContain(known);
});

test("another secret, lost keys and a token of another node's stop the account with what to do", async () => {
  const [user, directory] = [await newUser(), newDirectory()];
  const first = nodeOf(user, directory);
  await first.open();
  await first.close();
  const troubleOf = async (bot: MatrixBot): Promise<string> => {
    const { host } = await bot.open("s1");
    const trouble = await waitFor("the trouble", () => host.troubles.find(({ severity }) => severity === "fatal"));
    const refused = await bot.transport.send(outgoing("!room:localhost", "stopped", "hello"));
    expect(refused).toMatchObject({ type: "retry", scope: "account" });
    return trouble.message;
  };
  expect(await troubleOf(nodeOf(user, directory, { secret: ANOTHER }))).toContain("the file is damaged");
  expect(await troubleOf(nodeOf(user, directory, { secret: "short" }))).toContain("openssl rand");
  expect(await troubleOf(nodeOf(user, newDirectory()))).toContain("Log in anew, once for each node");
  const second = nodeOf(await synapse.login(user), newDirectory(), { secret: ANOTHER });
  expect(await troubleOf(second)).toContain("Give all nodes the same secret");
});

test("a message without its key is told once and not carried out, until the key comes", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const bea = await createSecretUser(await synapse.user(`bea${accounts++}`));
  const { host } = await bot.open();
  const room = await roomWith(bot);
  await ada.user.invite(room, bea.user.id);
  await bea.user.join(room);
  bea.keepKeys();
  await bea.say(room, "abandon 7");
  await bea.say(room, "abandon 8");
  await waitFor("the trouble", () => host.troubles.length > 0);
  await ada.say(room, "status");
  await waitFor("what can be read", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({ text: "status" });
  expect(host.troubles).toMatchObject([
    { severity: "passing", message: expect.stringContaining("the key for it has not come") },
  ]);
  await bea.giveKeys();
  await waitFor("the late ones", () => host.received.length === 3);
  expect(host.received.map(({ text }) => text)).toEqual(["status", "abandon 7", "abandon 8"]);
  await ada.say(room, "and on");
  await waitFor("the next", () => host.received.length === 4);
  expect(host.troubles).toHaveLength(1);
});

test("what is written in clear in an encrypted room does nothing, and is told once", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const { host } = await bot.open();
  const room = await roomWith(bot);
  const asked = await ada.say(room, "status");
  await ada.user.say(room, "merge 7");
  await ada.user.say(room, "* merge 8", {
    "m.new_content": { msgtype: "m.text", body: "merge 8" },
    "m.relates_to": { rel_type: "m.replace", event_id: asked },
  });
  await ada.user.send(room, "m.reaction", {
    "m.relates_to": { rel_type: "m.annotation", event_id: asked, key: "✅" },
  });
  await ada.say(room, "status again");
  await waitFor("what is encrypted", () => host.received.length === 2);
  expect(host.received.map(({ text }) => text)).toEqual(["status", "status again"]);
  await waitFor("the troubles", () => host.troubles.length === 2);
  expect(host.troubles.map(({ message }) => message)).toEqual([
    expect.stringContaining("was not encrypted"),
    expect.stringContaining("reactions are never encrypted"),
  ]);
});

test("a room that was encrypted once stays so, whatever the homeserver says later", async () => {
  const [user, directory] = [await newUser(), newDirectory()];
  const first = nodeOf(user, directory);
  const life = await first.open();
  const room = await roomWith(first);
  await ada.say(room, "status");
  await waitFor("the command", () => life.host.received.length === 1);
  const cursor = await life.close();
  await first.close();
  const forgetful: typeof fetch = (url, options) =>
    String(url instanceof Request ? url.url : url).includes("/state/m.room.encryption")
      ? Promise.resolve(Response.json({ errcode: "M_NOT_FOUND", error: "no such state" }, { status: 404 }))
      : fetch(url, options);
  const again = nodeOf(user, directory, { fetch: forgetful });
  const { host } = await again.open(cursor);
  await ada.user.say(room, "merge 7");
  await ada.say(room, "list");
  await waitFor("what is encrypted", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({ text: "list" });
  await sentId(again.transport.send(outgoing(room, "secret", "nothing for others")));
  expect(JSON.stringify(await ada.user.timeline(room))).not.toContain("nothing for others");
});

test("the same ciphertext in a new event is the same command", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const { host } = await bot.open();
  const room = await roomWith(bot);
  const sealed = await ada.seal(room, { msgtype: "m.text", body: "approve 7" });
  await ada.user.send(room, "m.room.encrypted", sealed);
  await ada.user.send(room, "m.room.encrypted", sealed);
  await ada.say(room, "approve 8");
  await waitFor("all of them", () => host.received.length === 3);
  const [one, two, other] = host.received.map(({ id }) => id);
  expect(two).toBe(one);
  expect(other).not.toBe(one);
});

test("a device that its owner has not signed commands nothing, unless the settings say so", async () => {
  const eve = await createSecretUser(await synapse.user(`eve${accounts++}`), { identity: "none" });
  const [strict, lax] = [
    nodeOf(await newUser(), newDirectory()),
    nodeOf(await newUser(), newDirectory(), { settings: { unsignedDevices: "accept" } }),
  ];
  const [refusing, accepting] = [await strict.open(), await lax.open()];
  const room = await roomWith(strict);
  await ada.user.invite(room, lax.user.id);
  await waitFor("both bots", async () => (await ada.user.membership(room, lax.user.id)) === "join");
  await ada.user.invite(room, eve.user.id);
  await eve.user.join(room);
  await eve.say(room, "merge 7");
  await waitFor("the trouble", () => refusing.host.troubles.length > 0);
  await waitFor("the one that accepts it", () => accepting.host.received.length === 1);
  expect(refusing.host.troubles[0]?.message).toContain("has not verified the device");
  await ada.say(room, "status");
  await waitFor("what is signed", () => refusing.host.received.length === 1);
  expect(refusing.host.received[0]).toMatchObject({ text: "status" });
});

test("each node is a signed device of its own, is sent the keys while it stands by, and finds what another one said", async () => {
  const user = await newUser();
  const a = nodeOf(user, newDirectory());
  const first = await a.open();
  const room = await roomWith(a);
  const b = nodeOf(await synapse.login(user), newDirectory());
  await waitFor("both to be signed", async () => [...(await ada.devicesOf(user.id)).values()].join() === "true,true");
  await ada.say(room, "one");
  await waitFor("the first", () => first.host.received.length === 1);
  const said = outgoing(room, "answer", "said once");
  const id = await sentId(a.transport.send(said));
  const cursor = await first.close();
  await a.close();

  await ada.say(room, "two");
  const { host } = await b.open(cursor);
  await waitFor("the second", () => host.received.length === 1);
  expect(host.received[0]).toMatchObject({ text: "two" });
  expect(host.troubles).toEqual([]);
  expect(b.transport.capabilities.idempotency).toBe("reconcile");
  expect(await b.transport.find?.(said, Date.now() - 60_000)).toEqual({ type: "sent", message: id });
  expect(await b.transport.find?.(outgoing(room, "other", "never said"), Date.now())).toMatchObject({
    type: "refused",
  });
  await sentId(b.transport.send(outgoing(room, "second", "said by the other")));
  const bodies = sentBy(await ada.read(room), user).map(({ content }) => content["body"]);
  expect(bodies).toEqual(["said once", "said by the other"]);
});

test("an identity that changed is not believed until the settings name it", async () => {
  const person = await synapse.user(`cleo${accounts++}`);
  const cleo = await createSecretUser(person);
  const [user, directory] = [await newUser(), newDirectory()];
  const bot = nodeOf(user, directory, { settings: { invite: { allow: [person.id] } } });
  const life = await bot.open();
  const room = await roomWith(bot, cleo);
  await cleo.say(room, "one");
  await waitFor("the first", () => life.host.received.length === 1);
  const impostor = await createSecretUser(await synapse.login(person), { password: synapse.passwordOf(person) });
  await impostor.say(room, "merge 7");
  const [trouble] = await waitFor("the trouble", () => life.host.troubles.length > 0 && life.host.troubles);
  expect(trouble?.message).toContain(impostor.masterKey);
  expect(life.host.received).toHaveLength(1);
  const cursor = await life.close();
  await bot.close();

  const settings = { invite: { allow: [person.id] }, identities: { [person.id]: impostor.masterKey } };
  const told = nodeOf(user, directory, { settings });
  const { host } = await told.open(cursor);
  await impostor.say(room, "status");
  await waitFor("the command", () => host.received.length > 0);
  expect(host.received.map(({ text }) => text)).toEqual(["status"]);
});

test("an account with encryption reads and writes in rooms without as well", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  const { host } = await bot.open();
  const room = await ada.user.createRoom({ preset: "private_chat", invite: [bot.user.id] });
  await waitFor("the bot to join", async () => (await ada.user.membership(room, bot.user.id)) === "join");
  await ada.user.say(room, "status");
  await waitFor("the command", () => host.received.length === 1);
  await sentId(bot.transport.send(outgoing(room, "clear", "nothing to hide")));
  const [answer] = sentBy(await ada.user.timeline(room), bot.user);
  expect(answer?.content).toMatchObject({ body: "nothing to hide" });
  // From now on it is not.
  await ada.user.call("PUT", `/v3/rooms/${encodeURIComponent(room)}/state/m.room.encryption/`, {
    algorithm: "m.megolm.v1.aes-sha2",
  });
  await ada.user.say(room, "merge 7");
  await ada.say(room, "list");
  await waitFor("the next", () => host.received.length === 2);
  expect(host.received[1]).toMatchObject({ text: "list" });
  await sentId(bot.transport.send(outgoing(room, "sealed", "something to hide")));
  expect(JSON.stringify(await ada.user.timeline(room))).not.toContain("something to hide");
});

test("a message whose keys cannot be shared is not sent, and is sent once when they can", async () => {
  const user = await newUser();
  let isDown = false;
  const failing: typeof fetch = (url, options) =>
    isDown && String(url instanceof Request ? url.url : url).includes("/sendToDevice/")
      ? Promise.reject(new TypeError("fetch failed"))
      : fetch(url, options);
  const bot = nodeOf(user, newDirectory(), { fetch: failing });
  const { host } = await bot.open();
  const room = await roomWith(bot);
  await ada.say(room, "status");
  await waitFor("the command", () => host.received.length === 1);
  isDown = true;
  const answer = outgoing(room, "answer", "all is well");
  expect(await bot.transport.send(answer)).toMatchObject({ type: "retry" });
  isDown = false;
  await sentId(bot.transport.send(answer));
  const bodies = sentBy(await ada.read(room), user).map(({ content }) => content["body"]);
  expect(bodies).toEqual(["all is well"]);
});

test("two nodes that start at once are under one identity", async () => {
  const user = await newUser();
  const other = await synapse.login(user);
  const room = await ada.createRoom([user.id]);
  await user.join(room);
  const nodes = [nodeOf(user, newDirectory()), nodeOf(other, newDirectory())];
  await waitFor("both to be signed", async () => [...(await ada.devicesOf(user.id)).values()].join() === "true,true");
  const said: string[] = [];
  for (const [n, node] of nodes.entries()) {
    said.push(await sentId(node.transport.send(outgoing(room, `from ${n}`, `${n}`))));
  }
  expect(sentBy(await ada.read(room), user).map(({ event_id }) => event_id)).toEqual(said);
});

test("an account whose encryption was set up in a client is refused with what to do", async () => {
  const user = await newUser();
  await createSecretUser(user);
  const bot = nodeOf(await synapse.login(user), newDirectory());
  const { host } = await bot.open("s1");
  await waitFor("the trouble", () => host.troubles.some(({ severity }) => severity === "fatal"));
  expect(host.troubles.at(-1)?.message).toContain("use another account");
});

test("the longest text fits when it is encrypted, as a message and as an edit", async () => {
  const bot = nodeOf(await newUser(), newDirectory());
  await bot.open();
  const room = await roomWith(bot);
  for (const character of ['"', "&", "漢"]) {
    const text = `a${character.repeat(bot.transport.capabilities.maxText - 2)}z`;
    const sent = await sentId(bot.transport.send(outgoing(room, `long ${character}`, text)));
    await sentId(bot.transport.edit(outgoing(room, `longer ${character}`, text), sent));
  }
  expect(sentBy(await ada.read(room), bot.user)).toHaveLength(6);
});
