// jazz's core (cojson) with its native cryptography: one CoMap that holds every item. Sessions are signed and verified;
// nothing is written to disk.
import { LocalNode } from "cojson";
import { NapiCrypto } from "cojson/crypto/NapiCrypto";
import { createWebSocketPeer } from "cojson-transport-ws";
import { WebSocket, WebSocketServer } from "ws";

import { titlesOf } from "../item.mjs";
import { itemOf } from "./item.mjs";

const crypto = await NapiCrypto.create();

function createLocalNode() {
  const secret = crypto.newRandomAgentSecret();
  return new LocalNode(secret, crypto.newRandomSessionID(crypto.getAgentID(secret)), crypto);
}

export async function createServer({ items = 0 }) {
  const node = createLocalNode();
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  let peers = 0;
  server.on("connection", (websocket) => {
    const id = `client-${++peers}`;
    node.syncManager.addPeer(createWebSocketPeer({ id, role: "client", websocket, expectPings: false }));
  });
  const group = node.createGroup();
  group.addMember("everyone", "writer");
  const map = group.createMap();
  for (const title of titlesOf("item", 0, items)) map.set(title, itemOf(title), "trusting");
  const address = `ws://127.0.0.1:${server.address().port}`;
  return { where: () => ({ address, document: map.id }) };
}

export async function createClient({ address, document }) {
  const listeners = [];
  let websocket;
  let map;
  const put = (title) => void map.set(title, itemOf(title), "trusting");
  return {
    connect: async () => {
      const node = createLocalNode();
      websocket = new WebSocket(address);
      node.syncManager.addPeer(createWebSocketPeer({ id: "server", role: "server", websocket, expectPings: false }));
      do map = await node.load(document);
      while (map === "unavailable");
      map.subscribe(() => {
        for (const listener of listeners) listener();
      });
    },
    set: put,
    setMany: (titles) => titles.forEach(put),
    drained: async () => {
      while (websocket.bufferedAmount > 1_000_000) await new Promise((resolve) => setImmediate(resolve));
    },
    has: (title) => map?.core.getCurrentContent().get(title) !== undefined,
    count: () => map.core.getCurrentContent().keys().length,
    onChange: (listener) => listeners.push(listener),
  };
}
