/** A hostile peer's own copy of the log: it learns what there is like any node, and writes frames that are true or not. */
import {
  createReplica,
  type Draft,
  feedId,
  foundMesh,
  type Frame,
  type Op,
  type Replica,
  sealFrame,
  sealOp,
} from "@skein/core";

import { crypto, type HostilePeer, type Identity } from "./hostile-peer.ts";
import { waitFor } from "./wait.ts";

export const newReplica = (mesh: Uint8Array): Replica => createReplica(mesh, crypto);

/** A mesh that this identity founded by itself, with nobody else in it. */
export function ownMesh(identity: Identity): { readonly mesh: Uint8Array; readonly replica: Replica } {
  const { mesh, frame } = foundMesh(
    { ...identity, meshName: "elsewhere", nodeName: "mallory", wallMs: Date.now() },
    crypto,
  );
  const replica = newReplica(mesh);
  const taken = replica.take(frame.bytes);
  if (!taken.ok) throw new Error(taken.error.message);
  return { mesh, replica };
}

/** Fetches everything the node has, chunk by chunk, as a joiner does. */
export async function fetchAll(peer: HostilePeer, replica: Replica): Promise<void> {
  for (;;) {
    const before = peer.received.length;
    peer.send({ type: "want", heads: replica.heads(), locators: [] });
    const answer = await waitFor("the node to answer a want", () =>
      peer.received.slice(before).find((message) => message.type === "frames"),
    );
    if (answer.type !== "frames") throw new Error("found by its type");
    for (const bytes of answer.frames) {
      const taken = replica.take(bytes);
      if (!taken.ok) throw new Error(`the node sent a frame that does not fit: ${taken.error.message}`);
    }
    if (!answer.more) return;
  }
}

/** Writes honest ops of this identity and closes them into one frame. */
export function writeFrame(replica: Replica, identity: Identity, drafts: readonly Draft[]): Frame {
  replica.write(drafts, identity, Date.now());
  const [frame, ...more] = replica.seal(identity);
  if (frame === undefined || more.length > 0) throw new Error("the drafts were to fill one frame");
  return frame;
}

export const createItem = (id: string, title: string): Draft => ({
  entity: id,
  on: null,
  body: { kind: "item.create", title, text: "", type: "story", priority: 5, labels: [], dependsOn: [] },
});

/** A frame of one op that says what the caller wants it to say, signed by the identity. */
export function forgeFrame(replica: Replica, identity: Identity, change: Partial<Op>): Frame {
  const feed = replica.heads().get(feedId(identity.signer.publicKey, identity.incarnation));
  if (feed !== undefined) throw new Error("forge the first frame of a feed");
  const op: Op = {
    mesh: replica.mesh,
    author: identity.signer.publicKey,
    incarnation: identity.incarnation,
    seq: 1,
    prev: null,
    lamport: 1,
    wall: Date.now(),
    entity: "mesh",
    kind: "project.set",
    on: null,
    after: null,
    body: { name: "evil", remote: "/nowhere", base: "main", config: "" },
    ...change,
  };
  const sealed = sealOp(op, crypto);
  const header = {
    mesh: op.mesh,
    author: op.author,
    incarnation: op.incarnation,
    firstSeq: op.seq,
    prevFrame: null,
    opIds: [crypto.sha256(sealed.bytes)],
  };
  return sealFrame(header, [sealed.bytes], identity.signer, crypto);
}

/** The same bytes with one bit changed. */
export function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}
