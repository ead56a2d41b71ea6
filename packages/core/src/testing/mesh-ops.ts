/** Membership ops made by hand, with whatever stamp, feed and place in it a test wants, for judging them without a log. */
import { toHex } from "../kernel/bytes.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import type { MeshOp } from "../member/judge.ts";
import type { Role } from "../member/role.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import type { MeshBody } from "../op/bodies.ts";
import type { Signer } from "../op/crypto.ts";
import { testSigner } from "./test-crypto.ts";

export const MESH = new Uint8Array(32).fill(9);
export const FEED = "0000000000000001";
export const founder = testSigner("founder");

/** An op's place, when it is not the usual one: the first feed, at the seq of its stamp. */
export interface Place {
  readonly seq?: number;
  readonly feed?: string;
}

let made = 0;

/** Ids are made in ascending order; the genesis has the mesh's id. */
export function meshOp(author: Signer, lamport: number, body: MeshBody, { seq, feed }: Place = {}): MeshOp {
  const id = body.kind === "mesh.genesis" ? toHex(MESH) : (made++).toString(16).padStart(64, "0");
  const place = { author: toHex(author.publicKey), incarnation: feed ?? FEED, seq: seq ?? lamport };
  return { id, lamport, ...place, wall: lamport * 10, body };
}

export const genesis = meshOp(founder, 1, { kind: "mesh.genesis", name: "loom", owner: "first" });
export const ticketOf = (name: string): Signer => testSigner(`ticket ${name}`);

export const invite = (author: Signer, lamport: number, ticket: Signer, role: Role, place?: Place): MeshOp =>
  meshOp(author, lamport, { kind: "member.invite", ticket: ticket.publicKey, role, expires: 5 }, place);

export function join(
  author: Signer,
  lamport: number,
  ticket: Signer,
  who: Signer,
  name: string = "new",
  place?: Place,
): MeshOp {
  const key = who.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh: MESH, key, name }));
  return meshOp(author, lamport, { kind: "member.join", key, name, ticket: ticket.publicKey, proof }, place);
}

/** Cuts the first feed; 0 cuts everything. */
export const remove = (author: Signer, lamport: number, who: Signer, cut: number, place?: Place): MeshOp =>
  meshOp(author, lamport, { kind: "member.remove", key: who.publicKey, cut: cutAt(cut), note: "" }, place);

export function rotate(from: Signer, lamport: number, to: Signer, cut: number = 0, place?: Place): MeshOp {
  const { consent, proof } = proveRotation(MESH, from, to);
  return meshOp(from, lamport, { kind: "member.rotate", key: to.publicKey, cut: cutAt(cut), consent, proof }, place);
}

const cutAt = (seq: number): ReadonlyMap<string, number> => (seq === 0 ? new Map() : new Map([[FEED, seq]]));

/** A founder's mesh with members of these roles: the ops, and the members' keys. */
export function meshOf(...roles: readonly Role[]): { readonly ops: MeshOp[]; readonly members: readonly Signer[] } {
  const ops = [genesis];
  const members = roles.map((role, place) => {
    const who = testSigner(`member ${place}`);
    const ticket = ticketOf(`of member ${place}`);
    ops.push(invite(founder, 2 + place * 2, ticket, role), join(founder, 3 + place * 2, ticket, who, `m${place}`));
    return who;
  });
  return { ops, members };
}
