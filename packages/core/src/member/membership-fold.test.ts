/**
 * Removals and rotations that contradict each other, drawn at random: what comes out is the same in every order, and a
 * fixed point. Rings of owners who remove each other at once are drawn often, as they are what is hard.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import type { MeshBody } from "../op/bodies.ts";
import { compareStamp } from "../op/stamp.ts";
import type { Signer } from "../op/crypto.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { FEED, founder, invite, join, MESH, meshOf, meshOp, remove, rotate, ticketOf } from "../testing/mesh-ops.ts";
import { decide } from "./decide-rulings.ts";
import { type CuttingOp, isCutting, judge, type JudgeContext, type MeshOp, noRulings, type Rulings } from "./judge.ts";
import { memberOf, type Membership } from "./membership.ts";
import { createMembershipFold, foldMembership } from "./membership-fold.ts";
import { ROLES } from "./role.ts";

const keyOf = (who: Signer): string => toHex(who.publicKey);
const context = (): JudgeContext => ({ mesh: MESH, crypto: testCrypto, proofs: new Map() });
const LONG_MS = 60_000;
const RULED = "it contradicts another removal or rotation, which is in force";

// ── drawn sets of ops ───────────────────────────────────────────────────────────────────────────────────────────────

const base = meshOf("owner", "owner", "owner", "operator", "operator", "agent");
const late = [0, 1, 2].map((place) => testSigner(`late ${place}`));
const fresh = [0, 1, 2, 3].map((place) => testSigner(`fresh ${place}`));
const everyone = [founder, ...base.members, ...late, ...fresh];
const anybody = fc.integer({ min: 0, max: everyone.length - 1 }).map((at) => everyone[at] ?? founder);
const owner = fc.integer({ min: 0, max: 2 }).map((at) => base.members[at] ?? founder);
const stamp = fc.integer({ min: 14, max: 40 });
const where = fc.record({
  seq: fc.integer({ min: 1, max: 40 }),
  feed: fc.constantFrom(FEED, FEED, FEED, "0000000000000002"),
});
const cut = fc.integer({ min: 0, max: 40 });

const anyOp: fc.Arbitrary<MeshOp> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(owner, stamp, owner, cut, where).map((drawn) => remove(...drawn)) },
  { weight: 2, arbitrary: fc.tuple(anybody, stamp, anybody, cut, where).map((drawn) => remove(...drawn)) },
  { weight: 2, arbitrary: fc.tuple(anybody, stamp, anybody, cut, where).map((drawn) => rotate(...drawn)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anybody, stamp, fc.nat(2), fc.constantFrom(...ROLES), where)
      .map(([by, at, ticket, role, place]) => invite(by, at, ticketOf(`t${ticket}`), role, place)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anybody, stamp, fc.nat(2), fc.nat(2), where)
      .map(([by, at, ticket, who, place]) => join(by, at, ticketOf(`t${ticket}`), late[who] ?? founder, "late", place)),
  },
);
/** What most of a flood would be: ops of anybody, that no other op's meaning depends on, or that nobody may write. */
const anyAside: fc.Arbitrary<MeshOp> = fc
  .tuple(anybody, stamp, fc.nat(6), fc.nat(2), where)
  .map(([by, at, kind, which, place]) => {
    const ticket = ticketOf(`t${which}`).publicKey;
    const bad = new Uint8Array(64);
    const key = (late[which] ?? founder).publicKey;
    const bodies: readonly MeshBody[] = [
      { kind: "project.set", name: `p${which}`, remote: `of stamp ${at}`, base: "main", config: "" },
      { kind: "mesh.checkpoint", tips: [], ops: at },
      { kind: "member.join", key, name: "unproved", ticket, proof: bad },
      { kind: "member.join", key, name: "unknown", ticket: key, proof: bad },
      { kind: "member.rotate", key, cut: new Map(), consent: bad, proof: bad },
      { kind: "work.set", member: which === 0 ? "" : keyOf(by), mode: "draining", note: `of stamp ${at}` },
      { kind: "budget.transfer", day: "2026-11-21", to: key, microUsd: at },
    ];
    return meshOp(by, at, bodies[kind] ?? { kind: "mesh.genesis", name: "forged", owner: "me" }, place);
  });
