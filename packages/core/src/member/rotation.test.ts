/** A member's key is followed by another one: whose ops count, how far, and what a member keeps. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { FEED, founder, genesis, invite, join, MESH, meshOf, remove, rotate, ticketOf } from "../testing/mesh-ops.ts";
import type { MeshOp } from "./judge.ts";
import { keysOf, keyStatus, memberOf, type Membership, roleOf, rotationsTo, standingOf } from "./membership.ts";
import { createMembershipFold, foldMembership } from "./membership-fold.ts";
import { proveRotation, startOf } from "./rotation-proof.ts";

const keyOf = (who: Signer): string => toHex(who.publicKey);
const [fresh, fresher, other] = [testSigner("fresh"), testSigner("fresher"), testSigner("other")];
const SECOND = "0000000000000002";
const place = (who: Signer, seq: number, incarnation: string = FEED) => ({ author: keyOf(who), incarnation, seq });

/** Judges the ops in many orders, at once and one by one, and returns the one meaning they all have. */
function fold(ops: readonly MeshOp[], crypto: Crypto = testCrypto): Membership {
  const expected = foldMembership(ops, MESH, crypto);
  fc.assert(
    fc.property(fc.shuffledSubarray([...ops], { minLength: ops.length }), (order) => {
      const folding = createMembershipFold(MESH, crypto);
      for (const op of order) folding.add([op]);
      expect(folding.membership).toEqual(expected);
    }),
    { numRuns: 30 },
  );
  return expected;
}

/** A mesh with one operator. */
function world(): { readonly ops: MeshOp[]; readonly ben: Signer } {
  const { ops, members } = meshOf("operator");
  const [ben] = members;
  if (ben === undefined) throw new Error("one member was asked for");
  return { ops, ben };
}

test("the member goes on under the new key with the same name, role and date", () => {
  const { ops, ben } = world();
  const before = memberOf(fold(ops), keyOf(ben));
  const after = fold([...ops, rotate(ben, 20, fresh)]);
  expect(memberOf(after, keyOf(fresh))).toEqual({ ...before, key: keyOf(fresh) });
  expect(memberOf(after, keyOf(ben))).toEqual(memberOf(after, keyOf(fresh)));
  expect(after.members.size).toBe(2);
  expect(keyStatus(after, keyOf(fresh))).toBe("current");
  expect(keyStatus(after, keyOf(ben))).toBe("rotated");
  expect(keysOf(after, keyOf(ben))).toEqual([keyOf(ben), keyOf(fresh)]);
});

test("the old key's ops count up to the rotation in its feed, and up to the cut in its others", () => {
  const { ops, ben } = world();
  const after = fold([...ops, rotate(ben, 20, fresh, 7, { seq: 12, feed: SECOND })]);
  expect(standingOf(after, place(ben, 12, SECOND))).toEqual({ member: keyOf(ben), role: "operator" });
  expect(roleOf(after, place(ben, 13, SECOND))).toBeUndefined();
  expect(roleOf(after, place(ben, 7))).toBe("operator");
  expect(roleOf(after, place(ben, 8))).toBeUndefined();
  expect(roleOf(after, place(ben, 1, "0000000000000003"))).toBeUndefined();
  expect(standingOf(after, place(fresh, 99, "0000000000000004"))).toEqual({ member: keyOf(ben), role: "operator" });
});

test("what the old key writes after it has no effect, even with a stamp before it", () => {
  const { ops, ben } = world();
  const late = invite(ben, 15, ticketOf("late"), "agent", { seq: 21 });
  const inTime = invite(ben, 16, ticketOf("in time"), "agent");
  const after = fold([...ops, late, inTime, rotate(ben, 20, fresh)]);
  expect(after.rejected.get(late.id)).toBe("written after its author's key was rotated");
  expect(after.rejected.has(inTime.id)).toBe(false);
});

test("the founder's key rotates, and the founder's mark moves on", () => {
  const { ops, members } = meshOf("owner");
  const [anna = founder] = members;
  const removal = remove(anna, 30, fresh, 0);
  const after = fold([...ops, rotate(founder, 20, fresh), removal, invite(fresh, 31, ticketOf("new"), "owner")]);
  expect(after.rejected.get(removal.id)).toBe("the founder cannot be removed");
  expect(after.invites.has(keyOf(ticketOf("new")))).toBe(true);
  expect([...after.members.values()][0]).toMatchObject({ role: "owner", cut: null, key: keyOf(fresh) });
});

test("of two rotations of one key the first in the order counts, and the other says why it does not", () => {
  const { ops, ben } = world();
  // Two sides of a partition, as two copies of one data directory would write them.
  const first = rotate(ben, 20, fresh, 9, { seq: 10 });
  const second = rotate(ben, 21, fresher, 9, { seq: 1, feed: SECOND });
  const after = fold([...ops, first, second]);
  expect(memberOf(after, keyOf(ben))?.key).toBe(keyOf(fresh));
  expect(memberOf(after, keyOf(fresher))).toBeUndefined();
  expect(after.rejected.get(second.id)).toBe("written after its author's key was rotated");
});

test("two rotations that each count the other's op: the first in the order counts", () => {
  const { ops, ben } = world();
  const first = rotate(ben, 20, fresh, 9, { seq: 10 });
  const second = rotate(ben, 21, fresher, 10, { seq: 1, feed: SECOND });
  const both = fold([
    ...ops,
    { ...first, body: { ...first.body, cut: new Map([[SECOND, 1]]) } as MeshOp["body"] },
    second,
  ]);
  expect(memberOf(both, keyOf(ben))?.key).toBe(keyOf(fresh));
  expect(both.rejected.get(second.id)).toBe("its author's key was rotated already");
});

