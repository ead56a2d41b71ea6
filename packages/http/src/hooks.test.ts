/** Webhooks of chat platforms: what reaches the transport, byte by byte, and what is refused before. */
import { afterAll, expect, test } from "vitest";

import { HTTP_LIMITS } from "./limits.ts";
import { createHttpServer, type HttpServer } from "./server.ts";
import { createFakeNode } from "./testing/fake-node.ts";
import type { HookRequest } from "./hooks.ts";

const seen: (HookRequest & { readonly kind: string; readonly account: string })[] = [];
const servers: HttpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

async function serve(): Promise<string> {
  const server = await createHttpServer({
    api: createFakeNode().api,
    host: "127.0.0.1",
    port: 0,
    token: "t",
    clientId: 1,
    snapshot: () => Promise.reject(new Error("not asked")),
    hooks: (kind, account, request) => {
      seen.push({ ...request, kind, account });
      return Promise.resolve({ status: 202, headers: { "Content-Type": "text/xml" }, body: "<Response/>" });
    },
  });
  if (!server.ok) throw new Error(server.error);
  servers.push(server.value);
  return server.value.url;
}

test("a webhook reaches its account without a token, under any host name, with the raw body and every header", async () => {
  const url = await serve();
  const body = Buffer.from('{"text":"\\u00e9","raw":" é "}');
  const answer = await fetch(`${url}/hooks/slack/main?x=1`, {
    method: "POST",
    headers: { "X-Slack-Signature": "v0=1", "Content-Type": "application/json", Host: "hooks.example.org" },
    body,
  });
  expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
    202,
    "text/xml",
    "<Response/>",
  ]);
  const [request] = seen;
  expect(request).toMatchObject({ kind: "slack", account: "main", method: "POST", url: "/hooks/slack/main?x=1" });
  expect(request?.headers["x-slack-signature"]).toEqual(["v0=1"]);
  expect(Buffer.from(request?.body ?? []).equals(body)).toBe(true);
});

test.each(["/hooks", "/hooks/slack", "/hooks/slack/main/more", "/hooks/SLACK/main", "/hooks/slack/..%2fx"])(
  "%s is no webhook: it needs the token like everything else",
  async (path) => {
    const before = seen.length;
    expect((await fetch(`${await serve()}${path}`, { method: "POST" })).status).toBe(401);
    expect(seen).toHaveLength(before);
  },
);

test("a body above the limit and another method are refused before the account hears of them", async () => {
  const url = await serve();
  const before = seen.length;
  const huge = await fetch(`${url}/hooks/slack/main`, {
    method: "POST",
    body: new Uint8Array(HTTP_LIMITS.hookBytes + 1),
  });
  expect(huge.status).toBe(413);
  expect((await fetch(`${url}/hooks/slack/main`, { method: "DELETE" })).status).toBe(405);
  expect(seen).toHaveLength(before);
});
