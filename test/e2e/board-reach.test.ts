/**
 * Every page for everybody: axe finds nothing serious, nothing scrolls sideways on a phone, in light and in dark. The same run
 * takes the pictures of docs/images/board/ when `SKEIN_PICTURES` names a directory (`npm run pictures`).
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { useWorld } from "../support/world.ts";
import { launchBrowser } from "./support/browser.ts";
import { inStage } from "./support/items.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PICTURES = process.env["SKEIN_PICTURES"];

const SIZES = [
  { size: "wide", viewport: { width: 1440, height: 900 } },
  { size: "narrow", viewport: { width: 390, height: 844 } },
] as const;
const SCHEMES = ["light", "dark"] as const;

const world = useWorld();
let browser: Browser;
let origin: string;
let pages: readonly (readonly [name: string, path: string])[];

beforeAll(async () => {
  const project = await toldProject(world);
  await world.found("alice", project);
  const alice = await world.start("alice", { slots: 2, headless: false });
  await world.join("bob", alice);
  const { api } = alice;
  origin = alice.endpoints.http;
  const landed = await addTold(world, api, "Say hello in three languages");
  landed.tell();
  await inStage(api, landed.id, "Done");
  const working = await addTold(world, api, "Show the time in the user's zone");
  await working.agentWaits();
  await api.addItem({ title: "Sort the list by what changed last", labels: ["ui", "small"], priority: 2 });
  const { id } = await api.addItem({
    title: "Export the report as CSV",
    text: "As a manager I want a file.",
    labels: ["export"],
  });
  await api.command("item.hold", { item: id, reason: "until the format is agreed" });
  await api.addItem({ title: "Import from CSV", dependsOn: [id], start: true });
  pages = [
    ["board", "#/"],
    ["item", `#/items/${landed.id}`],
    ["mesh", "#/mesh"],
    ["flow", "#/flow"],
    ["start", "#/start"],
  ];
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

async function signIn(page: Page): Promise<void> {
  const link = await world.skein(["ui", "--data", world.dataOf("alice")]);
  const { hash } = new URL(/http:\/\/\S+/.exec(link.stdout)?.[0] ?? "");
  await page.goto(`${origin}/${hash}`);
  await page.getByText("Import from CSV").first().waitFor();
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

async function seriousOn(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(
    (rules) =>
      (
        globalThis as unknown as { axe: { run(what: Document, how: object): Promise<{ violations: Finding[] }> } }
      ).axe.run(document, { runOnly: rules }),
    RULES,
  );
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
    );
}

const looks = SIZES.flatMap((size) => SCHEMES.map((scheme) => ({ ...size, scheme })));

test.each(looks)(
  "nothing serious on any page, $size and $scheme",
  async ({ size, viewport, scheme }) => {
    const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    await signIn(page);
    for (const [name, path] of pages) {
      await page.goto(`${origin}/${path}`);
      await page.locator("main :is(h1, h2)").first().waitFor();
      await page.waitForLoadState("networkidle");
      expect([name, await seriousOn(page)]).toEqual([name, []]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect([name, width]).toEqual([name, viewport.width]);
      if (PICTURES === undefined) continue;
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}-${size}-${scheme}.png`) });
    }
    await context.close();
  },
  120_000,
);
