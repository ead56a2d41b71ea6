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
  // oxlint-disable-next-line unicorn/no-new-array -- it is a length, and room that is there at once is faster
  const codes = new Array<number>(bytes.length * 2);
  for (let index = 0; index < bytes.length; index++) {
    const at = (bytes[index] ?? 0) * 2;
    codes[index * 2] = CODES[at] ?? 0;
    codes[index * 2 + 1] = CODES[at + 1] ?? 0;
  }
  return String.fromCharCode.apply(null, codes);
}

const REMEMBERED = 4_096;
const texts = new Map<string, string>();
const hexes = new Map<number, { readonly bytes: Uint8Array; readonly hex: string }>();

/**
 * The same hex, and of equal bytes the very same string: a log names few keys and incarnations very often, and would
 * otherwise make and keep a copy for each time.
 */
export function toSharedHex(bytes: Uint8Array): string {
  const place = (bytes[0] ?? 0) * 65_536 + (bytes[1] ?? 0) * 256 + (bytes[2] ?? 0);
  const known = hexes.get(place);
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.hex;
  const hex = shared(toHex(bytes));
  if (hexes.size >= REMEMBERED) hexes.clear();
  hexes.set(place, { bytes: bytes.slice(), hex });
  return hex;
}

/** Of equal texts the very same string. */
export function shared(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= REMEMBERED) texts.clear();
  texts.set(text, text);
  return text;
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
