/** A flood of connections against people who are in, and against those who want to come in. */
import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";

import { createCrowd, type Crowd } from "./crowd.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { rawRequest } from "./testing/raw-request.ts";
import { signInByLink } from "./testing/sign-in.ts";
import { startTestServer, type TestServer } from "./testing/start-server.ts";

let server: TestServer;

afterEach(() => server.close());

function openSilent(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

test("silent connections by the hundred cost nobody their socket, and keep nobody out", async () => {
  server = await startTestServer();
  const { cookie, key } = await signInByLink(server);
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/yjs/board`, ["skein", `skein.page.${key}`], {
    headers: { Cookie: cookie, Origin: server.url },
  });
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));

  const silent = [await openSilent()];
  const firstGone = new Promise((resolve) => silent[0]?.once("close", resolve));
  for (let at = 1; at < HTTP_LIMITS.connections + 50; at++) silent.push(await openSilent());
  await firstGone;
  const headers = { Cookie: cookie, "X-Skein-Page": key, Origin: server.url };
  expect((await rawRequest({ url: server.url, target: "/api/v1/items", headers })).status).toBe(200);
  const pong = new Promise((resolve) => socket.once("pong", resolve));
  socket.ping();
  await pong;
  await signInByLink(server);
});

interface Arrived {
  readonly remoteAddress: string;
  readonly remotePort: number;
  isGone: boolean;
}

/** A listener of at most so many connections, and what comes to it. */
function stand(max: number): { readonly crowd: Crowd; readonly arrive: (address: string, port: number) => Arrived } {
  const listener = new EventEmitter();
  const crowd = createCrowd(listener, max);
  const arrive = (remoteAddress: string, remotePort: number): Arrived => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      remotePort,
      isGone: false,
      destroy: () => void (socket.isGone = true),
    });
    listener.emit("connection", socket);
    return socket;
  };
  return { crowd, arrive };
}

test("who has a whole network of addresses counts as one", () => {
  const { arrive } = stand(10);
  // A browser opens some connections at once.
  const honest = [1, 2, 3].map((port) => arrive("2001:db8:1:1::7", port));
  for (let at = 1; at < 100; at++) arrive(`2001:db8:2:2::${at.toString(16)}`, 1);
  expect(honest.map(({ isGone }) => isGone)).toEqual([false, false, false]);
});

test("a member who is in and takes all connections there are loses their own to whoever comes", () => {
  const { crowd, arrive } = stand(10);
  const owner = [1, 2].map((port) => arrive("192.0.2.1", port));
  for (const one of owner) crowd.welcome(one, "owner");
  const reader: Arrived[] = [];
  for (let port = 0; port < 40; port++) {
    const one = arrive("192.0.2.2", port);
    crowd.welcome(one, "reader");
    reader.push(one);
  }
  const newcomer = arrive("192.0.2.1", 3);
  expect([...owner, newcomer].map(({ isGone }) => isGone)).toEqual([false, false, false]);
  expect(reader.filter(({ isGone }) => !isGone).length).toBe(7);
});

test("where many members are in, whoever comes as one too many goes, and none of them", () => {
  const { crowd, arrive } = stand(10);
  const people = Array.from({ length: 10 }, (_, at) => arrive("192.0.2.1", at));
  for (const [at, one] of people.entries()) crowd.welcome(one, `member ${at % 3}`);
  expect(arrive("192.0.2.2", 1).isGone).toBe(true);
  expect(people.some(({ isGone }) => isGone)).toBe(false);
});
