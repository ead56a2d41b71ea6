/** The key under its passphrase. */
import { expect, test } from "vitest";

import { openKey, sealKey } from "./sealed-key.ts";

const seed = new Uint8Array(32).map((_, index) => index * 7);
const owner = { mesh: "aa".repeat(32), key: "bb".repeat(32), contents: "dd".repeat(32) };
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

test("a sealed key opens with its passphrase, for its owner, unchanged, and in no other way", () => {
  const { sealed, sealing } = sealKey(seed, "correct horse", owner);
  expect(sealing).toMatchObject({ kdf: "scrypt", n: 2 ** 17, r: 8, p: 1, cipher: "chacha20-poly1305" });
  expect(openKey(sealed, sealing, "correct horse", owner)).toEqual(seed);
  expect(openKey(sealed, sealing, "correct horsE", owner)).toBeUndefined();
  expect(openKey(sealed, sealing, "correct horse", { ...owner, key: "cc".repeat(32) })).toBeUndefined();
  expect(openKey(sealed, sealing, "correct horse", { ...owner, contents: "cc".repeat(32) })).toBeUndefined();
  expect(openKey(flipped(sealed, 0), sealing, "correct horse", owner)).toBeUndefined();
  expect(openKey(sealed.subarray(1), sealing, "correct horse", owner)).toBeUndefined();
}, 60_000);

test("the same key under the same passphrase is sealed differently every time", () => {
  const [one, two] = [sealKey(seed, "correct horse", owner), sealKey(seed, "correct horse", owner)];
  expect(one.sealing.salt).not.toBe(two.sealing.salt);
  expect(one.sealing.nonce).not.toBe(two.sealing.nonce);
  expect(one.sealed).not.toEqual(two.sealed);
}, 60_000);
