/** The limits that take time or a lot of data, with small numbers, over real sockets. */
import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { openReader, serveYjs } from "./testing/yjs-stand.ts";

const STEP_1 = new Uint8Array([0, 0, 1, 0]);
test("a reader that stops reading is cut before its queue grows large", async () => {
  const { doc, yjs, url } = await serveYjs({ bufferedBytes: 256 * 1024 });
  const stuck = await openReader(url);
  const healthy = await openReader(url);
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
  const { doc, yjs, url } = await serveYjs({ bufferedBytes: 64 * 1024 });
  doc.getMap("items").set("a", "x".repeat(3_000_000));
  const socket = await openReader(url);
  socket.send(STEP_1);
  const message = await new Promise<Buffer>((resolve) => socket.once("message", resolve));
  expect(message.length).toBeGreaterThan(3_000_000);
  expect(yjs.counts().slow).toBe(0);
});

test("a reader that answers no ping is cut, one that does is kept and hears a sign of life", async () => {
  // Both ends are in this process: while it stands still, nobody answers.
  const { yjs, url } = await serveYjs({ keepAliveMs: 500 });
  await openReader(url, { autoPong: false });
  const healthy = await openReader(url);
  const heard: number[][] = [];
  healthy.on("message", (data: Buffer) => heard.push([...data]));
  await vi.waitFor(() => expect(yjs.counts()).toMatchObject({ open: 1, idle: 1 }), { timeout: 20_000 });
  expect(healthy.readyState).toBe(WebSocket.OPEN);
  expect(heard[0]).toEqual([1, 1, 0]);
});

test("a reader that has not asked yet is sent nothing", async () => {
  const { doc, url } = await serveYjs({});
  const socket = await openReader(url);
  const heard: unknown[] = [];
  socket.on("message", (data) => heard.push(data));
  doc.getMap("items").set("a", 1);
  socket.send(STEP_1);
  await vi.waitFor(() => expect(heard).toHaveLength(1));
});
