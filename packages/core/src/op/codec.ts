/**
 * The canonical encoding: the subset of msgpack that has exactly one byte string per value.
 *
 * Encoding is msgpackr's. Decoding first walks the bytes without allocating (`scan`): depth and element limits, shortest
 * integers, sorted and distinct map keys, valid UTF-8, no extension types, nothing left over. Only then is msgpackr
 * asked for the value. So equal values have equal bytes, and a hostile length cannot reserve memory.
 *
 * The subset: nil, true, false, integers 0 … 2^53-1 (above 2^32-1 as float64, msgpackr's own form), text without a
 * leading byte order mark, bytes, arrays, and maps with text keys of at most 255 bytes in ascending byte order.
 */
import { Packr } from "msgpackr";

import { err, ok, type Result } from "../kernel/result.ts";
import { LIMITS } from "./limits.ts";

export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

export interface CodecError {
  readonly type: "not-canonical" | "too-deep" | "too-many-elements" | "too-large";
  readonly message: string;
}

const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  moreTypes: false,
  structuredClone: false,
});

/** The one encoding of a value. Throws on a value outside the subset: that is a bug of the caller, not bad input. */
export function encode(value: Value): Uint8Array {
  const packed = packr.pack(ordered(value, 0));
  // msgpackr hands out views of a pooled buffer; an op lives long, so it gets bytes of its own.
  return new Uint8Array(packed);
}

/** The value of canonical bytes; anything else is refused and nothing is allocated for it. */
export function decode(bytes: Uint8Array, maxBytes: number): Result<Value, CodecError> {
  if (bytes.length > maxBytes) return refuse("too-large", `${bytes.length} bytes, at most ${maxBytes} are allowed`);
  const problem = scan(bytes);
  if (problem !== undefined) return { ok: false, error: problem };
  // Every construct that msgpackr could read in two ways was refused by the scan.
  return ok(packr.unpack(bytes) as Value);
}

/**
 * The value of bytes that are a part of a greater value, by the limits of that one: `depth` and `elements` are what is
 * around and before it there.
 */
export function decodePart(bytes: Uint8Array, around: { depth: number; elements: number }): Result<Value, CodecError> {
  const problem = scan(bytes, around);
  return problem === undefined ? ok(packr.unpack(bytes) as Value) : { ok: false, error: problem };
}

/** What msgpackr is given. A map is a `Map`, because an object would put keys that look like numbers first. */
type Packable = null | boolean | number | string | Uint8Array | readonly Packable[] | ReadonlyMap<string, Packable>;

function ordered(value: Value, depth: number): Packable {
  if (depth > LIMITS.depth) throw new Error("value nested too deep to encode");
  if (value === null || typeof value === "boolean" || value instanceof Uint8Array) return value;
  if (typeof value === "string") {
    if (!isStorable(value))
      throw new Error("text with a lone surrogate or a leading byte order mark cannot be encoded");
    return value;
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      throw new Error(`not a whole number from 0: ${value}`);
    }
    return value;
  }
  if (isArray(value)) return value.map((element) => ordered(element, depth + 1));
  const sorted = new Map<string, Packable>();
  for (const key of orderedKeys(value)) {
    const field = value[key];
    if (field === undefined) continue;
    if (
      key === "__proto__" ||
      (key.length > KEY_BYTES_MAX / 3 && encoder.encode(key).length > KEY_BYTES_MAX) ||
      !isStorable(key)
    ) {
      throw new Error(`not a map key that can be encoded: ${key.slice(0, 64)}`);
    }
    sorted.set(key, ordered(field, depth + 1));
  }
  return sorted;
}

/** The longest key that `scanMap` reads: text with a length of one byte. */
const KEY_BYTES_MAX = 255;

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Text that has one encoding and is read back alike everywhere. msgpackr's own decoder drops a leading byte order mark
 * from longer texts and its native one keeps it, so two nodes would read two values in the same bytes.
 */
const isStorable = (text: string): boolean =>
  !DOUBTFUL.test(text) || (!text.startsWith(BYTE_ORDER_MARK) && text.search(LONE_SURROGATE) < 0);

const BYTE_ORDER_MARK = "\ufeff";

/** Text without any of these needs no closer look, and most has none. */
const DOUBTFUL = /[\ud800-\udfff\ufeff]/;

/** The nearest text that can be encoded: halves of surrogate pairs are replaced, byte order marks at the start dropped. */
export const storableText = (text: string): string => text.replace(LONE_SURROGATE, "\ufffd").replace(/^\ufeff+/, "");

/** `Array.isArray` does not narrow readonly arrays. */
const isArray = (value: Value): value is readonly Value[] => Array.isArray(value);

const encoder = new TextEncoder();

/** Map keys are ordered by their UTF-8 bytes, which for all but surrogate pairs is the order of code units. */
function orderedKeys(map: { readonly [key: string]: Value }): readonly string[] {
  const keys = Object.keys(map).sort();
  return keys.some((key) => DOUBTFUL.test(key)) ? keys.sort(byUtf8) : keys;
}

const byUtf8 = (a: string, b: string): number => compareRanges(encoder.encode(a), encoder.encode(b));

