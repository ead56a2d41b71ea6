/** Secrets are taken out of output, however it is cut and in whichever of the usual spellings they come. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { SECRET_PIECE_BYTES } from "./secret-forms.ts";
import { createSecrets, SECRET_MARK } from "./secrets.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function through(values: readonly string[], chunks: readonly Uint8Array[]): string {
  const secrets = createSecrets();
  secrets.add(values);
  const kept: Uint8Array[] = [];
  const stream = secrets.stream((bytes) => kept.push(Uint8Array.from(bytes)));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return Buffer.concat(kept).toString("latin1");
}

function cut(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const places = [...new Set(at.map((one) => one % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

/** Few letters, so that values overlap, repeat, and begin in each other; none of them is in the mark. */
const value = fc.string({ unit: fc.constantFrom("x", "y", "z"), minLength: 8, maxLength: 14 });
const stuff = fc.string({ unit: fc.constantFrom("x", "y", "z", "\n", "Ω"), maxLength: 12 });
const output = (values: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(stuff, fc.constantFrom(...values)), { maxLength: 12 }).map((parts) => parts.join(""));
const world = fc
  .array(value, { minLength: 1, maxLength: 4 })
  .chain((values) => fc.record({ values: fc.constant(values), text: output(values), at: fc.array(fc.nat()) }));

test("however the output is cut, the same comes out, and no secret is in it", () => {
  fc.assert(
    fc.property(world, ({ values, text, at }) => {
      const bytes = utf8(text);
      const whole = through(values, [bytes]);
      expect(through(values, cut(bytes, at))).toBe(whole);
      for (const one of values) expect(whole).not.toContain(one);
      // Nothing but secrets is lost: what is left stands in the output in this order.
      const kept = whole.split(SECRET_MARK);
      let from = 0;
      for (const part of kept) {
        const found = Buffer.from(bytes).toString("latin1").indexOf(part, from);
        expect(found).toBeGreaterThanOrEqual(from);
        from = found + part.length;
      }
    }),
    { numRuns: 500 },
  );
});

test("what shares no letter with a secret comes out byte by byte as it went in", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, at) => {
      const plain = bytes.map((byte) => byte & 0xdf);
      expect(through(["abcdefgh"], cut(plain, at))).toBe(Buffer.from(plain).toString("latin1"));
    }),
  );
});

const KEY = "hunter2/very+secret?key";

test.each([
  ["as it is", `token=${KEY};`, `token=${SECRET_MARK};`],
  ["in a URL", `?t=${encodeURIComponent(KEY)}&x`, `?t=${SECRET_MARK}&x`],
  ["in JSON", JSON.stringify({ key: 'quo"te\\d secret' }), `{"key":"${SECRET_MARK}"}`],
  ["in hex", Buffer.from(KEY).toString("hex"), SECRET_MARK],
  ["overlapping itself", "abcabcabcabc", SECRET_MARK],
  ["twice in a row", `${KEY}${KEY}.`, `${SECRET_MARK}.`],
])("a secret is found %s", (_how, text, expected) => {
  expect(through([KEY, 'quo"te\\d secret', "abcabcabc"], [utf8(text)])).toBe(expected);
});

test.each(["", "u", "us", "user:"])("a secret is found in base64 behind %j", (before) => {
  for (const encoding of ["base64", "base64url"] as const) {
    const encoded = Buffer.from(`${before}${KEY} and more`).toString(encoding);
    const kept = through([KEY], [utf8(encoded)]).split(SECRET_MARK);
    expect(kept).toHaveLength(2);
    const left = Buffer.from(kept[0] ?? "", encoding).toString("latin1");
    // Not more than a part of one letter.
    expect(left.slice(before.length).length).toBeLessThanOrEqual(1);
  }
});

test("of a key in several lines each line is a secret, and its frame is not", () => {
  const line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
  const pem = `-----BEGIN PRIVATE KEY-----\n${line}\n-----END PRIVATE KEY-----\n`;
  expect(through([pem], [utf8(`-----BEGIN PRIVATE KEY----- ${line}\n`)])).toBe(
    `-----BEGIN PRIVATE KEY----- ${SECRET_MARK}\n`,
  );
});

test("short and common values stay", () => {
  const text = "abc1234 production localhost 1";
  expect(through(["abc1234", "production", "localhost", "", "1"], [utf8(text)])).toBe(text);
});

test("what is held back is never more than the longest piece of a secret", () => {
  const secrets = createSecrets();
  secrets.add(["q".repeat(10 * SECRET_PIECE_BYTES) + "r"]);
  let passed = 0;
  const stream = secrets.stream((bytes) => (passed += bytes.length));
  const chunk = utf8("q".repeat(SECRET_PIECE_BYTES - 1));
  for (let given = chunk.length; given < 200_000; given += chunk.length) stream.write(chunk);
  // All of it is secret so far: one mark is out, and no more than a piece waits.
  expect(passed).toBe(SECRET_MARK.length);
  stream.write(utf8("\n"));
  expect(passed).toBe(SECRET_MARK.length + 1);
});

test("a secret that becomes known while output comes is taken out from then on", () => {
  const secrets = createSecrets();
  secrets.add(["first-secret"]);
  let kept = "";
  const stream = secrets.stream((bytes) => (kept += Buffer.from(bytes).toString()));
  stream.write(utf8("second-secret first-sec"));
  secrets.add(["second-secret"]);
  stream.write(utf8("ret second-secret\n"));
  stream.end();
  expect(kept).toBe(`second-secret ${SECRET_MARK} ${SECRET_MARK}\n`);
});

test("text without a secret is the very same text, and one with a secret does not grow", () => {
  const secrets = createSecrets();
  expect(secrets.text("\ud800 anything")).toBe("\ud800 anything");
  secrets.add(["ünïcödé1", "password1"]);
  expect(secrets.text("\ud800 anything")).toBe("\ud800 anything");
  fc.assert(
    fc.property(fc.array(fc.constantFrom("ünïcödé1", "password1", "a", " ")), (parts) => {
      const text = parts.join("");
      expect(secrets.text(text).length).toBeLessThanOrEqual(text.length);
    }),
  );
});
