/** A story from a Discord channel to a merge on three nodes, over the gateway, while the node that speaks is killed. */
import { expect, test } from "vitest";

import { discordNetwork } from "../support/networks/discord.ts";
import { useWorld } from "../support/world.ts";
import { cardSays, setStage, tellStory } from "./support/story.ts";

const world = useWorld();

test("a story is told once, and another node answers when the speaker is killed", async () => {
  const network = await discordNetwork();
  const stage = await setStage(world, [network], { name: "discord" });
  const { item } = await tellStory({ network, ...stage });
  await cardSays(network, item, "Done");
  const sent = [...network.discord.world.messages.values()].flat().flatMap(({ nonce }) => nonce ?? []);
  expect(new Set(sent).size).toBe(sent.length);
});
