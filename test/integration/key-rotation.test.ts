/**
 * Keys for life, on real processes: a node's key is replaced while it works, while others are cut off, and while it is
 * killed; sockets of keys that are no good any more close at once on every node that hears of it.
 */
import { randomBytes } from "node:crypto";
import { copyFileSync, cpSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";

import { itemIdFrom, proveRotation, type Replica } from "@skein/core";
import { expect, test } from "vitest";

import { controlledWork } from "../support/controlled-work.ts";
import { dialAsPeer, type HostilePeer, type Identity, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import {
  expectSoundLogs,
  startMesh,
  startPartableMesh,
  waitForEqualDigests,
  waitForFullMesh,
  waitForStage,
} from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { createItem, fetchAll, newReplica, writeFrame } from "../support/peer-replica.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

interface Rotated {
  readonly id: string;
  readonly key: string;
  readonly previous: string;
}

/** As a person does it. */
async function rotate(node: NodeProcess): Promise<Rotated> {
  const rotated = await world.skein(["rotate", "--data", node.data, "--json"]);
  if (rotated.code !== 0) throw new Error(rotated.stderr);
  return rotated.json<Rotated>();
}

/** Adds items on a node one after the other until it is told to stop; says which were acknowledged. */
function addUntilStopped(node: NodeProcess): { stop(): Promise<readonly string[]> } {
  const state = { stopped: false };
  const added: string[] = [];
  const adding = (async () => {
    while (!state.stopped) added.push((await node.api.addItem({ title: `Item ${added.length}` })).id);
  })();
  return {
    stop: async () => {
      state.stopped = true;
      await adding;
      return added;
    },
  };
}

test("a holder's key is replaced under load: the attempt goes on, every acknowledged item is there", async () => {
  const work = controlledWork(world.directory("control"));
  const project = await world.project({ files: work.files, config: work.config });
  const nodes = await startMesh(world, {
    project,
    names: ["alice", "bob", "carol"],
    each: (name) => ({ slots: name === "bob" ? 1 : 0 }),
  });
  const [alice, bob] = nodes;
  work.shut("coding");
  const item = await alice.api.addItem({ title: "Held through it all", start: true });
  await waitFor("bob's agent to be at its door", () => work.arrivals().includes(`coding-${item.id}-1`));
  const before = await bob.api.item(item.id);

  const load = addUntilStopped(bob);
  const keys: string[] = [];
  const replaced: string[] = [];
  for (let time = 0; time < 3; time++) {
    const { id, key, previous } = await rotate(bob);
    expect(id).toBe(before.claim?.node);
    replaced.push(previous);
    keys.push(key);
    await waitForFullMesh(nodes);
  }
  const added = await load.stop();
  expect(replaced.slice(1)).toEqual(keys.slice(0, -1));
  work.open("coding");
  await waitForStage(nodes, item.id, "Done");
  await waitForEqualDigests(nodes);
  expect(added.length).toBeGreaterThan(5);
  for (const node of nodes) {
    const known = new Set((await node.api.items()).map((one) => one.id));
    expect(added.filter((id) => !known.has(id))).toEqual([]);
    expect((await node.api.item(item.id)).attemptLog).toMatchObject([{ epoch: 1, nodeName: "bob", outcome: "landed" }]);
    const { members } = await node.api.members();
    const member = members.find((one) => one.name === "bob");
    expect(member).toMatchObject({ id: before.claim?.node, key: keys.at(-1), removed: false });
    expect(member?.earlierKeys).toHaveLength(3);
  }
  await expectSoundLogs(nodes);
  expect((await bob.api.doctor()).checks.find((check) => check.name === "membership")?.ok).toBe(true);
});

test("a node that was cut off while keys were replaced links again and means the same, the founder's key included", async () => {
  const mesh = await startPartableMesh(world, { names: ["dora", "emil", "fred"], each: () => ({ slots: 0 }) });
  const [dora, emil, fred] = mesh.nodes;
  mesh.part([["dora", "emil"], ["fred"]]);
  await waitFor("fred to be alone", async () => (await fred.api.nodes()).every((one) => one.self || !one.linked));
  await rotate(dora);
  await rotate(emil);
  await rotate(dora);
  // Fred goes on with what he knows, and replaces his own.
  await rotate(fred);
  const added = await Promise.all(mesh.nodes.map((node) => node.api.addItem({ title: `By ${node.name}` })));
  mesh.heal();
  await waitForFullMesh(mesh.nodes);
  await waitForEqualDigests(mesh.nodes);
  for (const node of mesh.nodes) {
    expect((await node.api.items()).map((one) => one.id).toSorted()).toEqual(added.map((one) => one.id).toSorted());
    const { members } = await node.api.members();
    const rotations = members.map((one) => [one.name, one.earlierKeys.length]);
    expect(Object.fromEntries(rotations)).toEqual({ dora: 2, emil: 1, fred: 1 });
  }
  expect((await mesh.nodes[0].api.tryCommand("member.remove", { member: "fred" })).ok).toBe(true);
  await expectSoundLogs([dora, emil]);
  // He hears that he was removed, under whichever key.
  expect(await fred.exited).toMatchObject({ code: 1 });
});

// ── sockets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Guest {
  readonly identity: Identity;
  readonly mesh: Uint8Array;
  /** Its sockets, one to each node. */
  readonly peers: readonly HostilePeer[];
  readonly replica: Replica;
}

async function joinBoth(name: string, [first, second]: readonly [NodeProcess, NodeProcess]): Promise<Guest> {
  const identity = newIdentity();
  const { signer: ticket, mesh } = ticketOf((await first.api.invite("operator")).ticket);
  const peer = await dialAsPeer({ url: first.endpoints.peer, mesh, identity, name, ticket });
  await peer.waitUntilProved();
  await waitForEqualDigests([first, second]);
  const other = await dialAsPeer({ url: second.endpoints.peer, mesh, identity, name });
  await other.waitUntilProved();
  const replica = newReplica(mesh);
  await fetchAll(peer, replica);
  return { identity, mesh, peers: [peer, other], replica };
}

/** A rotation as a node writes it, in one frame. */
function rotationFrame({ identity, mesh, replica }: Guest, next: Identity): Uint8Array {
  const { to: key, consent, proof } = proveRotation(mesh, identity.signer, next.signer);
  const body = { kind: "member.rotate" as const, key, cut: new Map<string, number>(), consent, proof };
  return writeFrame(replica, identity, [{ entity: "mesh", on: null, body }]).bytes;
}

test("sockets of a removed member and of a replaced key close within a second on every node that hears of it", async () => {
  const nodes = await startMesh(world, { names: ["gina", "hugo"], each: () => ({ slots: 0 }) });
  const [gina, hugo] = nodes;
  const removed = await joinBoth("traitor", nodes);
  await gina.api.command("member.remove", { member: "traitor" });
  for (const peer of removed.peers) {
    await peer.waitUntilClosed(1_000);
    expect(peer.refusal()?.code).toBe("removed");
  }

  const guest = await joinBoth("guest", nodes);
  const next = newIdentity();
  guest.peers[0]?.send({ type: "frames", frames: [rotationFrame(guest, next)], more: false });
  for (const peer of guest.peers) {
    await peer.waitUntilClosed(1_000);
    expect(peer.refusal()?.code).toBe("rotated");
  }
  const { mesh } = guest;
  const oldKey = await dialAsPeer({ url: hugo.endpoints.peer, mesh, identity: guest.identity, name: "guest" });
  await oldKey.waitUntilClosed();
  expect(oldKey.refusal()?.code).toBe("rotated");
  const newKey = await dialAsPeer({ url: hugo.endpoints.peer, mesh, identity: next, name: "guest" });
  await newKey.waitUntilProved();

  // What the old key writes after it is kept and has no effect, whoever passes it on.
  const late = createItem(itemIdFrom(new Uint8Array(randomBytes(8))), "By the old key");
  const fine = createItem(itemIdFrom(new Uint8Array(randomBytes(8))), "By the new key");
  const frames = [writeFrame(guest.replica, guest.identity, [late]), writeFrame(guest.replica, next, [fine])];
  newKey.send({ type: "frames", frames: frames.map(({ bytes }) => bytes), more: false });
  await waitFor("both to have the new key's item", async () => {
    const seen = await Promise.all(nodes.map((node) => node.api.items()));
    return seen.every((items) => items.some((one) => one.id === fine.entity));
  });
  await waitForEqualDigests(nodes);
  for (const node of nodes) expect((await node.api.items()).some((one) => one.id === late.entity)).toBe(false);
  newKey.close();
});

test("a key that nobody heard of is let in when it proves whom it follows, and brings its rotation itself", async () => {
  const nodes = await startMesh(world, { names: ["ines", "jack"], each: () => ({ slots: 0 }) });
  const guest = await joinBoth("guest", nodes);
  for (const peer of guest.peers) peer.close();
  const next = newIdentity();
  const [ines, jack] = nodes;
  const rotation = proveRotation(guest.mesh, guest.identity.signer, next.signer);
  const dial = { url: ines.endpoints.peer, mesh: guest.mesh, identity: next, name: "guest" };
  const unproved = await dialAsPeer(dial);
  await unproved.waitUntilClosed();
  expect(unproved.refusal()?.code).toBe("not-a-member");
  const peer = await dialAsPeer({ ...dial, rotations: [rotation] });
  await peer.waitUntilProved();
  const frame = rotationFrame(guest, next);
  peer.send({ type: "heads", heads: guest.replica.heads() });
  await waitFor("ines to ask for what she lacks", () => peer.received.some((message) => message.type === "want"));
  peer.send({ type: "frames", frames: [frame], more: false });
  await waitFor("ines to know the key", async () =>
    (await ines.api.members()).members.some((one) => one.name === "guest" && one.earlierKeys.length === 1),
  );
  expect(peer.isClosed()).toBe(false);
  await waitForEqualDigests([ines, jack]);
  for (const node of nodes) {
    const { members } = await node.api.members();
    expect(members.find((one) => one.name === "guest")?.earlierKeys).toHaveLength(1);
  }
  peer.close();
});

// ── crashes and copies ──────────────────────────────────────────────────────────────────────────────────────────────

test("a rotation that a crash cut off is finished at the start when it is in the log, and waits when it is not", async () => {
  await world.found("solo");
  const data = world.dataOf("solo");
  const [key, next, kept] = ["node.key", "node.key.next", "kept"].map((name) => join(data, name)) as [
    string,
    string,
    string,
  ];
  copyFileSync(key, kept);
  // Offline too: no node runs here.
  const offline = await world.skein(["rotate", "--data", data, "--json"]);
  expect(offline.code).toBe(0);
  const { key: newKey } = offline.json<Rotated>();
  renameSync(key, next);
  copyFileSync(kept, key);

  const solo = await world.start("solo", { slots: 0 });
  expect(existsSync(next)).toBe(false);
  const [member] = (await solo.api.members()).members;
  expect(member).toMatchObject({ key: newKey, role: "owner" });
  const item = await solo.api.addItem({ title: "Under the new key" });
  expect((await solo.api.history(item.id)).map((op) => op.author)).toEqual([newKey]);

  // Prepared, and not in the log: the node goes on as it is, and the next rotation takes that very key.
  await solo.stop();
  copyFileSync(kept, next);
  const again = await world.start("solo", { slots: 0 });
  expect((await again.api.addItem({ title: "Still" })).stage).toBe("Backlog");
  expect(existsSync(next)).toBe(true);
  // That key is the one it joined with, which no rotation leads back to.
  const refused = await again.api.tryCommand("member.rotate", {});
  expect(refused).toMatchObject({ ok: false, error: { message: expect.stringContaining("was a member's already") } });
  expect((await again.api.addItem({ title: "Not harmed" })).stage).toBe("Backlog");
  await expectSoundLogs([again]);
});

test("killed again and again while its key is replaced, a node comes back as the same member and loses nothing", async () => {
  const nodes = await startMesh(world, { names: ["kate", "liam"], each: () => ({ slots: 0 }) });
  const [kate] = nodes;
  let [, liam] = nodes;
  const added: string[] = [];
  for (const delayMs of [0, 4, 8, 14, 22, 40]) {
    added.push((await liam.api.addItem({ title: `Before ${delayMs}` })).id);
    const asked = liam.api.tryCommand("member.rotate", {}).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await liam.kill();
    await asked;
    liam = await world.start("liam", { slots: 0, rendezvous: [kate.endpoints.peer] });
    added.push((await liam.api.addItem({ title: `After ${delayMs}` })).id);
    await waitForFullMesh([kate, liam]);
  }
  await waitForEqualDigests([kate, liam]);
  for (const node of [kate, liam]) {
    expect((await node.api.items()).map((one) => one.id).toSorted()).toEqual(added.toSorted());
    const { members } = await node.api.members();
    expect(members.map((one) => [one.name, one.removed])).toEqual([
      ["kate", false],
      ["liam", false],
    ]);
  }
  await expectSoundLogs([kate, liam]);
});

test("a copy of a node whose key was replaced elsewhere is let in nowhere, and its doctor says why", async () => {
  const nodes = await startMesh(world, { names: ["mona", "nils"], each: () => ({ slots: 0 }) });
  const [mona, nils] = nodes;
  await nils.stop();
  cpSync(nils.data, world.dataOf("copy"), { recursive: true });
  const back = await world.start("nils", { slots: 0, rendezvous: [mona.endpoints.peer] });
  await rotate(back);
  await waitForEqualDigests([mona, back]);
  const copy = await world.start("copy", { rendezvous: [mona.endpoints.peer], slots: 0 });
  const shown = await waitFor("the copy's doctor to say so", async () =>
    (await copy.api.doctor()).incidents.find((one) => one.type === "key-replaced"),
  );
  expect((await copy.api.doctor()).checks.find(({ name }) => name === "membership")).toMatchObject({ ok: false });
  expect(shown.message).toMatch(/refused this node: the key of nils was replaced by another one/);
  expect((await mona.api.nodes()).filter((one) => one.linked).map((one) => one.name)).toEqual(["mona", "nils"]);
  // What it writes under the old key reaches nobody.
  const before = await mona.api.digest();
  await copy.api.addItem({ title: "Nobody hears of it" });
  expect(await mona.api.digest()).toEqual(before);
});
