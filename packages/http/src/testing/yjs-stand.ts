/** The board document's sockets by themselves, on loopback, with small limits where a test wants them. */
import { assert } from "@skein/core";
import { createServer, type Server } from "node:http";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import type { YjsLimits } from "../limits.ts";
import { createYjsSockets, type Enter, type YjsSockets } from "../yjs-sockets.ts";

export interface YjsStand {
  readonly doc: Y.Doc;
  readonly yjs: YjsSockets;
  readonly url: string;
}

/** A socket is for the board, or for `enter`'s room. */
export async function serveYjs(limits: Partial<YjsLimits> = {}, enter?: Enter): Promise<YjsStand> {
  const doc = new Y.Doc();
  const yjs = createYjsSockets({ doc, limits });
  const server: Server = createServer();
  server.on("upgrade", (request, socket, head) => yjs.accept(request, socket, head, { enter }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    yjs.close();
    server.close();
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a TCP server has an address");
  return { doc, yjs, url: `ws://127.0.0.1:${address.port}` };
}

export async function openReader(url: string, options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  socket.on("error", () => {});
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  return socket;
}
