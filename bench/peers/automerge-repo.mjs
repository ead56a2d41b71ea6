// automerge-repo over its WebSocket adapters; the server keeps the document in files, the clients keep nothing.
import { Repo } from "@automerge/automerge-repo";
import * as Automerge from "@automerge/automerge";
import { WebSocketClientAdapter, WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";

import { titlesOf } from "../item.mjs";
import { itemOf } from "./item.mjs";

export async function createServer({ directory, items = 0 }) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const repo = new Repo({
    network: [new WebSocketServerAdapter(server)],
    storage: new NodeFSStorageAdapter(directory),
    sharePolicy: async () => true,
  });
  const initial = Object.fromEntries(titlesOf("item", 0, items).map((title) => [title, itemOf(title)]));
  const handle = repo.create({ items: initial });
  const address = `ws://127.0.0.1:${server.address().port}`;
  return {
    where: () => ({ address, document: handle.url }),
    logBytes: () => Automerge.save(handle.doc()).length,
  };
}

export async function createClient({ address, document }) {
  let handle;
  const put = (titles) =>
    handle.change((doc) => {
      for (const title of titles) doc.items[title] = itemOf(title);
    });
  const listeners = [];
  return {
    connect: async () => {
      const repo = new Repo({ network: [new WebSocketClientAdapter(address)], sharePolicy: async () => true });
      handle = await repo.find(document);
      handle.on("change", () => {
        for (const listener of listeners) listener();
      });
    },
    set: (title) => put([title]),
    setMany: put,
    drained: async () => undefined,
    has: (title) => handle !== undefined && title in handle.doc().items,
    count: () => Object.keys(handle.doc().items).length,
    onChange: (listener) => listeners.push(listener),
  };
}
