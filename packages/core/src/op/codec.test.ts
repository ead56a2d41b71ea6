/** The canonical encoding: one byte string per value, and nothing else is read. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { concatBytes, fromHex, toHex } from "../kernel/bytes.ts";
import { decode, encode, storableText, type Value } from "./codec.ts";

const MAX = 1024 * 1024;
const LARGEST = Number.MAX_SAFE_INTEGER;

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text.replaceAll(" ", ""));
  if (bytes === undefined) throw new Error(`not hex: ${text}`);
  return bytes;
};

const refusal = (bytes: Uint8Array): string => {
  const decoded = decode(bytes, MAX);
  return decoded.ok ? `read as ${JSON.stringify(decoded.value)}` : decoded.error.type;
};

/** Comparable form: a Buffer or a slice of one counts as the bytes it holds, and key order is kept. */
function normal(value: Value): unknown {
  if (value instanceof Uint8Array) return { bytes: toHex(value) };
  if (Array.isArray(value)) return value.map((entry: Value) => normal(entry));
  if (typeof value === "object" && value !== null) {
    return { map: new Map(Object.entries(value).map(([key, entry]) => [key, normal(entry)])) };
  }
  return value;
}

/** The value after a way through its bytes; it throws unless the value read encodes to the same bytes. */
function roundTrip(value: Value): unknown {
  const bytes = encode(value);
  const decoded = decode(bytes, MAX);
  if (!decoded.ok)
    throw new Error(`its own encoding ${toHex(bytes.slice(0, 40))} is refused: ${decoded.error.message}`);
  expect(toHex(encode(decoded.value))).toBe(toHex(bytes));
  return normal(decoded.value);
}

/** The bytes of the value that these bytes are read as, or these bytes when they are refused. */
function rewritten(bytes: Uint8Array): string {
  const decoded = decode(bytes, MAX);
  return toHex(decoded.ok ? encode(decoded.value) : bytes);
}

const text = fc
  .oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 60, maxLength: 300 }))
  .filter((value) => !value.startsWith("\ufeff"));

const key = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.nat(20_000).map(String),
    fc.constantFrom("", "constructor", "length"),
  )
  .filter((value) => value !== "__proto__" && !value.startsWith("\ufeff"));

const integer = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48, LARGEST),
);

const { value: anyValue } = fc.letrec<{ value: Value; leaf: Value }>((tie) => ({
  leaf: fc.oneof(fc.constant(null), fc.boolean(), integer, text, fc.uint8Array({ maxLength: 40 })),
  value: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

test("what was encoded decodes to the same value, and encodes to the same bytes again", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(roundTrip(value)).toEqual(normal(value));
    }),
    { numRuns: 300 },
  );
});

test.each([0, 1, 31, 32, 63, 64, 65, 255, 256, 65_535, 65_536, 100_000])("a text of %i bytes survives", (length) => {
  for (const value of [
    "x".repeat(length),
    "é".repeat(length / 2) + "x".repeat(length % 2),
    `${"x".repeat(Math.max(0, length - 4))}🧶`,
  ]) {
    expect(roundTrip(value)).toBe(value);
  }
});

test.each([
  ["a length by characters that is another length by bytes", "ü".repeat(20)],
  ["a byte order mark that is not at the start", `a\ufeff${"b".repeat(80)}`],
  ["every plane", "a\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}"],
])("text with %s survives", (_what, value) => {
  expect(roundTrip(value)).toEqual(normal(value));
});

test.each([0, 1, 255, 256, 65_535, 65_536])(
  "%i bytes survive, from a Buffer and from the middle of one too",
  (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
    expect(roundTrip(bytes)).toEqual(normal(bytes));
    const inside = concatBytes(new Uint8Array(3), bytes, new Uint8Array(3)).subarray(3, 3 + length);
    expect(toHex(encode(inside))).toBe(toHex(encode(bytes)));
    expect(toHex(encode(Buffer.from(bytes)))).toBe(toHex(encode(bytes)));
  },
);

test.each([
  [0, "00"],
  [0x7f, "7f"],
  [0x80, "cc80"],
  [0xff, "ccff"],
  [0x100, "cd0100"],
  [0xffff, "cdffff"],
  [0x1_0000, "ce00010000"],
  [2 ** 31, "ce80000000"],
  [2 ** 32 - 1, "ceffffffff"],
  [2 ** 32, "cb41f0000000000000"],
  [LARGEST, "cb433fffffffffffff"],
])("the integer %i is %s and nothing else", (value, bytes) => {
  expect(toHex(encode(value))).toBe(bytes);
  expect(roundTrip(value)).toEqual(normal(value));
});

