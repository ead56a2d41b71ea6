/**
 * The gate for public keys, passed once when a key enters the mesh. Eight small-order points and their non-canonical
 * spellings accept signatures nobody made, and points with a torsion part are judged differently by cofactored and
 * cofactorless verifiers (speccheck, ZIP-215), so all of them stay outside.
 */
import { Point } from "@noble/ed25519";

export function isAcceptablePublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  try {
    const point = Point.fromBytes(bytes, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    // Not a point at all, or a non-canonical spelling of one.
    return false;
  }
}
