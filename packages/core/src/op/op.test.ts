/** The bytes of an op, frozen: a change of any of them is another wire format. */
import { expect, test } from "vitest";

import { fromHex, toHex } from "../kernel/bytes.ts";
import { testCrypto } from "../testing/index.ts";
import { encode, type Value } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import { type Op, openOp, sealOp } from "./op.ts";

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

const OP: Op = {
  mesh: bytesOf(32, 0x11),
  author: bytesOf(32, 0x22),
  incarnation: bytesOf(8, 0x33),
  seq: 2,
  prev: bytesOf(32, 0x44),
  lamport: 9,
  wall: 1_700_000_000_000,
  entity: "0123456789ab",
  kind: "item.set",
  on: bytesOf(32, 0x55),
  after: null,
  body: { field: "title", value: "Größe" },
};

test("an op with fixed fields has these bytes and this id", () => {
  const sealed = sealOp(OP, testCrypto);
  expect(toHex(sealed.bytes)).toMatchInlineSnapshot(
    `"9d01c4201111111111111111111111111111111111111111111111111111111111111111c4202222222222222222222222222222222222222222222222222222222222222222c408333333333333333302c420444444444444444444444444444444444444444444444444444444444444444409cb4278bcfe56800000ac303132333435363738396162a86974656d2e736574c4205555555555555555555555555555555555555555555555555555555555555555c082a56669656c64a57469746c65a576616c7565a74772c3b6c39f65"`,
  );
  expect(sealed.id).toMatchInlineSnapshot(`"08915e5e92230f3b8dc051b7476c45727d86305d575a7f6b5d5de3aee712b58e"`);
});

test("an op opens to the fields it was sealed with", () => {
  const sealed = sealOp(OP, testCrypto);
  const opened = openOp(sealed.bytes, testCrypto.sha256(sealed.bytes));
  expect(opened).toEqual({ ok: true, value: sealed });
});

/** The fields of the op in their order, with one of them replaced. */
function withField(index: number, value: Value): Uint8Array {
  const { mesh, author, incarnation, seq, prev, lamport, wall, entity, kind, on, after, body } = OP;
  const fields: Value[] = [1, mesh, author, incarnation, seq, prev, lamport, wall, entity, kind, on, after, body];
  fields[index] = value;
  return encode(fields);
}

const open = (bytes: Uint8Array): string => {
  const opened = openOp(bytes, testCrypto.sha256(bytes));
  return opened.ok ? "opened" : opened.error.message;
};

test.each<[number, Value, string]>([
  [0, 2, "version"],
  [0, "1", "version"],
  [1, bytesOf(31, 0), "mesh id"],
  [1, null, "mesh id"],
  [2, bytesOf(33, 0), "author key"],
  [3, bytesOf(7, 0), "incarnation"],
  [4, 0, "sequence number"],
  [4, LIMITS.counter + 1, "sequence number"],
  [4, 1, "previous op"],
  [4, "2", "sequence number"],
  [5, null, "previous op"],
  [5, bytesOf(31, 0), "previous op"],
  [6, 0, "Lamport stamp"],
  [6, LIMITS.counter + 1, "Lamport stamp"],
  [7, LIMITS.counter + 1, "wall time"],
  [7, null, "wall time"],
  [8, "x".repeat(65), "entity"],
  [8, 7, "entity"],
  [9, "x".repeat(65), "kind"],
  [10, bytesOf(20, 0), "builds on"],
  [11, bytesOf(20, 0), "builds on"],
  [12, [], "body"],
  [12, null, "body"],
  [12, bytesOf(3, 0), "body"],
])("field %i of the wrong form is refused (%o)", (index, value, what) => {
  expect(open(withField(index, value))).toContain(what);
});

test("the fields as they are open, one too few or too many does not", () => {
  expect(open(withField(0, 1))).toBe("opened");
  expect(open(withField(13, 0))).toContain("13 fields");
  expect(open(encode([1, OP.mesh]))).toContain("13 fields");
  expect(open(encode({ a: 1 }))).toContain("13 fields");
});

test("an op of more bytes than the limit is refused", () => {
  const bytes = withField(12, { text: "x".repeat(LIMITS.opBytes) });
  expect(open(bytes)).toContain("at most");
});

test("the first op of a feed has no previous one", () => {
  const sealed = sealOp({ ...OP, seq: 1, prev: null }, testCrypto);
  expect(open(sealed.bytes)).toBe("opened");
  expect(fromHex(sealed.id)).toHaveLength(32);
});
