/** Texts that want to be more than text, as titles, stories, notes and names, through every network at once. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { discordNetwork } from "../support/networks/discord.ts";
import { matrixNetwork } from "../support/networks/matrix.ts";
import type { Network, Said } from "../support/networks/network.ts";
import { slackNetwork } from "../support/networks/slack.ts";
import { metaNetwork, twilioNetwork } from "../support/networks/whatsapp.ts";
import type { NodeProcess } from "../support/node-process.ts";
import type { Project } from "../support/project.ts";
import { SYNAPSE_START_MS } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { boardTitle, type HostileText, hostileTexts } from "./support/hostile-texts.ts";
import { callsIn } from "./support/calls.ts";
import { inStage } from "./support/items.ts";
import { pairInDirectMessage, setStage } from "./support/story.ts";

const world = useWorld();

let networks: readonly Network[] = [];
let project: Project;
let node: NodeProcess;
let canary = "";
let texts: readonly HostileText[] = [];
let agentSaw = "";

/** Says what it was given, and what it could have stolen. */
const AGENT = (directory: string): string => `
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
const story = readFileSync(0, "utf8");
writeFileSync(${JSON.stringify(directory)} + "/" + process.env.SKEIN_ITEM, JSON.stringify({ argv: process.argv, env: process.env, story }));
writeFileSync("work-" + process.env.SKEIN_ITEM + ".md", story);
execFileSync("git", ["add", "--all"]);
execFileSync("git", ["-c", "user.name=Agent", "-c", "user.email=agent@example.com", "commit", "--quiet", "-m", "Work"]);
`;

beforeAll(async () => {
  agentSaw = world.directory("agent-saw");
  canary = join(world.directory("canary"), "sings");
  texts = hostileTexts(canary);
  networks = [
    await slackNetwork("socket"),
    await discordNetwork(),
    await metaNetwork(),
    await twilioNetwork(),
    await matrixNetwork(),
  ];
  const stage = await setStage(world, networks, {
    name: "hostile",
    size: 1,
    project: {
      files: { "agent.mjs": AGENT(agentSaw) },
      config: { agent: "{ kind: command, run: [node, agent.mjs] }", gate: "[[node, --version]]" },
    },
  });
  ({ project } = stage);
  const [first] = stage.nodes;
  if (first === undefined) throw new Error("there is no node");
  node = first;
  for (const network of networks) await pairInDirectMessage(network, node, "ada");
}, SYNAPSE_START_MS);

/** Says a line, and resolves with what the bot said since. */
async function ask(network: Network, line: string): Promise<readonly Said[]> {
  const before = new Set((await network.said()).map(({ id }) => id));
  await network.say(`${network.prefix}${line}`);
  return waitFor(
    `${network.account} to answer to ${JSON.stringify(line.slice(0, 80))}`,
    async () => {
      const news = (await network.said()).filter(({ id }) => !before.has(id));
      return news.length > 0 ? news : undefined;
    },
    { withinMs: 30_000 },
  );
}

const canSay =
  ({ impossibleOn = [] }: HostileText) =>
  ({ account }: Network): boolean =>
    !impossibleOn.some((kind) => account === `${kind}/main`);

const titles = async (): Promise<readonly string[]> => (await node.api.items()).map(({ title }) => title);

