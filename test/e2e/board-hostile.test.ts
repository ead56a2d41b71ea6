/**
 * Every text that a page shows may be somebody's attack: what the node says, in every field of every answer and of the board,
 * is more than two hundred payloads in turns. Nothing runs, nothing is loaded, the policy is never even asked, and the page stands.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

import { type Api } from "../support/api-client.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser } from "./support/browser.ts";
import { addTold, toldProject } from "./support/told-project.ts";
import { type HostileNode, type Lie, startHostileNode } from "./support/hostile-node.ts";
import { inStage } from "./support/items.ts";
import { CANARY, PAYLOADS } from "./support/payloads.ts";

/** So many in one text: the first one stands where a URL or an attribute would begin. */
const AT_ONCE = 40;
const ROUNDS = Math.ceil(PAYLOADS.length / AT_ONCE);
/** What the page needs to find its way: ids, digests, names of kinds. */
const IS_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
/** Fields in which somebody may write what they like, even when it looks like a name. */
const FREE =
  /^(title|text|name|note|reason|why|message|hold|label|labels|activity|branch|featureBranch|agent|model|question|options|path|url|version|address|addresses|words|summary|comment|by|diff|body|command|argv|run)$/i;

const world = useWorld();
let api: Api;
let browser: Browser;
let hostile: HostileNode;
let page: Page;
let paths: readonly string[];
const ran: number[] = [];
const broken: string[] = [];
const requests: string[] = [];

const lieOf = (round: number): Lie => {
  let turn = round * AT_ONCE;
  return (text, key) => {
    if (IS_NAME.test(text) && !FREE.test(key)) return text;
    turn++;
    return Array.from({ length: AT_ONCE }, (_, at) => PAYLOADS[(turn + at) % PAYLOADS.length]).join("\n");
  };
};

beforeAll(async () => {
  const project = await toldProject(world);
  await world.found("alice", project);
  const node = await world.start("alice", { slots: 2, headless: false });
  api = node.api;
  const done = await addTold(world, api, "Landed");
  const waiting = await addTold(world, api, "Under way");
  done.tell();
  await inStage(api, done.id, "Done");
  await waiting.agentWaits();
  const { id: held } = await api.addItem({ title: "Held", text: PAYLOADS.slice(0, 30).join("\n") });
  await api.command("item.hold", { item: held, reason: "a person thinks" });
  hostile = await startHostileNode(node.endpoints.http, await boardOf(node.endpoints.http, api.token));
  paths = ["#/", `#/items/${done.id}`, `#/items/${waiting.id}`, `#/items/${held}`, "#/mesh", "#/flow", "#/start"];
  world.atEnd(() => hostile.close());

  browser = await launchBrowser();
  page = await openWatched();
  const link = await world.skein(["ui", "--data", world.dataOf("alice")]);
  const { hash } = new URL(/http:\/\/\S+/.exec(link.stdout)?.[0] ?? "");
  await page.goto(`${hostile.url}/${hash}`);
  await page.getByText("Under way").first().waitFor();
});

afterAll(async () => {
  await browser?.close();
});

async function boardOf(http: string, token: string): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const url = `${http.replace("http", "ws")}/yjs`;
  const provider = new WebsocketProvider(url, "board", doc, {
    params: { token },
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
  });
  await waitFor("the board", () => provider.synced);
  provider.destroy();
  return doc;
}

async function openWatched(): Promise<Page> {
  const context = await browser.newContext();
  await context.exposeFunction(CANARY, (n: number) => ran.push(n));
  await context.exposeFunction("skeinBroken", (what: string) => broken.push(what));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      (globalThis as unknown as { skeinBroken(what: string): void }).skeinBroken(
        `${event.effectiveDirective} ${event.blockedURI} ${event.sample}`,
      );
    });
  });
  const opened = await context.newPage();
  opened.on("pageerror", (error) => broken.push(String(error)));
  opened.on("dialog", (dialog) => {
    broken.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  opened.on("request", (request) => requests.push(request.url()));
  return opened;
}

/** What only code or markup that came in as text can have made. */
const foreignMarkup = (): Promise<readonly string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll("*")) {
      const name = element.localName;
      const attributes = [...element.attributes];
      const isForeign =
        /^(iframe|object|embed|base|marquee|math|image|video|audio|frame|applet|custom-element)$/.test(name) ||
        attributes.some((one) => one.name.startsWith("on") || one.name === "srcdoc") ||
        attributes.some(
          (one) =>
            /^\s*(javascript|vbscript|data:text)/i.test(one.value) &&
            /^(href|src|action|formaction|xlink:href)$/.test(one.name),
        ) ||
        (name === "script" && (element.textContent !== "" || !element.getAttribute("src")?.startsWith("./")));
      if (isForeign) found.push(element.outerHTML.slice(0, 300));
    }
    return found;
  });

/** Opens whatever can be opened without doing anything. */
async function lookEverywhere(): Promise<void> {
  for (const one of await page.locator("[role=tab], summary").all()) {
    if (await one.isVisible()) await one.click({ timeout: 2_000 }).catch(() => undefined);
  }
}

test("there are enough payloads, and each is another one", () => {
  expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(200);
});

test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  "nothing that a node says is anything but text, payloads from %i × 40",
  async (round) => {
    hostile.lie(lieOf(round));
    for (const path of paths) {
      // Another document, not only another fragment: everything is told anew.
      await page.goto("about:blank");
      await page.goto(`${hostile.url}/${path}`);
      await page.getByText(CANARY).first().waitFor();
      await lookEverywhere();
      expect([path, await foreignMarkup()]).toEqual([path, []]);
    }
    expect({ ran, broken }).toEqual({ ran: [], broken: [] });
    expect(requests.filter((url) => !url.startsWith(hostile.url) && url !== "about:blank")).toEqual([]);
  },
  120_000,
);
