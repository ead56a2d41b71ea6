import { err, ok, type CommandError } from "@skein/core";
import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROUTES, type Route } from "./routes.ts";
import { createHttpServer } from "./server.ts";
import { createFakeNode } from "./testing/fake-node.ts";
import { rawRequest, type RawAnswer, type RawRequest } from "./testing/raw-request.ts";
import { snapshot, startTestServer, TEST_TOKEN, type TestServer } from "./testing/start-server.ts";

const BEARER = { Authorization: `Bearer ${TEST_TOKEN}` };
const JSON_TYPE = { "Content-Type": "application/json" };

const CODES: readonly CommandError["code"][] = [
  "bad-input",
  "not-allowed",
  "not-found",
  "unknown-command",
  "ambiguous",
  "not-legal",
  "unavailable",
  "not-saved",
];

let server: TestServer;
let pageDirectory: string;

beforeEach(async () => {
  pageDirectory = await mkdtemp(join(tmpdir(), "skein-page-"));
  await mkdir(join(pageDirectory, "assets"));
  await writeFile(join(pageDirectory, "index.html"), "<!doctype html><title>Board</title>");
  await writeFile(join(pageDirectory, "assets", "main-abc.js"), "export {};\n");
  await writeFile(join(pageDirectory, "notes.secret"), "not part of the page");
  await symlink("/etc/hostname", join(pageDirectory, "link.txt"));
  server = await startTestServer({ assetsDirectory: pageDirectory, allowedHosts: ["board.example"] });
});

afterEach(async () => {
  await server.close();
  await rm(pageDirectory, { recursive: true });
});

const port = (): string => new URL(server.url).port;

const ask = (target: string, rest: Partial<RawRequest> = {}): Promise<RawAnswer> =>
  rawRequest({ url: server.url, target, ...rest });

const targetOf = (route: Route): string => route.path.replace(":item", "item1");

const command = (
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Promise<RawAnswer> => ask("/api/v1/commands", { method: "POST", body, headers: { ...BEARER, ...headers } });

/** What a route takes for granted; the sign-in routes say in tests of their own what they make of it. */
const bodyOf = ({ path }: Pick<Route, "path">): string =>
  path === "/api/v1/commands" || path === "/api/v1/snapshots" ? '{"name":"item.list"}' : "{}";

const askRoute = (route: Route, headers: Readonly<Record<string, string>>): Promise<RawAnswer> =>
  ask(targetOf(route), {
    method: route.method,
    headers: route.method === "POST" ? { ...JSON_TYPE, ...headers } : headers,
    ...(route.method === "POST" ? { body: bodyOf(route) } : {}),
  });

/** They judge by themselves who asks: sign-in/sign-in.test.ts. */
const isSignIn = ({ path, access }: Route): boolean => access === "sign-in" || path.startsWith("/api/v1/session");

test.each(ROUTES.filter((route) => !isSignIn(route)))(
  "$method $path answers the right token and refuses a missing or wrong one",
  async (route) => {
    const refused = route.access === "open" ? 200 : 401;
    expect((await askRoute(route, BEARER)).status).toBe(200);
    expect((await askRoute(route, {})).status).toBe(refused);
    for (const value of [
      "Bearer wrong",
      `Bearer ${TEST_TOKEN}x`,
      `Bearer ${TEST_TOKEN.slice(1)}`,
      `Basic ${TEST_TOKEN}`,
      TEST_TOKEN,
      "Bearer ",
    ]) {
      expect([value, (await askRoute(route, { Authorization: value })).status]).toEqual([value, refused]);
    }
    const withQuery = await ask(`${targetOf(route)}?token=${TEST_TOKEN}`, { method: route.method });
    expect(withQuery.status).toBe(refused);
    expect((await askRoute(route, { Cookie: `token=${TEST_TOKEN}` })).status).toBe(refused);
  },
);

test.each([
  ...ROUTES.filter((route) => !isSignIn(route)),
  { method: "GET" as const, path: "/" },
  { method: "GET" as const, path: "/yjs/board" },
])("$method $path answers only to its own hosts and pages", async (route) => {
  const upgrade: Readonly<Record<string, string>> = route.path.startsWith("/yjs/")
    ? {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      }
    : {};
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const target = route.path.replace(":item", "item1");
    const sent = { ...BEARER, ...JSON_TYPE, ...upgrade, ...headers };
    const body = route.method === "POST" ? { body: bodyOf(route) } : {};
    return (await ask(target, { method: route.method, headers: sent, ...body })).status;
  };
  const fine = route.path.startsWith("/yjs/") ? 101 : 200;
  for (const host of [
    `127.0.0.1:${port()}`,
    `localhost:${port()}`,
    `LocalHost:${port()}`,
    `[::1]:${port()}`,
    "board.example",
    `board.example:${port()}`,
  ]) {
    expect([host, await status({ Host: host })]).toEqual([host, fine]);
  }
  for (const host of [
    "evil.example",
    `evil.example:${port()}`,
    "127.0.0.1",
    "localhost:1",
    `localhost:${port()}.evil`,
  ]) {
    expect([host, await status({ Host: host })]).toEqual([host, 421]);
  }
  for (const origin of [`http://127.0.0.1:${port()}`, `http://localhost:${port()}`, "https://board.example"]) {
    expect([origin, await status({ Origin: origin })]).toEqual([origin, fine]);
  }
  for (const origin of [
    "null",
    "",
    "http://evil.example",
    `http://localhost:${port()}.evil.example`,
    "http://localhost:1",
    `ftp://localhost:${port()}`,
    `http://localhost:${port()}@evil.example`,
    `http://evil.example/http://localhost:${port()}`,
  ]) {
    expect([origin, await status({ Origin: origin })]).toEqual([origin, 403]);
  }
});

