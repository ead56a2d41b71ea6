/** A real homeserver that goes away at bad moments: nothing is lost, nothing is doubled, and nobody is told more than once. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createBot, outgoing, type BotOptions, type MatrixBot } from "../support/matrix-transport.ts";
import type { MatrixUser } from "../support/matrix-user.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";

let synapse: Synapse;
let ada: MatrixUser;
const bots: MatrixBot[] = [];

beforeAll(async () => {
  synapse = await startSynapse();
  ada = await synapse.user("Ada");
}, SYNAPSE_START_MS);
afterEach(async () => {
  for (const bot of bots.splice(0)) await bot.close();
});
afterAll(async () => synapse.dispose());

let accounts = 0;
async function newBot(options: Partial<BotOptions> = {}): Promise<{ readonly bot: MatrixBot; readonly room: string }> {
  const bot = transportOf(await synapse.user(`bot${accounts++}`), options);
  const room = await ada.createRoom({ preset: "public_chat" });
  await bot.user.join(room);
  return { bot, room };
}

function transportOf(user: MatrixUser, options: Partial<BotOptions> = {}): MatrixBot {
  const bot = createBot(user, { homeserver: synapse.url, ...options });
  bots.push(bot);
  return bot;
}

const reset = (): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) });

test("a homeserver that is restarted is found again, and nothing is lost either way", async () => {
  const { bot, room } = await newBot();
  const { host } = await bot.open();
  await ada.say(room, "before");
  await waitFor("the first message", () => host.received.length === 1);
  await synapse.stop();
  const refused = await bot.transport.send(outgoing(room, "down", "hello"));
  expect(refused).toMatchObject({ type: "retry", scope: "account" });
  await synapse.start();
  for (let n = 0; n < 25; n++) await ada.say(room, `after ${n}`);
  await waitFor("everything", () => host.received.length >= 26, { withinMs: 60_000 });
  expect(host.received.map(({ text }) => text)).toEqual([
    "before",
    ...Array.from({ length: 25 }, (_, n) => `after ${n}`),
  ]);
  expect(await bot.transport.send(outgoing(room, "down", "hello"))).toMatchObject({ type: "sent" });
});

test("a message whose answer was lost is there once, even when the homeserver died in between", async () => {
  let loses = true;
  const { bot, room } = await newBot({
    fetch: async (url, options) => {
      const response = await fetch(url, options);
      if (loses && options?.method === "PUT") throw reset();
      return response;
    },
  });
  const message = outgoing(room, "lost answer", "hello");
  expect(await bot.transport.send(message)).toMatchObject({ type: "uncertain" });
  await synapse.kill();
  await synapse.start();
  loses = false;
  const other = transportOf(bot.user);
  const outcome = await other.transport.send(message);
  expect(await bot.transport.send(message)).toEqual(outcome);
  const said = (await ada.timeline(room)).filter(
    ({ sender, type }) => sender === bot.user.id && type === "m.room.message",
  );
  expect(said.map(({ event_id }) => ({ type: "sent", message: event_id }))).toEqual([outcome]);
});

test("an outage is told once, what was written meanwhile arrives, and the position never goes ahead", async () => {
  let isDown = false;
  const { bot, room } = await newBot({
    fetch: (url, options) => (isDown ? Promise.reject(reset()) : fetch(url, options)),
  });
  const { host } = await bot.open();
  isDown = true;
  // Ends the long poll that is under way.
  await ada.say(room, "0");
  await waitFor("the trouble", () => host.troubles.length > 0, { withinMs: 60_000 });
  const position = host.cursors.at(-1);
  for (let n = 1; n <= 30; n++) await ada.say(room, `${n}`);
  await waitFor("more attempts", () => bot.requests.length > 7, { withinMs: 60_000 });
  expect(host.cursors.at(-1)).toBe(position);
  isDown = false;
  await waitFor("everything", () => host.received.length >= 31, { withinMs: 90_000 });
  expect(host.received.map(({ text }) => text)).toEqual(Array.from({ length: 31 }, (_, n) => `${n}`));
  expect(host.troubles.map(({ severity }) => severity)).toEqual(["passing"]);
});

test("a position that the homeserver does not know starts anew: old messages stay undone, and a person is told", async () => {
  const { bot, room } = await newBot();
  await ada.say(room, "long ago");
  const { host } = await bot.open("not-a-position");
  await waitFor("a position", () => host.cursors.length > 0);
  await ada.say(room, "now");
  await waitFor("the message", () => host.received.length > 0);
  expect(host.received.map(({ text }) => text)).toEqual(["now"]);
  expect(host.troubles.map(({ severity }) => severity)).toEqual(["passing"]);
});

test("a homeserver whose name nobody knows was certainly not asked", async () => {
  const bot = transportOf(await synapse.user(`bot${accounts++}`), { homeserver: "http://homeserver.invalid" });
  const outcome = await bot.transport.send(outgoing("!room:localhost", "nowhere", "hello"));
  expect(outcome).toMatchObject({ type: "retry", scope: "account" });
});

test("the way in closes at once, in the middle of a long poll", async () => {
  const { bot } = await newBot();
  const open = await bot.open();
  await waitFor("the long poll", () => bot.requests.filter((one) => one === "GET /v3/sync").length === 2);
  const before = performance.now();
  await open.close();
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(open.host.troubles).toEqual([]);
});

test("closing does not wait for a send that hangs, and does not claim to know what became of it", async () => {
  const { bot, room } = await newBot({
    fetch: (_, options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      }),
  });
  const sending = bot.transport.send(outgoing(room, "hanging", "hello"));
  const before = performance.now();
  await bot.transport.close();
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(await sending).toMatchObject({ type: "uncertain" });
});
