/**
 * Half a minute in which three platforms are not there for the nodes: connections are refused, then nothing is answered, then
 * all is well again. What people say meanwhile waits at the platform or in its retries, and is done once.
 */
import { setTimeout as delay } from "node:timers/promises";

import { expect, test } from "vitest";

import { accountsOf } from "../support/chat-room.ts";
import { waitForEqualDigests } from "../support/mesh.ts";
import { matrixNetwork } from "../support/networks/matrix.ts";
import type { Network } from "../support/networks/network.ts";
import { slackNetwork } from "../support/networks/slack.ts";
import { metaNetwork } from "../support/networks/whatsapp.ts";
import { SYNAPSE_START_MS } from "../support/synapse.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { pairInDirectMessage, setStage } from "./support/story.ts";

const world = useWorld();

const OUTAGE_MS = 30_000;
const ROUNDS = 6;
const AFTER_MS = 60_000;

const titleOf = ({ account }: Network, round: number): string => `Story ${round} from ${account}`;

/** Says a story on each network in each round, while the platforms are away in two ways. What was not taken is taken later. */
async function talkThroughOutage(networks: readonly Network[], unreachable: (is: boolean) => void): Promise<void> {
  const deliveries: Promise<void>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const isRefused = round < ROUNDS / 2;
    if (round === 0) for (const network of networks) await network.refuse();
    if (round === ROUNDS / 2) {
      for (const network of networks) {
        await network.release();
        network.hang("everything");
      }
    }
    unreachable(isRefused);
    for (const network of networks) {
      deliveries.push(network.say(`${network.prefix}new "${titleOf(network, round)}"`));
    }
    // How long the outage takes is what is tested; nothing is waited for.
    await delay(OUTAGE_MS / ROUNDS);
  }
  for (const network of networks) await network.release();
  await Promise.all(deliveries);
}

test(
  "half a minute without the platforms loses no command and doubles none",
  async () => {
    const meta = await metaNetwork();
    const networks = [meta, await slackNetwork("socket"), await matrixNetwork()];
    const { nodes } = await setStage(world, networks, { name: "outage" });
    const [node] = nodes;
    if (node === undefined) throw new Error("there are no nodes");
    for (const network of networks) await pairInDirectMessage(network, node, "ada");

    await talkThroughOutage(networks, (is) => {
      meta.serve(is ? [] : nodes);
    });

    const titles = networks.flatMap((network) => Array.from({ length: ROUNDS }, (_, round) => titleOf(network, round)));
    await waitFor(
      "every story to be on the board",
      async () => {
        const known = new Set((await node.api.items()).map(({ title }) => title));
        const missing = titles.filter((title) => !known.has(title));
        if (missing.length > 0) throw new NotYet(`missing: ${missing.join(", ")}`);
        return true;
      },
      { withinMs: AFTER_MS },
    );
    const answersOn = async (network: Network): Promise<readonly string[]> => {
      const all = (await network.said()).map(({ text }) => text).filter((text) => text.includes("Added"));
      return all.flatMap((text) => titles.find((title) => text.includes(title)) ?? []);
    };
    await waitFor(
      "every story to be answered",
      async () => {
        for (const network of networks) {
          const answers = new Set(await answersOn(network));
          // Meta cannot be asked whether it has a message that hung; its answer is rather left out than given twice.
          if (answers.size < (network === meta ? ROUNDS - 1 : ROUNDS)) {
            throw new NotYet(`${network.account} answered to ${[...answers].join(", ")}`);
          }
        }
        return true;
      },
      { withinMs: AFTER_MS },
    );
    await waitForEqualDigests(nodes);
    expect((await node.api.items()).map(({ title }) => title).toSorted()).toEqual(titles.toSorted());
    for (const network of networks) {
      const answers = await answersOn(network);
      expect(answers, network.account).toHaveLength(new Set(answers).size);
    }
    const states = (await Promise.all(nodes.map(accountsOf))).flat();
    expect(
      states
        .filter(({ state }) => state === "speaks")
        .map(({ account }) => account)
        .toSorted(),
    ).toEqual(networks.map(({ account }) => account).toSorted());
  },
  SYNAPSE_START_MS,
);
