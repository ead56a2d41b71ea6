import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { testItem, testNode } from "./testing/fake-node.ts";
import { rawRequest } from "./testing/raw-request.ts";
import { startTestServer, TEST_TOKEN, type TestServer } from "./testing/start-server.ts";

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

let server: TestServer;
const cleanups: (() => void)[] = [];

beforeEach(async () => {
  vi.stubGlobal("WebSocket", WebSocket);
  server = await startTestServer();
  server.node.change({
    items: new Map([
      ["a", testItem({ id: "a", title: "First" })],
      ["b", testItem({ id: "b", title: "Second" })],
    ]),
    nodes: new Map([["n", testNode({ id: "n" })]]),
    queue: new Map([["a", { item: "a", position: 0 }]]),
  });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await server.close();
  vi.unstubAllGlobals();
});

interface Client {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
}

function openClient(parameters: Record<string, string> = { token: TEST_TOKEN }): Client {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${server.url.replace("http", "ws")}/yjs`, "board", doc, {
    params: parameters,
    disableBc: true,
  });
  cleanups.push(() => {
    provider.destroy();
    doc.destroy();
  });
  return { doc, provider };
}

async function openSyncedClient(): Promise<Client> {
  const client = openClient();
  await vi.waitFor(() => expect(client.provider.synced).toBe(true));
  return client;
}

const titles = ({ doc }: Client): Record<string, unknown> =>
  Object.fromEntries([...doc.getMap<{ title: string }>("items")].map(([id, item]) => [id, item.title]));

/** A raw socket past the upgrade, and what became of it. */
async function openSocket(): Promise<{ socket: WebSocket; closed: Promise<number>; received: Uint8Array[] }> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/yjs/board?token=${TEST_TOKEN}`);
  const received: Uint8Array[] = [];
  socket.on("message", (data: Buffer) => received.push(new Uint8Array(data)));
  socket.on("error", () => {});
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  await new Promise((resolve) => socket.once("open", resolve));
  cleanups.push(() => socket.terminate());
  return { socket, closed, received };
}

const metric = async (name: string): Promise<number> => {
  const headers = { Authorization: `Bearer ${TEST_TOKEN}` };
  const { body } = await rawRequest({ url: server.url, target: "/metrics", headers });
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(body)?.[1]);
};

test("a stock client reads the board and then its changes, removals too", async () => {
  const client = await openSyncedClient();
  expect(titles(client)).toEqual({ a: "First", b: "Second" });
  expect(client.doc.getMap("nodes").get("n")).toEqual(testNode({ id: "n" }));
  expect(client.doc.getMap("queue").get("a")).toEqual({ item: "a", position: 0 });
  let transactions = 0;
  client.doc.on("update", () => (transactions += 1));
  server.node.change({
    items: new Map([
      ["a", null],
      ["b", testItem({ id: "b", title: "Second, renamed" })],
      ["c", testItem({ id: "c", title: "Third" })],
    ]),
    queue: new Map([["a", null]]),
  });
  await vi.waitFor(() => expect(titles(client)).toEqual({ b: "Second, renamed", c: "Third" }));
  expect(client.doc.getMap("queue").size).toBe(0);
  expect(transactions).toBe(1);
});

test("what a client writes reaches neither the server nor another client", async () => {
  const writer = await openSyncedClient();
  const reader = await openSyncedClient();
  writer.doc.getMap("items").set("forged", { title: "Forged" });
  writer.doc.getMap("items").delete("a");
  writer.provider.awareness.setLocalState({ user: "owner" });
  // The server's next change comes after everything the writer sent: by then a forgery would have arrived.
  await vi.waitFor(() => expect(writer.provider.ws?.bufferedAmount).toBe(0));
  server.node.change({ items: new Map([["c", testItem({ id: "c", title: "Third" })]]) });
  const expected = { a: "First", b: "Second", c: "Third" };
  await vi.waitFor(() => expect(titles(reader)).toEqual(expected));
  await vi.waitFor(() => expect(titles(writer)).toMatchObject({ c: "Third" }));
  expect(titles(await openSyncedClient())).toEqual(expected);
  expect([...reader.provider.awareness.getStates().keys()]).toEqual([reader.doc.clientID]);
});

test("the document is written by the given client id alone", async () => {
  const client = await openSyncedClient();
  expect([...Y.decodeStateVector(Y.encodeStateVector(client.doc)).keys()]).toEqual([77]);
});

test("a client without the right token gets nothing", async () => {
  const attempts: readonly Record<string, string>[] = [{}, { token: "wrong" }, { token: "" }];
  for (const parameters of attempts) {
    const client = openClient(parameters);
    await new Promise((resolve) => client.provider.once("connection-error", resolve));
    expect(client.provider.synced).toBe(false);
    expect(client.doc.getMap("items").size).toBe(0);
  }
});

