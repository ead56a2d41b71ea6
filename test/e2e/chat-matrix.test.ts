/** A story from a Matrix room to a merge on three nodes, on a real homeserver, while the node that speaks is killed. */
import { beforeAll, expect, test } from "vitest";

import { accountsOf, configureChat, speakerOf } from "../support/chat-room.ts";
import type { MatrixUser, RoomEvent } from "../support/matrix-user.ts";
import { startMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage } from "./support/items.ts";

const world = useWorld();
let synapse: Synapse;
let bot: MatrixUser;
let ada: MatrixUser;
let room: string;
let direct: string;
let nodes: readonly NodeProcess[];

beforeAll(async () => {
  synapse = await startSynapse();
  world.atEnd(() => synapse.dispose());
  bot = await synapse.user("skein");
  ada = await synapse.user("ada");
  room = await ada.createRoom({ name: "project" });
  await ada.invite(room, bot.id);
  await bot.join(room);
  direct = await ada.createRoom({ is_direct: true, invite: [bot.id] });
  await bot.join(direct);
  const project = await world.project();
  nodes = await startMesh(world, {
    project,
    names: ["alice", "bob", "carol"],
    each: () => ({ env: { MATRIX_TOKEN: bot.token } }),
  });
  for (const node of nodes) {
    configureChat(node, [
      {
        kind: "matrix",
        rooms: [{ id: room, role: "operator", notices: "stages" }],
        settings: { homeserver: synapse.url },
        secrets: { accessToken: { env: "MATRIX_TOKEN" } },
      },
    ]);
  }
  await speakerOf(nodes, "matrix/main");
}, SYNAPSE_START_MS);

const bodyOf = ({ content: { body } }: RoomEvent): string => (typeof body === "string" ? body : "");

/** What the bot answered to a message: the events that reply to it. */
async function answersTo(where: string, message: string): Promise<readonly RoomEvent[]> {
  const events = await ada.timeline(where);
  return events.filter(({ sender, content }) => {
    const relation = content["m.relates_to"] as { "m.in_reply_to"?: { event_id?: string } } | undefined;
    return sender === bot.id && relation?.["m.in_reply_to"]?.event_id === message;
  });
}

async function answerTo(where: string, message: string): Promise<string> {
  const [answer] = await waitFor(
    "an answer",
    async () => {
      const found = await answersTo(where, message);
      return found.length > 0 ? found : undefined;
    },
    { withinMs: 90_000 },
  );
  if (answer === undefined) throw new Error("no answer");
  return bodyOf(answer);
}

const nodeNamed = (name: string): NodeProcess => {
  const found = nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no node ${name}`);
  return found;
};

test("a stranger is told how to pair, and nothing is done", async () => {
  const said = await ada.say(room, "!skein new Not mine");
  expect(await answerTo(room, said)).toContain("I do not know you yet");
  const [node] = nodes;
  expect(await node?.api.items()).toEqual([]);
});

test("a person pairs in a direct message, with a code that works once", async () => {
  const { code } = await nodeNamed("alice").api.command<{ code: string }>("people.pair", { person: "ada" });
  expect(await answerTo(direct, await ada.say(direct, `pair ${code}`))).toContain("Hello, ada");
  expect(await answerTo(direct, await ada.say(direct, `pair ${code}`))).toContain("used already");
  expect(await answerTo(direct, await ada.say(direct, "whoami"))).toContain("You are ada, operator here");
});

test("a story is added, the speaker dies, the story is started and merged, each command once", async () => {
  const added = await ada.say(room, '!skein new "Say hello"\nSay hello in a file.');
  const answer = await answerTo(room, added);
  const id = /#([0-9a-z]{6})/.exec(answer)?.[1] ?? "";
  expect(answer).toContain("Say hello");

  const speaker = await speakerOf(nodes, "matrix/main");
  await nodeNamed(speaker).kill();
  const left = nodes.filter((one) => one.name !== speaker);
  const started = await ada.say(room, `!skein start #${id}`);
  expect(await answerTo(room, started)).toContain("Started");
  expect(await speakerOf(left, "matrix/main")).not.toBe(speaker);

  const [node] = left;
  if (node === undefined) throw new Error("nobody is left");
  const [item] = await node.api.items();
  const done = await inStage(node.api, item?.id ?? "", "Done");
  expect(done.title).toBe("Say hello");
  await waitFor("the card to say so", async () =>
    (await ada.timeline(room)).some((event) => event.sender === bot.id && bodyOf(event).includes("Done")),
  );
  expect(await answersTo(room, added)).toHaveLength(1);
  expect(await answersTo(room, started)).toHaveLength(1);
  const history = await node.api.history(done.id);
  const asked = history.filter(({ kind }) => kind === "item.create" || kind === "item.start");
  expect(asked.map(({ by }) => by)).toEqual(["ada", "ada"]);
  const kinds = history.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "item.create")).toHaveLength(1);
  expect(kinds.filter((kind) => kind === "item.start")).toHaveLength(1);
  expect((await accountsOf(node)).map(({ trouble }) => trouble)).toEqual([""]);
});
