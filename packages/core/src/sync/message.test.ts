/** Messages through their bytes and back; nothing else is read, nothing throws. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { encode, type Value } from "../op/codec.ts";
import { feedId, feedOf } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { decodeMessage, encodeMessage, type Message, type MessageType } from "./message.ts";

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.string({ maxLength: 60 });
const count = fc.maxSafeNat();

const heads = fc
  .uniqueArray(fc.tuple(bytesOf(32), bytesOf(8), count, bytesOf(32)), {
    selector: ([author, run]) => toHex(author) + toHex(run),
    maxLength: 5,
  })
  .map((feeds) => {
    const entries = feeds.map(([author, incarnation, seq, frame]) => ({
      author: toHex(author),
      incarnation: toHex(incarnation),
      seq,
      frame,
    }));
    return new Map(entries.map((head) => [feedOf(head), head]));
  });

const locators = fc.array(
  fc
    .tuple(bytesOf(32), bytesOf(8), fc.array(fc.record({ seq: count, frame: bytesOf(32) }), { maxLength: 40 }))
    .map(([author, incarnation, frames]) => ({ feed: feedId(author, incarnation), frames })),
  { maxLength: 5 },
);

/** One arbitrary of every type; the record makes a new message a build error until it is here. */
const ANY: { readonly [T in MessageType]: fc.Arbitrary<Extract<Message, { type: T }>> } = {
  hello: fc.record({
    type: fc.constant("hello" as const),
    versions: fc.array(fc.nat(), { maxLength: 16 }),
    mesh: bytesOf(32),
    key: bytesOf(32),
    nonce: bytesOf(32),
    name,
    ticket: fc.option(bytesOf(32)),
  }),
  proof: fc.record({ type: fc.constant("proof" as const), signature: bytesOf(64), joinProof: fc.option(bytesOf(64)) }),
  heads: fc.record({ type: fc.constant("heads" as const), heads }),
  "heads-page": fc.record({ type: fc.constant("heads-page" as const), heads }),
  want: fc.record({ type: fc.constant("want" as const), heads, locators }),
  frames: fc.record({
    type: fc.constant("frames" as const),
    frames: fc.array(fc.uint8Array(), { maxLength: 5 }),
    more: fc.boolean(),
  }),
  beat: fc.record({ type: fc.constant("beat" as const), bytes: fc.uint8Array(), signature: bytesOf(64) }),
  "log-read": fc.record(
    {
      type: fc.constant("log-read" as const),
      id: count,
      item: name,
      epoch: count,
      offset: count,
      hops: fc.integer({ min: 1, max: LIMITS.logHops }),
    },
    { requiredKeys: ["type", "id", "item", "epoch", "offset"] },
  ),
  "log-data": fc.record({
    type: fc.constant("log-data" as const),
    id: count,
    epoch: count,
    bytes: fc.uint8Array(),
    end: count,
    ended: fc.boolean(),
  }),
  refuse: fc.record({ type: fc.constant("refuse" as const), code: name, message: fc.string({ maxLength: 500 }) }),
};

const anyMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values(ANY));

test.each(Object.entries(ANY))(
  "a %s message is read back from its bytes",
  (_type, arbitrary: fc.Arbitrary<Message>) => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const bytes = encodeMessage(message);
        const decoded = decodeMessage(bytes, LIMITS.messageBytes);
        expect(decoded).toEqual({ ok: true, value: message });
        expect(decoded.ok && toHex(encodeMessage(decoded.value))).toBe(toHex(bytes));
      }),
      { numRuns: 60 },
    );
  },
);

test("bytes at random, and messages with bytes changed, never throw", () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), anyMessage.map(encodeMessage)),
      fc.array(change, { maxLength: 3 }),
      (bytes, changes) => {
        const changed = Uint8Array.from(bytes);
        for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
        const decoded = decodeMessage(changed, LIMITS.messageBytes);
        expect(decoded.ok ? decoded.value.type : decoded.error).not.toBe("");
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a message cut off anywhere is refused", () => {
  const message: Message = { type: "frames", frames: [new Uint8Array(40), new Uint8Array(3)], more: true };
  const bytes = encodeMessage(message);
  for (let length = 0; length < bytes.length; length++) {
    expect(decodeMessage(bytes.subarray(0, length), LIMITS.messageBytes).ok).toBe(false);
  }
});

const key = new Uint8Array(32);
const run = new Uint8Array(8);

test.each<[string, Value]>([
  ["no list", { type: "hello" }],
  ["an empty list", []],
  ["an unknown type", ["goodbye"]],
  ["an inherited name as type", ["toString"]],
  ["a number as type", [1]],
  ["a hello with a short nonce", ["hello", [1], key, key, key.slice(1), "n", null]],
  ["a hello with a short key", ["hello", [1], key, key.slice(1), key, "n", null]],
  ["a hello with 17 versions", ["hello", Array.from({ length: 17 }, () => 1), key, key, key, "n", null]],
  ["a hello with a long name", ["hello", [1], key, key, key, "n".repeat(65), null]],
  ["a hello with a ticket that is text", ["hello", [1], key, key, key, "n", "ticket"]],
  ["a hello without its fields", ["hello"]],
  ["a proof with a short signature", ["proof", new Uint8Array(63), null]],
  ["a proof with a short join proof", ["proof", new Uint8Array(64), new Uint8Array(63)]],
  ["heads that are a map", ["heads", {}]],
  ["a head with two fields", ["heads", [[key, run]]]],
  ["a head with a short author", ["heads", [[key.slice(1), run, 1]]]],
  ["a head with a long incarnation", ["want", [[key, new Uint8Array(9), 1]]]],
  ["a head whose seq is text", ["want", [[key, run, "1"]]]],
  ["more heads than there may be feeds", ["heads", Array.from({ length: LIMITS.feeds + 1 }, () => [key, run, 1])]],
  ["a frame that is text", ["frames", ["x"], true]],
  ["frames without the end mark", ["frames", []]],
  ["a beat with a short signature", ["beat", key, new Uint8Array(10)]],
  ["a log-read with a long item", ["log-read", 1, "x".repeat(65), 1, 0]],
  ["a log-data without bytes", ["log-data", 1, 1, null, 0, true]],
  ["a refusal of 501 characters", ["refuse", "self", "x".repeat(501)]],
])("%s is refused", (_what, value) => {
  expect(decodeMessage(encode(value), LIMITS.messageBytes).ok).toBe(false);
});

test("a message of more bytes than allowed at its time is refused", () => {
  const bytes = encodeMessage({
    type: "frames",
    frames: [new Uint8Array(LIMITS.messageBytesBeforeProof)],
    more: false,
  });
  expect(decodeMessage(bytes, LIMITS.messageBytesBeforeProof).ok).toBe(false);
  expect(decodeMessage(bytes, LIMITS.messageBytes).ok).toBe(true);
});

test("a hello with fixed fields has these bytes", () => {
  const hello: Message = {
    type: "hello",
    versions: [1],
    mesh: new Uint8Array(32).fill(0x11),
    key: new Uint8Array(32).fill(0x22),
    nonce: new Uint8Array(32).fill(0x33),
    name: "first",
    ticket: null,
  };
  expect(toHex(encodeMessage(hello))).toMatchInlineSnapshot(
    `"97a568656c6c6f9101c4201111111111111111111111111111111111111111111111111111111111111111c4202222222222222222222222222222222222222222222222222222222222222222c4203333333333333333333333333333333333333333333333333333333333333333a56669727374c0"`,
  );
});
