/** The bytes of a frame, frozen, and what its reader refuses. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { decode, encode, type Value } from "./codec.ts";
import { feedBytes, feedId, feedOf, feedParts, type Frame, isFrameAuthentic, openFrame, sealFrame } from "./frame.ts";
import { LIMITS } from "./limits.ts";
import { sealOp } from "./op.ts";

const signer = testSigner("frame.test");
const incarnation = new Uint8Array(8).fill(7);
const genesis = foundMesh({ signer, incarnation, meshName: "loom", nodeName: "first", wallMs: 1_000 }, testCrypto);

function sampleFrame(titles: readonly string[] = ["one", "two"]): Frame {
  const replica = createReplica(genesis.mesh, testCrypto);
  replica.take(genesis.frame.bytes);
  const body = { kind: "item.create", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
  const drafts = titles.map((title, at) => ({ entity: `item0000000${at}`, on: null, body: { ...body, title } }));
  replica.write(drafts, { signer, incarnation }, 2_000);
  const [frame] = replica.seal({ signer, incarnation });
  if (frame === undefined) throw new Error("nothing was sealed");
  return frame;
}

const message = (bytes: Uint8Array): string => {
  const opened = openFrame(bytes, testCrypto);
  return opened.ok ? "opened" : opened.error.message;
};

test("the genesis frame of fixed inputs has these bytes, and its op's id is the mesh id", () => {
  expect(toHex(genesis.frame.bytes)).toMatchInlineSnapshot(
    `"93c46297ad736b65696e2f6672616d652f31c400c42075d8e12bc64edd41417a6b6f1f6752fd1aea7d70a31d46cd9f464d383a77111ec408070707070707070701c091c420b39d497b8792b2581fe7ecdee78d274757c09f789783539f3b7fa9b8c90c7f9e91c4619d01c400c42075d8e12bc64edd41417a6b6f1f6752fd1aea7d70a31d46cd9f464d383a77111ec408070707070707070701c001cd03e8a46d657368ac6d6573682e67656e65736973c0c082a46e616d65a46c6f6f6da56f776e6572a56669727374c440e7205917a609002c3f18eeb2a94201f244446f3462cc9fc2f7b2fe930675ff947dfa298721d0f9040d66e6d7ec8be0c0c86597e08abe477d8b9fc5d8ead969a1"`,
  );
  expect(toHex(genesis.mesh)).toMatchInlineSnapshot(
    `"b39d497b8792b2581fe7ecdee78d274757c09f789783539f3b7fa9b8c90c7f9e"`,
  );
});

test("the header of a later frame of fixed inputs has these bytes and this hash", () => {
  const frame = sampleFrame(["one"]);
  expect(toHex(frame.headerBytes)).toMatchInlineSnapshot(
    `"97ad736b65696e2f6672616d652f31c420b39d497b8792b2581fe7ecdee78d274757c09f789783539f3b7fa9b8c90c7f9ec42075d8e12bc64edd41417a6b6f1f6752fd1aea7d70a31d46cd9f464d383a77111ec408070707070707070702c4202abd93289e694a0a4851a559268ce75c27c3e03326d85e17d0cf274be73d3bed91c420db9f44e7ed91a739b5248ed0fc8025f6904b51a5638016d9b71f4a4b8724293e"`,
  );
  expect(toHex(frame.hash)).toMatchInlineSnapshot(`"ccdd29a504ce017cae78fdd5366c0df8660bd6196a300de7b45689b66e93af8d"`);
});

test("a frame opens to what was sealed", () => {
  const frame = sampleFrame();
  const opened = openFrame(frame.bytes, testCrypto);
  if (!opened.ok) throw new Error(opened.error.message);
  expect(opened.value.header.firstSeq).toBe(2);
  expect(toHex(opened.value.headerBytes)).toBe(toHex(frame.headerBytes));
  expect(toHex(opened.value.hash)).toBe(toHex(frame.hash));
  expect(opened.value.ops.map(toHex)).toEqual(frame.ops.map(toHex));
  expect(isFrameAuthentic(opened.value, testCrypto)).toBe(true);
});

test("the signature is not part of the frame's hash", () => {
  const frame = sampleFrame();
  const other = sealFrame(frame.header, frame.ops, { ...signer, sign: () => new Uint8Array(64) }, testCrypto);
  expect(toHex(other.hash)).toBe(toHex(frame.hash));
  expect(isFrameAuthentic(other, testCrypto)).toBe(false);
});

test("a frame with any one bit of any byte changed is refused by a replica, which stays as it was", () => {
  const frame = sampleFrame();
  const replica = createReplica(genesis.mesh, testCrypto);
  replica.take(genesis.frame.bytes);
  for (let at = 0; at < frame.bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = frame.bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      const taken = replica.take(changed);
      if (taken.ok) throw new Error(`bit ${bit} of byte ${at} changed, and the frame was ${taken.value.type}`);
    }
  }
  expect(replica.opCount()).toBe(1);
  expect(replica.take(frame.bytes).ok).toBe(true);
  expect(replica.opCount()).toBe(3);
});

test("a genesis frame with any one bit changed is refused by a replica of its mesh", () => {
  for (let at = 0; at < genesis.frame.bytes.length; at++) {
    const changed = genesis.frame.bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    const replica = createReplica(genesis.mesh, testCrypto);
    expect(replica.take(changed).ok).toBe(false);
    expect(replica.opCount()).toBe(0);
  }
});

const HEADER_OK = [
  "skein/frame/1",
  genesis.mesh,
  signer.publicKey,
  incarnation,
  2,
  genesis.frame.hash,
] as const satisfies readonly Value[];

function frameOf(header: readonly Value[], ops: readonly Value[], signature: Value = new Uint8Array(64)): Uint8Array {
  return encode([encode(header), ops, signature]);
}

test.each<[string, number, Value]>([
  ["another tag", 0, "skein/frame/2"],
  ["a mesh id of 16 bytes", 1, new Uint8Array(16)],
  ["an author of 31 bytes", 2, new Uint8Array(31)],
  ["an incarnation of 9 bytes", 3, new Uint8Array(9)],
  ["first seq 0", 4, 0],
  ["a first seq beyond the counter", 4, LIMITS.counter + 1],
  ["first seq 1 with a previous frame", 4, 1],
  ["no previous frame but a later seq", 5, null],
  ["a previous hash of 20 bytes", 5, new Uint8Array(20)],
  ["op ids that are no list", 6, "x"],
])("a header with %s is refused", (_what, index, value) => {
  const op = new Uint8Array(3);
  const header: Value[] = [...HEADER_OK, [testCrypto.sha256(op)]];
  expect(message(frameOf(header, [op]))).toBe("opened");
  header[index] = value;
  expect(message(frameOf(header, [op]))).toContain("malformed frame");
});

test("ops and hashes that do not belong together are refused", () => {
  const op = encode("an op");
  const id = testCrypto.sha256(op);
  const header = [...HEADER_OK, [id]];
  expect(message(frameOf(header, [op]))).toBe("opened");
  expect(message(frameOf(header, []))).toContain("number of ops");
  expect(message(frameOf(header, [op, op]))).toContain("number of op hashes");
  expect(message(frameOf([...HEADER_OK, [id, id]], [op]))).toContain("number of op hashes");
  expect(message(frameOf(header, [encode("another")]))).toContain("does not have its hash");
  expect(message(frameOf(header, ["text"]))).toContain("op bytes");
  expect(message(frameOf([...HEADER_OK, [id.slice(1)]], [op]))).toContain("header fields");
  expect(message(frameOf(header, [op], new Uint8Array(63)))).toContain("signature");
  expect(message(encode([encode(header), [op]]))).toContain("not header");
});

test("more ops than the limit, or an op that is too large, are refused", () => {
  const op = encode("op");
  const many = Array.from({ length: LIMITS.frameOps + 1 }, () => op);
  const ids = many.map((one) => testCrypto.sha256(one));
  expect(message(frameOf([...HEADER_OK, ids], many))).toContain("number of ops");
  const large = new Uint8Array(LIMITS.opBytes + 1);
  expect(message(frameOf([...HEADER_OK, [testCrypto.sha256(large)]], [large]))).toContain("op bytes");
  expect(message(new Uint8Array(LIMITS.frameBytes + 1))).toContain("at most");
});

test("an op can be proved by its frame's header and its own bytes", () => {
  const frame = sampleFrame();
  const header = decode(frame.headerBytes, LIMITS.frameBytes);
  const ids = header.ok && Array.isArray(header.value) ? header.value[6] : undefined;
  expect(ids).toEqual(frame.ops.map((op) => testCrypto.sha256(op)));
});

test("a feed is named by its author and incarnation", () => {
  expect(feedId(Uint8Array.of(1, 2), Uint8Array.of(255))).toBe("0102/ff");
  expect(feedOf({ author: "0102", incarnation: "ff" })).toBe("0102/ff");
  expect(feedParts("0102/ff")).toEqual({ author: "0102", incarnation: "ff" });
  expect(feedBytes("0102/ff")).toEqual({ author: Uint8Array.of(1, 2), incarnation: Uint8Array.of(255) });
  expect(feedBytes("0102")).toBeUndefined();
  const { op } = sealOp(
    {
      mesh: genesis.mesh,
      author: signer.publicKey,
      incarnation,
      seq: 1,
      prev: null,
      lamport: 1,
      wall: 0,
      entity: "mesh",
      kind: "x",
      on: null,
      after: null,
      body: {},
    },
    testCrypto,
  );
  expect(feedId(op.author, op.incarnation)).toBe(`${toHex(signer.publicKey)}/0707070707070707`);
});
