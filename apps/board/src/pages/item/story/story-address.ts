/** Where the story of an item is edited: a socket of the node that served the page. */
export function storyAddress(item: string): string {
  const url = new URL(`yjs/item/${item}`, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
