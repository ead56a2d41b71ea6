/** A story from a Slack channel to a merge on three nodes, by socket and by webhook, while the node that speaks is killed. */
import { expect, test } from "vitest";

import { slackNetwork, type SlackNetwork } from "../support/networks/slack.ts";
import { useWorld } from "../support/world.ts";
import { cardSays, setStage, tellStory } from "./support/story.ts";

const world = useWorld();

/** Slack has no keys: that no two messages carry the same one is what it would have to keep from happening. */
function expectNoKeyTwice({ slack }: SlackNetwork): void {
  const keys = slack.messages.flatMap(({ metadata }) => (metadata === undefined ? [] : [JSON.stringify(metadata)]));
  expect(keys.filter((key, at) => key !== "null" && keys.indexOf(key) !== at)).toEqual([]);
}

test.each(["socket", "webhook"] as const)(
  "by %s, a story is told once, and another node answers when the speaker is killed",
  async (mode) => {
    const network = await slackNetwork(mode);
    const stage = await setStage(world, [network], { name: mode });
    const { item } = await tellStory({ network, ...stage });
    expectNoKeyTwice(network);
    await cardSays(network, item, "Done");
    // Four lines were said, and each was delivered to two nodes at once and twice more.
    const taken = network.front.answers.filter((status) => status === 200);
    expect(taken.length).toBeGreaterThan(mode === "webhook" ? 8 : -1);
  },
);
