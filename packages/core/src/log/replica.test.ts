/** What a replica takes, refuses and writes. */
import { expect, test } from "vitest";

import { digestOf } from "../fold/digest.ts";
import { fromHex, toHex } from "../kernel/bytes.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import { type CreateBody, writeBody } from "../op/bodies.ts";
import type { Signer } from "../op/crypto.ts";
import { type Frame, openFrame, sealFrame } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { type Op, openOp, sealOp } from "../op/op.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { foundMesh } from "./genesis.ts";
import { isOutOfOrder } from "./refusal.ts";
import { type Authorship, createReplica, type Draft, type Replica } from "./replica.ts";

const anna: Authorship = { signer: testSigner("anna"), incarnation: new Uint8Array(8).fill(1) };
const ben: Authorship = { signer: testSigner("ben"), incarnation: new Uint8Array(8).fill(2) };
const { mesh, frame: genesis } = foundMesh({ ...anna, meshName: "loom", nodeName: "anna", wallMs: 10 }, testCrypto);

const body: CreateBody = {
  kind: "item.create",
  title: "t",
  text: "",
  type: "story",
  priority: 5,
  labels: [],
  dependsOn: [],
};
const create = (item: string): Draft => ({ entity: item, on: null, body });
const ITEM = "0123456789ab";

const founded = (): Replica => {
  const replica = createReplica(mesh, testCrypto);
  expect(replica.take(genesis.bytes).ok).toBe(true);
  return replica;
};

function write(replica: Replica, author: Authorship, drafts: readonly Draft[], wallMs: number = 20): readonly Frame[] {
  replica.write(drafts, author, wallMs);
  return replica.seal(author);
}

function joinOf(who: Authorship, name: string): readonly Draft[] {
  const ticket = testSigner(`ticket of ${name}`);
  const key = who.signer.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh, key, name }));
  return [
    {
      entity: "mesh",
      on: null,
      body: { kind: "member.invite", ticket: ticket.publicKey, role: "operator", expires: 1 },
    },
    { entity: "mesh", on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
  ];
}

/** Anna's and Ben's replicas of one mesh, and every frame so far. */
function twoMembers(): { readonly a: Replica; readonly b: Replica; readonly frames: Uint8Array[] } {
  const [a, b] = [founded(), founded()];
  const frames = [genesis.bytes, ...write(a, anna, joinOf(ben, "ben")).map((frame) => frame.bytes)];
  for (const bytes of frames) expect(b.take(bytes).ok).toBe(true);
  return { a, b, frames };
}

const refusalOf = (replica: Replica, bytes: Uint8Array): string => {
  const before = [replica.opCount(), replica.lamport(), digestOf(replica.view(), testCrypto)];
  const taken = replica.take(bytes);
  if (taken.ok) return taken.value.type;
  expect([replica.opCount(), replica.lamport(), digestOf(replica.view(), testCrypto)]).toEqual(before);
  return taken.error.type;
};

/** A frame of Anna's second op, made by hand with any fields. */
function crafted(
  changes: Partial<Op>,
  header: Partial<Frame["header"]> = {},
  signer: Signer = anna.signer,
): Uint8Array {
  const op: Op = {
    mesh,
    author: anna.signer.publicKey,
    incarnation: anna.incarnation,
    seq: 2,
    prev: mesh,
    lamport: 2,
    wall: 20,
    entity: ITEM,
    kind: "item.create",
    on: null,
    after: null,
    body: writeBody(body),
    ...changes,
  };
  const sealed = sealOp(op, testCrypto);
  const id = fromHex(sealed.id) ?? new Uint8Array();
  const { author, incarnation, seq } = op;
  const prevFrame = genesis.hash;
  const made = { mesh: op.mesh, author, incarnation, firstSeq: seq, prevFrame, opIds: [id], ...header };
  return sealFrame(made, [sealed.bytes], { ...signer, publicKey: author }, testCrypto).bytes;
}

