/** Who belongs to the mesh, judged from sets of membership ops in any order. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import type { Signer } from "../op/crypto.ts";
import { LIMITS } from "../op/limits.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import {
  FEED,
  founder,
  genesis,
  invite,
  join,
  MESH,
  meshOf,
  meshOp,
  remove,
  rotate,
  ticketOf,
} from "../testing/mesh-ops.ts";
import { joinProofBytes } from "./join-proof.ts";
import type { MeshOp } from "./judge.ts";
import { isTicketDead, memberOf, type Membership, roleOf } from "./membership.ts";
import { createMembershipFold, foldMembership } from "./membership-fold.ts";
import { type Role, roleAtLeast, ROLES } from "./role.ts";

const fold = (ops: readonly MeshOp[]): Membership => foldMembership(ops, MESH, testCrypto);
function foldOneByOne(ops: readonly MeshOp[]): Membership {
  const folding = createMembershipFold(MESH, testCrypto);
  for (const one of ops) folding.add([one]);
  return folding.membership;
}
const keyOf = (who: Signer): string => toHex(who.publicKey);
const held = (membership: Membership, who: Signer): unknown => memberOf(membership, keyOf(who));

/** Folds the ops in many orders and returns the one meaning they all have. */
function foldAnyOrder(ops: readonly MeshOp[]): Membership {
  const expected = fold(ops);
  fc.assert(
    fc.property(fc.shuffledSubarray([...ops], { minLength: ops.length }), (order) => {
      expect(fold(order)).toEqual(expected);
      expect(foldOneByOne(order)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
  return expected;
}

const signerAt = (members: readonly Signer[], place: number): Signer => members[place] ?? founder;

// ── founding and joining ────────────────────────────────────────────────────────────────────────────────────────────

test("the genesis op makes the founder an owner; any other genesis is nobody's", () => {
  const stranger = testSigner("stranger");
  const forged: MeshOp = {
    ...meshOp(stranger, 1, { kind: "mesh.genesis", name: "mine", owner: "me" }),
    id: "ff".repeat(32),
  };
  const membership = foldAnyOrder([genesis, forged]);
  expect(membership.meshName).toBe("loom");
  expect(held(membership, founder)).toMatchObject({ role: "owner", name: "first", cut: null, joinedAt: 10 });
  expect(held(membership, stranger)).toBeUndefined();
  expect(membership.rejected.get(forged.id)).toContain("not the op this mesh is named after");
});

test("two joins on one ticket: exactly one wins, the same in all orders", () => {
  const [anna, ben] = [testSigner("anna"), testSigner("ben")];
  const ticket = ticketOf("shared");
  const invited = invite(founder, 2, ticket, "agent");
  const early = join(founder, 3, ticket, anna);
  const late = join(founder, 4, ticket, ben);
  const membership = foldAnyOrder([genesis, invited, early, late]);
  expect(held(membership, anna)).toMatchObject({ role: "agent" });
  expect(held(membership, ben)).toBeUndefined();
  expect(membership.rejected.get(late.id)).toBe("the ticket is spent");
  expect(membership.invites.get(toHex(ticket.publicKey))?.usedBy).toBe(toHex(anna.publicKey));
});

test("two joins on one ticket with one stamp, let in by two members: exactly one wins, the same in all orders", () => {
  const { ops, members } = meshOf("operator", "operator");
  const ticket = ticketOf("raced");
  const joins = [0, 1].map((place) => join(signerAt(members, place), 20, ticket, testSigner(`racer ${place}`)));
  const membership = foldAnyOrder([...ops, invite(founder, 10, ticket, "agent"), ...joins]);
  const won = [0, 1].filter((place) => held(membership, testSigner(`racer ${place}`)) !== undefined);
  expect(won).toHaveLength(1);
  expect(membership.rejected.size).toBe(1);
});

test("a ticket that was never issued, or that signed for another key, name or mesh, lets nobody in", () => {
  const anna = testSigner("anna");
  const ticket = ticketOf("good");
  const invited = invite(founder, 2, ticket, "agent");
  const unknown = join(founder, 3, ticketOf("unknown"), anna);
  const good = join(founder, 4, ticket, anna, "anna");
  if (good.body.kind !== "member.join") throw new Error("a join op");
  const otherKey = { ...good, id: "01", body: { ...good.body, key: testSigner("eve").publicKey } };
  const otherName = { ...good, id: "02", body: { ...good.body, name: "eve" } };
  const otherMesh = {
    ...good,
    id: "03",
    body: {
      ...good.body,
      proof: ticket.sign(joinProofBytes({ mesh: new Uint8Array(32), key: anna.publicKey, name: "anna" })),
    },
  };
  for (const bad of [unknown, otherKey, otherName, otherMesh]) {
    const membership = fold([genesis, invited, bad]);
    expect(membership.members.size).toBe(1);
    expect(membership.rejected.get(bad.id)).toMatch(/no such ticket|did not sign/);
    expect(membership.invites.get(toHex(ticket.publicKey))?.usedBy).toBeNull();
  }
  expect(fold([genesis, invited, good]).members.size).toBe(2);
});

test("a key that is unacceptable is not enrolled", () => {
  const ticket = ticketOf("weak");
  const ops = [genesis, invite(founder, 2, ticket, "agent"), join(founder, 3, ticket, testSigner("weak"))];
  const membership = foldMembership(ops, MESH, {
    ...testCrypto,
    isAcceptableKey: (key) => toHex(key) !== keyOf(testSigner("weak")),
  });
  expect(membership.members.size).toBe(1);
  expect([...membership.rejected.values()]).toEqual(["the key is not acceptable"]);
});

test("a key joins once; a second ticket for it stays unspent, even after its removal", () => {
  const { ops, members } = meshOf("agent");
  const again = ticketOf("again");
  const membership = foldAnyOrder([
    ...ops,
    invite(founder, 10, again, "owner"),
    remove(founder, 11, signerAt(members, 0), 0),
    join(founder, 12, again, signerAt(members, 0)),
  ]);
  expect(held(membership, signerAt(members, 0))).toMatchObject({ role: "agent", cut: new Map() });
  expect(membership.invites.get(toHex(again.publicKey))?.usedBy).toBeNull();
});

const INVITES: Record<Role, Record<Role, boolean>> = {
  observer: { observer: false, agent: false, operator: false, owner: false },
  agent: { observer: false, agent: false, operator: false, owner: false },
  operator: { observer: true, agent: true, operator: true, owner: false },
  owner: { observer: true, agent: true, operator: true, owner: true },
};

test.each(ROLES.flatMap((by) => ROLES.map((into) => [by, into, INVITES[by][into]] as const)))(
  "an %s inviting an %s is accepted: %s",
  (by, into, accepted) => {
    const { ops, members } = meshOf(by);
    const ticket = ticketOf("matrix");
    const who = testSigner("invited");
    const membership = foldAnyOrder([
      ...ops,
      invite(signerAt(members, 0), 10, ticket, into),
      join(founder, 11, ticket, who),
    ]);
    expect(held(membership, who) !== undefined).toBe(accepted);
  },
);

test("the first of two invites with one ticket counts, so that nobody raises a role by inviting again", () => {
  const ticket = ticketOf("twice");
  const membership = foldAnyOrder([
    genesis,
    invite(founder, 2, ticket, "observer"),
    invite(founder, 3, ticket, "owner"),
  ]);
  expect(membership.invites.get(toHex(ticket.publicKey))?.role).toBe("observer");
});

// ── removing ────────────────────────────────────────────────────────────────────────────────────────────────────────

const REMOVES: Record<Role, Record<Role, boolean>> = {
  observer: { observer: false, agent: false, operator: false, owner: false },
  agent: { observer: false, agent: false, operator: false, owner: false },
  operator: { observer: true, agent: true, operator: false, owner: false },
  owner: { observer: true, agent: true, operator: true, owner: true },
};

test.each(ROLES.flatMap((by) => ROLES.map((whom) => [by, whom, REMOVES[by][whom]] as const)))(
  "an %s removing an %s is accepted: %s",
  (by, whom, accepted) => {
    const { ops, members } = meshOf(by, whom);
    const [remover, victim] = [signerAt(members, 0), signerAt(members, 1)];
    const membership = foldAnyOrder([...ops, remove(remover, 20, victim, 7)]);
    expect(held(membership, victim)).toMatchObject({ cut: accepted ? new Map([[FEED, 7]]) : null });
  },
);

test("nobody removes the founder, another owner and the founder itself included", () => {
  const { ops, members } = meshOf("owner");
  const membership = foldAnyOrder([
    ...ops,
    remove(signerAt(members, 0), 10, founder, 0),
    remove(founder, 11, founder, 0),
  ]);
  expect(held(membership, founder)).toMatchObject({ cut: null });
  expect([...membership.rejected.values()]).toEqual(Array.from({ length: 2 }, () => "the founder cannot be removed"));
});

test("a removed member's ops count up to the cut of their own incarnation, and not beyond", () => {
  const { ops, members } = meshOf("operator");
  const victim = signerAt(members, 0);
  const author = toHex(victim.publicKey);
  const membership = fold([...ops, remove(founder, 10, victim, 7)]);
  expect(roleOf(membership, { author, incarnation: FEED, seq: 7 })).toBe("operator");
  expect(roleOf(membership, { author, incarnation: FEED, seq: 8 })).toBeUndefined();
  expect(roleOf(membership, { author, incarnation: "0000000000000002", seq: 1 })).toBeUndefined();
  expect(roleOf(membership, { author: "00", incarnation: FEED, seq: 1 })).toBeUndefined();
});

test("what a removed member wrote beyond its cut has no effect, even with a stamp before the removal", () => {
  const { ops, members } = meshOf("operator");
  const victim = signerAt(members, 0);
  const ticket = ticketOf("late");
  const who = testSigner("smuggled");
  const late = invite(victim, 20, ticket, "operator");
  const joined = join(victim, 21, ticket, who);
  expect(held(fold([...ops, late, joined]), who)).toBeDefined();
  const membership = foldAnyOrder([...ops, late, joined, remove(founder, 30, victim, 19)]);
  expect(held(membership, who)).toBeUndefined();
  expect(membership.invites.has(toHex(ticket.publicKey))).toBe(false);
  expect(membership.rejected.get(late.id)).toContain("removed");
});

test("whoever joined with a removed member's ticket before the removal stays in; nobody joins with it after it", () => {
  const { ops, members } = meshOf("operator");
  const victim = signerAt(members, 0);
  const [ticket, kept] = [ticketOf("in time"), ticketOf("kept")];
  const [who, again] = [testSigner("honest"), testSigner("victim again")];
  const late = join(founder, 31, kept, again);
  const membership = foldAnyOrder([
    ...ops,
    invite(victim, 19, ticket, "agent"),
    invite(victim, 20, kept, "operator"),
    join(founder, 29, ticket, who),
    remove(founder, 30, victim, 20),
    late,
  ]);
  expect(held(membership, who)).toMatchObject({ role: "agent", cut: null });
  expect(held(membership, again)).toBeUndefined();
  expect(membership.rejected.get(late.id)).toBe("the ticket's inviter was removed before");
  const dead = [...membership.invites.values()].filter((one) => isTicketDead(membership, one));
  expect(dead.map((one) => one.ticket)).toEqual([toHex(kept.publicKey)]);
});

test("a removal and a join that lie apart are judged by the order alone, the same wherever they meet", () => {
  const { ops, members } = meshOf("operator", "operator");
  const [victim, host] = [signerAt(members, 0), signerAt(members, 1)];
  const ticket = ticketOf("crossing");
  const who = testSigner("crossing");
  for (const [joined, isIn] of [
    [29, true],
    [31, false],
  ] as const) {
    const membership = foldAnyOrder([
      ...ops,
      invite(victim, 20, ticket, "agent"),
      join(host, joined, ticket, who),
      remove(founder, 30, victim, 20),
    ]);
    expect(held(membership, who) !== undefined).toBe(isIn);
  }
});

test("a removal that is refused or rejected kills no ticket, and one that lost its say does not either", () => {
  const { ops, members } = meshOf("operator", "operator");
  const [inviter, rival] = [signerAt(members, 0), signerAt(members, 1)];
  const ticket = ticketOf("not dead");
  const who = testSigner("not dead");
  const rejected = remove(rival, 30, inviter, 20);
  const membership = foldAnyOrder([
    ...ops,
    invite(inviter, 20, ticket, "agent"),
    rejected,
    join(rival, 31, ticket, who),
  ]);
  expect(membership.rejected.has(rejected.id)).toBe(true);
  expect(held(membership, who)).toMatchObject({ cut: null });
});

test("the tickets of a member whose key was rotated are its own: good until it is removed, under any of its keys", () => {
  const { ops, members } = meshOf("operator");
  const inviter = signerAt(members, 0);
  const [ticket, kept, next] = [ticketOf("rotated"), ticketOf("rotated, kept"), testSigner("next key")];
  const [who, again] = [testSigner("joins after the rotation"), testSigner("joins after the removal")];
  const membership = foldAnyOrder([
    ...ops,
    invite(inviter, 20, ticket, "agent"),
    invite(inviter, 21, kept, "agent"),
    rotate(inviter, 22, next, 21),
    join(founder, 23, ticket, who),
    remove(founder, 24, next, 22),
    join(founder, 25, kept, again),
  ]);
  expect(held(membership, who)).toMatchObject({ cut: null });
  expect(held(membership, again)).toBeUndefined();
});

test("an invite that lets a ticket be good for longer than 30 days has no effect", () => {
  const [long, longer] = [ticketOf("long"), ticketOf("longer")];
  const invited = (ticket: Signer, lamport: number, ms: number): MeshOp =>
    meshOp(founder, lamport, {
      kind: "member.invite",
      ticket: ticket.publicKey,
      role: "operator",
      expires: lamport * 10 + ms,
    });
  const over = invited(longer, 3, LIMITS.inviteMs + 1);
  const membership = foldAnyOrder([genesis, invited(long, 2, LIMITS.inviteMs), over]);
  expect([...membership.invites.keys()]).toEqual([toHex(long.publicKey)]);
  expect(membership.rejected.get(over.id)).toBe("the ticket would be good for too long");
});

test("a cut undoes the joins that a removed member let in, and what those wrote", () => {
  const { ops, members } = meshOf("operator");
  const victim = signerAt(members, 0);
  const smuggled = testSigner("smuggled");
  const [first, second] = [ticketOf("first"), ticketOf("second")];
  const chain = [
    invite(victim, 20, first, "operator"),
    join(victim, 21, first, smuggled),
    invite(smuggled, 22, second, "operator"),
    join(smuggled, 23, second, testSigner("smuggled too")),
  ];
  expect(fold([...ops, ...chain]).members.size).toBe(4);
  const membership = foldAnyOrder([...ops, ...chain, remove(founder, 40, victim, 19)]);
  expect(membership.members.size).toBe(2);
});

test("two owners who remove each other at once: one stays, the same one in all orders", () => {
  const { ops, members } = meshOf("owner", "owner");
  const [a, b] = [signerAt(members, 0), signerAt(members, 1)];
  const cases: readonly (readonly [number, number])[] = [
    [20, 21],
    [21, 20],
    [20, 20],
  ];
  for (const [byA, byB] of cases) {
    const membership = foldAnyOrder([...ops, remove(a, byA, b, byB - 1), remove(b, byB, a, byA - 1)]);
    const stays = [a, b].filter((one) => membership.members.get(toHex(one.publicKey))?.cut === null);
    const expected = byA === byB ? (toHex(a.publicKey) < toHex(b.publicKey) ? a : b) : byA < byB ? a : b;
    expect(stays).toEqual([expected]);
  }
});

test("of two removals of one member the first in order sets the cut", () => {
  const { ops, members } = meshOf("owner", "agent");
  const victim = signerAt(members, 1);
  const membership = foldAnyOrder([
    ...ops,
    remove(signerAt(members, 0), 20, victim, 3),
    remove(founder, 21, victim, 9),
  ]);
  expect(held(membership, victim)).toMatchObject({ cut: new Map([[FEED, 3]]) });
});

// ── projects ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("the last setting of a project counts, and only an operator's does", () => {
  const { ops, members } = meshOf("operator", "agent");
  const set = (author: Signer, lamport: number, base: string): MeshOp =>
    meshOp(author, lamport, { kind: "project.set", name: "demo", remote: "origin", base, config: "" });
  const membership = foldAnyOrder([
    ...ops,
    set(founder, 20, "main"),
    set(signerAt(members, 0), 21, "next"),
    set(signerAt(members, 1), 22, "evil"),
  ]);
  expect(membership.projects.get("demo")).toEqual({ name: "demo", remote: "origin", base: "next", config: "" });
});

test("any set of membership ops has one meaning in every order", () => {
  const { ops, members } = meshOf("owner", "owner", "operator", "agent");
  const everyone = [founder, ...members];
  const place = fc.nat(everyone.length - 1);
  const who = (at: number): Signer => everyone[at] ?? founder;
  const anyOp = fc.oneof(
    fc
      .record({ by: place, at: fc.integer({ min: 12, max: 30 }), whom: place, cut: fc.nat(30) })
      .map(({ by, at, whom, cut }) => remove(who(by), at, who(whom), cut)),
    fc
      .record({ by: place, at: fc.integer({ min: 12, max: 30 }), ticket: fc.nat(2), role: fc.constantFrom(...ROLES) })
      .map(({ by, at, ticket, role }) => invite(who(by), at, ticketOf(`t${ticket}`), role)),
    fc
      .record({ by: place, at: fc.integer({ min: 12, max: 30 }), ticket: fc.nat(2), key: fc.nat(2) })
      .map(({ by, at, ticket, key }) => join(who(by), at, ticketOf(`t${ticket}`), testSigner(`late ${key}`))),
  );
  fc.assert(
    fc.property(fc.array(anyOp, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (more, picks) => {
      const all = [...ops, ...more];
      const expected = fold(all);
      const shuffled = all.map((one) => ({ one, key: picks.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
      expect(fold(shuffled.map(({ one }) => one))).toEqual(expected);
      expect(fold([...all, ...more.slice(0, 2)].toReversed()).members).toEqual(expected.members);
      // Nobody is in without an invite within their inviter's rights, and the founder always is.
      expect(held(expected, founder)).toMatchObject({ role: "owner", cut: null });
      const joined = new Set([...expected.invites.values()].map(({ usedBy }) => usedBy));
      expect([toHex(founder.publicKey), ...members.map((one) => toHex(one.publicKey))]).toEqual(
        expect.arrayContaining([...expected.members.keys()].filter((key) => !joined.has(key))),
      );
    }),
    { numRuns: 300 },
  );
});

test("roles are ordered from observer to owner", () => {
  for (const [low, role] of ROLES.entries()) {
    for (const [high, needed] of ROLES.entries()) expect(roleAtLeast(role, needed)).toBe(low >= high);
  }
});
