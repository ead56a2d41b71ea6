/** A real browser with nothing of a person's in it, and everything that a page in it complains about. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export function launchBrowser(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  return chromium.launch({ executablePath: chromiumPath(), args });
}

function chromiumPath(): string {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((place) => names.map((name) => join(place, name)));
  const found = places.find((path) => existsSync(path));
  if (found === undefined)
    throw new Error("There is no Chromium on this machine. Run scripts/install-system-packages.");
  return found;
}

export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything the browser complained about, and every dialog. */
  readonly complaints: readonly string[];
}

/** In a browser of its own: no cookie, no copy, no page of another test. */
export async function openPage(browser: Browser, url: string): Promise<OpenedPage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    // What was under way when somebody went elsewhere or loaded the page anew.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`failed: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, context, complaints };
}
