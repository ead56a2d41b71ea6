/**
 * Two ways to break bytes, both drawn from a seed. On the bytes: what a bad line or a blind attacker does. On the value
 * inside: well-formed encodings that say something else, down into the headers and ops that frames carry as bytes,
 * with the hashes made to fit again and signed by somebody who may not.
 */
import { decode, encode, LIMITS, type Value } from "@skein/core";
import type { Prng } from "@skein/core/testing";

import { crypto, stranger } from "./corpus.ts";

/** Bytes that mean something to the decoder. */
const TAGS: readonly number[] = [
  0x00, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xca, 0xcb, 0xcc, 0xcd,
  0xce, 0xcf, 0xd0, 0xd4, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff,
];

type Edit = (prng: Prng, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const join = (...parts: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

const setAt = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
};

const EDITS: readonly Edit[] = [
  (prng, bytes) => {
    const at = prng.int(bytes.length);
    return setAt(bytes, at, (bytes[at] ?? 0) ^ (1 << prng.int(8)));
  },
  (prng, bytes) => setAt(bytes, prng.int(bytes.length), prng.int(256)),
  (prng, bytes) => setAt(bytes, prng.int(bytes.length), prng.pick(TAGS)),
  (prng, bytes) => bytes.slice(0, prng.int(bytes.length + 1)),
  (prng, bytes) => {
    const at = prng.int(bytes.length + 1);
    return join(bytes.slice(0, at), prng.bytes(1 + prng.int(8)), bytes.slice(at));
  },
  (prng, bytes) => {
    const at = prng.int(bytes.length + 1);
    return join(bytes.slice(0, at), bytes.slice(at + 1 + prng.int(16)));
  },
  (prng, bytes) => {
    const at = prng.int(bytes.length + 1);
    return join(bytes.slice(0, at + prng.int(64)), bytes.slice(at));
  },
  (prng, bytes, other) => join(bytes.slice(0, prng.int(bytes.length + 1)), other.slice(prng.int(other.length + 1))),
  (_prng, bytes, other) => join(bytes, other),
];

export function mutateBytes(prng: Prng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = bytes;
  for (let edits = 1 + prng.int(3); edits > 0; edits--) {
    if (mutated.length > 0) mutated = prng.pick(EDITS)(prng, mutated, other);
  }
  return mutated;
}

const NUMBERS: readonly number[] = [
  0,
  1,
  2,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 48,
  2 ** 48 + 1,
  Number.MAX_SAFE_INTEGER,
];
const TEXTS: readonly string[] = [
  "",
  "mesh",
  "hello",
  "frames",
  "item.land",
  "member.remove",
  "mesh.genesis",
  "constructor",
  "toString",
  "skein/frame/1",
  "../../etc/passwd",
  "--upload-pack=x",
  "\u0000",
  "a".repeat(70),
  "☃".repeat(300),
];

function anyValue(prng: Prng, depth: number): Value {
  switch (prng.int(depth > 3 ? 5 : 7)) {
    case 0:
      return null;
    case 1:
      return prng.chance(0.5);
    case 2:
      return prng.pick(NUMBERS);
    case 3:
      return prng.pick(TEXTS);
    case 4:
      return prng.bytes(prng.pick([0, 1, 8, 31, 32, 33, 64, 65, 300]));
    case 5:
      return Array.from({ length: prng.int(6) }, () => anyValue(prng, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: prng.int(4) }, () => [prng.pick(TEXTS), anyValue(prng, depth + 1)]),
      );
  }
}

/** The value with one place in it changed; byte strings that hold a value are gone into. */
function changed(prng: Prng, value: Value, depth: number): Value {
  if (prng.chance(0.15)) return anyValue(prng, depth);
  if (value instanceof Uint8Array) return changedBytes(prng, value, depth);
  if (Array.isArray(value)) return changedList(prng, value, depth);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    const [key] = entries.length === 0 ? ["x"] : prng.pick(entries);
    return Object.fromEntries([
      ...entries,
      [key, changed(prng, entries.find(([one]) => one === key)?.[1] ?? null, depth + 1)],
    ]);
  }
  if (typeof value === "number" && prng.chance(0.5)) return Math.max(0, value + prng.pick([-1, 1, 2, 256]));
  return anyValue(prng, depth);
}

