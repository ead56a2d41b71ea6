/** The page that people leave open, when its node is gone: on with another node, back again, and at least its last copy. */
import { createServer } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { openWriter } from "./support/story-writer.ts";

const world = useWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Where it is again after a restart. Nothing is said of it: nodes of one machine tell each other. */
const servedAt = async (): Promise<{ readonly http: string }> => ({ http: `127.0.0.1:${await freePort()}` });

const connection = (page: Page): ReturnType<Page["locator"]> => page.locator(".connection");

const isLive = (page: Page) =>
  connection(page)
    .filter({ hasText: /^live$/ })
    .waitFor();

/** Until each has heard where the other's page is. */
const knowsPageOf = (node: NodeProcess, other: string): Promise<unknown> =>
  waitFor(`${node.name} to know the page of ${other}`, async () =>
    (await node.api.nodes()).some(({ name, page }) => name === other && page !== undefined),
  );

test("a page whose node is killed goes on with another one without a reload, and returns when it is back", async () => {
  const [first, second] = [await servedAt(), await servedAt()];
  await world.found("alice", await world.project());
  const started = { slots: 0, headless: false };
  const alice = await world.start("alice", { ...started, ...first });
  const bob = await world.join("bob", alice, { role: "owner", ...started, ...second });
  await knowsPageOf(alice, "bob");
  await knowsPageOf(bob, "alice");
  // A mesh with nothing in it leads to its first steps instead of the board.
  await alice.api.addItem({ title: "Before" });
  const { page, context } = await openPage(browser, await alice.api.loginLink());
  await isLive(page);
  await page.evaluate("globalThis.sameDocument = true");
  await page.getByText("Before").first().waitFor();
  // It has a pass before its node goes: asked for once the board has shown who there is.
  await waitFor("the page to have a pass", () => page.evaluate<boolean>(HAS_PASS));

  await alice.kill();
  await connection(page).filter({ hasText: "live at another node" }).waitFor({ timeout: 60_000 });
  await bob.api.addItem({ title: "Meanwhile" });
  await page.getByText("Meanwhile").first().waitFor();
  // What it does there it may do there, and the mesh knows for whom.
  const listed = await bob.api.get<readonly { by: string; name: string; page: string }[]>("/sessions");
  expect(listed).toEqual([expect.objectContaining({ by: "pass", name: "alice", page: `http://${first.http}` })]);

  await world.start("alice", { ...started, ...first });
  await isLive(page);
  await page.getByText("Meanwhile").first().waitFor();
  expect(await page.evaluate("globalThis.sameDocument")).toBe(true);
  await context.close();
});

test("a page that was opened while its node was alone goes on with one that joined later, and nobody reloads it", async () => {
  const [first, second] = [await servedAt(), await servedAt()];
  const started = { slots: 0, headless: false };
  await world.found("finn");
  const finn = await world.start("finn", { ...started, ...first });
  await finn.api.addItem({ title: "Alone" });
  const { page, context } = await openPage(browser, await finn.api.loginLink());
  await isLive(page);
  await page.getByText("Alone").first().waitFor();

  const gwen = await world.join("gwen", finn, { role: "owner", ...started, ...second });
  await knowsPageOf(finn, "gwen");
  await knowsPageOf(gwen, "finn");
  // What its document may reach is settled when that is loaded, so the page goes over to a new one by itself.
  await page.locator(`meta[name="skein-pages"][content="http://${second.http}"]`).waitFor({ state: "attached" });
  await isLive(page);
  await waitFor("the page to have a pass", () => page.evaluate<boolean>(HAS_PASS));
  await finn.kill();
  await connection(page).filter({ hasText: "live at another node" }).waitFor({ timeout: 60_000 });
  await gwen.api.addItem({ title: "Meanwhile" });
  await page.getByText("Meanwhile").first().waitFor();
  const listed = await gwen.api.get<readonly { by: string; name: string }[]>("/sessions");
  expect(listed).toEqual([expect.objectContaining({ by: "pass", name: "finn" })]);
  await context.close();
});

