/** Each way that an item's page has to steer it, by keys alone, and what the node says afterwards. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

import { itemTexts } from "../../../apps/board/src/texts/item.ts";
import type { Api } from "../../support/api-client.ts";
import { waitFor } from "../../support/wait.ts";
import { inStage, itemThat } from "./items.ts";
import type { Keys } from "./keys.ts";

export type ItemStep = keyof typeof itemTexts.action;

export interface Taking {
  /** Shows the item. */
  readonly page: Page;
  readonly keys: Keys;
  readonly api: Api;
  readonly item: string;
}

export const takeStep = (step: ItemStep, taking: Taking): Promise<void> => STEPS[step](taking);

const inDialog = (page: Page): Locator => page.getByRole("dialog");

const STEPS: Readonly<Record<ItemStep, (taking: Taking) => Promise<void>>> = {
  start: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Start", exact: true }));
    await keys.enter(page.getByRole("button", { name: "Start it", exact: true }));
    await itemThat(api, item, "to be in Coding", ({ stage }) => stage === "Coding");
  },
  hold: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Hold", exact: true }));
    await keys.write(inDialog(page).getByRole("textbox"), "the paint is wet");
    await keys.press("Control+Enter");
    await itemThat(api, item, "to be on hold", ({ hold }) => hold === "the paint is wet");
  },
  release: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "End the hold", exact: true }));
    await keys.enter(inDialog(page).getByRole("button", { name: "End the hold", exact: true }));
    await itemThat(api, item, "to go on", ({ hold }) => hold === "");
  },
  archive: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Archive", exact: true }));
    await keys.choose(inDialog(page).getByLabel("Why it ends"), itemTexts.archiveReasons.Superseded);
    await keys.enter(page.getByRole("button", { name: "Archive it", exact: true }));
    const { archiveReason } = await inStage(api, item, "Archived");
    expect(archiveReason).toBe("Superseded");
  },
  restore: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Restore", exact: true }));
    await keys.enter(page.getByRole("button", { name: "Restore it", exact: true }));
    await itemThat(api, item, "to be in Backlog", ({ stage }) => stage === "Backlog");
  },
  retry: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Retry", exact: true }));
    await keys.enter(page.getByRole("button", { name: "Try again", exact: true }));
    await itemThat(api, item, "to be in Coding", ({ stage }) => stage === "Coding");
  },
  shelve: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "To Backlog", exact: true }));
    await keys.enter(page.getByRole("button", { name: "Put it back", exact: true }));
    await itemThat(api, item, "to be in Backlog", ({ stage }) => stage === "Backlog");
  },
  approve: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Approve", exact: true }));
    await keys.write(inDialog(page).getByRole("textbox"), "Well painted.");
    await keys.enter(inDialog(page).getByRole("button", { name: "Approve", exact: true }));
    await inStage(api, item, "Done");
  },
  reject: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Send back", exact: true }));
    await keys.write(inDialog(page).getByRole("textbox"), "One coat is not enough.");
    await keys.enter(page.getByRole("button", { name: "Send it back", exact: true }));
    await itemThat(api, item, "to have another attempt", ({ attempts }) => attempts >= 1);
  },
  delete: async ({ page, keys, api, item }) => {
    await keys.enter(page.getByRole("button", { name: "Delete", exact: true }));
    await keys.write(inDialog(page).getByLabel(`Type ${item} to confirm`), item);
    await keys.enter(page.getByRole("button", { name: "Delete it", exact: true }));
    await waitFor("the item to be gone", async () => (await api.items()).every((one) => one.id !== item));
  },
};