function changedList(prng: Prng, list: readonly Value[], depth: number): Value {
  if (list.length === 0) return [anyValue(prng, depth + 1)];
  const at = prng.int(list.length);
  const one = list[at] ?? null;
  switch (prng.int(8)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, one);
    case 2:
      return [...list, anyValue(prng, depth + 1)];
    case 3:
      return prng.shuffle(list);
    default:
      return list.with(at, changed(prng, one, depth + 1));
  }
}

function changedBytes(prng: Prng, bytes: Uint8Array, depth: number): Value {
  const inner = depth > 4 || bytes.length < 8 ? undefined : decode(bytes, LIMITS.frameBytes);
  if (inner?.ok === true && typeof inner.value === "object" && inner.value !== null && prng.chance(0.9)) {
    return encode(changed(prng, inner.value, 0));
  }
  return prng.chance(0.3) ? bytes.slice(0, prng.int(bytes.length + 1)) : mutateBytes(prng, bytes, bytes);
}

/** Another well-formed value; undefined where the change cannot be encoded. */
export function mutateValue(prng: Prng, bytes: Uint8Array): Uint8Array | undefined {
  const decoded = decode(bytes, LIMITS.messageBytes);
  if (!decoded.ok) return undefined;
  let value = decoded.value;
  try {
    for (let edits = 1 + prng.int(2); edits > 0; edits--) value = changed(prng, value, 0);
    return encode(value);
  } catch {
    // Too deep, or a key that maps do not have.
    return undefined;
  }
}

/** An op that is whole but for one field, as a liar writes it who knows the format; or one that is changed anywhere. */
function changedOp(prng: Prng, bytes: Uint8Array): Uint8Array | undefined {
  const op = decode(bytes, LIMITS.opBytes);
  if (!op.ok || !Array.isArray(op.value) || prng.chance(0.3)) return mutateValue(prng, bytes);
  const fields: readonly Value[] = op.value;
  const at = prng.int(fields.length);
  const one = fields[at] ?? null;
  try {
    return encode(fields.with(at, typeof one === "number" ? one + 1 + prng.int(3) : changed(prng, one, 1)));
  } catch {
    return undefined;
  }
}

/** A frame whose ops or header were changed, with fitting hashes, under a signature that is not the author's. */
export function forge(prng: Prng, bytes: Uint8Array): Uint8Array | undefined {
  const frame = decode(bytes, LIMITS.frameBytes);
  if (!frame.ok || !Array.isArray(frame.value)) return undefined;
  const [headerBytes, ops]: Value[] = frame.value;
  if (!(headerBytes instanceof Uint8Array) || !Array.isArray(ops)) return undefined;
  const header = decode(headerBytes, LIMITS.frameBytes);
  if (!header.ok || !Array.isArray(header.value)) return undefined;
  const newOps = (ops as readonly Value[]).flatMap((op) => {
    const mutated = op instanceof Uint8Array && prng.chance(0.5) ? changedOp(prng, op) : op;
    return mutated instanceof Uint8Array ? [mutated] : [];
  });
  const ids = newOps.map((op) => crypto.sha256(op));
  const fields: readonly Value[] = [...(header.value as readonly Value[]).slice(0, 6), ids];
  const place = prng.int(12);
  try {
    const newFields = place < 6 ? fields.with(place, changed(prng, fields[place] ?? null, 1)) : fields;
    const newHeader = encode(newFields);
    return encode([newHeader, newOps, stranger.sign(newHeader)]);
  } catch {
    return undefined;
  }
}
