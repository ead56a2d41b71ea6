/**
 * Every page for everybody: axe finds nothing serious, nothing scrolls sideways on a phone, in light and in dark. The same run
 * takes the pictures of docs/images/ when `SKEIN_PICTURES` names a directory (`npm run pictures`).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { Api } from "../support/api-client.ts";
import { useWorld } from "../support/world.ts";
import { expectAccessible } from "./support/accessible.ts";
import { launchBrowser } from "./support/browser.ts";
import { inStage } from "./support/items.ts";
import { goAndSettle } from "./support/settled.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const PICTURES = process.env["SKEIN_PICTURES"];

const TABS = ["attempts", "log", "diff", "history", "cost"] as const;

const STORY_FIELDS = [
  ["Edit", "Story text"],
  ["Edit the criteria", "Acceptance criteria"],
] as const;

/** Pages that show where this run's files lie, which is nobody else's place. */
const NAMES_A_PLACE: ReadonlySet<string> = new Set(["landed", "begun"]);

const SIZES = [
  { size: "wide", viewport: { width: 1440, height: 900 } },
  { size: "narrow", viewport: { width: 390, height: 844 } },
] as const;
const SCHEMES = ["light", "dark"] as const;

const world = useWorld();
let browser: Browser;
/** The ones of which pictures are taken. */
let pages: readonly (readonly [name: string, address: string])[];
/** Addresses of items. */
let landedItem: string;
let heldItem: string;

beforeAll(async () => {
  const project = await toldProject(world);
  await world.found("alice", project);
  const alice = await world.start("alice", { slots: 2, headless: false });
  await world.join("bob", alice);
  await world.found("carol");
  const carol = await world.start("carol", { slots: 0, headless: false });
  const { api, endpoints } = alice;
  const origin = endpoints.http;
  const { landed, held } = await fill(api);
  landedItem = `${origin}/#/items/${landed}`;
  heldItem = `${origin}/#/items/${held}`;
  pages = [
    ["board", `${origin}/#/`],
    ["landed", `${origin}/#/items/${landed}`],
    ["item", `${origin}/#/items/${held}`],
    ["mesh", `${origin}/#/mesh`],
    ["flow", `${origin}/#/flow`],
    ["begun", `${origin}/#/start`],
    // A mesh of its own, which has no project yet.
    ["start", `${carol.endpoints.http}/#/start`],
  ];
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

/** A board as it is on some afternoon; resolves with two of its items. */
async function fill(api: Api): Promise<{ readonly landed: string; readonly held: string }> {
  const landed = await addTold(world, api, "Say hello in three languages");
  for (const one of [landed, await addTold(world, api, "Keep the order of the list")]) {
    one.tell();
    await inStage(api, one.id, "Done");
  }
  for (const title of ["Show the time in the user's zone", "Remember the last search"]) {
    await (await addTold(world, api, title)).agentWaits();
  }
  const later = ["Sort the list by what changed last", "A page for people who are new", "Shorter names in the menu"];
  for (const [at, title] of later.entries()) await api.addItem({ title, labels: ["ui"], priority: 2 * at + 2 });
  const text = "As a manager I want the report as a file, so that I can send it to somebody without an account.";
  const { id } = await api.addItem({ title: "Export the report as CSV", text, labels: ["export", "api"] });
  await api.command("item.hold", { item: id, reason: "until the format is agreed" });
  await api.addItem({ title: "Import from CSV", labels: ["api"], dependsOn: [id], start: true });
  const old = await api.addItem({ title: "Import from Excel" });
  await api.command("item.archive", { item: old.id, reason: "Superseded" });
  return { landed: landed.id, held: id };
}

/** At a node whose page says `there` once it is loaded. */
async function signIn(page: Page, name: string, there: string): Promise<void> {
  const link = await world.skein(["ui", "--data", world.dataOf(name)]);
  await page.goto(/http:\/\/\S+/.exec(link.stdout)?.[0] ?? "");
  await page.getByText(there).first().waitFor();
}

const looks = SIZES.flatMap((size) => SCHEMES.map((scheme) => ({ ...size, scheme })));

const inLook = ({ viewport, scheme }: (typeof looks)[number]): Promise<BrowserContext> =>
  browser.newContext({ viewport, colorScheme: scheme, reducedMotion: "reduce" });

/** Nothing serious, and nothing beyond the window's side. */
async function expectReachable(page: Page, name: string): Promise<void> {
  await expectAccessible(page, name);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect([name, width]).toEqual([name, page.viewportSize()?.width]);
}

test.each(looks)(
  "nothing serious on any page, $size and $scheme",
  async (look) => {
    const context = await inLook(look);
    const page = await context.newPage();
    await signIn(page, "carol", "Practise first");
    await signIn(page, "alice", "Import from CSV");
    for (const [name, address] of pages) {
      await goAndSettle(page, address);
      await expectReachable(page, name);
      if (PICTURES === undefined || NAMES_A_PLACE.has(name)) continue;
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}-${look.size}-${look.scheme}.png`) });
    }
    for (const tab of TABS) {
      await goAndSettle(page, `${landedItem}?tab=${tab}`);
      await expectReachable(page, tab);
    }
    await context.close();
  },
  120_000,
);

test.each(looks)(
  "nothing serious where a story is written, and where somebody else writes in it, $size and $scheme",
  async (look) => {
    const context = await inLook(look);
    const [page, other] = [await context.newPage(), await context.newPage()];
    await signIn(page, "alice", "Import from CSV");
    for (const one of [page, other]) {
      await goAndSettle(one, heldItem);
      for (const [edit, field] of STORY_FIELDS) {
        await one.getByRole("button", { name: edit, exact: true }).click();
        await one.getByRole("textbox", { name: field }).click();
      }
    }
    await page.locator(".cm-other-name").waitFor();
    await expectReachable(page, "the story's editor");
    await context.close();
  },
  60_000,
);