test("the genesis frame is taken by its own mesh only, and once", () => {
  expect(refusalOf(createReplica(new Uint8Array(32), testCrypto), genesis.bytes)).toBe("wrong-mesh");
  const replica = founded();
  expect(refusalOf(replica, genesis.bytes)).toBe("duplicate");
  expect(replica.opCount()).toBe(1);
  expect(replica.hasOp(toHex(mesh))).toBe(true);
});

test("a well made frame is taken; each thing wrong with it has its refusal", () => {
  expect(refusalOf(founded(), crafted({}))).toBe("taken");
  expect(refusalOf(founded(), new Uint8Array(10))).toBe("malformed-frame");
  expect(refusalOf(founded(), crafted({ mesh: new Uint8Array(32) }))).toBe("wrong-mesh");
  expect(refusalOf(founded(), crafted({}, { mesh: new Uint8Array() }))).toBe("wrong-mesh");
  expect(refusalOf(founded(), crafted({ author: ben.signer.publicKey }))).toBe("not-a-member");
  expect(refusalOf(founded(), crafted({ seq: 3 }))).toBe("gap");
  expect(refusalOf(founded(), crafted({}, { prevFrame: new Uint8Array(32) }))).toBe("disputed");
  expect(refusalOf(founded(), crafted({ prev: new Uint8Array(32) }))).toBe("broken-chain");
  expect(refusalOf(founded(), crafted({ on: new Uint8Array(32).fill(3) }))).toBe("missing-dependency");
  expect(refusalOf(founded(), crafted({ after: new Uint8Array(32).fill(3) }))).toBe("missing-dependency");
  expect(refusalOf(founded(), crafted({}, {}, ben.signer))).toBe("bad-signature");
});

test("an op that names another feed than its frame is refused", () => {
  for (const header of [
    { author: anna.signer.publicKey },
    { incarnation: anna.incarnation },
    { firstSeq: 2 },
    { mesh },
  ]) {
    const changed: Partial<Op> = {
      ...("author" in header ? { author: ben.signer.publicKey } : {}),
      ...("incarnation" in header ? { incarnation: ben.incarnation } : {}),
      ...("firstSeq" in header ? { seq: 3 } : {}),
      ...("mesh" in header ? { mesh: new Uint8Array(32) } : {}),
    };
    expect(refusalOf(founded(), crafted(changed, header))).toBe("malformed-op");
  }
});

test("a Lamport stamp is exactly one more than the greatest it names, so nobody pushes the clock", () => {
  expect(refusalOf(founded(), crafted({ lamport: 1 }))).toBe("bad-lamport");
  expect(refusalOf(founded(), crafted({ lamport: 3 }))).toBe("bad-lamport");
  expect(refusalOf(founded(), crafted({ lamport: LIMITS.counter }))).toBe("bad-lamport");
  const { a, b } = twoMembers();
  // Ben's first op has no previous one; its stamp is above everything he has seen all the same.
  const [frame] = write(b, ben, [create(ITEM)]);
  const opened = openOp(frame?.ops[0] ?? new Uint8Array(), new Uint8Array());
  expect(opened.ok && opened.value.op).toMatchObject({ seq: 1, prev: null, lamport: 4 });
  expect(opened.ok && opened.value.op.after).not.toBeNull();
  expect(a.take(frame?.bytes ?? new Uint8Array()).ok).toBe(true);
  expect(a.lamport()).toBe(4);
});

test("only what comes too early is out of order", () => {
  const types = [
    "malformed-frame",
    "malformed-op",
    "wrong-mesh",
    "not-a-member",
    "removed",
    "gap",
    "missing-dependency",
    "disputed",
    "broken-chain",
    "bad-lamport",
    "bad-signature",
  ] as const;
  expect(types.filter((type) => isOutOfOrder({ type, message: "" }))).toEqual([
    // A stranger's frame, too: what names its author may only be on its way.
    "not-a-member",
    "gap",
    "missing-dependency",
    "disputed",
  ]);
});

