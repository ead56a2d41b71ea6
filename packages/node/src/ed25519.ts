/** The core's `Crypto` and `Signer` over node:crypto (OpenSSL): ten times the speed of the portable library, same rule. */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

import { type Crypto, equalBytes, isAcceptablePublicKey, type Signer, toHex } from "@skein/core";

// RFC 8410: the fixed DER heads of an Ed25519 SubjectPublicKeyInfo and PKCS #8 key; the 32 key bytes follow.
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The neutral point: a signature with this R proves nothing. */
const IDENTITY = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));

const REMEMBERED = 4_096;

export function createNodeCrypto(): Crypto {
  const keys = new Map<string, KeyObject>();
  const gated = new Map<string, boolean>();
  const remember = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    const known = map.get(key);
    if (known !== undefined) return known;
    if (map.size >= REMEMBERED) map.clear();
    const made = make();
    map.set(key, made);
    return made;
  };
  return {
    sha256,
    verify: (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      if (equalBytes(signature.subarray(0, 32), IDENTITY)) return false;
      try {
        return verify(
          null,
          message,
          remember(keys, toHex(publicKey), () => importPublicKey(publicKey)),
          signature,
        );
      } catch {
        // OpenSSL throws for bytes that are no point; that is a signature nobody made.
        return false;
      }
    },
    isAcceptableKey: (publicKey) => remember(gated, toHex(publicKey), () => isAcceptablePublicKey(publicKey)),
  };
}

/** By way of a string: a Buffer for each hash costs more than the hash, and memory outside of the heap. */
function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash("sha256", bytes, "binary");
  const digest = new Uint8Array(32);
  for (let index = 0; index < digest.length; index++) digest[index] = text.charCodeAt(index);
  return digest;
}

const importPublicKey = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI, raw]), format: "der", type: "spki" });

/** `seed`: the 32 secret bytes of RFC 8032. */
export function createSigner(seed: Uint8Array): Signer {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(SPKI.length));
  return { publicKey, sign: (message) => sign(null, message, secret) };
}
