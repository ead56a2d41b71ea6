/** node:crypto and the portable verifier answer alike for every shared vector, and as the vectors say. */
import { generateKeyPairSync, hash, sign } from "node:crypto";
import { readFileSync } from "node:fs";

import { createPortableCrypto, fromHex } from "@skein/core";
import { expect, test } from "vitest";

import { createNodeCrypto, createSigner } from "./ed25519.ts";

interface Vectors {
  readonly smallOrder: readonly string[];
  readonly keys: readonly { readonly about: string; readonly publicKey: string; readonly acceptable: boolean }[];
  readonly signatures: readonly {
    readonly about: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
    readonly verifies: boolean;
  }[];
}

// The file's shape is that of packages/core/src/testing/ed25519-vectors.ts, which makes it.
const vectors = JSON.parse(
  readFileSync(new URL("../../../test/vectors/ed25519.json", import.meta.url), "utf8"),
) as Vectors;
const native = createNodeCrypto();
const portable = createPortableCrypto({
  sha256: (message) => new Uint8Array(hash("sha256", message, "buffer")),
  sha512: (message) => new Uint8Array(hash("sha512", message, "buffer")),
});
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

test.each(vectors.signatures)("$about: $verifies", ({ publicKey, message, signature, verifies }) => {
  const judge = (crypto: typeof native): boolean => crypto.verify(bytes(publicKey), bytes(message), bytes(signature));
  expect([judge(native), judge(portable)]).toEqual([verifies, verifies]);
});

test("a key may enter or not, whoever is asked", () => {
  for (const { publicKey, acceptable } of vectors.keys) {
    expect([publicKey, native.isAcceptableKey(bytes(publicKey))]).toEqual([publicKey, acceptable]);
    expect([publicKey, portable.isAcceptableKey(bytes(publicKey))]).toEqual([publicKey, acceptable]);
  }
});

test("no small-order key signs anything, with any small-order R, in any spelling", () => {
  for (const key of vectors.smallOrder) {
    for (const r of vectors.smallOrder) {
      const signature = bytes(`${r}${"00".repeat(32)}`);
      for (const message of ["", "Zcash"].map((text) => new TextEncoder().encode(text))) {
        expect([key, r, native.verify(bytes(key), message, signature)]).toEqual([key, r, false]);
        expect([key, r, portable.verify(bytes(key), message, signature)]).toEqual([key, r, false]);
      }
    }
  }
});

test("a small-order R under an honest key is judged alike", () => {
  const signer = createSigner(new Uint8Array(32).fill(7));
  for (const r of vectors.smallOrder) {
    for (const s of ["00".repeat(32), `01${"00".repeat(31)}`]) {
      const judged = [native, portable].map((crypto) =>
        crypto.verify(signer.publicKey, new Uint8Array([1]), bytes(`${r}${s}`)),
      );
      expect([r, ...judged]).toEqual([r, false, false]);
    }
  }
});

test("what node:crypto signs, both accept, and neither accepts it changed", () => {
  for (let at = 0; at < 20; at++) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
    const message = new Uint8Array(at * 13).fill(at);
    const signature = new Uint8Array(sign(null, message, privateKey));
    expect([native.verify(key, message, signature), portable.verify(key, message, signature)]).toEqual([true, true]);
    signature[at] = (signature[at] ?? 0) ^ 4;
    expect([native.verify(key, message, signature), portable.verify(key, message, signature)]).toEqual([false, false]);
  }
});
