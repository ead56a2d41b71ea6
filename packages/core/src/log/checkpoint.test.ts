import { expect, test } from "vitest";

import { feedId } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { testCrypto, testSigner } from "../testing/test-crypto.ts";
import { checkpointOf, standingOf } from "./checkpoint.ts";
import { foundMesh } from "./genesis.ts";
import type { Head } from "./heads.ts";
import { createReplica, type Replica } from "./replica.ts";

const owner = { signer: testSigner("owner"), incarnation: new Uint8Array(8).fill(1) };
const { mesh, frame: genesis } = foundMesh({ ...owner, meshName: "m", nodeName: "owner", wallMs: 1 }, testCrypto);

function founded(): Replica {
  const replica = createReplica(mesh, testCrypto);
  expect(replica.take(genesis.bytes).ok).toBe(true);
  return replica;
}

function write(replica: Replica, remote: string): Uint8Array {
  const body = { kind: "project.set" as const, name: "p", remote, base: "main", config: "" };
  replica.write([{ entity: "mesh", on: null, body }], owner, 1);
  const [frame] = replica.seal(owner);
  return frame?.bytes ?? new Uint8Array();
}

test("what a checkpoint names is held by who has it, also long after, and not yet by who lags behind", () => {
  const author = founded();
  const behind = founded();
  write(author, "one");
  const checkpoint = checkpointOf(author.sealedHeads(), author.opCount());
  expect(checkpoint).toMatchObject({ ops: 2, tips: [{ seq: 2 }] });
  if (checkpoint === undefined) throw new Error("no checkpoint");
  expect(standingOf(checkpoint, author).type).toBe("held");
  expect(standingOf(checkpoint, behind).type).toBe("ahead");
  write(author, "two");
  write(author, "three");
  const standing = standingOf(checkpoint, author);
  expect(standing.type === "held" && [...standing.known.values()]).toEqual([2]);
});

test("a checkpoint that names another history than the one here is contradicted", () => {
  const author = founded();
  write(author, "one");
  write(author, "two");
  const checkpoint = checkpointOf(author.sealedHeads(), author.opCount());
  const [tip] = checkpoint?.tips ?? [];
  if (tip === undefined) throw new Error("no tip");
  for (const seq of [2, 3]) {
    const forged = { tips: [{ ...tip, seq, frame: testCrypto.sha256(Uint8Array.of(seq)) }] };
    expect(standingOf(forged, author)).toEqual({
      type: "contradicted",
      feeds: new Set([feedId(owner.signer.publicKey, owner.incarnation)]),
    });
  }
  // The right hash at the wrong place is no history either.
  expect(standingOf({ tips: [{ ...tip, seq: 2 }] }, author).type).toBe("contradicted");
});

test("what waits in the open frame is not in a checkpoint", () => {
  const author = founded();
  const body = { kind: "project.set" as const, name: "p", remote: "r", base: "main", config: "" };
  author.write([{ entity: "mesh", on: null, body }], owner, 1);
  expect(checkpointOf(author.sealedHeads(), author.opCount())?.tips).toMatchObject([{ seq: 1 }]);
});

test("there is no checkpoint of more feeds than an op can name", () => {
  const head = (place: number): Head => ({
    author: place.toString(16).padStart(64, "0"),
    incarnation: "0".repeat(16),
    seq: LIMITS.counter,
    frame: new Uint8Array(32),
  });
  const heads = (count: number): Map<string, Head> =>
    new Map(Array.from({ length: count }, (_, place) => [String(place), head(place)]));
  expect(checkpointOf(heads(LIMITS.checkpointTips), 1)?.tips.length).toBe(LIMITS.checkpointTips);
  expect(checkpointOf(heads(LIMITS.checkpointTips + 1), 1)).toBeUndefined();
  // The greatest one is still an op.
  const replica = founded();
  const body = checkpointOf(heads(LIMITS.checkpointTips), LIMITS.counter);
  if (body === undefined) throw new Error("no checkpoint");
  replica.write([{ entity: "mesh", on: null, body }], owner, 1);
  expect(replica.view().membership.checkpoints.length).toBe(1);
});