test("an upgrade is refused without the token, for other rooms and for other paths", async () => {
  const bearer = { ...UPGRADE, Authorization: `Bearer ${TEST_TOKEN}` };
  const status = async (target: string, headers: Record<string, string>): Promise<number> =>
    (await rawRequest({ url: server.url, target, headers })).status;
  expect(await status("/yjs/board", UPGRADE)).toBe(401);
  expect(await status("/yjs/board", bearer)).toBe(101);
  expect(await status(`/yjs/board?token=${TEST_TOKEN}`, UPGRADE)).toBe(101);
  for (const target of ["/yjs/other", "/yjs/", "/yjs/board/", "/yjs/../board", "/yjs/%62oard", "/", "/healthz"]) {
    expect([target, await status(target, bearer)]).toEqual([target, 404]);
  }
  expect(await status(`/api/v1/items?token=${TEST_TOKEN}`, UPGRADE)).toBe(401);
  expect(await status("/yjs/board", { ...bearer, "Sec-WebSocket-Version": "1" })).toBe(400);
});

test("random bytes change nothing and cost at most the socket they came on", async () => {
  const reader = await openSyncedClient();
  let state = 7;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 60; round += 1) {
    const { socket } = await openSocket();
    for (let frame = 0; frame < 5; frame += 1) {
      socket.send(Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)));
    }
    socket.close();
  }
  server.node.change({ items: new Map([["c", testItem({ id: "c", title: "Third" })]]) });
  const expected = { a: "First", b: "Second", c: "Third" };
  await vi.waitFor(() => expect(titles(reader)).toEqual(expected));
  expect(titles(await openSyncedClient())).toEqual(expected);
  expect(await metric("skein_yjs_malformed_total")).toBeGreaterThan(0);
});

test("a delete set for the whole board, as update or as answer, deletes nothing", async () => {
  const reader = await openSyncedClient();
  // No structs; one client, 77; one range from clock 0 of 127 structs.
  const deleteAll = [0, 1, 77, 1, 0, 127];
  const { socket, received } = await openSocket();
  socket.send(new Uint8Array([0, 2, deleteAll.length, ...deleteAll]));
  socket.send(new Uint8Array([0, 1, deleteAll.length, ...deleteAll]));
  const victim = new Y.Doc();
  Y.applyUpdate(victim, Y.encodeStateAsUpdate(reader.doc));
  Y.applyUpdate(victim, new Uint8Array(deleteAll));
  expect(victim.getMap("items").size).toBe(0);
  socket.send(new Uint8Array([0, 0, 1, 0]));
  await vi.waitFor(() => expect(received).toHaveLength(1));
  expect(titles(await openSyncedClient())).toEqual({ a: "First", b: "Second" });
  expect(titles(reader)).toEqual({ a: "First", b: "Second" });
});

test.each([
  ["an empty message", new Uint8Array(0), 4400],
  ["an unknown type", new Uint8Array([9]), 4400],
  ["an unknown step", new Uint8Array([0, 9]), 4400],
  ["a length past the end", new Uint8Array([0, 0, 255, 255, 3]), 4400],
  ["an endless number", new Uint8Array(20).fill(255), 4400],
  ["a state vector that promises more than it holds", new Uint8Array([0, 0, 5, 255, 255, 255, 255, 7]), 4400],
  ["text", "hello", 4400],
  ["more than 64 KiB", new Uint8Array(64 * 1024 + 1), 1009],
])("%s closes its socket and is counted", async (_what, message, code) => {
  const reader = await openSyncedClient();
  const { socket, closed } = await openSocket();
  socket.send(message);
  expect(await closed).toBe(code);
  expect(await metric("skein_yjs_malformed_total")).toBe(1);
  expect(reader.provider.wsconnected).toBe(true);
});

test("asking for the state again and again is cut off", async () => {
  const { socket, closed } = await openSocket();
  for (let round = 0; round < 25; round += 1) socket.send(new Uint8Array([0, 0, 1, 0]));
  expect(await closed).toBe(4429);
  expect(await metric("skein_yjs_flooding_total")).toBe(1);
});

test("a frame that breaks the WebSocket protocol ends its own socket only", async () => {
  const reader = await openSyncedClient();
  const { hostname, port } = new URL(server.url);
  const lines = [
    `GET /yjs/board?token=${TEST_TOKEN} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    ...Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}`),
  ];
  const socket = connect(Number(port), hostname);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
  // A masked frame with all reserved bits set; the answer is a close frame with code 1002.
  socket.write(new Uint8Array([0xff, 0x80, 0, 0, 0, 0]));
  const close = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  expect([...close]).toEqual([0x88, 2, 0x03, 0xea]);
  socket.destroy();
  expect(reader.provider.wsconnected).toBe(true);
});

test("the server takes so many readers and no more", async () => {
  await Promise.all(Array.from({ length: 64 }, openSocket));
  const target = `/yjs/board?token=${TEST_TOKEN}`;
  expect((await rawRequest({ url: server.url, target, headers: UPGRADE })).status).toBe(503);
});

test("stopping the server closes its readers", async () => {
  const { closed } = await openSocket();
  await server.close();
  expect(await closed).toBe(1001);
  server = await startTestServer();
});
