/** Bytes as the log uses them: compared, joined, and shown as lowercase hex. */

const DIGITS = "0123456789abcdef";
/** Character codes of the two digits of each byte, and back. */
const CODES: Uint8Array = Uint8Array.from({ length: 512 }, (_, at) =>
  DIGITS.charCodeAt(at % 2 === 0 ? at >> 5 : (at >> 1) & 15),
);
const VALUES: Int8Array = Int8Array.from({ length: 128 }, (_, code) => DIGITS.indexOf(String.fromCharCode(code)));

/**
 * One flat string from one call: a string that is put together piece by piece stays in pieces, which for the ids of a long
 * log are most of its memory.
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > 4_096) return toHex(bytes.subarray(0, 4_096)) + toHex(bytes.subarray(4_096));
  const codes = new Array<number>(bytes.length * 2);
  for (let index = 0; index < bytes.length; index++) {
    const at = (bytes[index] ?? 0) * 2;
    codes[index * 2] = CODES[at] ?? 0;
    codes[index * 2 + 1] = CODES[at + 1] ?? 0;
  }
  return String.fromCharCode.apply(null, codes);
}

/** `undefined` when the text is not an even number of lowercase hex digits. */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    const high = VALUES[hex.charCodeAt(index * 2)] ?? -1;
    const low = VALUES[hex.charCodeAt(index * 2 + 1)] ?? -1;
    if (high < 0 || low < 0) return undefined;
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** Order by code unit, the same in every locale (`localeCompare` is not). */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
