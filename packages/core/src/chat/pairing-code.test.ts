/** The code that somebody reads off a terminal and types into a telephone. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { normalPairingCode, pairingCodeFrom } from "./pairing-code.ts";

const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

test("a code is four groups of four", () => {
  expect(pairingCodeFrom(new Uint8Array(10))).toBe("0000-0000-0000-0000");
  expect(pairingCodeFrom(new Uint8Array(10).fill(255))).toBe("ZZZZ-ZZZZ-ZZZZ-ZZZZ");
  expect(pairingCodeFrom(Uint8Array.of(0x08, 0x42, 0x10, 0x84, 0x21, 0, 0, 0, 0, 1))).toBe("1111-1111-0000-0001");
});

test("every bit of the ten bytes shows in the code", () => {
  fc.assert(
    fc.property(tenBytes, fc.integer({ min: 0, max: 79 }), (bytes, bit) => {
      const other = bytes.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(pairingCodeFrom(other)).not.toBe(pairingCodeFrom(bytes));
    }),
  );
});

test("a code that was typed by a person is the code that was printed", () => {
  fc.assert(
    fc.property(tenBytes, (bytes) => {
      const printed = pairingCodeFrom(bytes);
      const normal = printed.replaceAll("-", "");
      for (const typed of [
        printed,
        printed.toLowerCase(),
        printed.replaceAll("-", "\u2013"),
        printed.replaceAll("-", " "),
        normal.replaceAll("0", "o").replaceAll("1", "l"),
        normal.replaceAll("0", "O").replaceAll("1", "I"),
        `\u00a0${printed}\n`,
      ]) {
        expect(normalPairingCode(typed)).toBe(normal);
      }
    }),
  );
});

test("what is no code is none, and nothing that is typed makes it throw", () => {
  for (const typed of [
    "",
    "7K3M",
    "7K3M-9QXR-2VBT-HW4",
    "7K3M-9QXR-2VBT-HW4NN",
    "UUUU-UUUU-UUUU-UUUU",
    "ẞ".repeat(8),
  ]) {
    expect(normalPairingCode(typed)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (typed) => {
      expect(normalPairingCode(typed) ?? "0".repeat(16)).toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/);
    }),
  );
});

test("fewer than ten bytes are a mistake of the program", () => {
  expect(() => pairingCodeFrom(new Uint8Array(9))).toThrow("10 random bytes");
});
