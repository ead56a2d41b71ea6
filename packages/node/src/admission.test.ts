/** Who comes in at a node's page by a key or by another node's word, and who does not. */
import { fromHex, type Member, type Membership, ok, type Role, type Signer, signInBytes, toHex } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createAdmission } from "./admission.ts";
import type { Admission, SignInProof } from "./api.ts";

const MESH = new Uint8Array(32).fill(1);
const [alice, bob, carol, eve] = ["alice", "bob", "carol", "eve"].map(testSigner) as [Signer, Signer, Signer, Signer];
const NAMES = new Map([alice, bob, carol, eve].map((one, at) => [one, ["alice", "bob", "carol", "eve"][at] ?? ""]));
const id = ({ publicKey }: Signer): string => toHex(publicKey);
const PAGE = "https://alice.example:4711";
const MINUTE = 60_000;
const CHALLENGE = "07".repeat(32);

type Who = readonly [Signer, Role, Partial<Member>?];

function membershipOf(...who: readonly Who[]): Membership {
  const members = who.map(([signer, role, more]): Member => {
    const key = id(signer);
    return { id: key, key, name: NAMES.get(signer) ?? "", role, cut: null, joinedAt: 0, ...more };
  });
  const keys = members.flatMap(({ id: member, key }) =>
    [member, key].map((one) => [one, { member, cut: null, rotation: null }] as const),
  );
  return {
    meshName: "m",
    members: new Map(members.map((member) => [member.id, member])),
    keys: new Map(keys),
    invites: new Map(),
    projects: new Map(),
    queues: new Map(),
    work: new Map(),
    budgets: new Map(),
    transfers: new Map(),
    checkpoints: [],
    rejected: new Map(),
  };
}

const ALL = membershipOf([alice, "owner"], [bob, "operator"], [carol, "agent"]);

interface At {
  readonly self?: Signer;
  readonly membership?: Membership;
  readonly wallMs?: number;
  readonly pages?: Readonly<Record<string, string>>;
  readonly mesh?: Uint8Array;
}

function admissionAt({ self = bob, membership = ALL, wallMs = 0, pages = {}, mesh = MESH }: At = {}): Admission {
  let drawn = 0;
  return createAdmission({
    clock: { wallMs: () => wallMs, monoMs: () => 0, after: () => () => undefined },
    random: { bytes: (length) => new Uint8Array(length).fill(++drawn) },
    crypto: testCrypto,
    mesh,
    name: "unnamed",
    signer: () => self,
    self: () => id(self),
    role: () => membership.members.get(id(self))?.role,
    membership: () => membership,
    pageOf: (member) => pages[member] ?? "",
  });
}

function proofBy(
  signer: Signer,
  changes: Partial<SignInProof> & { node?: Signer; mesh?: Uint8Array } = {},
): SignInProof {
  const { node = bob, mesh = MESH, ...shown } = changes;
  const statement = {
    mesh,
    node: node.publicKey,
    origin: PAGE,
    challenge: fromHex(CHALLENGE) ?? new Uint8Array(),
    key: signer.publicKey,
  };
  const signature = toHex(signer.sign(signInBytes(statement)));
  return { origin: PAGE, challenge: CHALLENGE, key: id(signer), signature, ...shown };
}

test("a member's key comes in with its role, and never with more than the node's own", () => {
  expect(admissionAt().prove(proofBy(carol))).toEqual(ok({ id: id(carol), name: "carol", role: "agent" }));
  expect(admissionAt().prove(proofBy(alice))).toEqual(ok({ id: id(alice), name: "alice", role: "operator" }));
});

test("a signature for another mesh, node, address, challenge or key opens nothing", () => {
  const admission = admissionAt();
  for (const proof of [
    proofBy(alice, { mesh: new Uint8Array(32).fill(2) }),
    proofBy(alice, { node: carol }),
    proofBy(alice, { origin: "https://evil.example" }),
    proofBy(alice, { challenge: "08".repeat(32) }),
    proofBy(carol, { key: id(alice) }),
    proofBy(alice, { signature: "" }),
    proofBy(eve),
    proofBy(eve, { key: "" }),
  ]) {
    expect(admission.prove(proof).ok).toBe(false);
  }
});

