/** What the commands about members want written, and why they are refused. */
import { expect, test } from "vitest";

import { MESH_ENTITY } from "../fold/fold.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import type { Role } from "../member/role.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { decide } from "./decide.ts";
import type { DecideContext, Decision } from "./deciding.ts";
import { findMember } from "./find-member.ts";
import { ttlMs } from "./find.ts";
import { parseCommand } from "./parse.ts";
import type { CommandName } from "./registry.ts";

const signer = testSigner("decider");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);

const worldOf = (): Replica => {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "first", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  return replica;
};

let draws = 0;

const contextOf = (replica: Replica, role: Role = "owner"): DecideContext => ({
  view: replica.view(),
  heads: replica.heads(),
  self: SELF,
  role,
  wallMs: 1_000,
  idBytes: testCrypto.sha256(Uint8Array.of(draws++ & 255, draws >> 8)).slice(0, 8),
  ticketKey: testSigner("a fresh ticket").publicKey,
  pairingHash: new Uint8Array(32),
  by: "",
  rotation: proveRotation(replica.mesh, signer, testSigner("the next key")),
});

type Outcome = Decision | { readonly code: string; readonly message: string };

function run(replica: Replica, name: CommandName, input: unknown, role: Role = "owner"): Outcome {
  const parsed = parseCommand(name, input);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const decided = decide(parsed.value.command, contextOf(replica, role));
  if (!decided.ok) return decided.error;
  replica.write(decided.value.drafts, me, 1_000);
  return decided.value;
}

const codeOf = (outcome: Outcome): string => ("code" in outcome ? outcome.code : "done");

function joined(replica: Replica, name: string, role: Role): string {
  const [who, ticket] = [testSigner(name), testSigner(`ticket of ${name}`)];
  const key = who.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh: replica.mesh, key, name }));
  replica.write(
    [
      { entity: MESH_ENTITY, on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
      { entity: MESH_ENTITY, on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
    ],
    me,
    1_000,
  );
  return toHex(key);
}

test("an invitation ends after its time, and is not above the inviter's role", () => {
  const replica = worldOf();
  expect(run(replica, "member.invite", { role: "agent", ttl: "2h" })).toMatchObject({
    drafts: [
      { entity: MESH_ENTITY, on: null, body: { kind: "member.invite", role: "agent", expires: 1_000 + 7_200_000 } },
    ],
  });
  expect(codeOf(run(worldOf(), "member.invite", { role: "owner" }, "operator"))).toBe("not-allowed");
  expect(codeOf(run(worldOf(), "member.invite", { role: "operator" }, "operator"))).toBe("done");
});

test("the longest time that an invitation may have is one that the fold reads", () => {
  const replica = worldOf();
  expect(codeOf(run(replica, "member.invite", { role: "agent", ttl: "31d" }))).toBe("bad-input");
  expect(codeOf(run(replica, "member.invite", { role: "agent", ttl: "999999d" }))).toBe("bad-input");
  expect(codeOf(run(replica, "member.invite", { role: "agent", ttl: "30d" }))).toBe("done");
  expect(replica.view().membership.invites.size).toBe(1);
});

test("times are read in seconds, minutes, hours and days", () => {
  expect(["1s", "2m", "3h", "4d"].map(ttlMs)).toEqual([1_000, 120_000, 10_800_000, 345_600_000]);
});

test("a member is found by its name, its key or the beginning of its key", () => {
  const replica = worldOf();
  const key = joined(replica, "ben", "agent");
  const find = (ref: string): string => {
    const found = findMember(replica.view(), ref);
    return found.ok ? found.value.name : found.error.code;
  };
  expect(["first", "ben", key, key.slice(0, 10), SELF, "nobody"].map(find)).toEqual([
    "first",
    "ben",
    "ben",
    "ben",
    "first",
    "not-found",
  ]);
  expect(findMember(replica.view(), "")).toMatchObject({ ok: false, error: { code: "ambiguous" } });
});

test("two members of one name are ambiguous by name, and their keys are shown", () => {
  const replica = worldOf();
  const key = joined(replica, "first", "agent");
  const found = findMember(replica.view(), "first");
  expect(found.ok ? "" : found.error.code).toBe("ambiguous");
  expect(found.ok ? "" : found.error.message).toContain(key.slice(0, 12));
});

test("a removal cuts the member's feeds where this node has them", () => {
  const replica = worldOf();
  const key = joined(replica, "ben", "operator");
  const ben = { signer: testSigner("ben"), incarnation: new Uint8Array(8).fill(2) };
  replica.write(
    [
      {
        entity: "0123456789ab",
        on: null,
        body: { kind: "item.create", title: "t", text: "", type: "story", priority: 1, labels: [], dependsOn: [] },
      },
    ],
    ben,
    1,
  );
  const outcome = run(replica, "member.remove", { member: "ben" });
  expect(outcome).toMatchObject({ drafts: [{ body: { kind: "member.remove", cut: new Map([["02".repeat(8), 1]]) } }] });
  expect(replica.view().membership.members.get(key)?.cut).toEqual(new Map([["02".repeat(8), 1]]));
  expect(codeOf(run(replica, "member.remove", { member: "ben" }))).toBe("not-legal");
});

test("a node removes neither itself, the founder, nor its equals and betters", () => {
  const replica = worldOf();
  joined(replica, "equal", "operator");
  joined(replica, "better", "owner");
  joined(replica, "lesser", "agent");
  expect(codeOf(run(replica, "member.remove", { member: "first" }))).toBe("not-allowed");
  const asOther = (role: Role, member: string): string => {
    const parsed = parseCommand("member.remove", { member });
    if (!parsed.ok) throw new Error(parsed.error.message);
    const decided = decide(parsed.value.command, { ...contextOf(replica, role), self: "someone else" });
    return decided.ok ? "done" : decided.error.message;
  };
  expect(asOther("owner", "first")).toContain("founder");
  expect(asOther("operator", "equal")).toContain("cannot remove operator equal");
  expect(asOther("operator", "better")).toContain("cannot remove owner better");
  expect(asOther("operator", "lesser")).toBe("done");
  expect(asOther("owner", "better")).toBe("done");
  expect(asOther("operator", "nobody")).toContain("no member");
});
