/** The gate for keys, against the encodings that make one signature fit every message. */
import { generateKeyPairSync } from "node:crypto";

import { Point } from "@noble/ed25519";
import { expect, test } from "vitest";

import { fromHex } from "../kernel/bytes.ts";
import { isAcceptablePublicKey } from "./public-key.ts";

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error("not hex");
  return bytes;
};

const ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";

const SMALL_ORDER: readonly string[] = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  ORDER_8,
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

const generated = (): Uint8Array => {
  const { publicKey } = generateKeyPairSync("ed25519");
  return new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
};

test.each(SMALL_ORDER)("the small-order point %s is refused", (encoding) => {
  expect(Point.fromBytes(hex(encoding), false).isSmallOrder()).toBe(true);
  expect(isAcceptablePublicKey(hex(encoding))).toBe(false);
});

test("a y-coordinate from p to 2^255-1 is refused with either sign", () => {
  for (let low = 0xed; low <= 0xff; low++) {
    for (const high of ["7f", "ff"]) {
      expect(isAcceptablePublicKey(hex(`${low.toString(16)}${"ff".repeat(30)}${high}`))).toBe(false);
    }
  }
});

test("x = 0 with the sign bit set is refused", () => {
  expect(isAcceptablePublicKey(hex(`01${"00".repeat(30)}80`))).toBe(false);
  expect(isAcceptablePublicKey(hex(`ec${"ff".repeat(31)}`))).toBe(false);
});

test("a good key plus any torsion point is refused, and the good key alone is not", () => {
  const torsion = Point.fromHex(ORDER_8);
  for (const scalar of [1n, 2n, 12_345n]) {
    const good = Point.BASE.multiply(scalar);
    expect(isAcceptablePublicKey(good.toBytes())).toBe(true);
    for (let order = 1n; order < 8n; order++) {
      const mixed = good.add(torsion.multiplyUnsafe(order));
      expect(mixed.isSmallOrder()).toBe(false);
      expect(isAcceptablePublicKey(mixed.toBytes())).toBe(false);
    }
  }
});

test("bytes that are no point, or not 32 of them, are refused", () => {
  expect(isAcceptablePublicKey(hex(`02${"00".repeat(31)}`))).toBe(false);
  const key = generated();
  expect(isAcceptablePublicKey(key.subarray(0, 31))).toBe(false);
  expect(isAcceptablePublicKey(new Uint8Array([...key, 0]))).toBe(false);
  expect(isAcceptablePublicKey(new Uint8Array())).toBe(false);
});

test("generated keys are accepted", () => {
  for (let time = 0; time < 8; time++) expect(isAcceptablePublicKey(generated())).toBe(true);
});
