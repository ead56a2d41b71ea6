/** Two networks on one mesh: what one person says here counts there, and what takes two people takes two there too. */
import { beforeAll, describe, expect, test } from "vitest";

import { speakerOf } from "../support/chat-room.ts";
import { waitForEqualDigests } from "../support/mesh.ts";
import { matrixNetwork, type MatrixNetwork } from "../support/networks/matrix.ts";
import { ADA, GRACE, type Network, type Said } from "../support/networks/network.ts";
import { slackNetwork, type SlackNetwork } from "../support/networks/slack.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { ADA as ADA_ID, ROOM } from "../support/slack-server.ts";
import { SYNAPSE_START_MS } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage } from "./support/items.ts";
import { answered, pairInDirectMessage, setStage } from "./support/story.ts";

const world = useWorld();

let matrix: MatrixNetwork;
let slack: SlackNetwork;
let nodes: readonly NodeProcess[];
let node: NodeProcess;

beforeAll(async () => {
  matrix = await matrixNetwork();
  slack = await slackNetwork("webhook");
  ({ nodes } = await setStage(world, [matrix, slack], { name: "two", change: { fourEyes: ["archive"] } }));
  const [first] = nodes;
  if (first === undefined) throw new Error("there are no nodes");
  node = first;
}, SYNAPSE_START_MS);

/** Says a line, and resolves with what the bot said since there. */
async function ask(network: Network, line: string, from: string = ADA): Promise<string> {
  const before = new Set((await network.said()).map(({ id }) => id));
  await network.say(`${network.prefix}${line}`, from);
  const news = await waitFor(
    `${network.account} to answer to ${line}`,
    async () => {
      const all = (await network.said()).filter(({ id }) => !before.has(id));
      return all.length > 0 ? all : undefined;
    },
    { withinMs: 30_000 },
  );
  return news.map(({ text }: Said) => text).join("\n");
}

const kindsOf = async (id: string): Promise<readonly string[]> => (await node.api.history(id)).map(({ kind }) => kind);

describe("one person on two networks", () => {
  test("is the same person, with a code for each", async () => {
    await pairInDirectMessage(matrix, node, ADA);
    await pairInDirectMessage(slack, node, ADA);
    expect(await ask(matrix, "whoami")).toContain("You are ada, operator here");
    expect(await ask(slack, "whoami")).toContain("You are ada, operator here");
  });

  test("starts on one what was added on the other, and both rooms see it done", async () => {
    const added = await ask(matrix, 'new "Across"\nFrom one room to the other.');
    const id = /#([0-9a-z]{6})/.exec(added)?.[1] ?? "";
    expect(await ask(slack, "list")).toContain("Across");
    expect(await ask(slack, `start #${id}`)).toContain("Started");
    const [item] = await node.api.items();
    await inStage(node.api, item?.id ?? "", "Done");
    await answered(slack, /Done/);
    await answered(matrix, /Done/);
    expect(await kindsOf(item?.id ?? "")).toContain("item.start");
  });

  test("cannot say yes to themselves from the other network, and somebody else can", async () => {
    const added = await ask(slack, 'new "Away with it"');
    const id = /#([0-9a-z]{6})/.exec(added)?.[1] ?? "";
    const asked = await ask(matrix, `archive #${id}`);
    expect(asked).toContain("Somebody else has to say so");
    const code = /yes ([0-9A-Za-z]{4})/.exec(asked)?.[1] ?? "";
    expect(code).not.toBe("");
    const item = (await node.api.items()).find(({ title }) => title === "Away with it");

    expect(await ask(slack, `yes ${code}`)).toContain("by somebody else than who asked");
    expect(await ask(matrix, `yes ${code}`)).toContain("by somebody else than who asked");
    expect(await kindsOf(item?.id ?? "")).not.toContain("item.archive");

    const { code: pairing } = await node.api.command<{ code: string }>("people.pair", { person: GRACE });
    await slack.sayDirect(`pair ${pairing}`, GRACE);
    await answered(slack, /Hello, \*{0,2}grace/);
    expect(await ask(slack, `yes ${code}`, GRACE)).toContain("Archived");
    expect((await node.api.item(item?.id ?? "")).stage).toBe("Archived");
    expect((await kindsOf(item?.id ?? "")).filter((kind) => kind === "item.archive")).toHaveLength(1);
  });
});

