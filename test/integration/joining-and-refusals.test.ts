/**
 * Who gets in and who does not. Every refusal has a typed reason, shows in the doctor of the node that refused, and changes
 * nothing: the digest and the number of ops are the same before and after.
 */
import { randomBytes } from "node:crypto";
import { fromHex, itemIdFrom, LIMITS, type Replica } from "@skein/core";
import { createSigner } from "@skein/node";
import { beforeAll, expect, test } from "vitest";

import type { ShownIncident } from "../support/api-client.ts";
import { dialAsPeer, type HostilePeer, type Identity, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { createItem, fetchAll, flipBit, forgeFrame, newReplica, ownMesh, writeFrame } from "../support/peer-replica.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const members = new Map<string, NodeProcess>();
let mesh: Uint8Array;

beforeAll(async () => {
  const nodes = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  for (const node of nodes) members.set(node.name, node);
  const { mesh: id } = await nodes[0].api.get<{ readonly mesh: string }>("/node");
  const bytes = fromHex(id);
  if (bytes === undefined) throw new Error(`${id} is no mesh id`);
  mesh = bytes;
  await nodes[0].api.addItem({ title: "Something to protect" });
  await waitForEqualDigests(nodes);
}, 60_000);

function member(name: string): NodeProcess {
  const node = members.get(name);
  if (node === undefined) throw new Error(`${name} was not started`);
  return node;
}

const newItemId = (): string => itemIdFrom(new Uint8Array(randomBytes(8)));

/** Runs `attack` and expects that alice holds and means the same afterwards, and that her doctor names the reason. */
async function refusedBy(
  node: NodeProcess,
  expected: { readonly type: string; readonly message?: RegExp },
  attack: () => Promise<void>,
): Promise<void> {
  const before = await node.api.digest();
  const shown = async (): Promise<readonly ShownIncident[]> =>
    (await node.api.doctor()).incidents.filter(
      (one) => one.type === expected.type && (expected.message ?? /^/).test(one.message),
    );
  const count = (incidents: readonly ShownIncident[]): number => incidents.reduce((sum, one) => sum + one.count, 0);
  const earlier = count(await shown());
  await attack();
  const incidents = await waitFor(`${node.name}'s doctor to show ${expected.type}`, async () => {
    const now = await shown();
    return count(now) > earlier ? now : undefined;
  });
  for (const { message } of incidents) expect(message).toMatch(/^this node refused /);
  expect(await node.api.digest()).toEqual(before);
}

/** A member that is hostile: it got in with a ticket, as anybody might who was trusted once. */
async function joinAsHostile(name: string): Promise<{ readonly identity: Identity; readonly peer: HostilePeer }> {
  const identity = newIdentity();
  const alice = member("alice");
  const { signer: ticket } = ticketOf((await alice.api.invite("operator")).ticket);
  const peer = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity, name, ticket });
  await peer.waitUntilProved();
  await waitForEqualDigests([...members.values()]);
  return { identity, peer };
}

// ── the door ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a stranger with a good key and no ticket is refused as no member", async () => {
  const alice = member("alice");
  await refusedBy(alice, { type: "link-not-a-member" }, async () => {
    const peer = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity: newIdentity(), name: "stranger" });
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("not-a-member");
    expect(peer.isProved()).toBe(false);
  });
  const doctor = await world.skein(["doctor", "--data", alice.data, "--json"]);
  expect(doctor.json<{ incidents: unknown[] }>().incidents).toContainEqual(
    expect.objectContaining({ type: "link-not-a-member" }),
  );
});

test("a peer of another mesh is refused, and so is a ticket of another mesh", async () => {
  const alice = member("alice");
  const elsewhere = ownMesh(newIdentity());
  await refusedBy(alice, { type: "link-wrong-mesh" }, async () => {
    const dial = { url: alice.endpoints.peer, mesh: elsewhere.mesh, identity: newIdentity(), name: "foreigner" };
    const peer = await dialAsPeer(dial);
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("wrong-mesh");
  });
  await refusedBy(alice, { type: "link-unknown-ticket" }, async () => {
    const ticket = createSigner(new Uint8Array(randomBytes(32)));
    const dial = { url: alice.endpoints.peer, mesh, identity: newIdentity(), name: "guesser", ticket };
    const peer = await dialAsPeer(dial);
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("unknown-ticket");
  });
});

