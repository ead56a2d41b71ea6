/** What a connection is told that sends no request, or none that can be read. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";

import { createBareServer } from "./listener.ts";

function setupConnection(code: string): PassThrough {
  const server = createBareServer(undefined);
  if (!server.ok) throw new Error(server.error);
  const socket = new PassThrough();
  server.value.emit("clientError", Object.assign(new Error("broken"), { code }), socket);
  return socket;
}

test("what is no HTTP is told so", () => {
  expect(String(setupConnection("HPE_INVALID_METHOD").read())).toMatch(/^HTTP\/1\.1 400 /);
});

test("a connection that was opened ahead and stayed unused is closed without a word", () => {
  const socket = setupConnection("ERR_HTTP_REQUEST_TIMEOUT");
  expect(socket.destroyed).toBe(true);
  expect(socket.read()).toBeNull();
});
