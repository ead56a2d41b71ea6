/**
 * What somebody has typed in this browser and no node has yet: drafts, and edits of stories. It outlives a session that ran
 * out, and belongs to the member who typed it: signing out forgets it, and so does another member who signs in here.
 */
import { type Copies, copiesInBrowser } from "@skein/client";

import { forgetDrafts } from "./pages/item/drafts.ts";
import { forgetKeptEdits } from "./pages/item/story/kept-edits.ts";

const WHOSE = "skein.typed-by";

type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** Somebody has signed in, and nothing of the board is shown yet. */
export async function typeAs(member: string, shelf: Shelf = localStorage, copies?: Copies): Promise<void> {
  if (shelf.getItem(WHOSE) === member) return;
  await forgetTyped(shelf);
  // The copy says as whom it was taken; whoever comes in now is somebody else.
  await (copies ?? copiesInBrowser()).clear().catch(() => undefined);
  shelf.setItem(WHOSE, member);
}

type Listen = (type: "storage", listener: (event: Pick<StorageEvent, "key">) => void) => void;

/** Calls `run` when another tab has forgotten what was typed, or does so for another member. */
export function followForgetting(run: () => void, listen: Listen = addEventListener): void {
  listen("storage", ({ key }) => {
    if (key === WHOSE || key === null) run();
  });
}

export async function forgetTyped(shelf: Shelf = localStorage): Promise<void> {
  shelf.removeItem(WHOSE);
  forgetDrafts(shelf);
  await forgetKeptEdits();
}
