/**
 * Requests that two programs may read in two ways: whatever a proxy in front has understood, the server takes one reading
 * or none, and what it takes it has judged.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { HTTP_LIMITS } from "./limits.ts";
import { ROUTES } from "./routes.ts";
import { sendBytes, statusesIn } from "./testing/raw-bytes.ts";
import { signInByLink } from "./testing/sign-in.ts";
import { startTestServer, TEST_TOKEN, type TestServer } from "./testing/start-server.ts";

let server: TestServer;
let host: string;
/** As the page itself asks. */
let page: readonly string[];

const COMMAND = '{"name":"item.add","input":{}}';
const JSON_BODY = ["Content-Type: application/json", `Content-Length: ${COMMAND.length}`];

beforeAll(async () => {
  server = await startTestServer();
  ({ host } = new URL(server.url));
  const { cookie, key } = await signInByLink(server);
  page = [`Cookie: ${cookie}`, `X-Skein-Page: ${key}`, `Origin: ${server.url}`];
});

beforeEach(() => {
  server.node.commands.length = 0;
});

afterAll(() => server.close());

const requestOf = (line: string, headers: readonly string[], body = ""): string =>
  [`${line} HTTP/1.1`, ...headers, "Connection: close", "", body].join("\r\n");

const ask = async (line: string, headers: readonly string[], body = ""): Promise<number | undefined> =>
  statusesIn(await sendBytes(server.url, requestOf(line, headers, body)))[0];

const command = (headers: readonly string[], body = COMMAND): Promise<number | undefined> =>
  ask("POST /api/v1/commands", [`Host: ${host}`, ...headers], body);

test("as the page asks it is let in, so that what follows is refused for its own reason", async () => {
  expect(await command([...page, ...JSON_BODY])).toBe(200);
  expect(server.node.commands).toHaveLength(1);
});

test.each(["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "OPTIONS"])(
  "%s with two hosts, origins, tokens or types is refused on every route, whichever of the two is right",
  async (method) => {
    const bearer = `Authorization: Bearer ${TEST_TOKEN}`;
    const evil = "http://evil.example";
    for (const { path } of ROUTES) {
      const line = `${method} ${path.replaceAll(/:[a-z]+/g, "item1")}`;
      for (const headers of [
        [`Host: ${host}`, "Host: evil.example", bearer],
        ["Host: evil.example", `Host: ${host}`, bearer],
        [`Host: ${host}`, `Host: ${host}`, bearer],
        [`Host: ${host}`, bearer, "Authorization: Bearer wrong"],
        [`Host: ${host}`, "Content-Type: text/plain", "Content-Type: application/json", bearer],
      ]) {
        expect([line, headers, await ask(line, headers)]).toEqual([line, headers, 400]);
      }
      for (const origins of [
        [server.url, evil],
        [evil, server.url],
      ]) {
        const headers = [`Host: ${host}`, ...page.slice(0, 2), ...origins.map((one) => `Origin: ${one}`)];
        expect([line, origins, await ask(line, headers)]).toEqual([line, origins, 400]);
      }
    }
    expect(server.node.commands).toEqual([]);
  },
);

test("no method is another one by a header, and none beside GET, HEAD and POST does anything", async () => {
  const overrides = ["X-HTTP-Method-Override: POST", "X-HTTP-Method: POST", "X-Method-Override: POST"];
  for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "QUERY"]) {
    const line = `${method} /api/v1/commands?_method=POST`;
    expect([method, await ask(line, [`Host: ${host}`, ...page, ...overrides, ...JSON_BODY], COMMAND)]).toEqual([
      method,
      405,
    ]);
  }
  expect(server.node.commands).toEqual([]);
});

test("a target with an address in it, an asterisk or a tunnel is none", async () => {
  const headers = [`Host: ${host}`, ...page];
  for (const target of [`${server.url}/api/v1/items`, "http://evil.example/api/v1/items", "*", "api/v1/items", host]) {
    expect([target, await ask(`GET ${target}`, headers)]).toEqual([target, 400]);
  }
  expect(statusesIn(await sendBytes(server.url, requestOf("CONNECT evil.example:80", headers)))).not.toContain(200);
  for (const target of ["//evil.example/api/v1/items", "/api/v1/../v1/items", "/api/v1/items/", "/api%2fv1/items"]) {
    expect([target, await ask(`GET ${target}`, headers)]).toEqual([target, 404]);
  }
  expect(server.node.commands).toEqual([]);
});

test("a host that only looks like this server's is another one", async () => {
  const { port } = new URL(server.url);
  for (const name of [
    `127.0.0.1.:${port}`,
    `127.1:${port}`,
    `2130706433:${port}`,
    `0x7f.1:${port}`,
    `0.0.0.0:${port}`,
    `user@127.0.0.1:${port}`,
    `127.0.0.1:${port}@evil.example`,
    `127.0.0.1:${port}:80`,
    `127.0.0.1:0${port}`,
    `127.0.0.1`,
    `evil.example, ${host}`,
    `[::ffff:127.0.0.1]:${port}`,
    "",
  ]) {
    expect([name, await ask("GET /healthz", [`Host: ${name}`])]).toEqual([name, 421]);
  }
  expect(await ask("GET /healthz", [])).toBe(400);
  const old = await sendBytes(server.url, "GET /healthz HTTP/1.0\r\n\r\n");
  expect(statusesIn(old)).toEqual([421]);
});

