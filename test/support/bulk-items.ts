/** Adds many items over the API, some at a time: a node takes a bounded number of connections. */
import type { AddItem, Api } from "./api-client.ts";

const AT_ONCE = 32;

/** Resolves once every item is acknowledged. */
export async function addItems(api: Api, items: readonly AddItem[]): Promise<void> {
  const adders = Array.from({ length: AT_ONCE }, async (_, adder) => {
    for (let place = adder; place < items.length; place += AT_ONCE) {
      const item = items[place];
      if (item !== undefined) await api.addItem(item);
    }
  });
  await Promise.all(adders);
}
