/**
 * A page that stays open for days outlives its node's version. Whenever the node is there again the page looks whether that serves
 * another version than this one, and goes over to it as a whole: by a button, or when somebody moves on to another page.
 */
import type { Status } from "@skein/client";
import { effect, type ReadonlySignal, signal } from "@preact/signals";

import { parseAddress } from "./router.ts";

const updated = signal(false);

/** The node serves another version of the page: parts of this one may not be there any more. */
export const isUpdated: ReadonlySignal<boolean> = updated;

export function followUpdates(connection: ReadonlySignal<Status>): void {
  const own = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src");
  if (own === null || own === undefined) return;
  effect(() => {
    const now = connection.value;
    if (now.type === "live" && now.elsewhere === undefined) void look(own);
  });
  addEventListener("hashchange", ({ oldURL, newURL }) => {
    // A link that signs in is taken out of the address at once: it is no page to move on to.
    if (updated.peek() && location.href === newURL && pathIn(oldURL) !== pathIn(newURL)) location.reload();
  });
}

const pathIn = (url: string): string => parseAddress(new URL(url).hash).path;

/** The names of scripts hold a hash of what is in them. */
async function look(own: string): Promise<void> {
  try {
    const answer = await fetch("./", { cache: "no-store" });
    const page = answer.ok ? await answer.text() : "";
    // Something between may answer in the node's place; a page of ours has a script of ours.
    if (page.includes('type="module"')) updated.value = !page.includes(own);
  } catch {
    // It is gone again; the next time that it is there is another look.
  }
}