const anySet = fc.array(anyOp, { maxLength: 18 }).map((more) => [...base.ops, ...more]);

// ── what has to hold ────────────────────────────────────────────────────────────────────────────────────────────────

/** The rulings that a membership amounts to: what is in force, and what is refused for its sake. */
function rulingsOf(membership: Membership, ops: readonly MeshOp[]): Rulings {
  const rulings = noRulings();
  for (const op of ops.filter(isCutting)) {
    const reason = membership.rejected.get(op.id);
    if (reason === RULED) rulings.refused.add(op.id);
    if (reason === undefined) enforce(rulings, cuttingOf(op, membership));
  }
  return rulings;
}

function cuttingOf(op: MeshOp, membership: Membership): CuttingOp {
  const { body } = op;
  if (body.kind === "member.rotate") {
    return { op: op.id, type: "rotation", target: op.author, cut: new Map([...body.cut, [op.incarnation, op.seq]]) };
  }
  if (body.kind !== "member.remove") throw new Error(`${body.kind} cuts nothing`);
  const target = memberOf(membership, toHex(body.key))?.id ?? "";
  return { op: op.id, type: "removal", target, cut: body.cut };
}

function enforce(rulings: Rulings, cutting: CuttingOp): void {
  (cutting.type === "removal" ? rulings.removals : rulings.rotations).set(cutting.target, cutting);
}

const inForce = ({ removals, rotations }: Rulings): readonly string[] =>
  [...removals.values(), ...rotations.values()].map(({ op }) => op ?? "").toSorted();

function expectFixedPoint(ops: readonly MeshOp[]): Rulings {
  const membership = foldMembership(ops, MESH, testCrypto);
  const rulings = rulingsOf(membership, ops);
  const ordered = ops.toSorted(compareStamp);
  const again = judge(ordered, rulings, context());
  expect([...again.cutting.keys()].toSorted()).toEqual(inForce(rulings));
  expect(again).toEqual(membership);
  return rulings;
}

test(
  "whatever removals and rotations there are, judging under the cuts that were found finds the same cuts",
  { timeout: LONG_MS },
  () => {
    let contradictions = 0;
    fc.assert(
      fc.property(anySet, (ops) => {
        const rulings = expectFixedPoint(ops);
        contradictions += rulings.refused.size;
      }),
      { numRuns: 3_000, seed: 3 },
    );
    // The draw is worth something only when there is something to decide.
    expect(contradictions).toBeGreaterThan(100);
  },
);

test("what is refused would undo what is in force, or itself", { timeout: LONG_MS }, () => {
  fc.assert(
    fc.property(anySet, (ops) => {
      const membership = foldMembership(ops, MESH, testCrypto);
      const rulings = rulingsOf(membership, ops);
      const ordered = ops.toSorted(compareStamp);
      for (const id of rulings.refused) {
        const tried: Rulings = { ...rulings, refused: new Set([...rulings.refused].filter((one) => one !== id)) };
        const accepted = judge(ordered, tried, context()).cutting.get(id);
        if (accepted === undefined) continue;
        const both: Rulings = { ...tried, removals: new Map(tried.removals), rotations: new Map(tried.rotations) };
        enforce(both, accepted);
        const under = judge(ordered, both, context());
        expect(inForce(both).every((op) => under.cutting.has(op))).toBe(false);
      }
    }),
    { numRuns: 1_000, seed: 4 },
  );
});

