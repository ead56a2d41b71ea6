/** What a stranger's program left is given out so that no browser shows it. */
import { afterEach, beforeEach, expect, test } from "vitest";

import { startTestServer, TEST_TOKEN, type TestServer } from "./testing/start-server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const ask = (digest: string): Promise<Response> =>
  fetch(`${server.url}/api/v1/artifacts/${digest}`, { headers: { Authorization: `Bearer ${TEST_TOKEN}` } });

test("a kept file is only ever saved, and its name is only a name", async () => {
  const { status, headers } = await ask("abcdef");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("application/octet-stream");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-disposition")).toMatch(/^attachment; filename="[A-Za-z0-9._-]+"$/);
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("what is not there is not found", async () => {
  expect((await ask("missing")).status).toBe(404);
});
