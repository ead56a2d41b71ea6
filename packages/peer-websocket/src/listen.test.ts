import { LIMITS } from "@skein/core";
import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { listenProblem } from "./listen-problem.ts";
import {
  connectStranger,
  createNet,
  createStation,
  dialFrom,
  firstOf,
  openStranger,
  type Station,
  until,
} from "./testing/peers.ts";

const portOf = ({ url }: Station): number => Number(new URL(url).port);

async function listenProblemAt(host: string, port: number): Promise<string> {
  const listening = await createNet().listen({ host, port }, () => {
    throw new Error("there is no link to handle");
  });
  if (listening.ok) throw new Error("it listens");
  return listening.error;
}

/** A TCP connection that says only what it is told to. */
async function connectRaw(station: Station, text = ""): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connectTcp(portOf(station), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.once("close", () => resolve(Buffer.concat(received).toString("latin1")));
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  if (text !== "") socket.write(text);
  return { socket, closed };
}

const HANDSHAKE =
  "GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

test("the bound address is told with the port the system chose, IPv6 in brackets", async () => {
  const net = createNet();
  const accept = () => ({ onMessage: () => undefined, onClose: () => undefined });
  expect(await net.listen({ host: "127.0.0.1", port: 0 }, accept)).toEqual({
    ok: true,
    value: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/),
  });
});

test("a port in use, a strange host and a port that is none are one sentence each", async () => {
  const { url } = await createStation();
  const { host, port } = new URL(url);
  expect(await listenProblemAt("127.0.0.1", Number(port))).toBe(
    `The peer address ${host} is in use by another program. Stop that program or choose another port with --listen.`,
  );
  expect(await listenProblemAt("192.0.2.1", 0)).toMatch(
    /^The host of the peer address 192\.0\.2\.1:0 is not one of this/,
  );
  expect(await listenProblemAt("node.invalid", 0)).toMatch(
    /^The host of the peer address node\.invalid:0 was not found/,
  );
  expect(await listenProblemAt("127.0.0.1", 70_000)).toMatch(/^The peer address 127\.0\.0\.1:70000 has no valid port/);
});

test("a port that only root may open says which ones are free to all", () => {
  const cause = Object.assign(new Error("listen EACCES"), { code: "EACCES" });
  expect(listenProblem(cause, "127.0.0.1:80")).toBe(
    "This user may not open the peer address 127.0.0.1:80. Choose a port above 1023 with --listen.",
  );
  expect(listenProblem(new Error("odd"), "x:1")).toContain("x:1 cannot be opened (Error: odd)");
});

test("a browser is refused, whatever its page", async () => {
  const station = await createStation();
  for (const origin of ["http://127.0.0.1:7000", "https://evil.example", "null"]) {
    expect(await connectStranger(`${station.url}/sync`, { origin }).answered).toBe(403);
    expect(await connectStranger(`${station.url}/sync`, { origin, protocolVersion: 8 }).answered).toBe(403);
  }
  expect(station.accepted).toEqual([]);
});

test("peers meet at one path only", async () => {
  const station = await createStation();
  for (const path of ["", "/", "/yjs/board", "/sync/", "/sync?x=1", "/SYNC", "/sync/../sync2"]) {
    expect({ path, status: await connectStranger(`${station.url}${path}`).answered }).toEqual({ path, status: 404 });
  }
  expect(station.accepted).toEqual([]);
});

test("a request that is no WebSocket is answered and hung up on, whatever it goes on to send", async () => {
  const station = await createStation();
  const ask = (path: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      const asked = request(
        { host: "127.0.0.1", port: portOf(station), path, method: "POST", agent: false },
        (response) => {
          resolve(response.statusCode);
          response.resume();
        },
      );
      asked.on("error", () => undefined);
      asked.write("a body without end");
    });
  expect(await ask("/sync")).toBe(426);
  expect(await ask("/")).toBe(404);
  const endless = await connectRaw(station, "POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc");
  expect(await endless.closed).toMatch(/^HTTP\/1\.1 426 /);
});

