/** The portable verifier, and the shared vectors that every verifier has to judge alike. */
import { hash } from "node:crypto";

import { expect, test } from "vitest";

import { fromHex } from "../kernel/bytes.ts";
import { makeVectors } from "../testing/ed25519-vectors.ts";
import { createPortableCrypto } from "./portable-crypto.ts";
import { isWeakPublicKey } from "./public-key.ts";

const crypto = createPortableCrypto({
  sha256: (bytes) => new Uint8Array(hash("sha256", bytes, "buffer")),
  sha512: (bytes) => new Uint8Array(hash("sha512", bytes, "buffer")),
});
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
const vectors = makeVectors();

test("the shared vectors are what they are made of", async () => {
  await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot("../../../../test/vectors/ed25519.json");
});

test.each(vectors.signatures)("$about: $verifies", ({ publicKey, message, signature, verifies }) => {
  expect(crypto.verify(bytes(publicKey), bytes(message), bytes(signature))).toBe(verifies);
});

test.each(vectors.keys)("$about $publicKey may enter: $acceptable", ({ publicKey, acceptable }) => {
  expect(crypto.isAcceptableKey(bytes(publicKey))).toBe(acceptable);
});

test("no spelling of a small-order point is a key that signs anything", () => {
  expect(vectors.smallOrder).toHaveLength(14);
  const message = new TextEncoder().encode("anything");
  for (const key of vectors.smallOrder) {
    expect(isWeakPublicKey(bytes(key))).toBe(true);
    for (const r of vectors.smallOrder) {
      expect(crypto.verify(bytes(key), message, bytes(`${r}${"00".repeat(32)}`))).toBe(false);
    }
  }
});
