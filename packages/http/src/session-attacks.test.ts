/**
 * What a browser can be made to send, tried on every route that there is and on every socket: a session's cookie comes along
 * with whatever goes to its host, so the rest of the request has to show that this node's own page sent it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import { ROUTES } from "./routes.ts";
import { rawRequest, type RawAnswer } from "./testing/raw-request.ts";
import { signInByLink } from "./testing/sign-in.ts";
import { startTestServer, TEST_TOKEN, type TestServer } from "./testing/start-server.ts";

let server: TestServer;
let cookie: string;
let key: string;
let ended: string;

beforeAll(async () => {
  server = await startTestServer();
  ({ cookie, key } = await signInByLink(server));
  const gone = await signInByLink(server);
  ended = gone.cookie;
  const origin = { Origin: server.url };
  const out = { url: server.url, method: "POST", body: "{}" };
  const headers = { "Content-Type": "application/json", Cookie: ended, "X-Skein-Page": gone.key, ...origin };
  await rawRequest({ ...out, target: "/api/v1/session/end", headers });
});

afterAll(() => server.close());

interface Target {
  readonly method: "GET" | "POST" | "UPGRADE";
  readonly path: string;
}

/** Every route that asks who is there, and every upgrade; a room that there is not is refused before it is missed. */
const TARGETS: readonly Target[] = [
  ...ROUTES.filter(({ access }) => access === "token" || access === "program"),
  { method: "UPGRADE", path: "/yjs/board" },
  { method: "UPGRADE", path: "/yjs/item/item1" },
  { method: "UPGRADE", path: "/yjs/item/item1/criteria" },
  { method: "UPGRADE", path: "/api/v1/items" },
  { method: "GET", path: "/api/v1/nothing" },
];

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A browser sets no header on a socket: what others have as a header is among its protocols. */
const socketHeaders = (pageKey: string | undefined): Record<string, string> =>
  pageKey === undefined ? UPGRADE : { ...UPGRADE, "Sec-WebSocket-Protocol": `skein, skein.page.${pageKey}` };

const ask = ({ method, path }: Target, headers: Record<string, string>): Promise<RawAnswer> =>
  rawRequest({
    url: server.url,
    target: path.replace(/:[a-z]+/, "item1"),
    method: method === "POST" ? "POST" : "GET",
    headers: {
      ...(method === "UPGRADE" ? socketHeaders(headers["X-Skein-Page"]) : {}),
      "Content-Type": "application/json",
      ...headers,
    },
    ...(method === "POST" ? { body: '{"name":"item.list"}' } : {}),
  });

/** With a good cookie, and even the page's key: what asks is not this page, or does not say so. */
const ATTACKS: readonly (readonly [string, (own: URL) => Record<string, string>, number])[] = [
  ["another site", () => ({ Origin: "http://evil.example" }), 403],
  ["a page without an origin", () => ({ Origin: "null" }), 403],
  ["another port of this machine", ({ hostname }) => ({ Origin: `http://${hostname}:1` }), 403],
  ["this node under another of its names", ({ port }) => ({ Origin: `http://localhost:${port}` }), 403],
  ["another scheme", ({ host }) => ({ Origin: `ftp://${host}` }), 403],
  ["a page on another site whose browser says so", () => ({ "Sec-Fetch-Site": "cross-site" }), 403],
  ["another port, as its browser says", () => ({ "Sec-Fetch-Site": "same-site" }), 403],
  ["an address that was typed or opened by a link", () => ({ "Sec-Fetch-Site": "none" }), 403],
  ["a rebound name", ({ port }) => ({ Host: `evil.example:${port}`, Origin: `http://evil.example:${port}` }), 421],
  ["another port in the host", ({ hostname }) => ({ Host: `${hostname}:1` }), 421],
];

test.each(ATTACKS)("%s gets nowhere with the cookie, on any route", async (_who, headersOf, status) => {
  const before = server.node.commands.length;
  for (const target of TARGETS) {
    const answer = await ask(target, { Cookie: cookie, "X-Skein-Page": key, ...headersOf(new URL(server.url)) });
    expect([target.method, target.path, answer.status]).toEqual([target.method, target.path, status]);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  }
  expect(server.node.commands.length).toBe(before);
});

test("another site and a rebound name are refused before anything else, on every route there is, open ones too", async () => {
  const { hostname, port, host } = new URL(server.url);
  const foreign: readonly (readonly [Record<string, string>, number])[] = [
    [{ Origin: "http://evil.example" }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: "" }, 403],
    [{ Origin: `http://${hostname}:1` }, 403],
    [{ Origin: `http://${hostname}` }, 403],
    [{ Origin: `ws://${host}` }, 403],
    [{ Origin: `http://${host}/` }, 403],
    [{ Origin: `http://${host}.evil.example` }, 403],
    [{ Host: `evil.example:${port}` }, 421],
    [{ Host: "evil.example" }, 421],
    [{ Host: hostname }, 421],
  ];
  const paths = new Set([...ROUTES.map(({ path }) => path), "/", "/index.html", "/nothing", "/yjs/board"]);
  for (const path of paths) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const target = path.replace(/:[a-z]+/, "item1");
      const ask = async ([headers, status]: (typeof foreign)[number]): Promise<void> => {
        const sent = { Authorization: `Bearer ${TEST_TOKEN}`, "Content-Type": "application/json", ...headers };
        const answer = await rawRequest({ url: server.url, target, method, headers: sent });
        expect([method, path, headers, answer.status]).toEqual([method, path, headers, status]);
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      };
      await Promise.all(foreign.map(ask));
    }
  }
});