test("a body with two lengths, or a length beside chunks, is no request", async () => {
  const json = "Content-Type: application/json";
  const chunked = `${COMMAND.length.toString(16)}\r\n${COMMAND}\r\n0\r\n\r\n`;
  for (const [lengths, body] of [
    [["Content-Length: 5", `Content-Length: ${COMMAND.length}`], COMMAND],
    [[`Content-Length: ${COMMAND.length}`, "Transfer-Encoding: chunked"], chunked],
    [["Transfer-Encoding: chunked", `Content-Length: ${COMMAND.length}`], chunked],
    [["Transfer-Encoding: chunked, identity"], chunked],
    [["Transfer-Encoding: xchunked"], chunked],
    [[`Content-Length: +${COMMAND.length}`], COMMAND],
    [["Content-Length: -1"], COMMAND],
  ] as const) {
    expect([lengths, await command([...page, json, ...lengths], body)]).toEqual([lengths, 400]);
  }
  expect(server.node.commands).toEqual([]);
});

test("a chunked body beyond the limit is cut off, on every route that takes one", async () => {
  const piece = `10000\r\n${" ".repeat(65_536)}\r\n`;
  for (const { path, method, access } of ROUTES) {
    if (method !== "POST" || access === "program") continue;
    const headers = [`Host: ${host}`, ...page, "Content-Type: application/json", "Transfer-Encoding: chunked"];
    const text = requestOf(`POST ${path}`, headers, piece.repeat(HTTP_LIMITS.bodyBytes / 65_536 + 1));
    const [status] = statusesIn(await sendBytes(server.url, text));
    // Some read no body: they answer, and hang up on the rest.
    expect([path, [200, 403, 413].includes(status ?? 0)]).toEqual([path, true]);
    if (path === "/api/v1/session/end") page = await signedInAgain();
  }
  expect(server.node.commands).toEqual([]);
});

async function signedInAgain(): Promise<readonly string[]> {
  const { cookie, key } = await signInByLink(server);
  return [`Cookie: ${cookie}`, `X-Skein-Page: ${key}`, `Origin: ${server.url}`];
}

test("of requests in a row each shows by itself who asks", async () => {
  const one = ["GET /api/v1/items HTTP/1.1", `Host: ${host}`, ...page, "", ""].join("\r\n");
  const two = requestOf("GET /api/v1/items", [`Host: ${host}`]);
  expect(statusesIn(await sendBytes(server.url, one + two))).toEqual([200, 401]);
});

test("headers that are too long or too many end the connection, and nothing else", async () => {
  for (const header of [
    `Cookie: ${"a=b; ".repeat(4_000)}`,
    `X-Long: ${"x".repeat(20_000)}`,
    Array.from({ length: 2_000 }, (_, at) => `X-${at}: ${"y".repeat(10)}`).join("\r\n"),
  ]) {
    const said = await sendBytes(server.url, requestOf("GET /api/v1/items", [`Host: ${host}`, header, ...page]));
    expect(statusesIn(said)).toEqual([400]);
  }
  // Node.js keeps so many and drops the rest: what a proxy adds at the end, like from where it came, must not get lost.
  const many = Array.from({ length: HTTP_LIMITS.headerCount }, (_, at) => `X-${at}: 1`);
  expect(await ask("GET /api/v1/items", [`Host: ${host}`, ...page, ...many, "X-Forwarded-For: 192.0.2.1"])).toBe(431);
  expect(await ask("GET /healthz", [`Host: ${host}`, ...many, "Host: evil.example"])).toBe(431);
  expect(await ask("GET /api/v1/items", [`Host: ${host}`, ...page])).toBe(200);
});

const UPGRADE = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

const upgrade = async (headers: readonly string[], path = "/yjs/board"): Promise<string> => {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: Upgrade", ...headers, "", ""];
  return sendBytes(server.url, lines.join("\r\n"), (answer) => answer.includes("\r\n\r\n"));
};

test("a socket offers what it likes beside the key; only our protocol is taken, and nothing is packed", async () => {
  const key = page[1]?.slice("X-Skein-Page: ".length) ?? "";
  const said = page.filter((line) => !line.startsWith("X-Skein-Page"));
  const packed = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=15";
  const others = Array.from({ length: 50 }, (_, at) => `other${at}`).join(", ");
  const answer = await upgrade([
    ...said,
    ...UPGRADE,
    packed,
    `Sec-WebSocket-Protocol: ${others}, skein, skein.page.${key}`,
  ]);
  expect(statusesIn(answer)).toEqual([101]);
  expect(answer).toMatch(/^Sec-WebSocket-Protocol: skein\r$/m);
  expect(answer).not.toMatch(/Sec-WebSocket-Extensions/i);
});

test("a socket with two keys, two hosts, two origins, a wrong version or another protocol is none", async () => {
  const key = page[1]?.slice("X-Skein-Page: ".length) ?? "";
  const protocol = `Sec-WebSocket-Protocol: skein, skein.page.${key}`;
  const [cookie = "", , origin = ""] = page;
  for (const [headers, status] of [
    [[cookie, origin, ...UPGRADE, protocol, "Host: evil.example"], 400],
    [[cookie, origin, ...UPGRADE, protocol, "Origin: http://evil.example"], 400],
    [[cookie, "Origin: http://evil.example", ...UPGRADE, protocol], 403],
    [[cookie, origin, ...UPGRADE, `Sec-WebSocket-Protocol: skein, skein.page.wrong, skein.page.${key}`], 401],
    [[cookie, origin, "Upgrade: h2c", protocol], 400],
    [[cookie, origin, "Upgrade: websocket", "Sec-WebSocket-Version: 7", protocol], 400],
    [[cookie, origin, ...UPGRADE, `${protocol}, skein`], 400],
  ] as const) {
    expect([headers, statusesIn(await upgrade(headers))]).toEqual([headers, [status]]);
  }
});