test("no answer allows another site to read it", async () => {
  for (const route of ROUTES) {
    const { headers } = await askRoute(route, { ...BEARER, Origin: `http://localhost:${port()}` });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["cache-control"]).toBe("no-store");
  }
});

test("health is open and says why the node is degraded", async () => {
  expect(await ask("/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
  server.node.setHealth({ status: "degraded", reasons: ["The disk is full."] });
  expect(await ask("/healthz")).toMatchObject({
    status: 503,
    body: '{"status":"degraded","reasons":["The disk is full."]}\n',
  });
  // A node with an alarm works.
  server.node.setHealth({ status: "alarm", reasons: ["Damaged."] });
  expect(await ask("/healthz")).toMatchObject({ status: 200, body: '{"status":"alarm","reasons":["Damaged."]}\n' });
});

test("metrics are Prometheus text with the node's numbers and the server's own", async () => {
  const answer = await ask("/metrics", { headers: BEARER });
  expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(answer.body).toContain(
    "# HELP skein_ops_total Ops in the log,\\nin all feeds.\n# TYPE skein_ops_total counter\nskein_ops_total 7\n",
  );
  expect(answer.body).toContain("skein_peers +Inf\n");
  expect(answer.body).toContain("# TYPE skein_yjs_readers gauge\nskein_yjs_readers 0\n");
});

test("each query runs the command of its name and sends its result as it is", async () => {
  const targets = [
    "digest",
    "items?stage=Coding&all=true",
    "items/ab%20c",
    "items/abc/history",
    "claims",
    "nodes",
    "members",
    "forks",
    "effects",
    "doctor",
    "projects",
    "mesh",
    "flow?range=30d",
    "timeline?range=24h&after=5-0123456789ab",
    "queue",
    "queue/blame",
  ];
  const bodies: unknown[] = [];
  for (const target of targets) bodies.push(JSON.parse((await ask(`/api/v1/${target}`, { headers: BEARER })).body));
  expect(server.node.commands).toEqual([
    { name: "digest", input: {} },
    { name: "item.list", input: { stage: "Coding", all: true } },
    { name: "item.show", input: { item: "ab c" } },
    { name: "item.history", input: { item: "abc" } },
    { name: "claims", input: {} },
    { name: "nodes", input: {} },
    { name: "members", input: {} },
    { name: "forks", input: {} },
    { name: "effects", input: {} },
    { name: "doctor", input: {} },
    { name: "projects", input: {} },
    { name: "mesh", input: {} },
    { name: "flow", input: { range: "30d" } },
    { name: "timeline", input: { range: "24h", after: "5-0123456789ab" } },
    { name: "queue", input: {} },
    { name: "queue.blame", input: {} },
  ]);
  expect(bodies[1]).toEqual({ ran: "item.list", with: { stage: "Coding", all: true } });
});

test("a parameter cannot be given twice, nor beside the one in the path", async () => {
  expect((await ask("/api/v1/items?stage=Qa&stage=Done", { headers: BEARER })).status).toBe(400);
  expect((await ask("/api/v1/items/abc?item=def", { headers: BEARER })).status).toBe(400);
  expect(server.node.commands).toEqual([]);
});

test("a log is read from an offset", async () => {
  const answer = await ask("/api/v1/logs/abc?epoch=3&offset=10", { headers: BEARER });
  expect(JSON.parse(answer.body)).toMatchObject({ item: "abc", epoch: 3, text: "line\n", nextOffset: 15 });
  await ask("/api/v1/logs/abc", { headers: BEARER });
  expect(server.node.logQueries).toEqual([
    { item: "abc", epoch: 3, offset: 10 },
    { item: "abc", offset: 0 },
  ]);
  expect((await ask("/api/v1/logs/nope", { headers: BEARER })).status).toBe(404);
  for (const bad of ["offset=-1", "offset=1.5", "offset=1e3", "epoch=x", "offset=", "offset=99999999999999999"]) {
    expect([bad, (await ask(`/api/v1/logs/abc?${bad}`, { headers: BEARER })).status]).toEqual([bad, 400]);
  }
});

test("a command answers with its result, and with a status for each way of being refused", async () => {
  const done = await command('{"name":"item.add","input":{"title":"Ä"}}');
  expect(JSON.parse(done.body)).toEqual({ ok: true, result: { ran: "item.add", with: { title: "Ä" } } });
  const statuses: Readonly<Record<CommandError["code"], number>> = {
    "bad-input": 400,
    "not-allowed": 403,
    "not-found": 404,
    "unknown-command": 404,
    ambiguous: 409,
    "not-legal": 409,
    unavailable: 503,
    "not-saved": 507,
  };
  for (const code of CODES) {
    const error = { code, message: `It was ${code}.` };
    server.node.answerCommands(() => err(error));
    const refused = await command('{"name":"item.add","input":{}}');
    const body: unknown = JSON.parse(refused.body);
    expect({ status: refused.status, body }).toEqual({ status: statuses[code], body: { ok: false, error } });
  }
});

test.each([
  ["no JSON", "{", 400],
  ["nothing", "", 400],
  ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), 400],
  ["a list", "[]", 400],
  ["no name", '{"input":{}}', 400],
  ["a name that is not text", '{"name":1}', 400],
  ["a key too many", '{"name":"a","input":{},"as":"owner"}', 400],
  ["deep nesting", `{"name":"a","input":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 400],
  ["too many values", `{"name":"a","input":[${"1,".repeat(20_000)}1]}`, 400],
  ["a key that changes prototypes", '{"name":"a","input":{"__proto__":{"role":"owner"}}}', 400],
  ["256 KiB and one byte", `{"name":"${"a".repeat(256 * 1024 - 10)}"}`, 413],
])("a body with %s is refused before any command runs", async (_what, body, status) => {
  const answer = await command(body);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: { message: expect.any(String) } });
  expect(server.node.commands).toEqual([]);
});

test("a body that grows past the limit without announcing its size is cut off", async () => {
  const answer = await command(`{"name":"${"a".repeat(300 * 1024)}"}`, {
    ...JSON_TYPE,
    "Transfer-Encoding": "chunked",
  });
  expect(answer.status).toBe(413);
  expect(answer.headers.connection).toBe("close");
});

test("only plain JSON is taken as a body", async () => {
  const body = '{"name":"item.list"}';
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/jsonp",
    "",
  ]) {
    expect([type, (await command(body, { "Content-Type": type })).status]).toEqual([type, 415]);
  }
  expect((await command(body, {})).status).toBe(415);
  expect((await command(body, { ...JSON_TYPE, "Content-Encoding": "gzip" })).status).toBe(415);
  expect(server.node.commands).toEqual([]);
  expect((await command(body, { "Content-Type": "application/json; charset=utf-8" })).status).toBe(200);
});

test("a wrong method names the right one, an unknown address is not found, both only with the token", async () => {
  const answer = await ask("/api/v1/items", { method: "DELETE", headers: BEARER });
  expect({ status: answer.status, allow: answer.headers.allow }).toEqual({ status: 405, allow: "GET" });
  expect((await ask("/api/v1/items", { method: "DELETE" })).status).toBe(401);
  expect((await ask("/api/v1/items", { method: "OPTIONS" })).status).toBe(401);
  expect((await ask("/api/v1/commands", { headers: BEARER })).status).toBe(405);
  for (const target of ["/api/v1/nothing", "/api/v1", "/api/v1/items/", "/api/v1/items/a/b/c", "/mcp", "//healthz"]) {
    expect([target, (await ask(target, { headers: BEARER })).status]).toEqual([target, 404]);
    expect([target, (await ask(target)).status]).toEqual([target, 401]);
  }
});

test("the page is served open, under a policy without inline code, with hashed files kept by the browser", async () => {
  const index = await ask("/");
  expect(index).toMatchObject({ status: 200, body: "<!doctype html><title>Board</title>" });
  expect(index.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(index.headers["cache-control"]).toBe("no-cache");
  const policy = index.headers["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${port()}`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  const script = await ask("/assets/main-abc.js");
  expect(script).toMatchObject({ status: 200, body: "export {};\n" });
  expect(script.headers["cache-control"]).toContain("immutable");
  expect(await ask("/", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
});

test.each([
  "/../../../../etc/passwd",
  "/..%2f..%2f..%2fetc/passwd",
  "/assets/../../package.json",
  "/assets/..%5c..%5cindex.html",
  "/assets/%2e%2e/index.html",
  "/%00",
  "/assets/",
  "/assets",
  "/./index.html",
  "//index.html",
  "/link.txt",
  "/notes.secret",
  "/__proto__",
  "/constructor",
  "/%",
])("%s is no file of the page", async (target) => {
  expect((await ask(target)).status).toBe(401);
  expect((await ask(target, { headers: BEARER })).status).toBe(404);
});

test("a target that is not a path is refused", async () => {
  expect((await ask("http://evil.example/healthz")).status).toBe(400);
  expect((await ask(`/${"a".repeat(3_000)}`)).status).toBe(400);
});

test("bytes that are no HTTP end their own connection only", async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port()), "127.0.0.1", () => socket.write("\u0000\u0001 nonsense\r\n\r\n"));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect((await ask("/healthz")).status).toBe(200);
});

