// The stock y-websocket client over @y/websocket-server. Nothing is verified and nothing is written to disk.
import { setupWSConnection, getYDoc } from "@y/websocket-server/utils";
import { WebSocket, WebSocketServer } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

import { documentBytes, fill, yjsClient } from "./yjs-client.mjs";

export async function createServer(options) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket, request) => setupWSConnection(socket, request));
  const doc = getYDoc("board");
  fill(doc, options);
  const address = `ws://127.0.0.1:${server.address().port}`;
  return { ...documentBytes(doc), where: () => ({ address }) };
}

export async function createClient(options) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(options.address, "board", doc, {
    connect: false,
    disableBc: true,
    WebSocketPolyfill: WebSocket,
  });
  return yjsClient(doc, options, {
    buffered: () => provider.ws?.bufferedAmount ?? 0,
    connect: () =>
      new Promise((resolve) => {
        provider.on("sync", (synced) => synced && resolve());
        provider.connect();
      }),
  });
}