test("nobody signs in over another page than this node's own, even one under another of its names", async () => {
  const { port } = new URL(server.url);
  for (const path of ["/api/v1/session", "/api/v1/session/pass-in"]) {
    for (const headers of [{}, { Origin: `http://localhost:${port}` }, { Origin: `https://localhost:${port}` }]) {
      const sent = { "Content-Type": "application/json", ...headers };
      const answer = await rawRequest({ url: server.url, target: path, method: "POST", headers: sent, body: "{}" });
      expect([path, headers, answer.status]).toEqual([path, headers, 403]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  }
});

test("the page of another node of the mesh gets nowhere with this node's cookie, key or token, on any route", async () => {
  const origin = "https://anna.example";
  server.node.pages.set("anna", { origin, role: "owner" });
  const before = server.node.commands.length;
  for (const target of TARGETS) {
    for (const shown of [
      { Cookie: cookie, "X-Skein-Page": key },
      { Authorization: `Bearer ${TEST_TOKEN}` },
      { Cookie: cookie, "X-Skein-Page": key, Authorization: `Bearer ${TEST_TOKEN}` },
      { Cookie: cookie, "X-Skein-Page": key, "Sec-Fetch-Site": "same-origin" },
    ]) {
      const answer = await ask(target, { ...shown, Origin: origin });
      expect([target.method, target.path, answer.status]).toEqual([target.method, target.path, 401]);
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    }
  }
  expect(server.node.commands.length).toBe(before);
  server.node.pages.clear();
});

test("where something may change, or a socket opens, an absent origin is no pass, whatever else is right", async () => {
  const right = { Cookie: cookie, "X-Skein-Page": key };
  for (const says of [{}, { "Sec-Fetch-Site": "same-origin" }]) {
    for (const target of TARGETS.filter(({ method }) => method !== "GET")) {
      expect((await ask(target, { ...right, ...says })).status).toBe(403);
    }
    expect((await ask({ method: "GET", path: "/api/v1/items" }, { ...right, ...says })).status).toBe(200);
  }
});

test("the cookie without the page's key is nobody's, with the right origin too: other ports get it as well", async () => {
  const page = { Cookie: cookie, Origin: server.url };
  for (const target of TARGETS) {
    for (const shown of [{}, { "X-Skein-Page": "1" }, { "X-Skein-Page": cookie.split("=")[1] ?? "" }]) {
      expect([target.path, (await ask(target, { ...page, ...shown })).status]).toEqual([target.path, 401]);
    }
  }
});

test("a session that ended, one that never was, and a wrong token are nobody's, on any route", async () => {
  const page = { Origin: server.url, "X-Skein-Page": key };
  const name = cookie.split("=")[0] ?? "";
  for (const target of TARGETS) {
    for (const headers of [
      { ...page, Cookie: ended },
      { ...page, Cookie: `${name}=${"A".repeat(43)}` },
      { ...page, Cookie: `${name}=${TEST_TOKEN}` },
      { ...page, Cookie: cookie.replace("skein-", "__Host-skein-") },
      { ...page, Cookie: `token=${TEST_TOKEN}` },
      { ...page, Authorization: `Bearer ${cookie.split("=")[1] ?? ""}` },
      { ...page, Authorization: "Bearer wrong" },
      { ...page, Cookie: cookie, Authorization: "Bearer wrong" },
      page,
      {},
    ]) {
      expect([target.method, target.path, headers, (await ask(target, headers)).status]).toEqual([
        target.method,
        target.path,
        headers,
        401,
      ]);
    }
  }
});

test("the page itself gets in everywhere but where only programs do", async () => {
  const page = { Cookie: cookie, Origin: server.url, "X-Skein-Page": key };
  for (const { method, path, access } of ROUTES) {
    if (access === "open" || access === "sign-in" || path === "/api/v1/session/end") continue;
    const { status } = await ask({ method, path }, page);
    expect([path, status === 403]).toEqual([path, access === "program"]);
    expect(status).not.toBe(401);
  }
  expect((await ask({ method: "UPGRADE", path: "/yjs/board" }, page)).status).toBe(101);
});

test("programs with the token get in without an origin, as they always did", async () => {
  for (const target of TARGETS) {
    const { status } = await ask(target, { Authorization: `Bearer ${TEST_TOKEN}` });
    expect([target.path, [401, 403, 421].includes(status)]).toEqual([
      target.path,
      // A token has no session to give a pass for.
      target.path === "/api/v1/session/pass",
    ]);
  }
});

test("no form of another page, nor of this one, gives a command", async () => {
  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
    for (const origin of [server.url, "http://evil.example"]) {
      const answer = await rawRequest({
        url: server.url,
        target: "/api/v1/commands",
        method: "POST",
        body: '{"name":"item.add","input":{"title":"x"}}',
        headers: { Cookie: cookie, "X-Skein-Page": key, Origin: origin, "Content-Type": type },
      });
      expect([403, 415]).toContain(answer.status);
    }
  }
  expect(server.node.commands.filter(({ name }) => name === "item.add")).toEqual([]);
});
