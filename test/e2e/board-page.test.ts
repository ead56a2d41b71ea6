/** The board as a person has it open: a real browser, the address that `skein up` prints, changes without a reload. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { Doc } from "yjs";

import { type Api, createApi } from "../support/api-client.ts";
import type { Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, type OpenedPage, openPage } from "./support/browser.ts";
import { inStage } from "./support/items.ts";
import { createPerson } from "./support/person.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const world = useWorld();
let project: Project;
let api: Api;
let address: string;
let browser: Browser;

beforeAll(async () => {
  project = await toldProject(world);
  await world.found("alice", project);
  const alice = createPerson(world, "alice", project.clone);
  const ports = "--listen 127.0.0.1:0 --http 127.0.0.1:0";
  const running = alice.runs(`npx skein up --data ${world.dataOf("alice")} --slots 2 ${ports}`);
  [, address = ""] = await running.prints(/^Board: (http:\/\/\S+)$/m);
  const token = readFileSync(join(world.dataOf("alice"), "token"), "utf8").trim();
  api = createApi("alice", new URL(address).origin, token);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

/** Signed in anew: a link counts once. */
const open = async (): Promise<OpenedPage> => openPage(browser, await api.loginLink());

const column = (page: Page, stage: string): ReturnType<Page["locator"]> =>
  page
    .locator("#board section")
    .filter({ has: page.getByRole("heading", { name: new RegExp(`^${stage}\\b`, "i"), level: 2 }) });

test("the stages, the nodes and the claims are there, and an item moves to Done while the page is open", async () => {
  const { page, complaints } = await open();
  await page.locator("#live").waitFor();
  for (const stage of ["Backlog", "Coding", "Qa", "Merge", "Done", "Archived"]) await column(page, stage).waitFor();
  await page.locator("#nodes").getByText("alice").waitFor();
  // The code has left the address bar and the history, and no script has the token.
  expect(page.url()).toBe(new URL("/#/", address).href);
  expect(await page.evaluate("document.documentElement.outerHTML")).not.toContain(api.token);
  await page.evaluate("globalThis.sameDocument = true");

  const item = await addTold(world, api, "Watched item");
  await column(page, "Coding").getByText("Watched item").waitFor();
  await page.locator("#claims").getByText("Watched item").waitFor();
  item.tell();
  await column(page, "Done").getByText("Watched item").waitFor();
  expect(await column(page, "Coding").getByText("Watched item").count()).toBe(0);
  await waitFor("the claim to go", async () => (await page.locator("#claims").getByText("Watched item").count()) === 0);
  expect(await page.evaluate("globalThis.sameDocument")).toBe(true);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("hostile titles, labels and notes are shown as text: nothing runs, nothing is loaded", async () => {
  const { page, complaints } = await open();
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.locator("#live").waitFor();
  const titles = [
    '<img src=x onerror="alert(1)"><script>alert(2)</script>',
    '"><svg onload=alert(3)>',
    "javascript:alert(4) {{7*7}} ${alert(5)}",
  ];
  for (const title of titles) await api.addItem({ title, labels: ['<b onmouseover="alert(6)">label</b>'] });
  for (const title of titles) await column(page, "Backlog").getByText(title, { exact: true }).waitFor();
  expect(await page.locator("#board img, #board script, #board svg[onload], #board b").count()).toBe(0);
  expect(complaints).toEqual([]);
  expect(requests.filter((url) => !url.startsWith(new URL(address).origin))).toEqual([]);
  await page.context().close();
});

test("the page answers with a strict policy, and nobody may frame it", async () => {
  const { headers } = await fetch(address);
  const policy = headers.get("content-security-policy") ?? "";
  for (const rule of ["default-src 'self'", "script-src 'self'", "object-src 'none'", "form-action 'none'"])
    expect(policy).toContain(rule);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("a stock y-websocket client reads items and nodes live, and cannot write", async () => {
  const connect = (params: Record<string, string>): { readonly doc: Doc; readonly provider: WebsocketProvider } => {
    const doc = new Doc();
    const provider = new WebsocketProvider(`${api.http.replace("http", "ws")}/yjs`, "board", doc, {
      params,
      disableBc: true,
      // The provider's own type wants a browser's class; ws has the same shape.
      WebSocketPolyfill: WebSocket as never,
    });
    world.atEnd(() => {
      provider.destroy();
      doc.destroy();
    });
    return { doc, provider };
  };
  const { doc, provider } = connect({ token: api.token });
  await waitFor("the board to be synced", () => provider.synced);
  const nodes = [...doc.getMap("nodes").values()];
  expect(nodes).toEqual([expect.objectContaining({ name: "alice", self: true })]);

  const { id } = await api.addItem({ title: "Read live" });
  await waitFor("the item to appear", () => doc.getMap("items").has(id));
  expect(doc.getMap("items").get(id)).toMatchObject({ title: "Read live", stage: "Backlog" });
  await api.command("item.start", { item: id });
  await inStage(api, id, "Done");
  await waitFor("Done to appear", () => (doc.getMap("items").get(id) as { readonly stage?: string }).stage === "Done");

  // The last that the node writes of it by itself.
  await waitFor("what is kept of the attempt to be named", async () =>
    (await api.history(id)).some(({ kind }) => kind === "item.artifact"),
  );
  const before = await api.digest();
  doc.getMap("items").set(id, { title: "Forged" });
  doc.getMap("items").set("forged", { title: "Forged" });
  doc.getMap("nodes").delete([...doc.getMap("nodes").keys()][0] ?? "");
  // Another reader, and the node itself, see nothing of it; the node goes on serving both.
  await api.addItem({ title: "Later" });
  const other = connect({ token: api.token });
  await waitFor("the other reader to see the later item", () =>
    JSON.stringify(other.doc.getMap("items").toJSON()).includes("Later"),
  );
  expect(JSON.stringify(other.doc.getMap("items").toJSON())).not.toContain("Forged");
  expect(other.doc.getMap("nodes").size).toBe(1);
  expect((await api.item(id)).title).toBe("Read live");
  expect((await api.digest()).ops).toBe(before.ops + 1);

  const stranger = connect({ token: "nonsense" });
  let closed = 0;
  stranger.provider.on("connection-close", () => {
    closed += 1;
  });
  await waitFor("the stranger to be turned away", () => closed > 0);
  expect(stranger.provider.synced).toBe(false);
  expect(stranger.doc.getMap("items").size).toBe(0);
});