describe("every hostile text", () => {
  test("is a title as it was typed, or is refused with a sentence", async () => {
    await Promise.all(networks.map(typeEverything));
    const possible = texts.flatMap((text) => (text.refused === true ? [] : networks.filter(canSay(text))));
    expect(await titles()).toHaveLength(possible.length);
  });

  const typeEverything = async (network: Network): Promise<void> => {
    for (const text of texts) {
      if (!canSay(text)(network)) continue;
      const said = (await ask(network, `new ${text.title}\nThe story of ${text.name}: ${text.title}`))
        .map((one) => one.text)
        .join("\n");
      const where = `${text.name} on ${network.account}`;
      if (text.refused === true) {
        expect(said, where).not.toContain("Added");
        expect(said, where).toMatch(/[a-z].*\./s);
        continue;
      }
      expect(said, where).toContain("Added");
    }
  };

  test("is there once for each network, to the letter", async () => {
    const known = await titles();
    for (const text of texts) {
      const found = known.filter((title) => title === boardTitle(text)).length;
      expect(found, text.name).toBe(text.refused === true ? 0 : networks.filter(canSay(text)).length);
    }
  });

  test("is a note and a title later on, and what is asked about it is answered", async () => {
    const [item] = await node.api.items();
    const id = item?.id.slice(0, 6) ?? "";
    await Promise.all(
      networks.map(async (network) => {
        for (const { title } of texts.filter(({ name }) => /markup|mentions|right|terminal|sql/.test(name))) {
          await ask(network, `note #${id} About ${title}`);
        }
        await ask(network, `show #${id}`);
      }),
    );
    for (const network of networks) expect(await ask(network, "list")).not.toEqual([]);
  });

  test("is no name of a person, or is one that calls nobody", async () => {
    const refusals: string[] = [];
    for (const { title } of texts) {
      const paired = await node.api.tryCommand<{ readonly code: string }>("people.pair", { person: title });
      if (!paired.ok) {
        refusals.push(paired.error.message);
        continue;
      }
      await Promise.all(networks.map((network) => network.sayDirect(`pair ${paired.value.code}`, "grace")));
    }
    expect(refusals.filter((sentence) => !/[a-z]{2,} [a-z]/.test(sentence))).toEqual([]);
    for (const network of networks) expect(await ask(network, "people")).not.toEqual([]);
  });

  test("is worked on and lands, and nothing of it is run", async () => {
    const dangerous = texts.filter(({ refused, name }) => refused !== true && /shell|git|options|yaml/.test(name));
    const items = await node.api.items();
    const [network] = networks;
    if (network === undefined) throw new Error("there are no networks");
    for (const text of dangerous) {
      const item = items.find(({ title }) => title === boardTitle(text));
      if (item === undefined) throw new Error(`there is no item of ${text.name}`);
      await ask(network, `start #${item.id.slice(0, 6)}`);
      const done = await inStage(node.api, item.id, "Done");
      const saw = JSON.parse(readFileSync(join(agentSaw, done.id), "utf8")) as { readonly story: string };
      expect(saw.story, text.name).toContain(text.title);
    }
    expect((await project.landed()).filter(({ items: of }) => of.length > 0)).toHaveLength(dangerous.length);
    expect(existsSync(canary)).toBe(false);
  });

  test("calls nobody on any platform", async () => {
    for (const network of networks) {
      const said = await network.said();
      expect(said.length, network.account).toBeGreaterThan(texts.length);
      expect(said.flatMap(({ raw }) => callsIn(network.account, raw))).toEqual([]);
    }
  });
});

test("no secret of an account is in a room, in the log, in what nodes print, or with an agent", async () => {
  const secrets = networks.flatMap(({ env }) => Object.entries(env));
  expect(secrets.length).toBeGreaterThan(7);
  const places: (readonly [string, Buffer])[] = [["what the node printed", Buffer.from(node.output())]];
  for (const network of networks) {
    for (const { raw, text } of await network.said())
      places.push([`the room of ${network.account}`, Buffer.from(raw + text)]);
  }
  for (const root of [node.data, agentSaw]) {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) places.push([file, readFileSync(file)]);
    }
  }
  expect(places.filter(([name]) => name.startsWith(agentSaw)).length).toBeGreaterThan(0);
  expect(places.some(([, bytes]) => bytes.subarray(0, 15).toString() === "SQLite format 3")).toBe(true);
  const found = places.flatMap(([place, bytes]) =>
    secrets.flatMap(([name, secret]) => (bytes.includes(secret) ? [`${name} in ${place}`] : [])),
  );
  expect(found).toEqual([]);
});

test("a message that is no text at all does not come again and again", async () => {
  const meta = networks.find(({ account }) => account === "whatsapp/main");
  if (meta === undefined) throw new Error("there is no WhatsApp");
  // `say` ends when a node has taken it; what it can do with half of a letter is to show that it is none, or to refuse it.
  const said = (await ask(meta, "new half of a letter: \ud83e")).map(({ text }) => text).join("\n");
  expect(said).toMatch(/^(?:Added .* half of a letter: \ufffd|.*(?:not|nothing).*\.)$/m);
});
