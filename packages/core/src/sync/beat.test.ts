/** Beats: signed signs of life that renew nothing twice. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { encode, type Value } from "../op/codec.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { type Beat, beatOrder, openBeat, sealBeat } from "./beat.ts";

const MESH = new Uint8Array(32).fill(5);
const signer = testSigner("beater");

const BEAT: Omit<Beat, "node"> = {
  boot: 3,
  counter: 14,
  version: "0.1.0",
  addresses: ["ws://127.0.0.1:7000"],
  labels: { os: "linux", 10: "ten", 2: "two" },
  slots: 2,
  slotsFree: 1,
  load: 0,
  lowDisk: false,
  page: "",
  intervalMs: 2_000,
  activity: { "0123456789ab": "running the gate" },
  accounts: { "matrix/main": "s72594_4483_1934" },
  wallMs: 1_790_000_000_000,
  links: ["0123456789abcdef", "fedcba9876543210"],
};

const always = (): boolean => true;

test("a beat is read back as it was sealed, by the key that sealed it", () => {
  const opened = openBeat(sealBeat(MESH, BEAT, signer), MESH, always, testCrypto);
  expect(opened).toEqual({ ...BEAT, node: toHex(signer.publicKey) });
});

test("a beat of another mesh is refused", () => {
  expect(openBeat(sealBeat(new Uint8Array(32), BEAT, signer), MESH, always, testCrypto)).toBeUndefined();
});

test("a beat with any byte changed, or another signature, is refused", () => {
  const sealed = sealBeat(MESH, BEAT, signer);
  for (let at = 0; at < sealed.bytes.length; at++) {
    const bytes = sealed.bytes.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(openBeat({ ...sealed, bytes }, MESH, always, testCrypto)).toBeUndefined();
  }
  const other = sealBeat(MESH, BEAT, testSigner("eve"));
  expect(openBeat({ ...sealed, signature: other.signature }, MESH, always, testCrypto)).toBeUndefined();
});

test("a beat that is repeated or older than the last one is refused before its signature is checked", () => {
  let newest = -1n;
  let verified = 0;
  const crypto = {
    ...testCrypto,
    verify: (...args: Parameters<typeof testCrypto.verify>) => (verified++, testCrypto.verify(...args)),
  };
  const hear = (beat: Pick<Beat, "boot" | "counter">): boolean => {
    const opened = openBeat(
      sealBeat(MESH, { ...BEAT, ...beat }, signer),
      MESH,
      (one) => beatOrder(one) > newest,
      crypto,
    );
    if (opened !== undefined) newest = beatOrder(opened);
    return opened !== undefined;
  };
  expect(hear({ boot: 3, counter: 14 })).toBe(true);
  expect(hear({ boot: 3, counter: 14 })).toBe(false);
  expect(hear({ boot: 3, counter: 13 })).toBe(false);
  expect(hear({ boot: 2, counter: 2 ** 31 - 1 })).toBe(false);
  expect(verified).toBe(1);
  expect(hear({ boot: 3, counter: 15 })).toBe(true);
  // The counter begins again after a restart, and the boot count makes it grow all the same.
  expect(hear({ boot: 4, counter: 0 })).toBe(true);
});

const FIELDS: readonly Value[] = [
  "skein/beat/4",
  MESH,
  signer.publicKey,
  3,
  14,
  "0.1.0",
  [],
  {},
  2,
  1,
  80,
  false,
  2_000,
  {},
  {},
  1_790_000_000_000,
  new Uint8Array(16),
  "https://board.example:4711",
];

const openFields = (fields: readonly Value[]): Beat | undefined => {
  const bytes = encode(fields);
  return openBeat({ bytes, signature: signer.sign(bytes) }, MESH, always, testCrypto);
};

test.each<[string, number, Value]>([
  ["another tag", 0, "skein/beat/3"],
  ["a short key", 2, new Uint8Array(31)],
  ["a boot count of 2^31", 3, 2 ** 31],
  ["a counter that is text", 4, "14"],
  ["a counter of 2^31", 4, 2 ** 31],
  ["a long version", 5, "x".repeat(65)],
  ["nine addresses", 6, Array.from({ length: 9 }, () => "ws://x")],
  ["labels that are a list", 7, []],
  ["slots that are text", 8, "2"],
  ["a load of 2^31", 10, 2 ** 31],
  ["a disk that is a number", 11, 1],
  ["an interval of 2^31", 12, 2 ** 31],
  ["an activity that is text", 13, "busy"],
  ["accounts that are a list", 14, []],
  ["a wall time that is text", 15, "noon"],
  ["links that are a list", 16, []],
  ["more links than it may name", 16, new Uint8Array(25 * 8)],
  ["a page that is no text", 17, 7],
  ["more bytes than 4 KiB", 13, { a: "x".repeat(5_000) }],
])("a signed beat with %s is refused", (_what, index, value) => {
  expect(openFields(FIELDS)).toBeDefined();
  expect(openFields(FIELDS.with(index, value))).toBeUndefined();
});

test("labels, activities and addresses that are no short texts are left out", () => {
  const opened = openFields(FIELDS.with(7, { os: "linux", bad: 1, long: "x".repeat(257) }).with(6, ["ws://a", 7]));
  expect(opened?.labels).toEqual({ os: "linux" });
  expect(opened?.addresses).toEqual(["ws://a"]);
});

test("each beat is after the one before it, also with the greatest numbers that a beat may hold", () => {
  const last = 2 ** 31 - 1;
  for (const boot of [0, 1, 217_412_083, last]) {
    expect(beatOrder({ boot, counter: 6 }) > beatOrder({ boot, counter: 5 })).toBe(true);
    expect(beatOrder({ boot, counter: last }) < beatOrder({ boot: boot + 1, counter: 0 })).toBe(true);
  }
});

test.each([
  ["http://192.0.2.7:4711", "http://192.0.2.7:4711"],
  ["https://board.example", "https://board.example"],
  ["http://[2001:db8::1]:80", "http://[2001:db8::1]:80"],
  ["javascript:alert(1)", ""],
  ["https://user@evil.example", ""],
  ["https://board.example/path", ""],
  ["https://board.example; script-src *", ""],
  ["", ""],
])("the page %j of a beat is taken as %j: an origin and nothing else", (page, taken) => {
  expect(openFields(FIELDS.with(17, page))?.page).toBe(taken);
});
