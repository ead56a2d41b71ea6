/** What is written again of a feed that forked: wishes of this node, and never those of a holder of its earlier key. */
import {
  type Authorship,
  createFrameIndex,
  createReplica,
  type Draft,
  feedId,
  foundMesh,
  memberOf,
  ok,
  proveRotation,
  toHex,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { carryOver, type CarryOverDeps } from "./carry-over.ts";
import type { StoredFrame } from "./ports.ts";

const old: Authorship = { signer: testSigner("old"), incarnation: new Uint8Array(8).fill(1) };
const next: Authorship = { signer: testSigner("next"), incarnation: new Uint8Array(8).fill(2) };
const FEED = feedId(old.signer.publicKey, old.incarnation);

const item = (entity: string): Draft => ({
  entity,
  on: null,
  body: { kind: "item.create", title: entity, text: "", type: "story", priority: 5, labels: [], dependsOn: [] },
});

/** A node and a copy of it, both of which know the genesis op; the frames of the copy come to the node. */
function stand() {
  const founded = foundMesh({ ...old, meshName: "m", nodeName: "anna", wallMs: 1 }, testCrypto);
  const replica = createReplica(founded.mesh, testCrypto);
  const index = createFrameIndex();
  const stored: StoredFrame[] = [];
  const keep = (bytes: Uint8Array, branch: string, lastSeq: number): void => {
    index.add(branch, lastSeq);
    stored.push({ position: stored.length + 1, bytes });
  };
  const take = (bytes: Uint8Array): void => {
    const taken = replica.take(bytes);
    if (!taken.ok) throw new Error(taken.error.message);
    keep(bytes, taken.value.branch, taken.value.place.seq);
    const isStale = taken.value.changes.some(({ type }) => type === "stale");
    if (isStale) replica.reload(stored.map((one) => one.bytes));
  };
  take(founded.frame.bytes);
  const written: string[] = [];
  const author = (by: Authorship, drafts: readonly Draft[]): void => {
    replica.write(drafts, by, 1);
    for (const { bytes, header } of replica.seal(by)) {
      keep(bytes, feedId(header.author, header.incarnation), header.firstSeq + header.opIds.length - 1);
    }
  };
  const copyWrites = (drafts: readonly Draft[], from: readonly StoredFrame[] = [...stored]): (() => void) => {
    const copy = createReplica(founded.mesh, testCrypto);
    for (const { bytes } of from) copy.take(bytes);
    copy.write(drafts, old, 1);
    const frames = copy.seal(old);
    return () => {
      for (const { bytes } of frames) take(bytes);
    };
  };
  const depsOf = (by: Authorship): CarryOverDeps => {
    const untouched = () => {
      throw new Error("not needed here");
    };
    const facts = new Map<string, Uint8Array>();
    return {
      clock: { monoMs: () => 0, wallMs: () => 1, after: untouched },
      crypto: testCrypto,
      replica,
      store: {
        frames: (from) => stored.slice(from - 1).values(),
        frame: untouched,
        append: untouched,
        replace: untouched,
        getMeta: (name) => facts.get(name),
        putMeta: (name, value) => {
          facts.set(name, value);
          return ok(undefined);
        },
        close: () => undefined,
      },
      journal: {
        index,
        write: (decide) => {
          const decided = decide();
          if (!decided.ok) return Promise.resolve(decided);
          written.push(...decided.value.map(({ entity }) => entity));
          author(by, decided.value);
          return Promise.resolve(ok([]));
        },
        offer: untouched,
        onCommitted: untouched,
        problem: untouched,
        idle: untouched,
        mayAuthor: untouched,
        stop: untouched,
      },
      self: () => ({ key: toHex(old.signer.publicKey), role: "owner" }),
      key: () => toHex(by.signer.publicKey),
    };
  };
  return { mesh: founded.mesh, replica, stored, author, copyWrites, written, depsOf };
}

test("what both histories asked for is written again under the key that wrote them", async () => {
  const { author, copyWrites, written, depsOf } = stand();
  const arrive = copyWrites([item("cccccccccccc")]);
  author(old, [item("aaaaaaaaaaaa")]);
  arrive();
  const reborn = { ...old, incarnation: new Uint8Array(8).fill(3) };
  await carryOver(depsOf(reborn), FEED);
  expect(written).toEqual(["aaaaaaaaaaaa", "cccccccccccc"]);
});

test("what comes later of the other history is written again, too, and nothing twice", async () => {
  const { stored, author, copyWrites, written, depsOf } = stand();
  const genesis = [...stored];
  const arrive = copyWrites([item("cccccccccccc")]);
  author(old, [item("aaaaaaaaaaaa")]);
  arrive();
  const arriveMore = copyWrites([item("dddddddddddd")], [...genesis, ...stored.slice(-1)]);
  const deps = depsOf({ ...old, incarnation: new Uint8Array(8).fill(3) });
  await carryOver(deps, FEED);
  expect(await carryOver(deps, FEED)).toBe(0);
  arriveMore();
  await carryOver(deps, FEED);
  expect(written).toEqual(["aaaaaaaaaaaa", "cccccccccccc", "dddddddddddd"]);
});

test("after a rotation only this node's own history is, and nothing beyond the rotation", async () => {
  const { mesh, replica, author, copyWrites, written, depsOf } = stand();
  const arrive = copyWrites([item("cccccccccccc"), item("dddddddddddd")]);
  author(old, [item("aaaaaaaaaaaa")]);
  const { to: key, consent, proof } = proveRotation(mesh, old.signer, next.signer);
  author(old, [{ entity: "mesh", on: null, body: { kind: "member.rotate", key, cut: new Map(), consent, proof } }]);
  // Whoever still has the old key writes on behind the rotation, and another history from the begin.
  copyWrites([item("eeeeeeeeeeee")])();
  arrive();
  expect([...replica.forks().keys()]).toEqual([FEED]);
  expect(memberOf(replica.view().membership, toHex(old.signer.publicKey))?.key).toBe(toHex(key));
  await carryOver(depsOf(next), FEED);
  expect(written).toEqual(["aaaaaaaaaaaa"]);
  expect(replica.view().items.get("aaaaaaaaaaaa")?.best).toBeDefined();
});
