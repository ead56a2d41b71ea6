/**
 * The core's `Crypto` in plain JavaScript, for where there is no OpenSSL: a browser that checks signatures. It follows the
 * rule of crypto.ts by point arithmetic, byte for byte what `node:crypto` answers under that rule, at a tenth of its
 * speed. (The library's own `verify` is cofactored and would accept signatures that nodes refuse.)
 *
 * The hash functions come from outside, as every platform has its own.
 */
import { Point } from "@noble/ed25519";

import { concatBytes, equalBytes } from "../kernel/bytes.ts";
import type { Crypto } from "./crypto.ts";
import { isAcceptablePublicKey, isWeakPublicKey, isWeakSignature } from "./public-key.ts";

type Hash = (bytes: Uint8Array) => Uint8Array;

export const createPortableCrypto = (hashes: { readonly sha256: Hash; readonly sha512: Hash }): Crypto => ({
  sha256: hashes.sha256,
  isAcceptableKey: isAcceptablePublicKey,
  verify: (publicKey, message, signature) => {
    if (isWeakPublicKey(publicKey) || isWeakSignature(signature)) return false;
    try {
      return satisfiesEquation(publicKey, message, signature, hashes.sha512);
    } catch {
      // The key is no point, or S is not below the group's order.
      return false;
    }
  },
});

/** R = S·B − k·A, compared as bytes, so that another spelling of R is another signature. */
function satisfiesEquation(key: Uint8Array, message: Uint8Array, signature: Uint8Array, sha512: Hash): boolean {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const { n: order } = Point.CURVE();
  if (s >= order) return false;
  const k = littleEndian(sha512(concatBytes(r, key, message))) % order;
  const product = Point.fromBytes(key, false).multiplyUnsafe(k);
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(product).toBytes(), r);
}

function littleEndian(bytes: Uint8Array): bigint {
  let number = 0n;
  for (const byte of bytes.toReversed()) number = (number << 8n) | BigInt(byte);
  return number;
}
