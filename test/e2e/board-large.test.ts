/** A board with thousands of items: all of them are there, few of them are drawn, and every one can be got at. */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { Api } from "../support/api-client.ts";
import { addItems } from "../support/bulk-items.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, type OpenedPage, openPage } from "./support/browser.ts";

const COUNT = 3_000;
/** Six columns of a screen each, and what is drawn beyond their edges. */
const DRAWN_MOST = 150;

const world = useWorld();
let api: Api;
let browser: Browser;

beforeAll(async () => {
  // Without a project nobody works: the items stay where they are put.
  await world.found("alice");
  ({ api } = await world.start("alice", { slots: 0, headless: false }));
  await addItems(
    api,
    Array.from({ length: COUNT }, (_, place) => ({
      title: `Item ${String(place).padStart(4, "0")}`,
      labels: place % 1_000 === 0 ? ["thousandth"] : [],
    })),
  );
  await api.addItem({ title: "The very last", priority: 0 });
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

async function open(): Promise<OpenedPage> {
  const opened = await openPage(browser, await api.loginLink());
  await opened.page.locator("#live").waitFor();
  return opened;
}

const backlog = (page: Page): Locator => page.locator("#stage-backlog");
const heading = (page: Page, stage: string): Promise<string> => page.locator(`#stage-${stage} h2`).innerText();
const cards = (stage: string): string => `document.querySelector("#stage-${stage} .cards")`;
const scrolled = (page: Page, stage: string): Promise<number> => page.evaluate(`${cards(stage)}.scrollTop`);
/** Rows have their true height once they were drawn, so that an end may move away while somebody goes there. */
async function scrollTo(page: Page, stage: string, top: number): Promise<void> {
  await waitFor(`${stage} to be scrolled`, async () => {
    const before = await scrolled(page, stage);
    await page.evaluate(`${cards(stage)}.scrollTo(0, ${top})`);
    return before > 0 && (await scrolled(page, stage)) === before;
  });
}
const drawn = (page: Page): Promise<number> => page.locator("#board li.row").count();

test("all items are counted, few are drawn, and the last one is reached by scrolling", async () => {
  const { page, complaints } = await open();
  await backlog(page)
    .getByText(/^Item \d+$/)
    .first()
    .waitFor();
  expect(await heading(page, "backlog")).toBe(`Backlog ${COUNT + 1}`);
  expect(await drawn(page)).toBeLessThan(DRAWN_MOST);
  await scrollTo(page, "backlog", 10_000_000);
  await backlog(page).getByText("The very last").waitFor();
  expect(await drawn(page)).toBeLessThan(DRAWN_MOST);
  const last = backlog(page).locator("li.row").filter({ hasText: "The very last" });
  expect(await last.getAttribute("aria-posinset")).toBe(String(COUNT + 1));
  expect(await last.getAttribute("aria-setsize")).toBe(String(COUNT + 1));
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("a search finds one in thousands, stands in the address, and survives a reload", async () => {
  const { page } = await open();
  await page.keyboard.press("/");
  // Ids are searched too, and have no "l": no id of chance is found beside it.
  await page.keyboard.type("last VERY");
  await backlog(page).getByText("The very last", { exact: true }).waitFor();
  expect(await heading(page, "backlog")).toBe(`Backlog 1 of ${COUNT + 1}`);
  expect(new URL(page.url()).hash).toBe("#/?q=last+VERY");
  await page.reload();
  await backlog(page).getByText("The very last", { exact: true }).waitFor();
  expect(await drawn(page)).toBe(1);
  await page.getByRole("button", { name: "Clear" }).click();
  await waitFor("everything to be shown again", async () => (await drawn(page)) > 1);
  await page.getByLabel("Label", { exact: true }).selectOption("thousandth");
  await waitFor("the label's items alone", async () => (await drawn(page)) === 3);
  await page.getByLabel("Group").selectOption("label");
  await backlog(page).locator(".group-head").filter({ hasText: "thousandth 3" }).waitFor();
  await page.context().close();
});

test("a change far below leaves the reader where they are, and a change in sight is seen in place", async () => {
  const { page } = await open();
  await scrollTo(page, "backlog", 60_000);
  const seen = backlog(page)
    .getByText(/^Item \d+$/)
    .first();
  await seen.waitFor();
  const title = (await backlog(page).locator("li.row .card-link").nth(8).innerText()).trim();
  const items = await api.items();
  const changed = items.find((item) => item.title === title);
  const before = await scrolled(page, "backlog");
  await api.command("item.edit", { item: changed?.id ?? "", title: `${title}, seen` });
  await backlog(page).getByText(`${title}, seen`).waitFor();
  await api.addItem({ title: "Far below", priority: 0 });
  await waitFor("it to be counted", async () => (await heading(page, "backlog")) === `Backlog ${COUNT + 2}`);
  expect(await scrolled(page, "backlog")).toBe(before);
  await page.context().close();
});

test("of finished work the newest are shown and the rest is folded away until asked for", async () => {
  const { page } = await open();
  const items = (await api.items()).slice(0, 60);
  for (const { id } of items) await api.command("item.archive", { item: id });
  await waitFor("sixty to be archived", async () => (await heading(page, "archived")) === "Archived 60");
  expect(await drawn(page)).toBeLessThan(DRAWN_MOST);
  const archived = page.locator("#stage-archived");
  await scrollTo(page, "archived", 10_000_000);
  await archived.getByRole("button", { name: "Show 10 older items" }).click();
  await scrollTo(page, "archived", 10_000_000);
  await waitFor("the oldest one", async () => (await archived.locator('[aria-posinset="60"]').count()) === 1);
  await page.context().close();
});
