/**
 * Real SHA-256 and pretended signatures (a hash of key and message) for tests of what does not depend on Ed25519: a
 * hundred times faster, and still refused when a byte of the message or the key changes.
 */
import { hash } from "node:crypto";

import { concatBytes, equalBytes } from "../kernel/bytes.ts";
import type { Crypto, Signer } from "../op/crypto.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"));

const signatureOf = (key: Uint8Array, message: Uint8Array): Uint8Array => {
  const half = sha256(concatBytes(key, message));
  return concatBytes(half, sha256(half));
};

export const testCrypto: Crypto = {
  sha256,
  verify: (key, message, signature) => equalBytes(signatureOf(key, message), signature),
  isAcceptableKey: (key) => key.length === 32,
};

export function testSigner(seed: string): Signer {
  const publicKey = sha256(new TextEncoder().encode(seed));
  return { publicKey, sign: (message) => signatureOf(publicKey, message) };
}
