/** Where the page edits a text of an item. */
import type { StoryText } from "@skein/core";

/** Where a text of an item is edited: a socket of the node that served the page. */
export function storyAddress({ item, field }: StoryText): string {
  const url = new URL(field === "text" ? `yjs/item/${item}` : `yjs/item/${item}/${field}`, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