test("a story that two people write goes on at another node when theirs is killed, each letter once", async () => {
  const [first, second] = [await servedAt(), await servedAt()];
  const started = { slots: 0, headless: false };
  await world.found("dora");
  const dora = await world.start("dora", { ...started, ...first });
  const emil = await world.join("emil", dora, { role: "owner", ...started, ...second });
  await knowsPageOf(dora, "emil");
  const { id } = await dora.api.addItem({ title: "Written together", text: "one\n" });
  await waitFor("the item at emil's", async () => (await emil.api.items()).some((item) => item.id === id));
  const ann = await openWriter(browser, dora, id);
  const ben = await openWriter(browser, dora, id);
  for (const { page } of [ann, ben]) {
    await waitFor("the page to have a pass", () => page.evaluate<boolean>(HAS_PASS));
  }
  const both = async (text: string, ...readers: readonly (() => Promise<string>)[]): Promise<void> => {
    for (const read of readers) await waitFor(text, async () => (await read()) === text);
  };
  const textAt = (node: NodeProcess) => async (): Promise<string> => (await node.api.item(id)).text;
  await ann.type("two");
  await both("one\ntwo", ben.read, textAt(emil));
  await ann.says("Saved");

  await dora.kill();
  await ann.says(/^Offline/);
  await ann.type(", typed while it was dead");
  for (const writer of [ann, ben]) await writer.says("Saved");
  const dead = "one\ntwo, typed while it was dead";
  await both(dead, ben.read, ann.read, textAt(emil));
  // Who wrote it there is the member whose page it was, not the node that signed it.
  const history = await emil.api.get<readonly { kind: string; by: string | null; authorName: string }[]>(
    `/items/${id}/history`,
  );
  expect(history.filter(({ kind, authorName }) => kind === "item.write" && authorName === "emil")).toContainEqual(
    expect.objectContaining({ by: "dora" }),
  );
  // Ben writes on in the copy that came from the other node, and sees who writes with him.
  await ben.type("\nthree");
  await both(`${dead}\nthree`, ann.read, textAt(emil));
  await ann.page.locator(".cm-other-name").first().waitFor();

  // At home again the mesh has each letter once, and the editors go on.
  const back = await world.start("dora", { ...started, ...first });
  await both(`${dead}\nthree`, textAt(back));
  for (const { page } of [ann, ben]) await isLive(page);
  await ann.type(", four");
  await both(`${dead}\nthree, four`, ben.read, textAt(back), textAt(emil));
  expect((await back.api.digest()).digest).toBe((await emil.api.digest()).digest);
  for (const { context } of [ann, ben]) await context.close();
});

test("without any node the page opens with its last copy and says since when; signing out forgets it", async () => {
  const served = await servedAt();
  await world.found("carol");
  const carol = await world.start("carol", { slots: 0, headless: false, ...served });
  await carol.api.addItem({ title: "Kept for later" });
  const { page, context } = await openPage(browser, await carol.api.loginLink());
  await isLive(page);
  await page.getByText("Kept for later").first().waitFor();
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  await waitFor("the copy to be kept", () => page.evaluate<boolean>(HAS_COPY));
  await carol.stop();
  await connection(page).filter({ hasText: "stale since" }).waitFor();

  await page.reload();
  await page.getByText("Kept for later").first().waitFor();
  await connection(page).filter({ hasText: "stale since" }).waitFor();

  await world.start("carol", { slots: 0, headless: false, ...served });
  await isLive(page);
  // Signing out loads the page anew, once it has forgotten everything.
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Sign out" }).click()]);
  await page.locator("#sign-in").waitFor();
  expect(await page.evaluate(HAS_COPY)).toBe(false);
  await context.close();
});

/** Both run in the page. */
const HAS_PASS = `performance.getEntriesByType("resource").some(
  ({ name, responseStatus }) => name.endsWith("/api/v1/session/pass") && responseStatus === 200)`;
const HAS_COPY = `new Promise((resolve) => {
  const asked = indexedDB.open("skein");
  asked.onerror = () => resolve(false);
  asked.onsuccess = () => {
    const names = [...asked.result.objectStoreNames];
    if (!names.includes("copies")) return resolve(false);
    const count = asked.result.transaction("copies").objectStore("copies").count();
    count.onsuccess = () => { asked.result.close(); resolve(count.result > 0); };
  };
})`;
