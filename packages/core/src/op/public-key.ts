/**
 * The gates for public keys and signatures.
 *
 * Eight small-order points and their non-canonical spellings accept signatures nobody made, and points with a torsion part
 * are judged differently by cofactored and cofactorless verifiers (speccheck, ZIP-215). All of them stay outside: a key
 * is looked at as a point once, when it enters the mesh; the weak ones are refused by their bytes at every signature.
 */
import { Point } from "@noble/ed25519";

import { equalBytes, fromHex } from "../kernel/bytes.ts";
import { assert } from "../kernel/result.ts";

/** For a key that enters the mesh: canonical, not of small order, torsion-free. Costs a millisecond. */
export function isAcceptablePublicKey(bytes: Uint8Array): boolean {
  if (isWeakPublicKey(bytes)) return false;
  try {
    const point = Point.fromBytes(bytes, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    // Not a point at all.
    return false;
  }
}

/** For every signature: not 32 bytes, y not below the field's prime, or y of a small-order point. Costs nothing. */
export function isWeakPublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return true;
  // The sign of x tells a point from its negative, and both are of one order.
  const y = Uint8Array.from(bytes);
  y[31] = (y[31] ?? 0) & 0x7f;
  return !isBelowPrime(y) || SMALL_ORDER_Y.some((weak) => equalBytes(weak, y));
}

/** Not 64 bytes, or R is the identity: it proves nothing. */
export const isWeakSignature = (bytes: Uint8Array): boolean =>
  bytes.length !== 64 || equalBytes(bytes.subarray(0, 32), IDENTITY);

const bytesOf = (hex: string): Uint8Array => {
  const bytes = fromHex(hex);
  assert(bytes !== undefined, "a constant in hex");
  return bytes;
};

const IDENTITY = bytesOf(`01${"00".repeat(31)}`);

/** The y-coordinates, little-endian, of the points whose order divides 8; public-key.test.ts derives them again. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  IDENTITY,
  bytesOf(`ec${"ff".repeat(30)}7f`),
  bytesOf("00".repeat(32)),
  bytesOf("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  bytesOf("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

/** Below 2^255 - 19, little-endian. */
const isBelowPrime = (y: Uint8Array): boolean =>
  (y[0] ?? 0) < 0xed || (y[31] ?? 0) < 0x7f || y.subarray(1, 31).some((byte) => byte !== 0xff);
