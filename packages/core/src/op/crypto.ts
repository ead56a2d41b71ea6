/**
 * Hashing and signatures as the core needs them. Node gives node:crypto, a browser noble: both follow one rule, because
 * a signature that two implementations judge differently would split the mesh.
 *
 * The rule for `verify`: 32-byte key, canonical and not of small order; 64-byte signature, S below the group's order, R
 * not the identity; the equation without the cofactor, R compared as bytes (RFC 8032 with the stricter choices). Keys are
 * gated besides when they enter the mesh: torsion-free. test/vectors/ed25519.json holds both implementations to it.
 */
export interface Crypto {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Ed25519; never throws, whatever the bytes are. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The gate of public-key.ts; an adapter may remember its answers, the check costs milliseconds. */
  isAcceptableKey(publicKey: Uint8Array): boolean;
}

/** A node's own key. The secret stays inside. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}