test("a command that throws is reported and answered as a fault of the node", async () => {
  const reports: string[] = [];
  const node = createFakeNode();
  const throwing = await startTestServer({
    api: { ...node.api, command: () => Promise.reject(new Error("secret detail")) },
    report: (problem) => reports.push(problem),
  });
  const answer = await rawRequest({ url: throwing.url, target: "/api/v1/digest", headers: BEARER });
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain("secret detail");
  expect(reports).toEqual(["A request could not be answered: secret detail"]);
  await throwing.close();
});

test("without a page the root asks for the token and then has nothing", async () => {
  const headless = await startTestServer();
  expect((await rawRequest({ url: headless.url, target: "/" })).status).toBe(401);
  expect((await rawRequest({ url: headless.url, target: "/", headers: BEARER })).status).toBe(404);
  await headless.close();
});

test("a server that cannot start says why in one sentence and leaves no subscription", async () => {
  const node = createFakeNode();
  const usual = { api: node.api, snapshot, host: "127.0.0.1", port: 0, token: TEST_TOKEN, clientId: 1 };
  const start = (options: { host?: string; port?: number; token?: string; assetsDirectory?: string }) =>
    createHttpServer({ ...usual, ...options });
  expect(await start({ port: Number(port()) })).toEqual(
    err(
      `The HTTP address 127.0.0.1:${port()} is in use by another program. Stop that program or choose another port with --http.`,
    ),
  );
  expect(await start({ host: "192.0.2.1" })).toMatchObject({ ok: false, error: expect.stringContaining("not one of") });
  expect(await start({ port: 70_000 })).toMatchObject({
    ok: false,
    error: expect.stringContaining("cannot be opened"),
  });
  expect(await start({ token: "" })).toMatchObject({ ok: false, error: expect.stringContaining("no token") });
  expect(await start({ assetsDirectory: join(pageDirectory, "assets") })).toMatchObject({
    ok: false,
    error: expect.stringContaining("no index.html"),
  });
  expect(node.listeners()).toBe(0);
});

test("closing ends the subscription and frees the port", async () => {
  const first = await startTestServer();
  await first.close();
  expect(first.node.listeners()).toBe(0);
  const again = await startTestServer({ port: Number(new URL(first.url).port) });
  expect(again.url).toBe(first.url);
  await again.close();
});

test("a command's result may be nothing at all", async () => {
  server.node.answerCommands(() => ok(null));
  expect((await command('{"name":"item.archive","input":{}}')).body).toBe('{"ok":true,"result":null}\n');
});
