import * as fc from "fast-check";
import { expect, test } from "vitest";

import { compareText, concatBytes, equalBytes, fromHex, toHex } from "./bytes.ts";

test("bytes go to hex and back", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
});

test("bytes of any length go to hex", () => {
  const bytes = Uint8Array.from({ length: 20_001 }, (_, at) => at % 251);
  expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
});

test.each(["0", "0g", "AB", " 00", "00\n", "0x00", "é0", "0\ud800"])("%o is no lowercase hex", (text) => {
  expect(fromHex(text)).toBeUndefined();
});

test("bytes are equal when each of them is", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalBytes(a, a.slice())).toBe(true);
      expect(toHex(concatBytes(a, b))).toBe(toHex(a) + toHex(b));
    }),
  );
});

test("text is ordered by code unit in every locale", () => {
  expect(["b", "ä", "a", "B", "Z"].toSorted(compareText)).toEqual(["B", "Z", "a", "b", "ä"]);
  expect(compareText("x", "x")).toBe(0);
});
