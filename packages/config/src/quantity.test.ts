import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";

test("durations and sizes are read exactly", () => {
  expect(["250ms", "30s", "10m", "2h", "1d", "0s"].map(parseDuration)).toEqual([
    250, 30_000, 600_000, 7_200_000, 86_400_000, 0,
  ]);
  expect(["64KiB", "10MiB", "1GiB"].map(parseSize)).toEqual([65_536, 10_485_760, 1_073_741_824]);
});

test.each([
  "",
  "60",
  "1.5h",
  "-1s",
  "+1s",
  "1 s",
  "1S",
  "01s",
  "1sec",
  "1h30m",
  " 1s",
  "1s\n",
  "١s",
  "1e3s",
  "9999999999s",
])("%j is not a duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each(["", "64", "64MB", "64mib", "0KiB", "1.5GiB", "1B", "1 MiB", "-1KiB"])("%j is not a size", (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test("what is written is what people would write", () => {
  expect(
    [0, 1, 999, 1000, 60_000, 90_000, 120_000, 3_600_000, 7_200_000, 86_400_000, 172_800_000].map(formatDuration),
  ).toEqual(["0ms", "1ms", "999ms", "1s", "60s", "90s", "2m", "60m", "2h", "24h", "2d"]);
  expect([1024, 67_108_864, 1_073_741_824, 1_500].map(formatSize)).toEqual(["1KiB", "64MiB", "1GiB", "2KiB"]);
});

test("what is written reads back as the same number", () => {
  fc.assert(
    fc.property(fc.nat({ max: 604_800_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_194_304 }), (kib) => {
      expect(parseSize(formatSize(kib * 1024))).toBe(kib * 1024);
    }),
  );
});
