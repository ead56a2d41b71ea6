import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createWriter, putFrameHeader, putOpHead, written } from "./canonical-writer.ts";
import { encode } from "./codec.ts";
import { LIMITS } from "./limits.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const counter = fc.oneof(
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, LIMITS.counter),
  fc.integer({ min: 0, max: LIMITS.counter }),
);
const hashOrNull = fc.option(bytes(32), { nil: null });
const text = fc.oneof(
  fc.constantFrom("", "mesh", "item.create", "ä".repeat(64), "a".repeat(31), "a".repeat(32)),
  fc.string({ maxLength: 64, unit: "grapheme" }).filter((one) => one.length <= 64 && !one.startsWith("\ufeff")),
);

test("an op's head and its body are the bytes of the whole op", () => {
  const op = fc.record({
    mesh: fc.oneof(bytes(32), bytes(0)),
    author: bytes(32),
    incarnation: bytes(8),
    seq: counter,
    prev: hashOrNull,
    lamport: counter,
    wall: counter,
    entity: text,
    kind: text,
    on: hashOrNull,
    after: hashOrNull,
  });
  fc.assert(
    fc.property(op, (fields) => {
      const writer = createWriter();
      putOpHead(writer, fields);
      const whole = encode([1, ...Object.values(fields), { note: "x" }]);
      expect([...written(writer)]).toEqual([...whole.subarray(0, writer.length)]);
      expect([...whole.subarray(writer.length)]).toEqual([...encode({ note: "x" })]);
    }),
  );
});

test("a frame's header has its canonical bytes, however many ops it names", () => {
  const header = fc.record({
    mesh: fc.oneof(bytes(32), bytes(0)),
    author: bytes(32),
    incarnation: bytes(8),
    firstSeq: counter,
    prevFrame: hashOrNull,
    opIds: fc.array(bytes(32), { minLength: 1, maxLength: LIMITS.frameOps, size: "max" }),
  });
  fc.assert(
    fc.property(header, (fields) => {
      const writer = createWriter();
      putFrameHeader(writer, fields);
      expect([...written(writer)]).toEqual([...encode(["skein/frame/1", ...Object.values(fields)])]);
    }),
    { numRuns: 50 },
  );
});
