/**
 * The story that every network tells: a person pairs, adds a story, the node that speaks is killed before its answer is out,
 * another one answers, and the story is started and merged. What a network is like is in `Network`.
 */
import { expect } from "vitest";

import { configureChat, speakerOf } from "../../support/chat-room.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests } from "../../support/mesh.ts";
import type { Network, Said } from "../../support/networks/network.ts";
import type { NodeProcess } from "../../support/node-process.ts";
import { landingOf, type Project, type ProjectOptions } from "../../support/project.ts";
import { NotYet, waitFor } from "../../support/wait.ts";
import type { StartOptions, World } from "../../support/world.ts";
import { inStage } from "./items.ts";

export interface Stage {
  readonly project: Project;
  readonly nodes: readonly NodeProcess[];
}

export interface StageOptions {
  /** Of the project and, with it, of the nodes. */
  readonly name: string;
  readonly project?: Partial<Pick<ProjectOptions, "files" | "config">>;
  /** How many nodes; three when left out. */
  readonly size?: number;
  /** What is said of every account beside what its network says. */
  readonly change?: object;
  /** How every node is started. */
  readonly start?: StartOptions;
}

/** Nodes, all of which can speak on all of these networks. */
export async function setStage(world: World, networks: readonly Network[], given: StageOptions): Promise<Stage> {
  for (const network of networks) world.atEnd(() => network.close());
  const { name } = given;
  const project = await world.project({ name, ...given.project });
  const env = Object.assign({}, ...networks.map((one) => one.env)) as Record<string, string>;
  const nodes = await startMesh(world, {
    project,
    names: ["alice", "bob", "carol"].slice(0, given.size).map((one) => `${one}-${name}`),
    each: () => ({ ...given.start, env }),
  });
  for (const node of nodes) {
    configureChat(
      node,
      networks.map(({ transport }) => ({ ...transport, ...given.change })),
      { lease: { ttl: "5s" } },
    );
  }
  for (const network of networks) {
    network.serve(nodes);
    await speakerOf(nodes, network.account);
  }
  return { project, nodes };
}

export interface StoryOptions {
  readonly network: Network;
  readonly nodes: readonly NodeProcess[];
  readonly project: Project;
  /** Where notices are nobody's until they are asked for. */
  readonly before?: readonly string[];
}

const ANSWER_MS = 45_000;

/** What the bot said that fits, once there is any. */
export const answered = (network: Network, words: RegExp, withinMs: number = ANSWER_MS): Promise<readonly Said[]> =>
  waitFor(
    `${network.account} to say ${String(words)}`,
    async () => {
      const all = await network.said();
      const found = all.filter(({ text }) => words.test(text));
      if (found.length > 0) return found;
      throw new NotYet(`it said ${JSON.stringify(all.map(({ text }) => text))}`);
    },
    { withinMs },
  );

export async function pairInDirectMessage(network: Network, node: NodeProcess, person: string): Promise<void> {
  const { code } = await node.api.command<{ code: string }>("people.pair", { person });
  await network.sayDirect(`pair ${code}`);
  await answered(network, new RegExp(`Hello, \\*{0,2}${person}`));
  await network.sayDirect(`pair ${code}`);
  await answered(network, /used already/);
}

/** Resolves with the item's id and who is left, after everything was checked that holds on every network. */
export async function tellStory({ network, nodes, project, before = [] }: StoryOptions): Promise<{
  readonly item: string;
  readonly left: readonly NodeProcess[];
  readonly said: readonly Said[];
}> {
  const [first] = nodes;
  if (first === undefined) throw new Error("there are no nodes");
  const speaker = await speakerOf(nodes, network.account);
  await pairInDirectMessage(network, first, "ada");
  for (const line of before) {
    await network.sayDirect(line);
    await answered(network, /from now on/);
  }

  network.hang();
  await network.say(`${network.prefix}new "Say hello"\nSay hello in a file.`);
  await waitFor("the answer to be under way", () => network.hanging() > 0, { withinMs: ANSWER_MS });
  const left = nodes.filter(({ name }) => name !== speaker);
  const [other] = left;
  if (other === undefined) throw new Error("nobody is left");
  const added = await waitFor("the others to know of the item", async () => {
    const known = await Promise.all(left.map(({ api }) => api.items()));
    return known.every((items) => items.length === 1) ? known[0]?.[0] : undefined;
  });
  await nodes.find(({ name }) => name === speaker)?.kill();
  await network.release();
  const [answer] = await answered(network, /Added/);
  expect(answer?.text).toContain("Say hello");
  expect(answer?.text).toContain(added.id.slice(0, 6));
  expect(await speakerOf(left, network.account)).not.toBe(speaker);

  await network.say(`${network.prefix}start #${added.id.slice(0, 6)}`);
  await answered(network, /Started/);
  const done = await inStage(other.api, added.id, "Done");
  expect(done.title).toBe("Say hello");
  await answered(network, /Done/);
  await waitForEqualDigests(left);

  const said = await network.said();
  for (const once of [/Hello, /, /Added/, /Started/]) {
    expect(
      said.filter(({ text }) => once.test(text)),
      String(once),
    ).toHaveLength(1);
  }
  const kinds = (await other.api.history(done.id)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "item.create")).toHaveLength(1);
  expect(kinds.filter((kind) => kind === "item.start")).toHaveLength(1);
  expect(await other.api.items()).toHaveLength(1);
  await landingOf(project, done.id);
  await expectSoundLogs(left);
  return { item: done.id, left, said };
}

/** Where the platform lets messages be changed, an item has one card, and it ends up saying this. */
export async function cardSays(network: Network, item: string, stage: string): Promise<void> {
  const cards = await waitFor(
    "the card to be up to date",
    async () => {
      const all = await network.said();
      const found = all.filter(({ text }) => text.includes(item.slice(0, 6)) && !/Added|Started/.test(text));
      if (found.some(({ text }) => text.includes(stage))) return found;
      throw new NotYet(`it said ${JSON.stringify(all.map(({ text }) => text))}`);
    },
    { withinMs: ANSWER_MS },
  );
  expect(cards.map(({ text }) => text)).toEqual([expect.stringContaining(stage)]);
}
