import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { createPrng } from "../testing/prng.ts";
import { testCrypto, testSigner } from "../testing/test-crypto.ts";
import { encode } from "./codec.ts";
import { openFrame, sealFrame } from "./frame.ts";
import { LIMITS } from "./limits.ts";
import { sealOp } from "./op.ts";
import { endsOf, framesOf, isPack, isSigned, openPack, type PackedFrame, sealPack } from "./pack.ts";

const mesh = testCrypto.sha256(Uint8Array.of(1));
const signers = [testSigner("ann"), testSigner("bob")];

/** Frames of two authors, drawn from a seed: chains, ops on ops of both, one fork, the first frames outside of the pack. */
function someFrames(seed: number, count: number): Uint8Array[] {
  const prng = createPrng(seed);
  const known: { id: Uint8Array; lamport: number }[] = [{ id: testCrypto.sha256(Uint8Array.of(9)), lamport: 4 }];
  const tips = signers.map(() => ({ seq: 0, op: null as Uint8Array | null, frame: null as Uint8Array | null }));
  return Array.from({ length: count }, () => {
    const who = prng.int(2);
    const signer = signers[who] ?? testSigner("");
    const tip = tips[who] ?? { seq: 0, op: null, frame: null };
    const incarnation = new Uint8Array(8).fill(who);
    const before = { ...tip };
    const ops = Array.from({ length: 1 + prng.int(3) }, (_, at) => {
      const on = prng.int(4) === 0 ? null : prng.pick(known);
      const sealed = sealOp(
        {
          mesh,
          author: signer.publicKey,
          incarnation,
          seq: tip.seq + 1 + at,
          prev: at === 0 ? tip.op : tip.op,
          lamport: (on?.lamport ?? 0) + 1,
          wall: 1_700_000_000_000 - prng.int(9_000),
          entity: `item${prng.int(3)}`,
          kind: prng.pick(["item.set", "item.start", "unheard.of"]),
          on: on?.id ?? null,
          after: prng.int(3) === 0 ? prng.pick(known).id : null,
          body: { note: "x".repeat(prng.int(300)), list: [1, null, { a: true }] },
        },
        testCrypto,
      );
      const id = testCrypto.sha256(sealed.bytes);
      known.push({ id, lamport: sealed.op.lamport });
      tip.op = id;
      return { sealed, id };
    });
    const header = {
      mesh,
      author: signer.publicKey,
      incarnation,
      firstSeq: before.seq + 1,
      prevFrame: before.frame,
      opIds: ops.map(({ id }) => id),
    };
    const frame = sealFrame(
      header,
      ops.map(({ sealed }) => sealed.bytes),
      signer,
      testCrypto,
    );
    // Now and then the author goes on as if this frame had not been: a fork.
    if (prng.int(8) === 0) tip.op = before.op;
    else {
      tip.seq = before.seq + ops.length;
      tip.frame = frame.hash;
    }
    return frame.bytes;
  });
}

const opened = (frames: readonly Uint8Array[]): PackedFrame[] =>
  frames.flatMap((bytes) => {
    const one = framesOf(bytes, testCrypto);
    if (!one.ok) throw new Error(one.error.message);
    return one.value;
  });

const open = (pack: Uint8Array): readonly PackedFrame[] => {
  const frames = openPack(pack, testCrypto);
  if (!frames.ok) throw new Error(frames.error.message);
  return frames.value;
};

const plain = ({ header, hash, ops }: PackedFrame): unknown => ({
  header,
  hash: toHex(hash),
  ops: ops.map(({ op, id }) => ({ op, id })),
});

test.each(["all", "ends"] as const)("a pack gives the very frames that went in, with signatures kept of %s", (keep) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
      const frames = someFrames(seed, count);
      // Cut anywhere: what comes before the pack is outside of it.
      const part = frames.slice(seed % count);
      const pack = sealPack(opened(part), keep);
      const back = open(pack);
      expect(back.map(plain)).toEqual(opened(part).map(plain));
      expect(back.map(({ hash }) => toHex(hash))).toEqual(
        part.map((bytes) => {
          const frame = openFrame(bytes, testCrypto);
          return frame.ok ? toHex(frame.value.hash) : "";
        }),
      );
      expect(endsOf(back).every((frame) => isSigned(frame, testCrypto))).toBe(true);
      expect(back.every((frame) => frame.signature === null || isSigned(frame, testCrypto))).toBe(true);
      expect(back.every(({ signature }) => signature !== null || keep === "ends")).toBe(true);
      expect(isPack(pack)).toBe(true);
      expect(part.some(isPack)).toBe(false);
    }),
    { numRuns: 25 },
  );
});

test("packing a pack again gives the same bytes, and leaving signatures out of it the bytes of the short form", () => {
  const frames = opened(someFrames(5, 40));
  const all = sealPack(frames, "all");
  const ends = sealPack(frames, "ends");
  expect(sealPack(open(all), "all")).toEqual(all);
  expect(sealPack(open(all), "ends")).toEqual(ends);
  expect(sealPack(open(ends), "ends")).toEqual(ends);
  expect(all.length - ends.length).toBeGreaterThan(64 * 20);
});

test("a signature covers every frame that leads to it: a changed byte breaks it, whatever the place", () => {
  const pack = sealPack(opened(someFrames(11, 4)), "ends");
  let undetected = 0;
  for (let at = 0; at < pack.length; at++) {
    const changed = pack.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const result = openPack(changed, testCrypto);
    if (!result.ok) continue;
    if (endsOf(result.value).every((frame) => isSigned(frame, testCrypto))) undetected++;
  }
  expect(undetected).toBe(0);
});

test("random bytes and cut packs are refused and never throw", () => {
  const pack = sealPack(opened(someFrames(3, 12)), "all");
  for (let length = 0; length < pack.length; length++) {
    expect(openPack(pack.slice(0, length), testCrypto).ok).toBe(false);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(openPack(bytes, testCrypto).ok).toBe(false);
    }),
  );
});

test("a pack whose last frames are unsigned is refused", () => {
  const [frame] = opened(someFrames(2, 1));
  if (frame === undefined) throw new Error("no frame");
  const result = openPack(sealPack([{ ...frame, signature: null }], "all"), testCrypto);
  expect(result).toMatchObject({ ok: false, error: { message: expect.stringMatching(/unsigned/) } });
});

test("what no frame may hold no pack may hold: bodies nested too deep are refused by both", () => {
  const deep = (depth: number): { readonly [key: string]: never } =>
    (depth === 0 ? {} : { a: deep(depth - 1) }) as { readonly [key: string]: never };
  for (const [depth, fits] of [
    [LIMITS.depth - 1, true],
    [LIMITS.depth, false],
  ] as const) {
    const [frame] = opened(someFrames(2, 1));
    const [op] = frame?.ops ?? [];
    if (frame === undefined || op === undefined) throw new Error("no frame");
    const bodyBytes = depth === LIMITS.depth ? nested(depth) : encode(deep(depth));
    const pack = sealPack([{ ...frame, ops: [{ ...op, bodyBytes }], header: { ...frame.header } }], "all");
    const result = openPack(pack, testCrypto);
    expect(result.ok, `depth ${depth}`).toBe(fits);
  }
});

/** Maps in maps, one more than `encode` writes. */
function nested(depth: number): Uint8Array {
  const bytes: number[] = [];
  for (let level = 0; level < depth; level++) bytes.push(0x81, 0xa1, 0x61);
  return Uint8Array.from([...bytes, 0x80]);
}