test("two frames at one place are both kept, as proof, when the author signed both", () => {
  const replica = founded();
  expect(refusalOf(replica, crafted({ wall: 1 }))).toBe("taken");
  expect(refusalOf(replica, crafted({ wall: 3 }, {}, ben.signer))).toBe("bad-signature");
  expect(replica.forks().size).toBe(0);
  expect(refusalOf(replica, crafted({ wall: 2 }))).toBe("taken");
  expect([...replica.forks().values()]).toEqual([2]);
  for (const wall of [1, 2]) expect(refusalOf(replica, crafted({ wall }))).toBe("duplicate");
});

test("a second incarnation of a member is a feed of its own", () => {
  const replica = founded();
  const second = { signer: anna.signer, incarnation: new Uint8Array(8).fill(99) };
  const frames = [...write(replica, anna, [create(ITEM)]), ...write(replica, second, [create("zzzzzzzzzzzz")])];
  const other = founded();
  for (const frame of frames) expect(refusalOf(other, frame.bytes)).toBe("taken");
  expect([...other.heads().values()].map((head) => [head.incarnation, head.seq])).toEqual([
    ["01".repeat(8), 2],
    ["63".repeat(8), 1],
  ]);
  expect(digestOf(other.view(), testCrypto)).toBe(digestOf(replica.view(), testCrypto));
});

test("ops written together travel as one frame, and a later one may build on an earlier one", () => {
  const { a, b } = twoMembers();
  const frames = write(a, anna, [create(ITEM), { entity: ITEM, on: { draft: 0 }, body: { kind: "item.start" } }]);
  expect(frames).toHaveLength(1);
  for (const frame of frames) expect(b.take(frame.bytes).ok).toBe(true);
  expect(b.view().items.get(ITEM)?.best?.state.stage.stage).toBe("Coding");
  expect(b.seal(ben)).toEqual([]);
});

test("many ops are split into frames within the limits, which chain and are all taken", () => {
  const { a, b } = twoMembers();
  const big = { ...body, text: "x".repeat(15_000) };
  const drafts = Array.from({ length: 600 }, (_, at): Draft => ({
    entity: at.toString(36).padStart(12, "0"),
    on: null,
    body: at < 40 ? big : body,
  }));
  const frames = write(a, anna, drafts);
  expect(frames.length).toBeGreaterThan(4);
  for (const frame of frames) {
    expect(frame.bytes.length).toBeLessThanOrEqual(LIMITS.frameBytes);
    expect(frame.ops.length).toBeLessThanOrEqual(LIMITS.frameOps);
    expect(b.take(frame.bytes).ok).toBe(true);
  }
  expect(b.view().items.size).toBe(600);
  expect(digestOf(b.view(), testCrypto)).toBe(digestOf(a.view(), testCrypto));
});

test("what is written shows at once, and each write continues the feed", () => {
  const { a } = twoMembers();
  const written = a.write([create(ITEM)], anna, 30);
  expect(written.changes).toEqual([{ type: "item", item: ITEM }]);
  expect(written.ops.map(({ op }) => [op.seq, op.lamport, op.wall])).toEqual([[4, 4, 30]]);
  expect(a.view().items.has(ITEM)).toBe(true);
  const again = a.write([{ entity: ITEM, on: written.ops[0]?.id ?? null, body: { kind: "item.start" } }], anna, 31);
  expect(again.ops.map(({ op }) => [op.seq, op.lamport])).toEqual([[5, 5]]);
  expect(a.seal(anna)).toHaveLength(1);
  expect(a.seal(anna)).toEqual([]);
});

test("a reload makes memory what the store has, and forgets what never got there", () => {
  const { a, frames } = twoMembers();
  const expected = digestOf(a.view(), testCrypto);
  a.write([create(ITEM)], anna, 30);
  expect(a.reload(frames).ok).toBe(true);
  expect(a.view().items.has(ITEM)).toBe(false);
  expect(digestOf(a.view(), testCrypto)).toBe(expected);
  expect(a.seal(anna)).toEqual([]);
  // The next write takes the place of the lost one.
  expect(a.write([create(ITEM)], anna, 31).ops[0]?.op.seq).toBe(4);
});