test("the key of a removed member and one that was rotated away open nothing; the new one does", () => {
  const removed = membershipOf([bob, "owner"], [carol, "agent", { cut: new Map() }]);
  expect(admissionAt({ membership: removed }).prove(proofBy(carol))).toMatchObject({
    error: expect.stringContaining("removed"),
  });
  expect(admissionAt({ membership: removed }).standing(id(carol))).toBeUndefined();
  const rotated = membershipOf([bob, "owner"], [carol, "agent", { key: id(eve) }]);
  expect(admissionAt({ membership: rotated }).prove(proofBy(carol))).toMatchObject({
    error: expect.stringContaining("replaced"),
  });
  expect(admissionAt({ membership: rotated }).prove(proofBy(eve))).toMatchObject({ value: { id: id(carol) } });
});

const actor = (signer: Signer, role: Role) => ({ member: id(signer), role });

const passTo = (to: Signer, from: At, who = actor(bob, "owner")): string => {
  const issued = admissionAt(from).issuePass({ to: id(to), actor: who, origin: PAGE });
  return issued.ok ? issued.value : `refused: ${issued.error}`;
};

test("a pass lets in the member that it names, at the node that it names, for the page that asked", () => {
  const pass = passTo(bob, { self: alice });
  expect(admissionAt().readPass(pass)).toMatchObject({
    value: { member: id(bob), role: "operator", origin: PAGE, expires: 12 * MINUTE, issuer: id(alice) },
  });
  expect(admissionAt({ self: carol }).readPass(pass)).toMatchObject({ error: "The pass is for another node." });
  expect(admissionAt({ mesh: new Uint8Array(32).fill(2) }).readPass(pass).ok).toBe(false);
  expect(admissionAt().readPass(`${pass.slice(0, -2)}00`).ok).toBe(false);
  expect(admissionAt().readPass("").ok).toBe(false);
});

test("nobody vouches for more than they have, nor once they were removed", () => {
  // Made as if carol's node thought that everybody is an owner.
  const boasting = membershipOf([alice, "owner"], [bob, "owner"], [carol, "owner"]);
  const pass = passTo(bob, { self: carol, membership: boasting }, actor(alice, "owner"));
  expect(admissionAt().readPass(pass)).toMatchObject({ value: { member: id(alice), role: "agent" } });
  const without = membershipOf([alice, "owner"], [bob, "operator"], [carol, "agent", { cut: new Map() }]);
  expect(admissionAt({ membership: without }).readPass(pass)).toMatchObject({
    error: expect.stringContaining("no member"),
  });
  expect(admissionAt({ membership: membershipOf([bob, "owner"]) }).readPass(pass).ok).toBe(false);
});

test("a pass is good for ten minutes, and for clocks that differ by two", () => {
  const pass = passTo(bob, { self: alice, wallMs: 100 * MINUTE });
  const at = (minutes: number): boolean => admissionAt({ wallMs: minutes * MINUTE }).readPass(pass).ok;
  expect([97, 98, 100, 112, 113].map(at)).toEqual([false, true, true, true, false]);
  // Whoever remembers until then that it was used takes it once.
  expect(admissionAt({ wallMs: 111 * MINUTE }).readPass(pass)).toMatchObject({ value: { expires: 112 * MINUTE } });
});

test("nobody is sent to a node that may do less than they, to nobody's, or back to the same one", () => {
  expect(passTo(carol, { self: alice })).toContain("may do less than you");
  expect(passTo(carol, { self: alice }, actor(bob, "agent"))).not.toContain("refused");
  expect(passTo(eve, { self: alice })).toContain("refused");
  expect(passTo(alice, { self: alice })).toContain("refused");
  expect(passTo(bob, { self: alice }, actor(eve, "owner"))).toContain("no member any more");
});

test("pages are those of other present members that tell one", () => {
  const pages = { [id(alice)]: "https://a.example", [id(bob)]: "https://b.example", [id(eve)]: "https://e.example" };
  const removed = membershipOf([alice, "owner"], [bob, "operator"], [carol, "agent", { cut: new Map() }]);
  const admission = admissionAt({ pages: { ...pages, [id(carol)]: "https://c.example" }, membership: removed });
  expect([...admission.pages()]).toEqual([[id(alice), { origin: "https://a.example", role: "owner" }]]);
});

test("before it is a member a node lets its own people read", () => {
  const admission = admissionAt({ self: eve });
  expect(admission.standing(id(eve))).toEqual({ id: id(eve), name: "unnamed", role: "observer" });
});