test("a node with a ticket of another mesh ends with one clear line and holds nothing", async () => {
  await world.found("zoe");
  const zoe = await world.start("zoe", { slots: 0 });
  const { ticket } = await zoe.api.invite("agent");
  await refusedBy(member("alice"), { type: "link-wrong-mesh" }, async () => {
    const lost = world.spawn("lost", { ticket, rendezvous: [member("alice").endpoints.peer] });
    expect(await lost.exited).toMatchObject({ code: 1 });
    const said = lost
      .output()
      .split("\n")
      .filter((line) => line.startsWith("skein: "));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/does not let this node in: the other node belongs to another mesh/);
  });
  expect((await zoe.api.members()).members).toHaveLength(1);
});

test("an expired ticket is refused by the node, and by the command before it tries", async () => {
  const alice = member("alice");
  const invited = await alice.api.invite("agent", "1s");
  await waitFor("the ticket to expire", () => Date.now() > invited.expires);
  const { signer: ticket } = ticketOf(invited.ticket);
  await refusedBy(alice, { type: "link-expired-ticket" }, async () => {
    const peer = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity: newIdentity(), name: "late", ticket });
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("expired-ticket");
  });
  const late = world.spawn("late", { ticket: invited.ticket, rendezvous: [alice.endpoints.peer] });
  expect(await late.exited).toMatchObject({ code: 1 });
  expect(late.output()).toContain("The ticket has expired.");
});

test("of two that race for one ticket at one node exactly one gets in", async () => {
  const alice = member("alice");
  const { signer: ticket } = ticketOf((await alice.api.invite("agent")).ticket);
  const dial = (name: string): Promise<HostilePeer> =>
    dialAsPeer({ url: alice.endpoints.peer, mesh, identity: newIdentity(), name, ticket });
  const racers = await Promise.all([dial("racer-1"), dial("racer-2")]);
  await waitFor("both to have an answer", () =>
    racers.every((peer) => peer.isProved() || peer.refusal() !== undefined),
  );
  expect(racers.filter((peer) => peer.isProved())).toHaveLength(1);
  expect(racers.flatMap((peer) => peer.refusal()?.code ?? [])).toEqual(["spent-ticket"]);
  const { members: known } = await alice.api.members();
  expect(known.filter((one) => one.name.startsWith("racer-"))).toHaveLength(1);

  await refusedBy(alice, { type: "link-spent-ticket" }, async () => {
    const third = await dial("racer-3");
    await third.waitUntilClosed();
    expect(third.refusal()?.code).toBe("spent-ticket");
  });
});

test("of two that race for one ticket at two nodes exactly one is a member in the end", async () => {
  const [alice, bob] = [member("alice"), member("bob")];
  const { signer: ticket } = ticketOf((await alice.api.invite("agent")).ticket);
  await waitForEqualDigests([alice, bob]);
  const racers = await Promise.all(
    [alice, bob].map((node) => {
      const identity = newIdentity();
      return dialAsPeer({ url: node.endpoints.peer, mesh, identity, name: `twin-${node.name}`, ticket });
    }),
  );
  await waitFor("one of them to be gone", () => racers.some((peer) => peer.isClosed()));
  await waitForEqualDigests([alice, bob]);
  for (const node of [alice, bob]) {
    const { members: known } = await node.api.members();
    expect(known.filter((one) => one.name.startsWith("twin-"))).toHaveLength(1);
  }
  expect(racers.filter((peer) => peer.isClosed())).toHaveLength(1);
});

// ── the log ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Lie {
  readonly what: string;
  readonly type: string;
  readonly message?: RegExp;
  /** What is sent, made by a member that holds the whole log. */
  readonly bytes: (replica: Replica, author: Identity) => Uint8Array;
}

const LIES: readonly Lie[] = [
  {
    what: "a frame with a bit flipped in an op",
    type: "link-bad-frame",
    message: /an op does not have its hash/,
    bytes: (replica, author) => {
      const { bytes } = writeFrame(replica, author, [createItem(newItemId(), "Flipped")]);
      const at = Buffer.from(bytes).indexOf("Flipped");
      return flipBit(bytes, at);
    },
  },
  {
    what: "a frame with a bit flipped in its signature",
    type: "link-bad-frame",
    message: /bad-signature/,
    bytes: (replica, author) => {
      const { bytes } = writeFrame(replica, author, [createItem(newItemId(), "Unsigned")]);
      return flipBit(bytes, bytes.length - 1);
    },
  },
  {
    what: "a frame of another mesh",
    type: "link-bad-frame",
    message: /wrong-mesh/,
    bytes: (_replica, author) =>
      writeFrame(ownMesh(author).replica, author, [createItem(newItemId(), "Foreign")]).bytes,
  },
  {
    what: "an op that pushes the clock",
    type: "link-bad-frame",
    message: /bad-lamport/,
    bytes: (replica, author) => forgeFrame(replica, author, { lamport: 2 ** 40 }).bytes,
  },
];

