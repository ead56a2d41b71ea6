import { LIMITS } from "@skein/core";
import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  connect,
  createNet,
  createStation,
  dialFrom,
  type End,
  firstOf,
  openStranger,
  until,
} from "./testing/peers.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const numbered = (value: number): Uint8Array => {
  const message = new Uint8Array(4 + (value % 300));
  new DataView(message.buffer).setUint32(0, value);
  return message;
};
const numberOf = (message: Uint8Array): number =>
  new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(0);

test("a message arrives as the bytes that were sent, in both directions, an empty one too", async () => {
  const { dialed, accepted } = await connect({ proved: false });
  expect(dialed.link.send(bytes(1, 2, 3))).toBe("sent");
  expect(dialed.link.send(bytes())).toBe("sent");
  expect(accepted.link.send(bytes(255, 0))).toBe("sent");
  await until(() => {
    expect(accepted.messages).toEqual([bytes(1, 2, 3), bytes()]);
    expect(dialed.messages).toEqual([bytes(255, 0)]);
  });
  expect(Object.getPrototypeOf(accepted.messages[0])).toBe(Uint8Array.prototype);
});

test("the ends know each other as the URL that was dialed and as the address it came from", async () => {
  const { station, dialed, accepted } = await connect({ proved: false });
  expect(dialed.link.remoteAddress).toBe(station.url);
  expect(accepted.link.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("what is sent while the handlers are being made arrives first", async () => {
  const station = createNet();
  const greeted: End[] = [];
  const listening = await station.listen({ host: "127.0.0.1", port: 0 }, (link) => {
    link.send(bytes(1));
    const end: End = { link, messages: [], closes: [], late: [] };
    greeted.push(end);
    return { onMessage: (message) => end.messages.push(message), onClose: () => undefined };
  });
  if (!listening.ok) throw new Error(listening.error);
  const dialed = await dialFrom(createNet(), listening.value);
  dialed.link.send(bytes(2));
  await until(() => expect([dialed.messages, greeted[0]?.messages]).toEqual([[bytes(1)], [bytes(2)]]));
});

test("10,000 messages each way keep their order", { timeout: 30_000 }, async () => {
  const { dialed, accepted } = await connect({ proved: true });
  const count = 10_000;
  for (let value = 0; value < count; value++) {
    expect(dialed.link.send(numbered(value))).toBe("sent");
    expect(accepted.link.send(numbered(value))).toBe("sent");
  }
  await until(() => expect([dialed.messages.length, accepted.messages.length]).toEqual([count, count]), 20_000);
  const expected = Array.from({ length: count }, (_, index) => index);
  expect(dialed.messages.map(numberOf)).toEqual(expected);
  expect(accepted.messages.map(numberOf)).toEqual(expected);
});

test("a proved peer may send the largest message, and it is not changed on the way", async () => {
  const { dialed, accepted } = await connect({ proved: true });
  const large = Uint8Array.from({ length: LIMITS.messageBytes }, (_, index) => index * 31);
  const before = Buffer.from(large);
  dialed.link.send(large);
  accepted.link.send(large);
  await until(() => expect([dialed.messages.length, accepted.messages.length]).toEqual([1, 1]));
  expect(before.equals(large)).toBe(true);
  expect([dialed.messages[0], accepted.messages[0]].every((got) => got !== undefined && before.equals(got))).toBe(true);
});

test("a large message right behind the proof, in one packet with it, is accepted", async () => {
  const station = await createStation(undefined, (end, message) => {
    if (message.length === 1) end.link.setMaxMessageBytes(LIMITS.messageBytes);
  });
  const dialed = await dialFrom(createNet(), station.url);
  dialed.link.send(bytes(7));
  dialed.link.send(new Uint8Array(LIMITS.messageBytes));
  const accepted = await firstOf(station.accepted);
  await until(() => expect(accepted.messages.map(({ length }) => length)).toEqual([1, LIMITS.messageBytes]));
});

test("closing tells the other end why, and each end hears of it once", async () => {
  const { dialed, accepted } = await connect({ proved: false });
  dialed.link.send(bytes(1));
  dialed.link.close("duplicate-link");
  dialed.link.close("again");
  expect(dialed.link.send(bytes(2))).toBe("closed");
  await until(() => expect([dialed.closes, accepted.closes]).toEqual([["duplicate-link"], ["duplicate-link"]]));
  expect(accepted.messages).toEqual([bytes(1)]);
  expect(accepted.link.send(bytes(3))).toBe("closed");
  dialed.link.close("once more");
  accepted.link.close("once more");
  expect([dialed.closes.length, accepted.closes.length]).toEqual([1, 1]);
});

test("both ends closing at once each hear their own reason, once", async () => {
  const { dialed, accepted } = await connect({ proved: false });
  dialed.link.close("from the dialer");
  accepted.link.close("from the acceptor");
  await until(() => expect([dialed.closes, accepted.closes]).toEqual([["from the dialer"], ["from the acceptor"]]));
});

test("no message comes after close, though the other end goes on sending", async () => {
  const { dialed, accepted } = await connect({ proved: true });
  for (let value = 0; value < 1_000; value++) accepted.link.send(numbered(value));
  dialed.link.close("enough");
  await until(() => expect(dialed.closes).toEqual(["enough"]));
  expect([dialed.messages, dialed.late]).toEqual([[], []]);
});

test("a link may be closed while its handlers are being made", async () => {
  const net = createNet();
  const closes: string[] = [];
  const listening = await net.listen({ host: "127.0.0.1", port: 0 }, (link) => {
    link.close("too-many-links");
    return { onMessage: () => undefined, onClose: (reason) => closes.push(reason) };
  });
  if (!listening.ok) throw new Error(listening.error);
  const dialed = await dialFrom(createNet(), listening.value);
  await until(() => expect([closes, dialed.closes]).toEqual([["too-many-links"], ["too-many-links"]]));
});

test("an end that never answers a close is dropped after a second", async () => {
  const station = await createStation();
  const { socket, end } = await openStranger(station);
  socket.pause();
  const startMs = performance.now();
  end.link.close("removed");
  await until(() => expect(end.closes).toEqual(["removed"]));
  expect(performance.now() - startMs).toBeGreaterThan(900);
  expect(performance.now() - startMs).toBeLessThan(3_000);
});

test("a connection that breaks off ends the link once", async () => {
  const station = await createStation();
  const { socket, end } = await openStranger(station);
  socket.terminate();
  await until(() => expect(end.closes).toEqual(["the connection was lost"]));
  expect(end.link.send(bytes(1))).toBe("closed");
});

test("a reader that does not read gets no more than the outbox holds, and the others notice nothing", async () => {
  const station = await createStation();
  const slow = await openStranger(station);
  slow.socket.pause();
  const other = await dialFrom(createNet(), station.url);
  const message = new Uint8Array(256 * 1024);
  const outcomes: string[] = [];
  while (outcomes.at(-1) !== "full") {
    outcomes.push(slow.end.link.send(message));
    expect(slow.end.link.bufferedBytes()).toBeLessThanOrEqual(LIMITS.outboxBytes + 1_024);
    // The kernel's own buffers take a part, a bit at a time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(outcomes.length * message.length).toBeGreaterThan(LIMITS.outboxBytes);
  expect(slow.end.link.send(message)).toBe("full");
  expect(slow.end.closes).toEqual([]);
  station.accepted[1]?.link.send(bytes(1));
  await until(() => expect(other.messages).toEqual([bytes(1)]));

  slow.end.link.close("too-slow");
  await until(() => expect(slow.end.closes).toEqual(["too-slow"]));
});

test("a slow reader that reads on gets everything that was sent, and then there is room again", async () => {
  const station = await createStation();
  const slow = await openStranger(station);
  slow.socket.pause();
  const lengths: number[] = [];
  slow.socket.on("message", (data) => lengths.push(Buffer.isBuffer(data) ? data.length : -1));
  const message = new Uint8Array(256 * 1024);
  let sent = 0;
  while (slow.end.link.send(message) === "sent") sent++;
  slow.socket.resume();
  await until(() => expect(slow.end.link.bufferedBytes()).toBe(0));
  expect(slow.end.link.send(message)).toBe("sent");
  await until(() => expect(lengths).toEqual(Array.from({ length: sent + 1 }, () => message.length)));
});

test("a link knows how long the other end took to answer, once it has proved its key, and no answer to nothing counts", async () => {
  const { dialed, accepted } = await connect({ proved: false });
  expect(dialed.link.rttMs()).toBeUndefined();
  dialed.link.setMaxMessageBytes(LIMITS.messageBytes);
  await until(() => expect(dialed.link.rttMs()).toBeGreaterThan(0));
  // It has answered, and has asked nothing itself.
  expect(accepted.link.rttMs()).toBeUndefined();
});

test("a half-open link is cut after three rounds without a byte, a quiet one that answers is not", async () => {
  const station = await createStation({ pingMs: 100 });
  const dead = await openStranger(station);
  const quiet = await openStranger(station);
  dead.socket.pause();
  const startMs = performance.now();
  await until(() => expect(dead.end.closes).toEqual(["the other end does not answer any more"]));
  expect(performance.now() - startMs).toBeGreaterThan(200);
  await until(() => expect(performance.now() - startMs).toBeGreaterThan(1_000));
  expect(quiet.end.closes).toEqual([]);
});

test("a net that closes says goodbye on every link and waits until all are gone", async () => {
  const station = await createStation();
  const dialers = [await dialFrom(createNet(), station.url), await dialFrom(createNet(), station.url)];
  const silent: Socket = connectTcp(Number(new URL(station.url).port), "127.0.0.1");
  onTestFinished(() => void silent.destroy());
  const dropped = new Promise((resolve) => silent.once("close", resolve));
  await new Promise((resolve) => silent.once("connect", resolve));
  await until(() => expect(station.accepted.length).toBe(2));

  await station.net.close();
  await dropped;
  expect(station.accepted.map(({ closes }) => closes)).toEqual([["shutting-down"], ["shutting-down"]]);
  await until(() => expect(dialers.map(({ closes }) => closes)).toEqual([["shutting-down"], ["shutting-down"]]));
  expect(await createNet().dial(station.url, () => unexpectedLink())).toMatchObject({ ok: false });
  expect(await station.net.dial(station.url, () => unexpectedLink())).toMatchObject({ ok: false });
  expect(await station.net.listen({ host: "127.0.0.1", port: 0 }, () => unexpectedLink())).toMatchObject({ ok: false });
  await station.net.close();
});

function unexpectedLink(): never {
  throw new Error("there is no link to handle");
}