test("a reload of a store with a gap or a changed byte fails and leaves the replica as it was", () => {
  const { a, frames } = twoMembers();
  const before = digestOf(a.view(), testCrypto);
  const more = write(a, anna, [create(ITEM)]).map((frame) => frame.bytes);
  const after = digestOf(a.view(), testCrypto);
  expect(before).not.toBe(after);
  const [first, second] = frames;
  const gap = a.reload([first ?? new Uint8Array(), ...more]);
  expect(gap.ok ? "" : gap.error.type).toBe("gap");
  const damaged = second?.slice() ?? new Uint8Array();
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
  expect(a.reload([first ?? new Uint8Array(), damaged]).ok).toBe(false);
  expect(digestOf(a.view(), testCrypto)).toBe(after);
});

test("a frame that was taken has the ops that were written", () => {
  const { a, b } = twoMembers();
  const [frame] = write(a, anna, [create(ITEM)]);
  const taken = b.take(frame?.bytes ?? new Uint8Array());
  expect(taken.ok && taken.value.ops.map(({ id }) => id)).toEqual(frame?.header.opIds.map(toHex));
  const opened = openFrame(frame?.bytes ?? new Uint8Array(), testCrypto);
  expect(opened.ok && toHex(opened.value.hash)).toBe(toHex(frame?.hash ?? new Uint8Array()));
});

test("who joined may write from then on, and not before everybody has heard of the join", () => {
  const { b } = twoMembers();
  const [frame] = write(b, ben, [create(ITEM)]);
  expect(refusalOf(founded(), frame?.bytes ?? new Uint8Array())).toBe("not-a-member");
});

test("a log in which membership ops lie in the worst order loads to the same view", () => {
  const { a, b, frames } = twoMembers();
  const set = (by: string, at: number): Draft => ({
    entity: "mesh",
    on: null,
    body: { kind: "project.set", name: `p${at % 7}`, remote: `${by} ${at}`, base: "main", config: "" },
  });
  // Anna's stamps pass all of Ben's, whose ops come later and alternate: each of his runs lies before something of hers.
  const first = Array.from({ length: 400 }, (_, at) => set("anna", at));
  frames.push(...write(a, anna, first).map((frame) => frame.bytes));
  for (let at = 0; at < 200; at++) {
    const drafts = [set("ben", at), create(at.toString(16).padStart(12, "0"))];
    frames.push(...write(b, ben, drafts).map((frame) => frame.bytes));
  }
  for (const bytes of frames) a.take(bytes);
  const loaded = createReplica(mesh, testCrypto);
  let iterated = 0;
  const records: Iterable<Uint8Array> = {
    [Symbol.iterator]: () => {
      iterated++;
      return frames[Symbol.iterator]();
    },
  };
  expect(loaded.reload(records).ok).toBe(true);
  expect(digestOf(loaded.view(), testCrypto)).toBe(digestOf(a.view(), testCrypto));
  expect(loaded.view().items.size).toBe(200);
  // Too much would have been judged again: the second pass judges once.
  expect(iterated).toBe(2);
});

test("membership ops of one frame, and of the frames of one pack, are judged together", () => {
  const { a, b } = twoMembers();
  const sealed = write(
    a,
    anna,
    Array.from({ length: 20 }, (_, at) => joinOf({ ...ben, signer: testSigner(`crew ${at}`) }, `crew ${at}`)).flat(),
  );
  const [frame] = sealed;
  if (frame === undefined) throw new Error("a frame");
  const taken = b.take(frame.bytes);
  if (!taken.ok) throw new Error(taken.error.message);
  expect(taken.value.changes).toHaveLength(40);
  expect(new Set(taken.value.changes).size).toBe(1);
  expect(b.view().membership).toEqual(a.view().membership);
});