describe("whoever looks like somebody else", () => {
  /** Says something else last, whose answer shows that what came before was read. */
  const addedBy = async (network: Network, spoof: () => Promise<void>): Promise<number> => {
    const items = (await node.api.items()).length;
    const countHers = async (): Promise<number> =>
      (await network.said()).filter(({ text }) => text.includes("You are ada")).length;
    const hers = await countHers();
    await spoof();
    await network.say(`${network.prefix}whoami`);
    await waitFor("ada to be told who she is", async () => (await countHers()) > hers, { withinMs: 30_000 });
    await waitForEqualDigests(nodes);
    return (await node.api.items()).length - items;
  };

  test("on Matrix, with her name, her localpart or a letter that looks the same, does nothing", async () => {
    const looks: readonly (readonly [string, string])[] = [
      ["ada2", "ada"],
      ["ada_", "\u0430da"],
      ["a-d-a", "@ada:localhost"],
      ["xn--da-7kc", "skein"],
    ];
    for (const [name, displayname] of looks) {
      const stranger = await matrix.synapse.user(name);
      await stranger.call("PUT", `/v3/profile/${encodeURIComponent(stranger.id)}/displayname`, { displayname });
      await matrix.people[ADA]?.user.invite(matrix.room, stranger.id);
      await stranger.join(matrix.room);
      const added = await addedBy(matrix, async () => void (await stranger.say(matrix.room, "!skein new Not hers")));
      expect(added, stranger.id).toBe(0);
      const answers = (await matrix.said()).filter(({ text }) => text.includes("I do not know you yet"));
      expect(answers.at(-1)?.text).toContain(stranger.id);
    }
  });

  test("on Matrix, what was edited, quoted, noticed or redone in her name does nothing", async () => {
    const ada = matrix.people[ADA]?.user;
    if (ada === undefined) throw new Error("there is no ada");
    const said = await ada.say(matrix.room, "nothing for anybody");
    const lines: readonly Readonly<Record<string, unknown>>[] = [
      {
        body: "* !skein new Edited",
        "m.new_content": { msgtype: "m.text", body: "!skein new Edited" },
        "m.relates_to": { rel_type: "m.replace", event_id: said },
      },
      { msgtype: "m.notice", body: "!skein new Noticed" },
      { msgtype: "m.emote", body: "!skein new Felt" },
      { body: "> <@ada:localhost> !skein new Quoted\n\nlook", "m.relates_to": { "m.in_reply_to": { event_id: said } } },
    ];
    for (const line of lines) {
      const added = await addedBy(matrix, async () => {
        await ada.send(matrix.room, "m.room.message", { msgtype: "m.text", body: "", ...line });
      });
      expect(added, JSON.stringify(line)).toBe(0);
    }
  });

  test("on Slack, from another workspace, as a bot, in an edit or in a quote, does nothing", async () => {
    const spoofs: readonly Readonly<Record<string, unknown>>[] = [
      { user: "U0EVE", user_profile: { display_name: "ada", real_name: "ada" } },
      { user: ADA_ID, user_team: "T0OTHER", team: "T0OTHER" },
      { user: ADA_ID, bot_id: "B0EVIL" },
      { user: ADA_ID, subtype: "bot_message", bot_id: "B0EVIL", username: "ada" },
      { user: ADA_ID, subtype: "message_changed" },
      { user: ADA_ID, subtype: "me_message" },
      { user: ADA_ID, text: "&gt; !skein new Quoted" },
      { user: ADA_ID, hidden: true },
    ];
    for (const spoof of spoofs) {
      const added = await addedBy(slack, async () => {
        await slack.deliver({ channel: ROOM, ts: slack.slack.nextTs(), text: "!skein new Not hers", ...spoof });
      });
      expect(added, JSON.stringify(spoof)).toBe(0);
    }
    expect(await slack.deliver({ channel: ROOM, ts: slack.slack.nextTs(), text: "!skein new Forged" }, "another")).toBe(
      401,
    );
    expect((await node.api.items()).map(({ title }) => title)).not.toContain("Forged");
  });

  test("and the mesh is well after all of it", async () => {
    for (const network of [matrix, slack]) await speakerOf(nodes, network.account);
    expect((await node.api.items()).map(({ title }) => title).toSorted()).toEqual(["Across", "Away with it"]);
  });
});
