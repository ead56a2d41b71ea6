/** What is said in a room moves the cards of everybody who looks, whichever node they look at. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { speakerOf } from "../support/chat-room.ts";
import { slackNetwork } from "../support/networks/slack.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { pairInDirectMessage, setStage } from "./support/story.ts";

const world = useWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

const cardIn = (page: Page, stage: string): ReturnType<Page["locator"]> =>
  page
    .locator("#board section")
    .filter({ has: page.getByRole("heading", { name: new RegExp(`^${stage}\\b`, "i"), level: 2 }) })
    .getByText("Say hello");

test("a move that was asked for in a room shows on the page of a node that does not speak there", async () => {
  const network = await slackNetwork("socket");
  // Nobody works here, so what was moved stays where it was moved to.
  const start = { headless: false, slots: 0 };
  const { nodes } = await setStage(world, [network], { name: "seen", size: 2, start });
  const speaker = await speakerOf(nodes, network.account);
  const silent = nodes.find(({ name }) => name !== speaker);
  if (nodes[0] === undefined || silent === undefined) throw new Error("there are not two nodes");
  await pairInDirectMessage(network, nodes[0], "ada");
  const { page, complaints } = await openPage(browser, await silent.api.loginLink());
  await page.locator("#board").waitFor();
  await page.evaluate("globalThis.sameDocument = true");

  await network.say(`${network.prefix}new "Say hello"`);
  await cardIn(page, "Backlog").waitFor();
  const [item] = await silent.api.items();
  await network.say(`${network.prefix}start #${item?.id.slice(0, 6)}`);
  await cardIn(page, "Coding").waitFor();
  expect(await cardIn(page, "Backlog").count()).toBe(0);
  expect(await page.evaluate("globalThis.sameDocument")).toBe(true);
  expect(complaints).toEqual([]);
});
