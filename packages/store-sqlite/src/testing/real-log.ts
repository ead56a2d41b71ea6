/** A log of real frames: two members, some items each, signed. What salvage keeps has to verify, so nothing less will do. */
import { createReplica, type Crypto, type Draft, foundMesh, joinProofBytes, type Signer } from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";

export const crypto: Crypto = createNodeCrypto();

const signer = (fill: number): Signer => createSigner(new Uint8Array(32).fill(fill));

export interface RealLog {
  readonly mesh: Uint8Array;
  /** In causal order. */
  readonly frames: readonly Uint8Array[];
}

/** `count` frames of one item each, by turns of two authors, behind the three that make the mesh. */
export function makeRealLog(count: number): RealLog {
  const anna = { signer: signer(1), incarnation: new Uint8Array(8).fill(1) };
  const ben = { signer: signer(2), incarnation: new Uint8Array(8).fill(2) };
  const ticket = signer(3);
  const { mesh, frame } = foundMesh({ ...anna, meshName: "loom", nodeName: "anna", wallMs: 1 }, crypto);
  const replica = createReplica(mesh, crypto);
  replica.take(frame.bytes);
  const frames = [frame.bytes];
  const write = (author: typeof anna, draft: Draft): void => {
    replica.write([draft], author, 2);
    frames.push(...replica.seal(author).map(({ bytes }) => bytes));
  };
  const key = ben.signer.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh, key, name: "ben" }));
  const meshDraft = (body: Draft["body"]): Draft => ({ entity: "mesh", on: null, body });
  write(anna, meshDraft({ kind: "member.invite", ticket: ticket.publicKey, role: "operator", expires: 9 }));
  write(anna, meshDraft({ kind: "member.join", key, name: "ben", ticket: ticket.publicKey, proof }));
  for (let number = 0; number < count; number++) {
    const body = {
      kind: "item.create",
      title: `Item ${number}`,
      text: "x".repeat((number * 37) % 400),
      type: "story",
      priority: 5,
      labels: [],
      dependsOn: [],
    } as const;
    write(number % 2 === 0 ? anna : ben, { entity: number.toString(16).padStart(12, "0"), on: null, body });
  }
  return { mesh, frames };
}
