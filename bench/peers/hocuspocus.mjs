// Hocuspocus 3, server and provider. Nothing is verified and nothing is written to disk.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { Server } from "@hocuspocus/server";
import { WebSocket } from "ws";
import * as Y from "yjs";

import { documentBytes, fill, yjsClient } from "./yjs-client.mjs";

export async function createServer(options) {
  const server = new Server({ address: "127.0.0.1", port: 0, quiet: true, stopOnSignals: false });
  await server.listen();
  const { document } = await server.hocuspocus.openDirectConnection("board");
  fill(document, options);
  const address = `ws://127.0.0.1:${server.address.port}`;
  return { ...documentBytes(document), where: () => ({ address }) };
}

export async function createClient(options) {
  const doc = new Y.Doc();
  let websocketProvider;
  return yjsClient(doc, options, {
    buffered: () => websocketProvider.webSocket?.bufferedAmount ?? 0,
    connect: () =>
      new Promise((resolve) => {
        websocketProvider = new HocuspocusProviderWebsocket({ url: options.address, WebSocketPolyfill: WebSocket });
        const provider = new HocuspocusProvider({
          websocketProvider,
          name: "board",
          document: doc,
          onSynced: ({ state }) => state && resolve(),
        });
        provider.attach();
      }),
  });
}
