/** What somebody who has proved nothing, or who breaks the protocol, can and cannot do to a node. */
import { LIMITS } from "@skein/core";
import { connect as connectTcp } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createStation, firstOf, openStranger, type Station, until } from "./testing/peers.ts";

const SMALL = LIMITS.messageBytesBeforeProof;

/** The bytes of a masked frame; `declared` is the length it claims to have. */
function frame(opcode: number, payload: Uint8Array, options: { fin?: boolean; declared?: number } = {}): Buffer {
  const { fin = true, declared = payload.length } = options;
  const header = Buffer.alloc(14);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(declared), 2);
  return Buffer.concat([header, payload]);
}

/** A stranger below `ws`: after the handshake it writes what it likes. */
async function openRaw(station: Station) {
  const socket = connectTcp(Number(new URL(station.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.resume();
  socket.write(
    "GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const end = await firstOf(station.accepted);
  return { socket, closed, end };
}

test("a message at the small limit passes, one byte more ends the link", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openStranger(station);
  socket.send(new Uint8Array(SMALL));
  socket.send(new Uint8Array(SMALL + 1));
  socket.send(new Uint8Array(1));
  expect(await closed).toEqual({ code: 1009, reason: `a message passed ${SMALL} bytes` });
  await until(() => expect(end.closes).toEqual([`a message passed ${SMALL} bytes`]));
  expect(end.messages.map(({ length }) => length)).toEqual([SMALL]);
});

test("after the proof the large limit holds, and one byte more ends the link", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openStranger(station);
  end.link.setMaxMessageBytes(LIMITS.messageBytes);
  socket.send(new Uint8Array(LIMITS.messageBytes));
  await until(() => expect(end.messages.length).toBe(1));
  socket.send(new Uint8Array(LIMITS.messageBytes + 1));
  expect((await closed).code).toBe(1009);
  await until(() => expect(end.closes).toEqual(["a message passed the limit"]));
  expect(end.messages.length).toBe(1);
});

test("no limit above the protocol's own can be set", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openStranger(station);
  end.link.setMaxMessageBytes(1e9);
  socket.send(new Uint8Array(LIMITS.messageBytes + 1));
  expect((await closed).code).toBe(1009);
});

test("a stranger that announces a large message is cut after a few packets, not after the message", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openRaw(station);
  socket.write(frame(2, new Uint8Array(0), { declared: LIMITS.messageBytes }));
  let written = 0;
  const chunk = new Uint8Array(1_024);
  while (!socket.destroyed && written < LIMITS.messageBytes) {
    written += chunk.length;
    await new Promise<void>((resolve) => void socket.write(chunk, () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  await until(() => expect(end.closes).toEqual(["it sent too much before it had proved its key"]));
  expect(end.messages).toEqual([]);
});

test.each([
  ["many small messages", () => frame(2, new Uint8Array(100))],
  ["pings", () => frame(9, new Uint8Array(0)).fill(0x80, 1, 2).subarray(0, 6)],
  ["empty fragments", () => frame(2, new Uint8Array(0), { fin: false })],
])("a stranger that floods with %s is cut", async (_, make) => {
  const station = await createStation();
  const { socket, closed, end } = await openRaw(station);
  const piece = make();
  socket.write(Buffer.concat(Array.from({ length: Math.ceil((8 * SMALL) / piece.length) }, () => piece)));
  await closed;
  await until(() => expect(end.closes.length).toBe(1));
  expect(end.messages.length * 100).toBeLessThan(64 * 1024);
  expect(end.late).toEqual([]);
});

test("a proved peer that sends one message in endless fragments is cut", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openRaw(station);
  end.link.setMaxMessageBytes(LIMITS.messageBytes);
  socket.write(frame(2, new Uint8Array(1), { fin: false }));
  for (let piece = 0; piece < 100_000 && !socket.destroyed; piece++) {
    socket.write(frame(0, new Uint8Array(1), { fin: false }));
    if (piece % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  await until(() => expect(end.closes).toEqual(["a message came in too many pieces"]));
  expect(end.messages).toEqual([]);
});

test("a message in a few fragments is put together", async () => {
  const station = await createStation();
  const { socket, end } = await openStranger(station);
  socket.send(Uint8Array.of(1, 2), { fin: false });
  socket.send(Uint8Array.of(3), { fin: true });
  await until(() => expect(end.messages).toEqual([Uint8Array.of(1, 2, 3)]));
});

test("text ends the link", async () => {
  const station = await createStation();
  const { socket, closed, end } = await openStranger(station);
  socket.send("hello");
  socket.send(Uint8Array.of(1));
  expect((await closed).code).toBe(1003);
  await until(() => expect(end.closes).toEqual(["it sent text; messages are binary"]));
  expect(end.messages).toEqual([]);
});

test.each([
  ["an unmasked frame", Buffer.from([0x82, 0x01, 0x00])],
  ["a reserved bit", Buffer.from([0xc2, 0x80, 0, 0, 0, 0])],
  ["an unknown opcode", Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ["a continuation of nothing", Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
  ["a close code that does not exist", Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x00, 0x01])],
  ["a length beyond all bounds", Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])],
])("%s ends the link once and nothing else", async (_, wrong) => {
  const station = await createStation();
  const { socket, closed, end } = await openRaw(station);
  socket.write(wrong);
  await closed;
  await until(() => expect(end.closes.length).toBe(1));
  expect(end.closes[0]).toMatch(/^(it broke the WebSocket protocol|a message passed the limit)/);
  await openStranger(station);
});

test("a reset in the middle of a frame ends the link once", async () => {
  const station = await createStation();
  const { socket, end } = await openRaw(station);
  socket.write(frame(2, new Uint8Array(10), { declared: 100 }));
  socket.resetAndDestroy();
  await until(() => expect(end.closes).toEqual(["the connection was lost"]));
});

test("what a peer gives as its reason is told without control characters", async () => {
  const station = await createStation();
  const { socket, end } = await openStranger(station);
  socket.close(4000, "gone\u001b[31m\nfor good");
  await until(() => expect(end.closes).toEqual(["gone [31m for good"]));
});
