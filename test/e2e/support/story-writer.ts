/** Somebody who writes in a text of an item, in a browser of their own. */
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";

import type { NodeProcess } from "../../support/node-process.ts";
import { openPage } from "./browser.ts";

export interface Writer {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly text: Locator;
  /** What the browser complained about; a broken policy is one such thing. */
  readonly complaints: readonly string[];
  readonly read: () => Promise<string>;
  /** Of others in this text. */
  readonly carets: () => Promise<number>;
  /** Types behind what is there. */
  type(text: string): Promise<void>;
  says(status: string | RegExp): Promise<void>;
}

export async function openWriter(
  browser: Browser,
  node: NodeProcess,
  item: string,
  button: string = "Edit",
  label: string = "Story text",
): Promise<Writer> {
  const { page, complaints } = await openPage(browser, await node.api.loginLink());
  await page.locator("#live").waitFor();
  return writeOn(page, item, button, label, complaints);
}

/** Where edits are kept the editor opens by itself, and no button is given. */
export async function writeOn(
  page: Page,
  item: string,
  button: string | undefined,
  label: string = "Story text",
  complaints: readonly string[] = [],
): Promise<Writer> {
  await page.evaluate(`location.hash = "#/items/${item}"`);
  const part = page.locator(".story", { has: page.getByRole("textbox", { name: label, exact: true }) });
  const text = part.locator(".cm-content");
  if (button !== undefined) await page.getByRole("button", { name: button, exact: true }).click();
  await text.waitFor();
  return {
    page,
    context: page.context(),
    text,
    complaints,
    read: () => page.evaluate<string>(textOf(label)),
    carets: () => part.locator(".cm-other-caret").count(),
    type: async (typed) => {
      await text.focus();
      await page.keyboard.press("Control+End");
      await page.keyboard.type(typed, { delay: 5 });
    },
    says: (status) => part.locator(".story-status").getByText(status).waitFor(),
  };
}

/** The lines without the carets of others, which stand in them. */
const textOf = (label: string): string => `(() => {
  const hosts = [...document.querySelectorAll(".story-host")].map((host) => host.shadowRoot);
  const root = hosts.find((one) => one?.querySelector('[aria-label="${label}"]'));
  return [...(root?.querySelectorAll(".cm-line") ?? [])].map((line) => {
    const copy = line.cloneNode(true);
    for (const one of copy.querySelectorAll(".cm-other-caret, .cm-placeholder")) one.remove();
    return copy.textContent;
  }).join("\\n");
})()`;
