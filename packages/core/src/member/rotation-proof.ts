/**
 * The statement that one key is followed by another. The old key signs it, because it gives up its place, and the new one,
 * because nobody takes a key that is not theirs. With both signatures it proves itself without a log, so that a node
 * whose key was rotated can say who it is to a peer that was away.
 */
import { toHex } from "../kernel/bytes.ts";
import { encode } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import type { KeyRotation } from "./membership.ts";

const statement = (mesh: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array =>
  encode(["skein/rotate/1", mesh, from, to]);

export function proveRotation(mesh: Uint8Array, from: Signer, to: Signer): KeyRotation {
  const bytes = statement(mesh, from.publicKey, to.publicKey);
  return { from: from.publicKey, to: to.publicKey, consent: from.sign(bytes), proof: to.sign(bytes) };
}

/** Undefined when both keys signed and the new one is acceptable, otherwise what is wrong. */
export function rotationProblem(mesh: Uint8Array, rotation: KeyRotation, crypto: Crypto): string | undefined {
  if (!crypto.isAcceptableKey(rotation.to)) return "the key is not acceptable";
  const bytes = statement(mesh, rotation.from, rotation.to);
  if (!crypto.verify(rotation.from, bytes, rotation.consent)) return "the old key did not sign for this rotation";
  return crypto.verify(rotation.to, bytes, rotation.proof) ? undefined : "the new key did not sign for this rotation";
}

/** The key that is known to be good, from which these rotations lead to `key` in this order. Keys in hex. */
export function startOf(
  key: string,
  rotations: readonly KeyRotation[],
  mesh: Uint8Array,
  isGood: (key: string) => boolean,
  crypto: Crypto,
): string | undefined {
  const start = rotations.findIndex((one) => isGood(toHex(one.from)));
  const chain = rotations.slice(Math.max(0, start));
  const [first] = chain;
  const last = chain.at(-1);
  if (start < 0 || first === undefined || last === undefined) return undefined;
  const linked = chain.every((one, at) => at === 0 || toHex(chain[at - 1]?.to ?? one.from) === toHex(one.from));
  // The cheap questions come before the signatures: whoever asks has proved nothing yet.
  if (!linked || toHex(last.to) !== key) return undefined;
  return chain.every((one) => rotationProblem(mesh, one, crypto) === undefined) ? toHex(first.from) : undefined;
}