test("the ops mean the same in every order, at once and one by one", { timeout: LONG_MS }, () => {
  fc.assert(
    fc.property(anySet, fc.infiniteStream(fc.nat()), (ops, picks) => {
      const expected = foldMembership(ops, MESH, testCrypto);
      const shuffled = ops.map((op) => ({ op, key: picks.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
      for (const order of [ops, ops.toSorted(compareStamp), shuffled.map(({ op }) => op)]) {
        const folding = createMembershipFold(MESH, testCrypto);
        for (const op of order) folding.add([op]);
        expect(folding.membership).toEqual(expected);
      }
    }),
    { numRuns: 600, seed: 5 },
  );
});

test("ops judged aside mean what they mean judged with all others, in whatever order and batches they come", () => {
  let accepted = 0;
  const set = fc.array(fc.oneof(anyOp, anyAside), { maxLength: 24 }).map((more) => [...base.ops, ...more]);
  fc.assert(
    fc.property(set, fc.infiniteStream(fc.nat()), (ops, picks) => {
      const expected = decide(ops.toSorted(compareStamp), context()).draft;
      const next = (): number => picks.next().value ?? 0;
      const shuffled = ops.map((op) => ({ op, key: next() })).toSorted((a, b) => a.key - b.key);
      for (const order of [ops, shuffled.map(({ op }) => op)]) {
        const folding = createMembershipFold(MESH, testCrypto);
        for (let at = 0; at < order.length;) {
          const size = 1 + (next() % 4);
          folding.add(order.slice(at, at + size));
          at += size;
        }
        expect(folding.membership).toEqual(expected);
        expect([...folding.membership.projects.keys()]).toEqual([...expected.projects.keys()]);
        expect([...folding.membership.members.keys()]).toEqual([...expected.members.keys()]);
      }
      accepted += expected.projects.size + expected.checkpoints.length + expected.work.size + expected.transfers.size;
    }),
    { numRuns: 1_500, seed: 7 },
  );
  expect(accepted).toBeGreaterThan(400);
}, 60_000);

test("what is out of its author's reach makes nothing be judged again, wherever it stands in the order", () => {
  const { ops, members } = meshOf("observer", "operator");
  let looks = 0;
  const watched = ops.map((op) => ({
    ...op,
    get body(): MeshBody {
      looks++;
      return op.body;
    },
  }));
  const folding = createMembershipFold(MESH, testCrypto);
  folding.add(watched);
  const before = looks;
  const observer = members[0] ?? founder;
  const unproved = { proof: new Uint8Array(64), name: "eve", key: testSigner("eve").publicKey };
  for (let at = 1; at < 40; at++) {
    folding.add([
      meshOp(observer, at, { kind: "project.set", name: "p", remote: "evil", base: "main", config: "" }),
      invite(observer, at, ticketOf(`${at}`), "observer"),
      remove(observer, at, members[1] ?? founder, 0),
      meshOp(observer, at, { kind: "member.join", ticket: ticketOf("of member 1").publicKey, ...unproved }),
      join(observer, at, ticketOf("of nobody"), testSigner("eve")),
    ]);
  }
  expect(folding.membership.rejected.size).toBe(39 * 5);
  expect(looks).toBe(before);
  // An invite of the founder's brings what it was about into reach.
  folding.add([invite(founder, 10, ticketOf("of nobody"), "observer")]);
  expect(looks).toBeGreaterThan(before);
  expect(memberOf(folding.membership, keyOf(testSigner("eve")))).toMatchObject({ role: "observer" });
});

test("what an agent may write in masses makes nothing be judged again, with whatever stamps", () => {
  const { ops, members } = meshOf("agent");
  const [agent = founder] = members;
  let looks = 0;
  const settings = Array.from({ length: 100 }, (_, at) => {
    const body = { kind: "queue.set", name: `p${at}`, mode: "paused", note: "" } as const;
    const op = meshOp(founder, 100 + at, body);
    return {
      ...op,
      get body(): MeshBody {
        looks++;
        return body;
      },
    };
  });
  const folding = createMembershipFold(MESH, testCrypto);
  folding.add([...ops, ...settings]);
  const before = looks;
  for (let at = 40; at > 10; at--) {
    folding.add([meshOp(agent, at, { kind: "work.set", member: keyOf(agent), mode: "draining", note: `at ${at}` })]);
    folding.add([
      meshOp(agent, at, { kind: "budget.transfer", day: "2026-11-21", to: founder.publicKey, microUsd: at }),
    ]);
  }
  expect(folding.membership.work.get(keyOf(agent))?.note).toBe("at 40");
  expect(folding.membership.transfers.size).toBe(30);
  expect(looks).toBe(before);
});

test("the founder is never removed, and every key leads to one member", { timeout: LONG_MS }, () => {
  fc.assert(
    fc.property(anySet, (ops) => {
      const membership = foldMembership(ops, MESH, testCrypto);
      expect(memberOf(membership, keyOf(founder))).toMatchObject({ role: "owner", cut: null });
      for (const member of membership.members.values()) {
        expect(membership.keys.get(member.key)).toMatchObject({ member: member.id, cut: null });
      }
      for (const [key, { member, cut: until }] of membership.keys) {
        expect(until === null).toBe(membership.members.get(member)?.key === key);
      }
    }),
    { numRuns: 600, seed: 6 },
  );
});

// ── rings ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Each removes the next at once, cutting it before its own removal. */
function ring(size: number): { readonly ops: readonly MeshOp[]; readonly removals: readonly MeshOp[] } {
  const { ops, members } = meshOf(...Array.from({ length: size }, () => "owner" as const));
  const at = 10 + size * 2;
  const removals = members.map((who, place) => remove(who, at, members[(place + 1) % size] ?? founder, at - 1));
  return { ops: [...ops, ...removals], removals };
}

test.each([2, 3, 4, 5, 6, 7])("a ring of %i owners who remove each other ends in one way", (size) => {
  const { ops, removals } = ring(size);
  const rulings = expectFixedPoint(ops);
  const [first] = removals.toSorted(compareStamp);
  // Around the ring from the first in the order every other removal stands, and in an odd one the last contradicts it.
  expect(rulings.removals.size).toBe(Math.floor(size / 2));
  expect(inForce(rulings)).toContain(first?.id);
  expect(rulings.refused.size).toBe(size % 2);
});

test("a removal that nobody disputes counts before any that is disputed, whatever its stamp", () => {
  const { ops, removals } = ring(3);
  const [first] = removals.toSorted(compareStamp);
  const author = everyone.find((who) => keyOf(who) === first?.author) ?? founder;
  const rulings = expectFixedPoint([...ops, remove(founder, 90, author, 15)]);
  expect(inForce(rulings)).not.toContain(first?.id);
});

test(
  "more contradictions than anybody makes by mistake are out of force at once, with a bounded number of passes",
  { timeout: LONG_MS },
  () => {
    const { ops, removals } = ring(3);
    const [first] = removals.toSorted(compareStamp);
    const loser = removals.find((one) => one.body.kind === "member.remove" && toHex(one.body.key) === first?.author);
    if (loser === undefined) throw new Error("somebody removes the first");
    const again = Array.from({ length: 2_000 }, (_, at) => ({
      ...loser,
      id: `ff${at.toString(16).padStart(62, "0")}`,
    }));
    const rulings = expectFixedPoint([...ops, ...again]);
    expect(inForce(rulings)).toContain(first?.id);
    for (const { id } of again) expect(rulings.refused.has(id)).toBe(true);
  },
);

test("a thousand joins are judged once each", { timeout: LONG_MS }, () => {
  let verified = 0;
  const counting = {
    ...testCrypto,
    verify: (...signed: Parameters<typeof testCrypto.verify>) => {
      verified++;
      return testCrypto.verify(...signed);
    },
  };
  const { ops } = meshOf(...Array.from({ length: 1_000 }, () => "agent" as const));
  const folding = createMembershipFold(MESH, counting);
  for (const op of ops) folding.add([op]);
  expect(folding.membership.members.size).toBe(1_001);
  expect(verified).toBe(1_000);
});
