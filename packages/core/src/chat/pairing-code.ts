/**
 * The code that links a chat account to a person: 80 random bits, because every member of the mesh sees its hash. Written in
 * Crockford's base 32, so that it survives being read aloud.
 */
import { assert } from "../kernel/result.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS = 16;

/** From 10 random bytes, like `7K3M-9QXR-2VBT-HW4N`. */
export function pairingCodeFrom(bytes: Uint8Array): string {
  assert(bytes.length >= 10, "a pairing code takes 10 random bytes");
  let code = "";
  for (let digit = 0; digit < DIGITS; digit++) {
    // Five bits, which lie in one byte or in two that follow each other.
    const bit = digit * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    if (digit > 0 && digit % 4 === 0) code += "-";
    code += ALPHABET.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return code;
}

/** As it is hashed: whatever case, hyphens and look-alikes somebody typed. Undefined when it is no such code. */
export function normalPairingCode(typed: string): string | undefined {
  const code = typed
    .toUpperCase()
    .replaceAll(/[\s\u2010-\u2015-]/gu, "")
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");
  return code.length === DIGITS && /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : undefined;
}
