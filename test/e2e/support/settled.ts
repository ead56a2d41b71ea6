/** Waits until a page that was gone to shows what it is about, and no longer that it waits for its node. */
import type { Page } from "playwright-core";

import { flowTexts } from "../../../apps/board/src/texts/flow.ts";
import { frameTexts } from "../../../apps/board/src/texts/frame.ts";
import { itemTexts } from "../../../apps/board/src/texts/item.ts";
import { meshTexts } from "../../../apps/board/src/texts/mesh.ts";
import { startTexts } from "../../../apps/board/src/texts/start.ts";
import { waitFor } from "../../support/wait.ts";

const WAITING = [
  frameTexts.waiting,
  frameTexts.loading,
  flowTexts.waiting,
  flowTexts.timeline.loading,
  itemTexts.loading,
  meshTexts.waiting,
  startTexts.loading,
];

/** `address`: the whole one, such as `http://127.0.0.1:7337/#/items/ID?tab=diff`. */
export async function goAndSettle(page: Page, address: string): Promise<void> {
  await page.goto(address);
  // The same document goes on: only once it has drawn what the address says now, there is something to wait for.
  await page.evaluate(`new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))`);
  await page.locator("main :is(h1, h2)").first().waitFor();
  await waitFor(`the page to have been answered at ${address}`, async () => {
    const shown = await page.locator("main").innerText();
    return !WAITING.some((text) => shown.includes(text));
  });
}
