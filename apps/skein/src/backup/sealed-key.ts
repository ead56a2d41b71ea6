/** A node's key under a passphrase: scrypt makes a key of it, ChaCha20-Poly1305 seals the seed and what it belongs to. */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";

import type { Sealing } from "./manifest.ts";

/**
 * Whose key it is, and in which backup. Anybody can compute the hashes of a container anew; whoever has not the passphrase
 * cannot make a sealed key open in a backup that was changed, or that is another one.
 */
export interface KeyOwner {
  readonly mesh: string;
  /** Public key. */
  readonly key: string;
  /** Hash of all else that the backup says and holds. */
  readonly contents: string;
}

const TAG_BYTES = 16;
const SEED_BYTES = 32;
/** 128 MiB and about half a second for each guess. */
const COST = { kdf: "scrypt", n: 2 ** 17, r: 8, p: 1 } as const;

export function sealKey(
  seed: Uint8Array,
  passphrase: string,
  owner: KeyOwner,
): { readonly sealed: Uint8Array; readonly sealing: Sealing } {
  const salt = randomBytes(16).toString("hex");
  const nonce = randomBytes(12).toString("hex");
  const sealing: Sealing = { ...COST, salt, cipher: "chacha20-poly1305", nonce, binds: "contents" };
  const cipher = createCipheriv("chacha20-poly1305", derive(passphrase, sealing), Buffer.from(nonce, "hex"), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(aadOf(owner), { plaintextLength: SEED_BYTES });
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  return { sealed, sealing };
}

/** The seed, or undefined when the passphrase is not the one or the bytes are not what was sealed. */
export function openKey(
  sealed: Uint8Array,
  sealing: Sealing,
  passphrase: string,
  owner: KeyOwner,
): Uint8Array | undefined {
  if (sealing.binds === undefined || sealed.length !== SEED_BYTES + TAG_BYTES) return undefined;
  const nonce = Buffer.from(sealing.nonce, "hex");
  const cipher = createDecipheriv("chacha20-poly1305", derive(passphrase, sealing), nonce, {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(aadOf(owner), { plaintextLength: SEED_BYTES });
  cipher.setAuthTag(sealed.subarray(SEED_BYTES));
  const seed = cipher.update(sealed.subarray(0, SEED_BYTES));
  try {
    cipher.final();
    return new Uint8Array(seed);
  } catch {
    return undefined;
  }
}

const aadOf = ({ mesh, key, contents }: KeyOwner): Buffer =>
  Buffer.from(`skein-backup-key/2 ${mesh} ${key} ${contents}`);

function derive(passphrase: string, { n, r, p, salt }: Sealing): Buffer {
  const maxmem = 256 * n * r;
  return scryptSync(passphrase, Buffer.from(salt, "hex"), 32, { N: n, r, p, maxmem });
}
