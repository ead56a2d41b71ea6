/** The board as a place to steer from: everything by keys alone, dragging where the rule of moves allows it, a reason where not. */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { Api } from "../support/api-client.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, type OpenedPage, openPage } from "./support/browser.ts";

const world = useWorld();
let api: Api;
let browser: Browser;

beforeAll(async () => {
  // Without a project nobody works: the items stay where they are put.
  await world.found("alice");
  ({ api } = await world.start("alice", { slots: 0, headless: false }));
  // An empty board leads to the first steps.
  await api.addItem({ title: "There before", priority: 0 });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

async function open(role?: string): Promise<OpenedPage> {
  const opened = await openPage(browser, await api.loginLink(role));
  await opened.page.locator("#live").waitFor();
  return opened;
}

const column = (page: Page, stage: string): Locator => page.locator(`#stage-${stage}`);
const focused = (page: Page): Promise<string> => page.evaluate("document.activeElement.textContent");

/** Until the card of this title has the focus. */
async function isFocused(page: Page, title: string): Promise<void> {
  await waitFor(`${title} to have the focus`, async () => (await focused(page)) === title);
}

test("an item is added, found, moved, held and let go by keys alone", async () => {
  const { page, complaints } = await open();
  const { keyboard } = page;
  await keyboard.press("n");
  await page.getByRole("dialog").waitFor();
  await keyboard.type("By keys");
  await keyboard.press("Enter");
  await column(page, "backlog").getByText("By keys").waitFor();
  await waitFor("the dialog to be gone", async () => (await page.getByRole("dialog").count()) === 0);
  await api.addItem({ title: "Second", priority: 3 });
  await column(page, "backlog").getByText("Second").waitFor();

  await keyboard.press("j");
  await isFocused(page, "By keys");
  await keyboard.press("j");
  await isFocused(page, "Second");
  await keyboard.press("ArrowUp");
  await isFocused(page, "By keys");
  await keyboard.press("m");
  await page.getByRole("dialog", { name: "By keys" }).waitFor();
  // The first thing that can be done has the focus.
  await waitFor("the move to have the focus", async () => (await focused(page)) === "Coding");
  await keyboard.press("Enter");
  await column(page, "coding").getByText("By keys").waitFor();
  await page.getByRole("status").getByText("“By keys” is in Coding now.").waitFor();
  await waitFor("the dialog to be gone", async () => (await page.getByRole("dialog").count()) === 0);

  // The card has gone to another column, and the keys go on from there.
  await keyboard.press("h");
  await isFocused(page, "Second");
  await keyboard.press("l");
  await isFocused(page, "By keys");
  await keyboard.press("m");
  await page.getByLabel("Why it is on hold").fill("until Monday");
  await keyboard.press("Enter");
  await column(page, "coding").getByText("until Monday").waitFor();
  await waitFor("the dialog to be gone", async () => (await page.getByRole("dialog").count()) === 0);
  await isFocused(page, "By keys");
  await keyboard.press("m");
  await page.getByRole("button", { name: "End the hold" }).press("Enter");
  await waitFor("the hold to be over", async () => (await page.getByText("until Monday").count()) === 0);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("the sheet lists the keys, and single keys can be turned off and on again", async () => {
  const { page } = await open();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  for (const words of ["Next card", "Search", "New item", "Go to Board", "Move, hold, answer and more"])
    await sheet.getByText(words, { exact: true }).waitFor();
  await sheet.getByLabel("Single keys act as shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  // Had `n` acted, its dialog would be the one in front.
  expect(await page.getByRole("dialog").count()).toBe(1);
  await sheet.getByLabel("Single keys act as shortcuts").check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.getByRole("dialog", { name: "New item" }).waitFor();
  await page.context().close();
});

/** Presses on the card, and goes over the column as a hand does. */
async function dragOver(page: Page, title: string, stage: string): Promise<void> {
  const from = await page.locator("article.card").filter({ hasText: title }).locator(".meta").boundingBox();
  const to = await column(page, stage).boundingBox();
  if (from === null || to === null) throw new Error("the card or the column is not there");
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(from.x + 25, from.y + 15, { steps: 4 });
  await page.mouse.move(to.x + 60, to.y + 120, { steps: 8 });
}

test("a card is dragged where the rule of moves allows it; elsewhere the column says why not and nothing happens", async () => {
  const { page } = await open();
  const { id } = await api.addItem({ title: "Dragged" });
  await column(page, "backlog").getByText("Dragged").waitFor();
  await dragOver(page, "Dragged", "qa");
  await column(page, "qa").getByText("Nobody moves an item to Qa, Merge or Done by hand").waitFor();
  await column(page, "coding").getByText("Move to Coding").waitFor();
  await page.mouse.up();
  await waitFor("the reasons to go", async () => (await page.locator(".drop-word").count()) === 0);
  expect((await api.item(id)).stage).toBe("Backlog");

  await dragOver(page, "Dragged", "coding");
  await page.locator('#stage-coding[data-drop="over"]').waitFor();
  await page.mouse.up();
  await column(page, "coding").getByText("Dragged").waitFor();
  expect((await api.item(id)).stage).toBe("Coding");
  await page.context().close();
});

test("what the node refuses is told in its own words, and stays until it was read", async () => {
  const { page } = await open();
  const { id } = await api.addItem({ title: "Gone meanwhile" });
  await column(page, "backlog").getByText("Gone meanwhile").waitFor();
  await page.locator("article.card").filter({ hasText: "Gone meanwhile" }).getByRole("button").click();
  await page.getByLabel("Why it is on hold").fill("x".repeat(600));
  await page.getByRole("button", { name: "Hold", exact: true }).click();
  const problem = page.locator('.toast[data-type="problem"]');
  await problem.waitFor();
  expect((await api.item(id)).hold).toBe("");
  await page.keyboard.press("Escape");
  await problem.getByRole("button", { name: "Dismiss" }).click();
  await waitFor("the problem to go", async () => (await problem.count()) === 0);
  await page.context().close();
});

test("who may only look is offered nothing that changes the board", async () => {
  const { page } = await open("observer");
  await api.addItem({ title: "Looked at" });
  await column(page, "backlog").getByText("Looked at").waitFor();
  await page.getByText("You can look at the board here and not change it.").waitFor();
  expect(await page.getByRole("button", { name: "New item" }).count()).toBe(0);
  await page.keyboard.press("n");
  await page.locator("article.card").filter({ hasText: "Looked at" }).getByRole("button").click();
  const dialog = page.getByRole("dialog", { name: "Looked at" });
  await dialog.getByRole("button", { name: "Open the item" }).waitFor();
  expect(await dialog.getByRole("button").count()).toBe(3);
  expect(await page.getByRole("dialog").count()).toBe(1);
  await page.context().close();
});
