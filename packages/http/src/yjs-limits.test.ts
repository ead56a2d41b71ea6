/** The limits that take time or a lot of data, with small numbers, over real sockets. */
import { assert } from "@skein/core";
import { createServer, type Server } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import type { YjsLimits } from "./limits.ts";
import { createYjsSockets, type YjsSockets } from "./yjs-sockets.ts";

const STEP_1 = new Uint8Array([0, 0, 1, 0]);
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function serve(limits: Partial<YjsLimits>): Promise<{ doc: Y.Doc; yjs: YjsSockets; url: string }> {
  const doc = new Y.Doc();
  const yjs = createYjsSockets({ doc, limits });
  const server: Server = createServer();
  server.on("upgrade", (request, socket, head) => yjs.accept(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    yjs.close();
    server.close();
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a TCP server has an address");
  return { doc, yjs, url: `ws://127.0.0.1:${address.port}` };
}

async function open(url: string, options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  socket.on("error", () => {});
  cleanups.push(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  return socket;
}

test("a reader that stops reading is cut before its queue grows large", async () => {
  const { doc, yjs, url } = await serve({ bufferedBytes: 256 * 1024 });
  const stuck = await open(url);
  const healthy = await open(url);
  let healthyBytes = 0;
  healthy.on("message", (data: Buffer) => (healthyBytes += data.length));
  stuck.send(STEP_1);
  healthy.send(STEP_1);
  await new Promise((resolve) => stuck.once("message", resolve));
  stuck.pause();
  await vi.waitFor(
    () => {
      doc.getMap("items").set("a", "x".repeat(200_000));
      expect(yjs.counts().slow).toBe(1);
    },
    { interval: 5, timeout: 20_000 },
  );
  await vi.waitFor(() => expect(yjs.counts().open).toBe(1));
  expect(healthyBytes).toBeGreaterThan(200_000);
});

test("a first answer larger than the limit still arrives", async () => {
  const { doc, yjs, url } = await serve({ bufferedBytes: 64 * 1024 });
  doc.getMap("items").set("a", "x".repeat(3_000_000));
  const socket = await open(url);
  socket.send(STEP_1);
  const message = await new Promise<Buffer>((resolve) => socket.once("message", resolve));
  expect(message.length).toBeGreaterThan(3_000_000);
  expect(yjs.counts().slow).toBe(0);
});

test("a reader that answers no ping is cut, one that does is kept and hears a sign of life", async () => {
  const { yjs, url } = await serve({ keepAliveMs: 50 });
  await open(url, { autoPong: false });
  const healthy = await open(url);
  const heard: number[][] = [];
  healthy.on("message", (data: Buffer) => heard.push([...data]));
  await vi.waitFor(() => expect(yjs.counts()).toMatchObject({ open: 1, idle: 1 }), { timeout: 5_000 });
  expect(healthy.readyState).toBe(WebSocket.OPEN);
  expect(heard[0]).toEqual([1, 1, 0]);
});

test("a reader that has not asked yet is sent nothing", async () => {
  const { doc, url } = await serve({});
  const socket = await open(url);
  const heard: unknown[] = [];
  socket.on("message", (data) => heard.push(data));
  doc.getMap("items").set("a", 1);
  socket.send(STEP_1);
  await vi.waitFor(() => expect(heard).toHaveLength(1));
});
