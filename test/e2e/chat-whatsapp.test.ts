/** A story from WhatsApp to a merge on three nodes, through Meta and through Twilio, while the node that speaks is killed. */
import { expect, test } from "vitest";

import type { Network } from "../support/networks/network.ts";
import { metaNetwork, twilioNetwork } from "../support/networks/whatsapp.ts";
import type { WebhookFront } from "../support/webhook-front.ts";
import { useWorld } from "../support/world.ts";
import { setStage, tellStory } from "./support/story.ts";

const world = useWorld();

const ways: readonly (readonly [string, () => Promise<Network & { readonly front: WebhookFront }>])[] = [
  ["meta", metaNetwork],
  ["twilio", twilioNetwork],
];

test.each(ways)(
  "through %s, a story is told once, and the person reads how it goes on without asking",
  async (name, create) => {
    const network = await create();
    const stage = await setStage(world, [network], { name });
    const { said, item } = await tellStory({ network, ...stage, before: ["tell stages"] });
    const news = said
      .map(({ text }) => text)
      .filter((text) => !/Hello|used already|from now on|Added|Started/.test(text));
    expect(news.at(-1)).toContain("Done");
    expect(news.every((text) => text.includes("Say hello") || text.includes(item.slice(0, 6)))).toBe(true);
    expect(new Set(news).size).toBe(news.length);
    // Five lines were said, and each was delivered to two nodes at once and twice more.
    expect(network.front.answers.filter((status) => status === 200).length).toBeGreaterThan(10);
  },
);
