import type { AnyMessage } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";

import { BURST_MESSAGES, createWire, LINE_BYTES, MESSAGES_PER_SECOND, OPEN_REQUESTS, type Wire } from "./wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const line = (value: unknown): Uint8Array => bytes(`${JSON.stringify(value)}\n`);
const update = (text: string): Uint8Array =>
  line({ jsonrpc: "2.0", method: "session/update", params: { update: { text } } });
const request = (id: number): Uint8Array => line({ jsonrpc: "2.0", id, method: "session/request_permission" });

interface Stand {
  readonly wire: Wire;
  readonly breaches: readonly string[];
  readonly updates: readonly unknown[];
  readonly sent: readonly string[];
  readonly send: (message: AnyMessage) => Promise<void>;
  /** What the SDK gets until nothing more comes. */
  readonly rest: () => Promise<readonly AnyMessage[]>;
  readonly time: { nowMs: number };
  answer: "sent" | "full" | "closed";
}

function createStand(): Stand {
  const breaches: string[] = [];
  const updates: unknown[] = [];
  const sent: string[] = [];
  const time = { nowMs: 0 };
  const wire = createWire({
    clock: { monoMs: () => time.nowMs, wallMs: () => 0, after: () => () => undefined },
    onUpdate: (params) => updates.push(params),
    onBreach: (words) => breaches.push(words),
  });
  const stand: Stand = {
    wire,
    breaches,
    updates,
    sent,
    send: async (message) => {
      const writer = wire.stream.writable.getWriter();
      await writer.write(message);
      writer.releaseLock();
    },
    rest: async () => {
      wire.finish();
      const messages: AnyMessage[] = [];
      for await (const message of wire.stream.readable) messages.push(message);
      return messages;
    },
    time,
    answer: "sent",
  };
  wire.begin({
    write: (chunk) => {
      if (stand.answer === "sent") sent.push(new TextDecoder().decode(chunk));
      return stand.answer;
    },
    end: () => undefined,
  });
  return stand;
}

test("messages are put together from chunks of any size, and updates are told in their order without the SDK", async () => {
  const stand = createStand();
  const all = Buffer.concat([update("ä"), request(1), bytes("\n  \r\n"), update("b")]);
  for (const byte of all) stand.wire.hear(Uint8Array.of(byte));
  expect(stand.updates).toEqual([{ update: { text: "ä" } }, { update: { text: "b" } }]);
  expect(await stand.rest()).toEqual([{ jsonrpc: "2.0", id: 1, method: "session/request_permission" }]);
  expect(stand.breaches).toEqual([]);
});

test.each([
  ["words", bytes("Welcome!\n"), "Welcome!"],
  ["an escape sequence", bytes("\u001b[2J\u001b]0;owned\u0007hi\n"), "hi"],
  ["half a character", Uint8Array.of(0x22, 0xc3, 0x22, 0x0a), '"\ufffd"'],
  ["a batch", bytes("[]\n"), "[]"],
  ["a number", bytes("7\n"), "7"],
  ["null", bytes("null\n"), "null"],
  ["another version", line({ jsonrpc: "1.0", id: 1, method: "a" }), '{"jsonrpc":"1.0","id":1,"method":"a"}'],
  ["an id that is none", line({ jsonrpc: "2.0", id: {}, method: "a" }), '{"jsonrpc":"2.0","id":{},"method":"a"}'],
  ["no method and no id", line({ jsonrpc: "2.0", result: 1 }), '{"jsonrpc":"2.0","result":1}'],
  ["result and error", line({ jsonrpc: "2.0", id: 1, result: 1, error: {} }), ""],
  ["an error without a code", line({ jsonrpc: "2.0", id: 1, error: { message: "x" } }), ""],
  ["deep nesting", bytes(`${"[".repeat(100_000)}\n`), "[[["],
])("%s instead of a message end the conversation, and nothing after it counts", async (_, garbage, shown) => {
  const stand = createStand();
  stand.wire.hear(Buffer.concat([garbage, update("in the same piece")]));
  stand.wire.hear(Buffer.concat([update("late"), bytes("more garbage\n")]));
  expect(stand.breaches).toHaveLength(1);
  expect(stand.breaches[0]).toContain(`wrote what is no message of its protocol: ${shown}`);
  expect(stand.breaches[0]?.length).toBeLessThan(200);
  expect(stand.updates).toEqual([]);
  expect(await stand.rest()).toEqual([]);
});

test("an answer to nothing is dropped, and an answer to a request of ours arrives once", async () => {
  const stand = createStand();
  stand.wire.hear(line({ jsonrpc: "2.0", id: 3, result: "early" }));
  await stand.send({ jsonrpc: "2.0", id: 3, method: "initialize" });
  stand.wire.hear(line({ jsonrpc: "2.0", id: 3, result: "right" }));
  stand.wire.hear(line({ jsonrpc: "2.0", id: 3, result: "again" }));
  stand.wire.hear(line({ jsonrpc: "2.0", id: null, error: { code: -32_700, message: "what?" } }));
  expect(await stand.rest()).toEqual([{ jsonrpc: "2.0", id: 3, result: "right" }]);
  expect(stand.sent).toEqual(['{"jsonrpc":"2.0","id":3,"method":"initialize"}\n']);
  expect(stand.breaches).toEqual([]);
});

test("a line that has no end is given up at its bound, whether it comes in one piece or in many", () => {
  const many = createStand();
  const piece = new Uint8Array(1024 * 1024).fill(0x61);
  for (let count = 0; count < LINE_BYTES / piece.length; count++) many.wire.hear(piece);
  expect(many.breaches).toEqual([]);
  many.wire.hear(piece);
  expect(many.breaches).toEqual(["wrote a line of more than 8 MiB"]);
  const one = createStand();
  one.wire.hear(new Uint8Array(LINE_BYTES + 2).fill(0x61).fill(0x0a, LINE_BYTES + 1));
  expect(one.breaches).toEqual(["wrote a line of more than 8 MiB"]);
});

test("more messages than anybody thinks of are a breach, and a burst or a long conversation is none", () => {
  const stand = createStand();
  for (let count = 0; count < BURST_MESSAGES; count++) stand.wire.hear(update("."));
  expect(stand.breaches).toEqual([]);
  stand.time.nowMs += 1_000;
  for (let count = 0; count < MESSAGES_PER_SECOND; count++) stand.wire.hear(update("."));
  expect(stand.breaches).toEqual([]);
  stand.wire.hear(update("."));
  expect(stand.breaches).toEqual(["sent more than 1000 messages a second"]);
});

test("only so many requests of the agent wait for their answer at once", async () => {
  const stand = createStand();
  for (let id = 0; id < OPEN_REQUESTS; id++) stand.wire.hear(request(id));
  await stand.send({ jsonrpc: "2.0", id: 0, result: null });
  stand.wire.hear(request(1_000));
  expect(stand.breaches).toEqual([]);
  stand.wire.hear(request(1_001));
  expect(stand.breaches).toEqual(["asked for more than 64 things at once"]);
});

test("an agent that does not read what it is sent breaks off, and one that is gone does not", async () => {
  const gone = createStand();
  gone.answer = "closed";
  await gone.send({ jsonrpc: "2.0", id: 0, method: "initialize" });
  expect(gone.breaches).toEqual([]);
  const stand = createStand();
  stand.answer = "full";
  await stand.send({ jsonrpc: "2.0", id: 0, method: "initialize" });
  expect(stand.breaches).toEqual(["does not read what it is sent"]);
});
