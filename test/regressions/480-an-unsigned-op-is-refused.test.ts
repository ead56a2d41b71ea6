/** Bug 480: anybody who reached the port could write: ops were taken without a signature, or with somebody else's. */
import { foundMesh, type Frame, openFrame, type Replica, sealFrame, type Signer } from "@skein/core";
import { expect, test } from "vitest";

import { crypto, type Identity, newIdentity } from "../support/hostile-peer.ts";
import { createItem, newReplica, writeFrame } from "../support/peer-replica.ts";

/** A mesh of one member, somebody else's copy of it, and a frame of the member that is not in the copy yet. */
function scene(): { readonly member: Identity; readonly copy: Replica; readonly frame: Frame } {
  const member = newIdentity();
  const { mesh, frame: genesis } = foundMesh({ ...member, meshName: "m", nodeName: "alice", wallMs: 1 }, crypto);
  const [own, copy] = [newReplica(mesh), newReplica(mesh)];
  for (const replica of [own, copy]) expect(replica.take(genesis.bytes).ok).toBe(true);
  return { member, copy, frame: writeFrame(own, member, [createItem("aaaaaaaaaaaa", "Signed")]) };
}

/** The same frame, as somebody else signs it. */
function signedBy({ bytes }: Frame, sign: Signer["sign"]): Uint8Array {
  const opened = openFrame(bytes, crypto);
  if (!opened.ok) throw new Error(opened.error.message);
  const { header, ops } = opened.value;
  return sealFrame(header, ops, { publicKey: header.author, sign }, crypto).bytes;
}

const stranger = newIdentity().signer;

test.each<readonly [string, (message: Uint8Array, author: Signer) => Uint8Array]>([
  ["no signature", () => new Uint8Array(64)],
  ["a stranger's signature", (message) => stranger.sign(message)],
  ["the author's signature under another text", (message, author) => author.sign(message.slice(1))],
  ["a signature that is too short", () => new Uint8Array(63)],
])("a frame with %s is refused and changes nothing", (_what, sign) => {
  const { copy, frame, member } = scene();
  const before = copy.opCount();
  const taken = copy.take(signedBy(frame, (message) => sign(message, member.signer)));
  expect(taken).toMatchObject({ ok: false, error: { type: expect.stringMatching(/^bad-signature|malformed-frame$/) } });
  expect([copy.opCount(), copy.view().items.size]).toEqual([before, 0]);
  // The true one is still welcome.
  expect(copy.take(frame.bytes)).toMatchObject({ ok: true });
  expect(copy.view().items.size).toBe(1);
});

test("a good signature of somebody who is no member is refused too", () => {
  const { copy } = scene();
  const outsider = newIdentity();
  // It needs a replica that lets it write; the frame itself is made as any other.
  const elsewhere = newReplica(copy.mesh);
  const frame = writeFrame(elsewhere, outsider, [createItem("bbbbbbbbbbbb", "Uninvited")]);
  expect(copy.take(frame.bytes)).toMatchObject({ ok: false, error: { type: "not-a-member" } });
  expect(copy.view().items.size).toBe(0);
});
