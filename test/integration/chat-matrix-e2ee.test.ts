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

const SECRET = "only the nodes know this";

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

function nodeOf(user: MatrixUser, directory: string, { secret = SECRET, settings = {}, ...more }: NodeOptions = {}): MatrixBot {
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