test.each([
  ["no key", HANDSHAKE + "\r\n"],
  ["another version", HANDSHAKE.replace("13", "12") + KEY + "\r\n"],
  ["another protocol", HANDSHAKE.replace("websocket", "h2c") + KEY + "\r\n"],
  ["another method", HANDSHAKE.replace("GET", "POST") + KEY + "\r\n"],
  ["no HTTP", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n"],
  ["too many headers to hold", `${HANDSHAKE}${KEY}X: ${"x".repeat(9_000)}\r\n\r\n`],
])("a handshake with %s is refused and hung up on", async (_, text) => {
  const station = await createStation();
  const { closed } = await connectRaw(station, text);
  expect(await closed).not.toContain(" 101 ");
  expect(station.accepted).toEqual([]);
});

test("compression and subprotocols that are offered are not taken up", async () => {
  const station = await createStation();
  const offers = "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n";
  const { socket, closed } = await connectRaw(station, `${HANDSHAKE}${KEY}${offers}\r\n`);
  await firstOf(station.accepted);
  socket.end();
  const answer = await closed;
  expect(answer).toContain(" 101 ");
  expect(answer).not.toMatch(/extensions|protocol:/i);
});

test("sockets that say nothing, half a request, or drip are dropped when the time is over", async () => {
  const station = await createStation({ handshakeTimeoutMs: 300 });
  const silent = await connectRaw(station);
  const half = await connectRaw(station, "GET /sync HTTP/1.1\r\nHost:");
  const dripping = await connectRaw(station, "GET /sync HTTP/1.1\r\nX: ");
  const drip = setInterval(() => dripping.socket.write("x"), 20);
  onTestFinished(() => clearInterval(drip));
  const startMs = performance.now();
  await Promise.all([silent.closed, half.closed, dripping.closed]);
  expect(performance.now() - startMs).toBeLessThan(3_000);
});

test("200 sockets that never speak keep no peer out", async () => {
  const station = await createStation();
  const silent = await Promise.all(Array.from({ length: 200 }, () => connectRaw(station)));
  const dialed = await dialFrom(createNet(), station.url);
  dialed.link.send(Uint8Array.of(1));
  const accepted = await firstOf(station.accepted);
  await until(() => expect(accepted.messages).toEqual([Uint8Array.of(1)]));
  for (const { socket } of silent) socket.destroy();
});

test("with all places taken by silent sockets and silent links a peer still gets in and stays", async () => {
  const station = await createStation({ connections: 20 });
  const first = await openStranger(station);
  await Promise.all(Array.from({ length: 60 }, () => connectRaw(station)));
  await until(() =>
    expect(first.end.closes).toEqual(["it had not proved its key and a newer connection needed the place"]),
  );

  const dialed = await dialFrom(createNet(), station.url);
  await until(() => expect(station.accepted.length).toBe(2));
  station.accepted[1]?.link.setMaxMessageBytes(LIMITS.messageBytes);
  await Promise.all(Array.from({ length: 60 }, () => connectRaw(station)));
  dialed.link.send(Uint8Array.of(1));
  await until(() => expect(station.accepted[1]?.messages).toEqual([Uint8Array.of(1)]));
  expect(dialed.closes).toEqual([]);
});

test("when proved peers hold all places a newcomer is turned away at once, and let in when one leaves", async () => {
  const station = await createStation({ connections: 2 });
  const dialers = [await dialFrom(createNet(), station.url), await dialFrom(createNet(), station.url)];
  await until(() => expect(station.accepted.length).toBe(2));
  for (const { link } of station.accepted) link.setMaxMessageBytes(LIMITS.messageBytes);
  const refused = await createNet().dial(station.url, () => {
    throw new Error("there is no link to handle");
  });
  expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("It may have no place left") });
  dialers[0]?.link.close("leaving");
  await until(() => expect(station.accepted[0]?.closes).toEqual(["leaving"]));
  await expect
    .poll(async () => (await dialFrom(createNet(), station.url).catch(() => undefined)) !== undefined)
    .toBe(true);
});
