/** Discord's signatures: what the official library takes for genuine, and nothing that only looks like it. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

import { verifyKey } from "discord-interactions";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { WebhookRequest } from "../transport.ts";
import { createVerifier } from "./create-verifier.ts";

const NOW_S = 1_790_000_000;
const verifier = createVerifier({ wallMs: () => NOW_S * 1_000 });

const rawKey = (key: KeyObject): string =>
  Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
const pair = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519");
const PUBLIC = rawKey(pair.publicKey);

interface Signed {
  readonly timestamp: string;
  readonly signature: string;
  readonly body: Uint8Array;
}

const signed = (body: Uint8Array, timestamp: string = String(NOW_S), key: KeyObject = pair.privateKey): Signed => ({
  timestamp,
  body,
  signature: sign(null, Buffer.concat([Buffer.from(timestamp), body]), key).toString("hex"),
});

const request = ({ timestamp, signature, body }: Signed): WebhookRequest => ({
  method: "POST",
  url: "/",
  headers: { "x-signature-timestamp": [timestamp], "x-signature-ed25519": [signature] },
  body,
});

const ours = (one: Signed, key: string = PUBLIC): boolean => verifier.discord(request(one), key).ok;
const theirs = ({ body, signature, timestamp }: Signed, key: string = PUBLIC): Promise<boolean> =>
  verifyKey(body, signature, timestamp, key);

const PING = Buffer.from('{"type":1}');

test("of any body a genuine signature is taken by both, and by neither under another key", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
      const one = signed(body);
      expect([ours(one), await theirs(one)]).toEqual([true, true]);
      const other = rawKey(stranger.publicKey);
      expect([ours(one, other), await theirs(one, other)]).toEqual([false, false]);
    }),
  );
});

test("one changed bit in body, signature or key is noticed by both", async () => {
  const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
    const changed = Uint8Array.from(bytes);
    const at = Math.floor(bit / 8) % bytes.length;
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
    return changed;
  };
  const hexFlip = (hex: string, bit: number): string => Buffer.from(flip(Buffer.from(hex, "hex"), bit)).toString("hex");
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.nat({ max: 511 }),
      fc.constantFrom("body", "signature", "key"),
      async (body, bit, part) => {
        const genuine = signed(body);
        const changed = {
          ...genuine,
          ...(part === "body" ? { body: flip(body, bit) } : {}),
          ...(part === "signature" ? { signature: hexFlip(genuine.signature, bit) } : {}),
        };
        const key = part === "key" ? hexFlip(PUBLIC, bit % 256) : PUBLIC;
        expect([ours(changed, key), await theirs(changed, key)]).toEqual([false, false]);
      },
    ),
    { numRuns: 300 },
  );
});

test("of any timestamp: what ours takes, theirs takes; what only theirs takes is too old, too new or no time", async () => {
  const timestamp = fc.oneof(
    fc.integer({ min: NOW_S - 1_000, max: NOW_S + 1_000 }).map(String),
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      "",
      " 1790000000",
      "1790000000 ",
      "+1790000000",
      "1.79e9",
      "0x6ab13b00",
      "-1",
      "１７９００００００００",
    ),
  );
  await fc.assert(
    fc.asyncProperty(timestamp, async (stamp) => {
      const one = signed(PING, stamp);
      const isTimely = /^\d{1,12}$/.test(stamp) && Math.abs(Number(stamp) - NOW_S) <= 300;
      expect(ours(one)).toBe(isTimely);
      expect(await theirs(one)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("of any signature text ours takes nothing that theirs refuses", async () => {
  const genuine = signed(PING).signature;
  const text = fc.oneof(
    fc.string({ maxLength: 140 }),
    fc.stringMatching(/^[0-9a-f]{0,140}$/),
    fc.constantFrom(
      genuine,
      genuine.toUpperCase(),
      `${genuine}00`,
      genuine.slice(2),
      `${genuine.slice(0, 127)}g`,
      `0x${genuine.slice(2)}`,
    ),
    fc.nat({ max: 127 }).map((at) => `${genuine.slice(0, at)} ${genuine.slice(at + 1)}`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (signature) => {
      const one = { ...signed(PING), signature };
      const taken = ours(one);
      // The library reads hex leniently; what is not 128 digits is never taken here.
      expect(taken).toBe(signature.toLowerCase() === genuine);
      expect(!taken || (await theirs(one))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a header that is missing, empty or came twice is not genuine", () => {
  const genuine = request(signed(PING));
  const { "x-signature-timestamp": stamps, "x-signature-ed25519": signatures } = genuine.headers;
  for (const headers of [
    {},
    { "x-signature-timestamp": stamps },
    { "x-signature-ed25519": signatures },
    { "x-signature-timestamp": [], "x-signature-ed25519": signatures },
    { "x-signature-timestamp": [...(stamps ?? []), ...(stamps ?? [])], "x-signature-ed25519": signatures },
    { "x-signature-timestamp": stamps, "x-signature-ed25519": [...(signatures ?? []), "00"] },
    { "X-Signature-Timestamp": stamps, "x-signature-ed25519": signatures },
  ]) {
    expect(verifier.discord({ ...genuine, headers: headers as WebhookRequest["headers"] }, PUBLIC).ok).toBe(false);
  }
  expect(verifier.discord(genuine, PUBLIC).ok).toBe(true);
});

test("a genuine request of five minutes ago or ahead is taken, a second more is not", () => {
  const at = (offsetS: number): boolean => ours(signed(PING, String(NOW_S + offsetS)));
  expect([-301, -300, 0, 300, 301].map(at)).toEqual([false, true, true, true, false]);
});

test("a timestamp cannot be moved into the body: the signed bytes are the same, the request is not", async () => {
  const genuine = signed(Buffer.from("0{}"));
  const moved = { ...genuine, timestamp: `${genuine.timestamp}0`, body: Buffer.from("{}") };
  expect(await theirs(moved)).toBe(true);
  expect(ours(moved)).toBe(false);
});

/** The order of the group: adding it to the second half of a signature gives the same number in the eyes of the mathematics. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);

test("another spelling of a genuine signature is refused by both", async () => {
  const genuine = signed(PING);
  const bytes = Buffer.from(genuine.signature, "hex");
  const scalar = littleEndian(bytes.subarray(32)) + ORDER;
  const other = Uint8Array.from(Buffer.from(scalar.toString(16).padStart(64, "0"), "hex")).toReversed();
  const malleated = { ...genuine, signature: Buffer.concat([bytes.subarray(0, 32), other]).toString("hex") };
  expect(malleated.signature).toHaveLength(128);
  expect([ours(malleated), await theirs(malleated)]).toEqual([false, false]);
});

test("keys and signatures of small order prove nothing", async () => {
  const identity = `01${"00".repeat(31)}`;
  const zero = "00".repeat(32);
  for (const key of [PUBLIC, zero, identity]) {
    for (const signature of [`${zero}${zero}`, `${identity}${zero}`, "ff".repeat(64)]) {
      const one = { ...signed(PING), signature };
      const taken = ours(one, key);
      expect(taken).toBe(await theirs(one, key));
      expect(taken && key === PUBLIC).toBe(false);
    }
  }
});

test("nothing is thrown, whatever the key: an odd one fits nothing", () => {
  for (const key of ["00".repeat(32), "ff".repeat(32), "01".repeat(32)]) {
    expect(ours(signed(PING), key)).toBe(false);
  }
});
