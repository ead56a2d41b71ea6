/**
 * What a browser keeps of the page and of whoever was signed in: the files of one version and never of two, no answer of the node,
 * and nothing of a person who has signed out, in any tab.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { createVersionFront, NEXT, type VersionFront } from "./support/version-front.ts";

const world = useWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

interface Stand {
  readonly front: VersionFront;
  readonly node: NodeProcess;
  readonly page: Page;
  readonly context: BrowserContext;
}

/** A node that is reached through the front, and a page that has its files. */
async function stand(name: string): Promise<Stand> {
  const front = await createVersionFront();
  world.atEnd(() => front.close());
  await world.found(name, await world.project({ name: `${name}-project` }));
  writeFileSync(join(world.dataOf(name), "node.yaml"), `http: { hosts: ["${front.host}"] }\n`);
  const node = await world.start(name, { slots: 0, headless: false });
  front.target = node.endpoints.http;
  await node.api.addItem({ title: "On the board" });
  const link = (await node.api.loginLink()).replace(node.endpoints.http, front.url);
  const { page, context } = await openPage(browser, link);
  await page.getByText("On the board").first().waitFor();
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  await waitFor("the files to be kept", async () => (await keptFiles(page)).length > 1);
  return { front, node, page, context };
}

/** The addresses of everything in the caches of this origin. */
const keptFiles = (page: Page): Promise<readonly string[]> =>
  page.evaluate<string[]>(`(async () => {
    const names = await caches.keys();
    const each = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return each.flat().map(({ url }) => new URL(url).pathname);
  })()`);

/** What the document that is shown has fetched of the build. */
const filesInUse = (page: Page): Promise<readonly string[]> =>
  page.evaluate<string[]>(`performance.getEntriesByType("resource")
    .map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith("/assets/"))`);

test("a node that is upgraded while the page is open: the page goes over to the new version as a whole", async () => {
  const { front, page, context } = await stand("alice");
  expect((await keptFiles(page)).filter((path) => path !== "/" && !path.startsWith("/assets/"))).toEqual([]);

  front.upgrade();
  await page.getByRole("button", { name: "New version" }).waitFor();
  // What it has loaded goes on until somebody moves on; a part of another version is never fetched into it.
  await page.getByText("On the board").first().waitFor();
  expect((await filesInUse(page)).filter((path) => path.includes(NEXT))).toEqual([]);
  await Promise.all([page.waitForEvent("load"), page.getByRole("link", { name: "Flow" }).click()]);
  await page.getByRole("heading", { name: "Merge queue" }).waitFor();
  const used = await filesInUse(page);
  expect([used.length > 1, used.filter((path) => !path.includes(NEXT))]).toEqual([true, []]);
  expect(await page.getByRole("button", { name: "New version" }).count()).toBe(0);

  const isNew = (path: string): boolean => path === "/" || path.includes(NEXT);
  await waitFor("the old files to be gone", async () => {
    const kept = await keptFiles(page);
    return kept.length > 1 && kept.every(isNew);
  });
  // Without any node it opens as the version that it was last, and whatever is data comes from nowhere.
  await page.getByRole("link", { name: "Board" }).click();
  await waitFor("a copy to be kept", () => hasCopy(page));
  await front.close();
  await page.reload();
  await page.getByText("On the board").first().waitFor();
  expect((await filesInUse(page)).filter((path) => !path.includes(NEXT))).toEqual([]);
  const asked = `fetch("api/v1/items").then(({ status }) => "answered " + status, () => "no answer")`;
  expect(await page.evaluate(asked)).toBe("no answer");
  await context.close();
});

test("a button loads the new version at once, and what was typed is still there", async () => {
  const { front, node, page, context } = await stand("bob");
  const { id } = await node.api.addItem({ title: "Written about" });
  await page.goto(`${front.url}/#/items/${id}`);
  const note = page.getByRole("textbox", { name: "Note" });
  await note.fill("half a thought");
  front.upgrade();
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "New version" }).click()]);
  await page.getByText("Written about").first().waitFor();
  expect(await note.inputValue()).toBe("half a thought");
  await context.close();
});

test("whoever signs out in one tab is out in all, also while no node answers, and nothing of them stays", async () => {
  const { front, node, page, context } = await stand("carol");
  const { id } = await node.api.addItem({ title: "Of carol alone" });
  await page.goto(`${front.url}/#/items/${id}`);
  await page.getByRole("textbox", { name: "Note" }).fill("between us");
  const other = await context.newPage();
  await other.goto(`${front.url}/#/`);
  await other.getByText("Of carol alone").first().waitFor();
  await waitFor("a copy to be kept", () => hasCopy(page));

  await front.close();
  await other.locator(".connection").filter({ hasText: "stale since" }).waitFor();
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Sign out" }).click()]);
  await other.getByText("Of carol alone").first().waitFor({ state: "detached" });
  expect(await other.getByText("On the board").count()).toBe(0);
  await waitFor("nothing of carol to be left", async () => (await left(page)).length === 0);
  await context.close();
});

const hasCopy = async (page: Page): Promise<boolean> => (await left(page)).some((name) => name.startsWith("copies/"));

/** What this origin's storage holds of a person: everything but how the page looks and what it has explained. */
const left = (page: Page): Promise<readonly string[]> =>
  page.evaluate<string[]>(`(async () => {
    const own = Object.keys(localStorage).filter((key) => !/^skein\\.(?:theme|single-keys|explained)$/.test(key));
    const databases = await indexedDB.databases();
    const inside = await Promise.all(databases.map(({ name }) => new Promise((resolve, reject) => {
      const opened = indexedDB.open(name);
      opened.onerror = () => reject(opened.error);
      opened.onsuccess = async () => {
        const db = opened.result;
        const stores = [...db.objectStoreNames];
        const keys = await Promise.all(stores.map((store) => new Promise((done) => {
          const asked = db.transaction(store).objectStore(store).getAllKeys();
          asked.onsuccess = () => done(asked.result.map((key) => store + "/" + key));
        })));
        db.close();
        resolve(keys.flat());
      };
    })));
    return [...own, ...inside.flat()];
  })()`);