test("maps of every size class survive, their keys in the order of their bytes", () => {
  for (const size of [0, 1, 15, 16, 17, 255, 256, 2_000, 9_999]) {
    const value = Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${at}`, at]));
    expect(roundTrip(value)).toEqual(normal(value));
  }
  expect(toHex(encode({ b: 1, a: 2 }))).toBe("82a16102a16201");
});

test("keys that look like numbers are ordered as text", () => {
  expect(toHex(encode({ 2: 1, 10: 2 }))).toBe("82a2313002a13201");
  expect(decode(hex("82 a23130 02 a132 01"), MAX).ok).toBe(true);
});

test("keys whose UTF-16 order is not their UTF-8 order are ordered by UTF-8", () => {
  // U+FFFD is after the surrogate U+D83E as a code unit, and before U+1F9F6 as bytes.
  const bytes = encode({ "🧶": 1, "\ufffd": 2 });
  expect(toHex(bytes)).toBe("82a3efbfbd02a4f09fa7b601");
  expect(decode(bytes, MAX).ok).toBe(true);
});

test("nesting of 8 is read and written, 9 is neither", () => {
  const nested = (depth: number): Value => (depth === 0 ? 7 : [nested(depth - 1)]);
  expect(roundTrip(nested(8))).toEqual(normal(nested(8)));
  expect(() => encode(nested(9))).toThrow("nested too deep");
  expect(refusal(hex("91 91 91 91 91 91 91 91 91 07"))).toBe("too-deep");
  expect(refusal(hex(`${"81 a161 ".repeat(9)} 07`))).toBe("too-deep");
  expect(refusal(new Uint8Array(100_000).fill(0x91))).toBe("too-deep");
});

test("every changed, added or missing byte is refused or is the encoding of another value", () => {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.nat(255),
    how: fc.constantFrom("replace", "insert", "remove", "cut"),
  });
  fc.assert(
    fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      let bytes = encode(value);
      for (const { at, byte, how } of changes) bytes = mutate(bytes, at % (bytes.length + 1), byte, how);
      expect(rewritten(bytes)).toBe(toHex(bytes));
    }),
    { numRuns: 1_500 },
  );
});

function mutate(bytes: Uint8Array, at: number, byte: number, how: string): Uint8Array {
  const before = bytes.subarray(0, at);
  if (how === "cut") return before;
  const rest = bytes.subarray(how === "insert" ? at : at + 1);
  return how === "remove" ? concatBytes(before, rest) : concatBytes(before, Uint8Array.of(byte), rest);
}

test("each single byte of a rich value, changed to each other byte, is refused or unique", () => {
  const bytes = encode([null, true, 200, 70_000, 2 ** 40, "héllo", new Uint8Array(3), { a: [1], b: { c: "d" } }]);
  let read = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = mutate(bytes, at, byte, "replace");
      const decoded = decode(changed, MAX);
      if (!decoded.ok) continue;
      read++;
      expect(toHex(encode(decoded.value))).toBe(toHex(changed));
    }
  }
  // The loop has seen values, not only refusals.
  expect(read).toBeGreaterThan(bytes.length);
});

test("bytes at random never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(rewritten(bytes)).toBe(toHex(bytes));
    }),
    { numRuns: 1_500 },
  );
});

test.each([
  ["a small number in a byte", "cc7f"],
  ["a byte in two", "cd00ff"],
  ["two bytes in four", "ce0000ffff"],
  ["an integer in a float64", "cb3ff0000000000000"],
  ["2^32-1 in a float64", "cb41efffffffe00000"],
  ["a fraction", "cb3ff8000000000000"],
  ["minus zero", "cb8000000000000000"],
  ["not a number", "cb7ff8000000000000"],
  ["infinity", "cb7ff0000000000000"],
  ["2^53, which is not safe", "cb4340000000000000"],
  ["a float32", "ca3f800000"],
  ["a uint64", "cf0000000100000000"],
  ["minus one", "ff"],
  ["an int8", "d0ff"],
  ["an int16", "d1ff00"],
  ["an int32", "d2ff000000"],
  ["an int64", "d3ff00000000000000"],
  ["the never used byte", "c1"],
  ["fixext 1, msgpackr's record", "d47210"],
  ["fixext 4, a timestamp", "d6ff00000000"],
  ["fixext 16", `d801${"00".repeat(16)}`],
  ["ext 8", "c7010100"],
  ["ext 16", "c800010100"],
  ["ext 32", "c90000000100 00"],
  ["a short text in str 8", "d90161"],
  ["a text of 255 bytes in str 16", `da00ff${"61".repeat(255)}`],
  ["a text of 256 bytes in str 32", `db00000100${"61".repeat(256)}`],
  ["bytes in bin 16", "c5000100"],
  ["bytes in bin 32", "c60000000100"],
  ["a short array in array 16", "dc000100"],
  ["a short array in array 32", "dd0000000100"],
  ["a short map in map 16", "de0001a16100"],
  ["a map in map 32", "df00000001a16100"],
  ["the same key twice", "82a16100a16101"],
  ["keys in falling order", "82a16200a16100"],
  ["a longer key before its beginning", "82a2616100a16100"],
  ["numeric keys in numeric order", "82a13200a2313000"],
  ["a number as a key", "810100"],
  ["nil as a key", "81c000"],
  ["bytes as a key", "81c4016100"],
  ["an array as a key", "819000"],
  ["a key of 256 bytes", `81da0100${"61".repeat(256)}00`],
  ["the key __proto__", "81a95f5f70726f746f5f5f00"],
  ["the key __proto__ after another", "82a15800a95f5f70726f746f5f5f00"],
  ["a map without its value", "81a161"],
  ["a lone continuation byte", "a180"],
  ["an overlong slash", "a2c0af"],
  ["a surrogate in UTF-8", "a3eda080"],
  ["a code point above U+10FFFF", "a4f4908080"],
  ["a cut off character", "a2e282"],
  ["invalid UTF-8 in a key", "81a18000"],
  ["a byte order mark at the start of a text", "a4efbbbf61"],
  ["a byte after the value", "0000"],
  ["two values", "c0c0"],
  ["nothing at all", ""],
  ["a text cut off", "a261"],
  ["a float cut off", "cb41f00000"],
])("%s is refused", (_what, bytes) => {
  expect(refusal(hex(bytes))).toBe("not-canonical");
});

test.each([
  ["a text", "dbffffffff"],
  ["bytes", "c6ffffffff"],
  ["an array", "ddffffffff"],
  ["a map", "deffff"],
  ["arrays in arrays", "dd7fffffffdd7fffffffdd7fffffff"],
])("%s that says it is huge is refused at once, without the memory for it", (_what, bytes) => {
  const input = hex(bytes);
  const before = process.memoryUsage();
  const startedMs = performance.now();
  for (let time = 0; time < 2_000; time++) expect(decode(input, MAX).ok).toBe(false);
  const after = process.memoryUsage();
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(50 * 1024 * 1024);
  expect(after.heapUsed - before.heapUsed).toBeLessThan(200 * 1024 * 1024);
});

test("more elements than the limit are refused, over all nested arrays and maps together", () => {
  const many = (count: number): Uint8Array =>
    concatBytes(Uint8Array.of(0xdc, count >> 8, count & 0xff), new Uint8Array(count));
  expect(decode(many(20_000), MAX).ok).toBe(true);
  expect(refusal(many(20_001))).toBe("too-many-elements");
  expect(refusal(concatBytes(Uint8Array.of(0x92), many(10_000), many(10_000)))).toBe("too-many-elements");
});

test("more bytes than the caller allows are refused before they are looked at", () => {
  const decoded = decode(encode("x".repeat(100)), 101);
  expect(decoded.ok ? "" : decoded.error.type).toBe("too-large");
  expect(decode(encode("x".repeat(100)), 102).ok).toBe(true);
});

test.each<[string, Value]>([
  ["a negative number", -1],
  ["minus zero", -0],
  ["a fraction", 0.5],
  ["2^53", 2 ** 53],
  ["not a number", Number.NaN],
  ["a lone high surrogate", "a\ud800b"],
  ["a lone low surrogate", "\udc00"],
  ["a leading byte order mark", `\ufeff${"a".repeat(70)}`],
  ["a reserved key", { ["__proto__"]: 1 }],
  ["a key of 256 bytes", { [`é`.repeat(128)]: 1 }],
])("%s is not encoded", (_what, value) => {
  expect(() => encode([value])).toThrow(/whole number|lone surrogate|not a map key/);
});

test("a key of 255 bytes is encoded and read", () => {
  expect(roundTrip({ [`${"é".repeat(127)}x`]: 1 })).toEqual(normal({ [`${"é".repeat(127)}x`]: 1 }));
});

test("the bytes of a value do not change when the next one is encoded", () => {
  const first = encode("first");
  const copy = toHex(first);
  for (let time = 0; time < 5_000; time++) encode("x".repeat(100));
  expect(toHex(first)).toBe(copy);
});

test("any text can be made storable, and storable text is left as it is", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 30 }), (units) => {
      const made = storableText(String.fromCharCode(...units));
      expect(roundTrip(made)).toEqual(normal(made));
      expect(storableText(made)).toBe(made);
    }),
  );
  expect(storableText("\ufeffa\ud83eb🧶")).toBe("a\ufffdb🧶");
});