test("keys follow each other, and the newest rotations can be told", () => {
  const { ops, ben } = world();
  const after = fold([...ops, rotate(ben, 20, fresh), rotate(fresh, 21, fresher), rotate(fresher, 22, other)]);
  expect(memberOf(after, keyOf(ben))?.key).toBe(keyOf(other));
  expect(rotationsTo(after, keyOf(other), 2).map(({ to }) => toHex(to))).toEqual([keyOf(fresher), keyOf(other)]);
  expect(rotationsTo(after, keyOf(other), 9)).toHaveLength(3);
  expect(rotationsTo(after, keyOf(ben), 9)).toEqual([]);
});

test("a key that is or was a member's, a weak one, or one that did not sign is no successor", () => {
  const { ops, members } = meshOf("operator", "agent");
  const [ben = founder, carol = founder] = members;
  const good = rotate(ben, 20, fresh);
  if (good.body.kind !== "member.rotate") throw new Error("a rotation");
  const { body } = good;
  const cases: readonly (readonly [MeshOp, string])[] = [
    [rotate(ben, 20, carol), "the key is or was a member already"],
    [rotate(ben, 20, ben), "the key is or was a member already"],
    [rotate(ben, 20, founder), "the key is or was a member already"],
    [{ ...good, body: { ...body, key: other.publicKey } }, "the old key did not sign for this rotation"],
    [{ ...good, body: { ...body, consent: body.proof } }, "the old key did not sign for this rotation"],
    [{ ...good, body: { ...body, proof: body.consent } }, "the new key did not sign for this rotation"],
    [{ ...good, author: keyOf(carol) }, "the old key did not sign for this rotation"],
    [{ ...good, author: keyOf(other) }, "its author is not a member"],
  ];
  for (const [op, reason] of cases) {
    const after = fold([...ops, op]);
    expect(after.rejected.get(op.id)).toBe(reason);
    expect(after.keys.size).toBe(3);
  }
  const foreign = proveRotation(new Uint8Array(32), ben, fresh);
  const elsewhere: MeshOp = { ...good, body: { ...body, ...foreign, key: foreign.to } };
  expect(fold([...ops, elsewhere]).rejected.get(good.id)).toBe("the old key did not sign for this rotation");
  const weak: Crypto = { ...testCrypto, isAcceptableKey: (key) => toHex(key) !== keyOf(fresh) };
  expect(fold([...ops, good], weak).rejected.get(good.id)).toBe("the key is not acceptable");
});

test("a key that a rotation took joins no more, and one that joined is no successor", () => {
  const { ops, ben } = world();
  const ticket = ticketOf("for fresh");
  const invited = invite(founder, 10, ticket, "owner");
  const joined = (at: number): MeshOp => join(founder, at, ticket, fresh);
  const [early, late] = [joined(15), joined(25)];
  expect(fold([...ops, invited, rotate(ben, 20, fresh), late]).rejected.get(late.id)).toBe(
    "the key is or was a member already",
  );
  const rotation = rotate(ben, 20, fresh);
  expect(fold([...ops, invited, early, rotation]).rejected.get(rotation.id)).toBe("the key is or was a member already");
});

test("a removal by any of its keys removes the member under all of them, and a removed member does not rotate", () => {
  const { ops, ben } = world();
  const rotation = rotate(ben, 20, fresh);
  for (const named of [ben, fresh]) {
    const after = fold([...ops, rotation, remove(founder, 30, named, 25)]);
    expect(keyStatus(after, keyOf(ben))).toBe("removed");
    expect(keyStatus(after, keyOf(fresh))).toBe("removed");
    expect(roleOf(after, place(fresh, 25))).toBe("operator");
    expect(roleOf(after, place(fresh, 26))).toBeUndefined();
    expect(roleOf(after, place(ben, 20))).toBe("operator");
    expect(roleOf(after, place(ben, 21))).toBeUndefined();
  }
  // The remover did not know of the rotation, or it was written after the removal.
  const after = fold([...ops, rotation, remove(founder, 30, ben, 19)]);
  expect(after.rejected.get(rotation.id)).toBe("written after its author was removed");
  expect(keyStatus(after, keyOf(fresh))).toBe("unknown");
});

test("who a new key follows is proved by its rotations alone", () => {
  const { ben } = world();
  const chain = [proveRotation(MESH, ben, fresh), proveRotation(MESH, fresh, fresher)];
  const proves = (rotations: typeof chain, good: Signer = ben, key: Signer = fresher): boolean =>
    startOf(keyOf(key), rotations, MESH, (one) => one === keyOf(good), testCrypto) === keyOf(good);
  expect(proves(chain)).toBe(true);
  expect(proves(chain, fresh)).toBe(true);
  expect(proves(chain, other)).toBe(false);
  expect(proves(chain, ben, other)).toBe(false);
  expect(proves(chain.toReversed())).toBe(false);
  expect(proves([])).toBe(false);
  const [first = proveRotation(MESH, ben, fresh), second = first] = chain;
  expect(proves([first, { ...second, proof: second.consent }])).toBe(false);
  expect(proves([{ ...first, consent: first.proof }, second])).toBe(false);
  expect(proves([first])).toBe(false);
});

test("the genesis alone has one key, the founder's", () => {
  expect([...fold([genesis]).keys.keys()]).toEqual([keyOf(founder)]);
});
