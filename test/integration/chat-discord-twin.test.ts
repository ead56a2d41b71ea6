/** The transport against a Discord that somebody else wrote: `discord-digital-twin`, REST and gateway. */
import { ChannelType } from "discord-api-types/v10";
import { DigitalDiscord } from "discord-digital-twin";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createStand, newHost, outgoing, type Stand } from "../support/discord-stand.ts";
import { waitFor } from "../support/wait.ts";

let discord: DigitalDiscord;
let stand: Stand;
let channel: string;
let person: string;
const host = newHost();
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  discord = new DigitalDiscord({
    guild: { name: "Test" },
    channels: [{ name: "general", type: ChannelType.GuildText }],
    users: [{ username: "ada" }],
  });
  await discord.start();
  closing.push(() => discord.stop());
  channel = (await discord.prisma.channel.findFirstOrThrow()).id;
  person = (await discord.getFirstNonBotUserId()) ?? "";
  stand = createStand(
    { api: discord.restUrl, gatewayUrl: discord.gatewayUrl },
    { application: discord.botUserId, guild: discord.guildId, channels: [channel] },
    { secret: () => discord.botToken },
  );
  const ingress = stand.transport.open?.(host);
  closing.push(
    () => stand.transport.close(),
    () => ingress?.close() ?? Promise.resolve(),
  );
  await waitFor("the gateway", () => host.cursors.length > 1);
  await waitFor("the slash command", () => stand.log.some((line) => line.includes("discord.command")));
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const of = (type: string): typeof host.received => host.received.filter((event) => event.type === type);

test("a message, its edit and its deletion arrive", async () => {
  const actor = discord.channel(channel).user(person);
  const message = await actor.sendMessage({ content: `<@${discord.botUserId}> list` });
  await waitFor("the message", () => of("message").length === 1);
  expect(of("message")[0]).toMatchObject({
    id: message.id,
    principal: `discord:${person}`,
    room: channel,
    text: "list",
    addressed: true,
  });
  await actor.editMessage({ messageId: message.id, content: "merge everything" });
  await actor.deleteMessage({ messageId: message.id });
  await waitFor("both", () => of("edit").length === 2);
  expect(of("edit").map(({ message, text }) => [message, text])).toEqual([
    [message.id, ""],
    [message.id, ""],
  ]);
  expect(of("message")).toHaveLength(1);
});

test("a message is sent, edited, reacted to, and is no event of its own", async () => {
  const events = of("message").length;
  const message = outgoing("hello", { room: channel, buttons: [{ label: "Yes", value: "yes 1", style: "primary" }] });
  const sent = await stand.transport.send(message);
  if (sent.type !== "sent") throw new Error(JSON.stringify(sent));
  expect(await stand.transport.edit?.(outgoing("hello again", { room: channel }), sent.message)).toEqual(sent);
  expect(await stand.transport.react?.(channel, sent.message, "✅")).toEqual(sent);
  const there = (await discord.channel(channel).getMessages()).find(({ id }) => id === sent.message);
  expect(there?.content).toBe("hello again");
  await discord.channel(channel).user(person).sendMessage({ content: "after it" });
  await waitFor("what came after it", () => of("message").length === events + 1);
});

test("an answer opens the thread of its message, and what is said there is in the thread", async () => {
  const root = await discord.channel(channel).user(person).sendMessage({ content: "a story" });
  const sent = await stand.transport.send(outgoing("one", { room: channel, thread: root.id, key: "1".repeat(64) }));
  // Unlike Discord, the twin gives the thread an id of its own.
  const thread = (await discord.channel(channel).getThreads())[0]?.id ?? "";
  expect(sent).toMatchObject({ type: "sent", message: expect.stringMatching(new RegExp(`^${thread}/[0-9]+$`)) });
  const inside = await discord.thread(thread).user(person).sendMessage({ content: "inside" });
  await waitFor("the message", () => of("message").some(({ id }) => id === inside.id));
  expect(of("message").at(-1)).toMatchObject({ room: channel, thread, message: `${thread}/${inside.id}` });
});

test("slash command, button and completion are acknowledged after they were kept", async () => {
  const actor = discord.channel(channel).user(person);
  const slash = await actor.runSlashCommand({ name: "skein", options: [{ name: "list", type: 1 }] });
  expect((await discord.channel(channel).waitForInteractionAck({ interactionId: slash.id })).type).toBe(4);
  const sent = await stand.transport.send(
    outgoing("card", {
      room: channel,
      key: "c".repeat(64),
      buttons: [{ label: "Yes", value: "yes 7", style: "normal" }],
    }),
  );
  if (sent.type !== "sent") throw new Error(JSON.stringify(sent));
  const click = await actor.clickButton({ messageId: sent.message, customId: "yes 7" });
  expect((await discord.channel(channel).waitForInteractionAck({ interactionId: click.id })).type).toBe(6);
  expect(of("slash").map(({ id, text }) => [id, text])).toEqual([[slash.id, "list"]]);
  expect(of("button").map(({ id, text, message }) => [id, text, message])).toEqual([[click.id, "yes 7", sent.message]]);
});

test("the twin keeps the slash command as it was registered", async () => {
  const { transport, log } = createStand(
    { api: discord.restUrl, gatewayUrl: discord.gatewayUrl },
    { application: discord.botUserId, guild: discord.guildId, mode: "interactions", publicKey: "0".repeat(64) },
    { secret: () => discord.botToken },
  );
  const ingress = transport.open?.(newHost());
  await waitFor("the registration", () => log.some((line) => line.includes("discord.command")));
  await ingress?.close();
  await transport.close();
  expect(log.filter((line) => line.includes("discord.command"))).toHaveLength(1);
});
