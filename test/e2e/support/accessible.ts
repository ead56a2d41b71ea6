/** What axe-core finds on a page as it is now; the frame around it is looked at with it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** `what` names the state of the page in a failure. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(AXE);
  const found: { readonly violations: readonly { readonly id: string; readonly impact: string }[] } =
    await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
  const grave = found.violations.filter(({ impact }) => impact !== "minor");
  expect(grave.map(({ id }) => `${what}: ${id}`)).toEqual([]);
}