function compareRanges(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

// ── scanning ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
  elements: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const refuse = (type: CodecError["type"], message: string): { readonly ok: false; readonly error: CodecError } =>
  err({ type, message });

class Refusal extends Error {
  readonly problem: CodecError;
  constructor(type: CodecError["type"], message: string) {
    super(message);
    this.problem = { type, message };
  }
}

function scan(bytes: Uint8Array, around = { depth: 0, elements: 0 }): CodecError | undefined {
  const cursor: Cursor = {
    bytes,
    offset: 0,
    elements: around.elements,
  };
  try {
    scanValue(cursor, around.depth);
    if (cursor.offset !== bytes.length) throw new Refusal("not-canonical", "bytes are left over after the value");
    return undefined;
  } catch (cause) {
    if (cause instanceof Refusal) return cause.problem;
    throw cause;
  }
}

function take(cursor: Cursor, count: number): number {
  const start = cursor.offset;
  if (start + count > cursor.bytes.length) throw new Refusal("not-canonical", "the value is cut off");
  cursor.offset = start + count;
  return start;
}

function uint(cursor: Cursor, width: 1 | 2 | 4): number {
  const at = take(cursor, width);
  let value = 0;
  for (let index = at; index < at + width; index++) value = value * 0x100 + (cursor.bytes[index] ?? 0);
  return value;
}

/** A length or number that must not have fitted the next smaller form. */
function shortest(cursor: Cursor, width: 1 | 2 | 4, above: number): number {
  const value = uint(cursor, width);
  if (value <= above) throw new Refusal("not-canonical", "a number or length is not in its shortest form");
  return value;
}

function scanValue(cursor: Cursor, depth: number): void {
  if (depth > LIMITS.depth) throw new Refusal("too-deep", `nested deeper than ${LIMITS.depth}`);
  const tag = uint(cursor, 1);
  if (tag <= 0x7f || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return;
  if (tag <= 0x8f) return scanMap(cursor, tag & 0x0f, depth);
  if (tag <= 0x9f) return scanArray(cursor, tag & 0x0f, depth);
  if (tag <= 0xbf) return scanText(cursor, tag & 0x1f);
  switch (tag) {
    case 0xc4:
      take(cursor, uint(cursor, 1));
      return;
    case 0xc5:
      take(cursor, shortest(cursor, 2, 0xff));
      return;
    case 0xc6:
      take(cursor, shortest(cursor, 4, 0xffff));
      return;
    case 0xcb:
      return scanLargeInteger(cursor);
    case 0xcc:
      shortest(cursor, 1, 0x7f);
      return;
    case 0xcd:
      shortest(cursor, 2, 0xff);
      return;
    case 0xce:
      shortest(cursor, 4, 0xffff);
      return;
    case 0xd9:
      return scanText(cursor, shortest(cursor, 1, 31));
    case 0xda:
      return scanText(cursor, shortest(cursor, 2, 0xff));
    case 0xdb:
      return scanText(cursor, shortest(cursor, 4, 0xffff));
    case 0xdc:
      return scanArray(cursor, shortest(cursor, 2, 15), depth);
    case 0xdd:
      return scanArray(cursor, shortest(cursor, 4, 0xffff), depth);
    case 0xde:
      return scanMap(cursor, shortest(cursor, 2, 15), depth);
    default:
      throw new Refusal("not-canonical", `type byte 0x${tag.toString(16)} is not part of the encoding`);
  }
}

function scanLargeInteger(cursor: Cursor): void {
  const start = take(cursor, 8);
  const value = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + start, 8).getFloat64(0);
  if (!Number.isSafeInteger(value) || value <= 0xffff_ffff) {
    throw new Refusal("not-canonical", "a float64 that is not a whole number above 2^32-1");
  }
}

function scanText(cursor: Cursor, length: number): void {
  const start = take(cursor, length);
  const { bytes } = cursor;
  if (length >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) {
    throw new Refusal("not-canonical", "text that begins with a byte order mark");
  }
  for (let index = start; index < cursor.offset; index++) {
    if ((cursor.bytes[index] ?? 0) < 0x80) continue;
    try {
      utf8.decode(cursor.bytes.subarray(start, cursor.offset));
      return;
    } catch {
      throw new Refusal("not-canonical", "text that is not valid UTF-8");
    }
  }
}

function count(cursor: Cursor, elements: number): void {
  cursor.elements += elements;
  if (cursor.elements > LIMITS.elements) {
    throw new Refusal("too-many-elements", `more than ${LIMITS.elements} elements`);
  }
}

function scanArray(cursor: Cursor, length: number, depth: number): void {
  count(cursor, length);
  for (let index = 0; index < length; index++) scanValue(cursor, depth + 1);
}

function scanMap(cursor: Cursor, length: number, depth: number): void {
  count(cursor, length);
  let previous: Uint8Array | undefined;
  for (let index = 0; index < length; index++) {
    const tagAt = cursor.offset;
    const tag = cursor.bytes[tagAt] ?? 0;
    if (!((tag >= 0xa0 && tag <= 0xbf) || tag === 0xd9)) throw new Refusal("not-canonical", "a map key is not text");
    scanValue(cursor, depth + 1);
    const key = cursor.bytes.subarray(tagAt + (tag === 0xd9 ? 2 : 1), cursor.offset);
    if (previous !== undefined && compareRanges(previous, key) >= 0) {
      throw new Refusal("not-canonical", "map keys are not distinct and in ascending order");
    }
    // msgpackr renames this key to keep prototypes safe, so it could not be encoded back to the same bytes.
    if (key.length === 9 && utf8.decode(key) === "__proto__") throw new Refusal("not-canonical", "reserved map key");
    previous = key;
    scanValue(cursor, depth + 1);
  }
}
