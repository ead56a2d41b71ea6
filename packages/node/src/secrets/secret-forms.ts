/**
 * What a secret looks like where it is printed: as it is, line by line, escaped, and encoded. What is too short or too
 * common to be a secret has no forms: replacing it would spoil output and hide nothing.
 */

/** Shorter values are not looked for. */
const SECRET_MIN_BYTES = 8;

/** From this length on the encoded forms are looked for too. */
const ENCODED_MIN_BYTES = 12;

/** A longer value is looked for in pieces of this length, which bounds what a stream holds back. */
export const SECRET_PIECE_BYTES = 2_048;

/** Of one value no more than this is looked for. */
const SECRET_MAX_BYTES = 64 * 1024;

/** Values that settings have and secrets do not. */
const COMMON: ReadonlySet<string> = new Set(["development", "production", "localhost", "127.0.0.1", "undefined"]);

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every byte string that stands for this value; none when it is too short or too common. */
export function formsOf(value: string): readonly Uint8Array[] {
  const whole = value.trim();
  if (COMMON.has(whole.toLowerCase())) return [];
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  // Of a key in several lines each one gives a part away; its frame gives nothing away.
  const parts = lines.length === 1 ? [whole] : [whole, ...lines.filter((line) => !line.startsWith("-----"))];
  return parts.flatMap((part) => [part, ...escaped(part), ...encoded(part)]).flatMap(piecesOf);
}

function escaped(text: string): readonly string[] {
  if (utf8(text).length < SECRET_MIN_BYTES) return [];
  const json = JSON.stringify(text).slice(1, -1);
  const url = urlEncoded(text);
  return [
    ...new Set([json, url, url.replaceAll("%20", "+"), url.replaceAll(/%../g, (hex) => hex.toLowerCase())]),
  ].filter((one) => one !== text);
}

function urlEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half a surrogate pair: no program can have such a value.
    return text;
  }
}

function encoded(text: string): readonly string[] {
  const bytes = utf8(text);
  if (bytes.length < ENCODED_MIN_BYTES || bytes.length > SECRET_MAX_BYTES) return [];
  const base64 = [0, 1, 2].map((before) => base64Within(bytes, before));
  const hex = Buffer.from(bytes).toString("hex");
  return [...base64, ...base64.map((one) => one.replaceAll("+", "-").replaceAll("/", "_")), hex, hex.toUpperCase()];
}

/** What base64 makes of the bytes when so many others stand before them, without the digits that depend on neighbors. */
function base64Within(bytes: Uint8Array, before: number): string {
  const digits = Buffer.concat([new Uint8Array(before), bytes])
    .toString("base64")
    .replaceAll("=", "");
  const first = Math.ceil((before * 8) / 6);
  const last = Math.floor(((before + bytes.length) * 8) / 6);
  return digits.slice(first, last);
}

function piecesOf(text: string): readonly Uint8Array[] {
  const bytes = utf8(text).subarray(0, SECRET_MAX_BYTES * 2);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += SECRET_PIECE_BYTES) {
    const piece = bytes.subarray(at, at + SECRET_PIECE_BYTES);
    // In characters too: the mark that takes its place must not be longer than what it replaces.
    if (piece.length >= SECRET_MIN_BYTES && (at > 0 || text.length >= SECRET_MIN_BYTES)) pieces.push(piece);
  }
  return pieces;
}