test.each(LIES)("$what is refused and changes nothing", async ({ type, message, bytes }) => {
  const alice = member("alice");
  const { identity, peer } = await joinAsHostile("mallory");
  const replica = newReplica(mesh);
  await fetchAll(peer, replica);
  await refusedBy(alice, { type, ...(message === undefined ? {} : { message }) }, async () => {
    peer.send({ type: "frames", frames: [bytes(replica, identity)], more: false });
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("bad-frame");
  });
});

test("a stranger's frames are asked about, not taken, and whoever goes on with them is hung up on", async () => {
  const alice = member("alice");
  const { peer } = await joinAsHostile("fence");
  const replica = newReplica(mesh);
  await fetchAll(peer, replica);
  await refusedBy(alice, { type: "link-bad-frame", message: /frames that do not fit together/ }, async () => {
    // Each by itself: another one of the same stranger would only be a gap after it.
    for (let sent = 0; sent <= LIMITS.barrenAnswers; sent++) {
      expect(peer.refusal()).toBeUndefined();
      const { bytes } = forgeFrame(replica, newIdentity(), {});
      peer.send({ type: "frames", frames: [bytes], more: false });
    }
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("bad-frame");
  });
  const wants = peer.received.filter(({ type }) => type === "want");
  expect(wants.length).toBeGreaterThan(0);
});

test("bytes that are no message end the link with a reason", async () => {
  const alice = member("alice");
  const { peer } = await joinAsHostile("babbler");
  await refusedBy(alice, { type: "link-bad-message" }, async () => {
    peer.sendRaw(new Uint8Array(randomBytes(200)));
    await peer.waitUntilClosed();
    expect(peer.refusal()?.code).toBe("bad-message");
  });
});

test("a removed member's socket closes within a second and what it writes later has no effect", async () => {
  const [alice, bob] = [member("alice"), member("bob")];
  const { identity, peer } = await joinAsHostile("traitor");
  const replica = newReplica(mesh);
  await fetchAll(peer, replica);
  const honest = createItem(newItemId(), "Written while a member");
  peer.send({ type: "frames", frames: [writeFrame(replica, identity, [honest]).bytes], more: false });
  await waitFor("the item to be on alice", async () =>
    (await alice.api.items()).some((one) => one.id === honest.entity),
  );

  const removed = await world.skein(["members", "remove", "traitor", "--data", alice.data, "--json"]);
  expect(removed.code).toBe(0);
  await peer.waitUntilClosed(1_000);
  expect(peer.refusal()?.code).toBe("removed");
  await waitForEqualDigests([alice, bob]);

  const late = createItem(newItemId(), "Written after the removal");
  const frame = writeFrame(replica, identity, [late]);
  await refusedBy(bob, { type: "link-removed" }, async () => {
    const again = await dialAsPeer({ url: bob.endpoints.peer, mesh, identity, name: "traitor" });
    await again.waitUntilClosed();
    expect(again.refusal()?.code).toBe("removed");
  });
  // Somebody else may pass its later ops on. They are kept as they are and never folded.
  const before = (await alice.api.items()).map((item) => item.id);
  const { peer: accomplice } = await joinAsHostile("accomplice");
  accomplice.send({ type: "frames", frames: [frame.bytes], more: false });
  const heads = new Map(replica.heads());
  await waitFor("the frame to be kept by both", async () => {
    const known = await Promise.all([alice, bob].map(async (node) => (await node.api.digest()).heads));
    return [...heads].every(([feed, head]) => known.every((one) => (one[feed] ?? 0) >= head.seq));
  });
  for (const node of [alice, bob]) expect((await node.api.items()).map((item) => item.id)).toEqual(before);
  await waitForEqualDigests([alice, bob]);
});

test("a removed node is cut off, says so, and writes nothing more", async () => {
  const alice = member("alice");
  const carol = await world.join("carol", alice, { role: "operator", slots: 0 });
  expect((await carol.api.addItem({ title: "From carol" })).stage).toBe("Backlog");
  await waitForEqualDigests([alice, carol]);
  await alice.api.command("member.remove", { member: "carol" });
  await waitFor(
    "carol's links to be closed",
    async () => {
      const nodes = await alice.api.nodes();
      return nodes.some((one) => one.name === "carol" && one.removed && !one.linked);
    },
    { withinMs: 1_000 },
  );
  // The removal was the last thing that she was told.
  expect(await carol.exited).toMatchObject({ code: 1 });
  expect(carol.output()).toMatch(/^skein: .* the key of carol was removed from this mesh/m);
  const refused = await world.skein(["item", "add", "Too late", "--data", carol.data, "--json"]);
  expect(refused.code).toBe(1);
  expect(refused.json()).toMatchObject({ error: { message: expect.stringContaining("was removed from the mesh") } });
});
