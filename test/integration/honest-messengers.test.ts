/**
 * A hostile member chooses in which wrapping and order an honest node hears of things, and so what that one passes on. An
 * honest node that passes it on is neither blamed for it nor cut.
 */
import { randomBytes } from "node:crypto";
import { feedId, type Frame, framesOf, fromHex, itemIdFrom, sealPack } from "@skein/core";
import { createSigner } from "@skein/node";
import { expect, test } from "vitest";

import { crypto, dialAsPeer, type Identity, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { createItem, fetchAll, newReplica, writeFrame } from "../support/peer-replica.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
/** Packs are dear: more of them, and alice reads mallory at leisure. */
const ROUNDS = 12;

function packed({ bytes }: Frame): Uint8Array {
  const opened = framesOf(bytes, crypto);
  if (!opened.ok) throw new Error(opened.error.message);
  return sealPack(opened.value, "all");
}

const feedOf = ({ signer, incarnation }: Identity): string => feedId(signer.publicKey, incarnation);

test("a stranger's frame behind a pack that names it reaches everybody and costs no honest node its link", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  const { mesh: id } = await alice.api.get<{ readonly mesh: string }>("/node");
  const mesh = fromHex(id) ?? new Uint8Array();
  const identity = newIdentity();
  const { signer: ticket } = ticketOf((await alice.api.invite("observer")).ticket);
  const peer = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity, name: "mallory", ticket });
  await peer.waitUntilProved();
  await waitForEqualDigests([alice, bob]);
  const replica = newReplica(mesh);
  await fetchAll(peer, replica);

  const strangers: Identity[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const stranger = newIdentity();
    const nobodysTicket = createSigner(new Uint8Array(randomBytes(32))).publicKey;
    const key = stranger.signer.publicKey;
    const join = { key, name: `stranger-${round}`, ticket: nobodysTicket, proof: new Uint8Array(64) };
    const naming = writeFrame(replica, identity, [
      { entity: "mesh", on: null, body: { kind: "member.join", ...join } },
    ]);
    const named = writeFrame(replica, stranger, [createItem(itemIdFrom(new Uint8Array(randomBytes(8))), "Stranger's")]);
    strangers.push(stranger);
    peer.send({ type: "frames", frames: [packed(naming), named.bytes], more: false });
  }
  for (const node of [alice, bob]) {
    await waitFor(`${node.name} to hold the strangers' frames`, async () => {
      const { heads } = await node.api.digest();
      return strangers.every((stranger) => heads[feedOf(stranger)] === 1);
    });
  }
  await waitForEqualDigests([alice, bob]);
  for (const [node, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const { id: item } = await node.api.addItem({ title: `From ${node.name}` });
    await waitFor(`${other.name} to have what ${node.name} wrote`, () => other.api.item(item));
    const { incidents } = await node.api.doctor();
    expect(incidents.filter(({ type }) => type.startsWith("link-"))).toEqual([]);
  }
  peer.close();
});
