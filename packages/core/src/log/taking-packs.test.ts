/** What a pack may hold, and what is made of one that a member with a real key made to do harm. */
import { expect, test } from "vitest";

import { digestOf } from "../fold/digest.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import { framesOf, isCovered, type PackedFrame, sealPack } from "../op/pack.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { foundMesh } from "./genesis.ts";
import { type Authorship, createReplica, type Replica } from "./replica.ts";
import { wholeRecords } from "./salvage.ts";

const old: Authorship = { signer: testSigner("old"), incarnation: new Uint8Array(8).fill(1) };
const next: Authorship = { signer: testSigner("next"), incarnation: new Uint8Array(8).fill(2) };

interface Written {
  readonly mesh: Uint8Array;
  readonly replica: Replica;
  readonly frames: readonly Uint8Array[];
}

/** A log of single frames: the genesis, an item, a rotation, and an item under the new key. */
function rotatedLog(): Written {
  const { mesh, frame } = foundMesh({ ...old, meshName: "m", nodeName: "anna", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const frames = [frame.bytes];
  const write = (by: Authorship, draft: Parameters<Replica["write"]>[0][number]): void => {
    replica.write([draft], by, 1);
    frames.push(...replica.seal(by).map(({ bytes }) => bytes));
  };
  const item = (entity: string) => ({
    entity,
    on: null,
    body: {
      kind: "item.create" as const,
      title: entity,
      text: "",
      type: "story" as const,
      priority: 5,
      labels: [],
      dependsOn: [],
    },
  });
  write(old, item("aaaaaaaaaaaa"));
  const { to: key, consent, proof } = proveRotation(mesh, old.signer, next.signer);
  write(old, { entity: "mesh", on: null, body: { kind: "member.rotate", key, cut: new Map(), consent, proof } });
  write(next, item("bbbbbbbbbbbb"));
  write(next, item("cccccccccccc"));
  return { mesh, replica, frames };
}

const opened = (frames: readonly Uint8Array[]): readonly PackedFrame[] =>
  frames.flatMap((bytes) => {
    const one = framesOf(bytes, testCrypto);
    if (!one.ok) throw new Error(one.error.message);
    return one.value;
  });

test.each(["all", "ends"] as const)(
  "a pack with a rotation and what the new key wrote is one log, signatures: %s",
  (keep) => {
    const { mesh, replica, frames } = rotatedLog();
    const pack = sealPack(opened(frames), keep);
    const joiner = createReplica(mesh, testCrypto);
    expect(joiner.takeRecord(pack)).toMatchObject({ ok: true });
    const restarted = createReplica(mesh, testCrypto);
    expect(restarted.reload([pack])).toMatchObject({ ok: true });
    for (const one of [joiner, restarted]) {
      expect(digestOf(one.view(), testCrypto)).toBe(digestOf(replica.view(), testCrypto));
    }
  },
);

test("a frame is taken as a pack of one is, and is news once", () => {
  const { mesh, replica, frames } = rotatedLog();
  const joiner = createReplica(mesh, testCrypto);
  for (const bytes of frames) {
    const taken = joiner.takeRecord(bytes);
    expect(taken).toMatchObject({ ok: true, value: { frames: [{ type: "taken" }] } });
    expect(taken.ok && taken.value.news).toBe(bytes);
    const again = joiner.takeRecord(bytes);
    expect(again).toMatchObject({ ok: true, value: { frames: [{ type: "duplicate" }], news: undefined } });
  }
  expect(digestOf(joiner.view(), testCrypto)).toBe(digestOf(replica.view(), testCrypto));
  expect(joiner.takeRecord(Uint8Array.of(1))).toMatchObject({ ok: false, error: { type: "malformed-frame" } });
});

test("a pack that has a frame twice is refused, and changes nothing", () => {
  const { mesh, frames } = rotatedLog();
  const [genesis, first] = opened(frames);
  if (genesis === undefined || first === undefined) throw new Error("no frames");
  const replica = createReplica(mesh, testCrypto);
  for (const twice of [
    [genesis, genesis],
    [genesis, first, first],
  ]) {
    expect(replica.takeRecord(sealPack(twice, "all"))).toMatchObject({ ok: false, error: { type: "malformed-frame" } });
  }
  expect(replica.opCount()).toBe(0);
});

test("a bad signature that another frame's covers counts for nothing, and nothing is proved by it", () => {
  const { mesh, replica, frames } = rotatedLog();
  const packed = opened(frames).map((frame, at) => (at === 3 ? { ...frame, signature: new Uint8Array(64) } : frame));
  const joiner = createReplica(mesh, testCrypto);
  expect(joiner.takeRecord(sealPack(packed, "all"))).toMatchObject({ ok: true });
  expect(digestOf(joiner.view(), testCrypto)).toBe(digestOf(replica.view(), testCrypto));
  expect(isCovered(packed, testCrypto)).toBe(true);
  // Without the frame behind it, it would be the one that signs.
  expect(isCovered(packed.slice(0, 4), testCrypto)).toBe(false);
});

test("of a pack that does not fit, what is signed by itself is kept", () => {
  const { mesh, frames } = rotatedLog();
  const packed = opened(frames);
  // Without the rotation the new key is a stranger's.
  const stranger = [...packed.slice(0, 2), ...packed.slice(3)];
  const kept = [...wholeRecords([sealPack(stranger, "all")], mesh, testCrypto)];
  expect(kept.map(({ position, count }) => [position, count])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  const replica = createReplica(mesh, testCrypto);
  expect(replica.reload(kept.map(({ bytes }) => bytes))).toMatchObject({ ok: true });
  expect([...replica.view().items.keys()]).toEqual(["aaaaaaaaaaaa"]);
});
