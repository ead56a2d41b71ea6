/**
 * One author, one history: copied directories, restored logs and lying members, on real nodes. An honest node never forks
 * its feed, and a member that does is found out, on every node alike.
 */
import { randomBytes } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, itemIdFrom } from "@skein/core";
import { beforeAll, expect, test } from "vitest";

import { crypto, dialAsPeer, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForFullMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { createItem, fetchAll, newReplica, writeFrame } from "../support/peer-replica.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
let alice: NodeProcess;
let bob: NodeProcess;
let carol: NodeProcess;

beforeAll(async () => {
  [alice, bob, carol] = await startMesh(world, {
    names: ["alice", "bob", "carol"],
    each: () => ({ slots: 0 }),
  });
}, 60_000);

const titlesOn = async (node: NodeProcess): Promise<string[]> =>
  (await node.api.items()).map((one) => one.title).sort();

const alarmsOn = async (node: NodeProcess, type: string): Promise<string[]> =>
  (await node.api.doctor()).incidents.filter((one) => one.type === type).map((one) => one.message);

const feedsOf = async (node: NodeProcess): Promise<number> => Object.keys((await node.api.digest()).heads).length;

async function addEverywhere(nodes: readonly NodeProcess[], prefix: string): Promise<void> {
  await Promise.all(nodes.map((node, index) => node.api.addItem({ title: `${prefix} ${index}` })));
}

test("a copied data directory that runs beside the original forks nothing, loses nothing and raises an alarm", async () => {
  await carol.api.addItem({ title: "Before the copy" });
  await carol.stop();
  cpSync(carol.data, world.dataOf("copy"), { recursive: true });
  carol = await world.start("carol", { slots: 0 });
  const copy = await world.start("copy", { slots: 0, rendezvous: [alice.endpoints.peer] });
  expect(await alarmsOn(copy, "incarnation")).toEqual([expect.stringContaining("copied or restored")]);
  await addEverywhere([carol, copy], "Written twice over");
  // The two share one key, so the others keep one link to it at a time; what both wrote arrives all the same.
  await waitFor("everything to be on alice", async () => {
    const titles = await titlesOn(alice);
    return titles.includes("Written twice over 0") && titles.includes("Written twice over 1");
  });
  await copy.stop();
  await waitForEqualDigests([alice, bob, carol]);
  await expectSoundLogs([alice, bob, carol]);
});

/** The files of the log, as a person who restores them in place would: the same inodes with older bytes. */
function saveLog(directory: string): () => void {
  const names = readdirSync(directory).filter((name) => name.startsWith("log.sqlite"));
  const saved = names.map((name) => [join(directory, name), readFileSync(join(directory, name))] as const);
  return () => {
    for (const [file, bytes] of saved) writeFileSync(file, bytes);
  };
}

test("a log that was put back over the newer one asks for its own head, and goes on under a new incarnation", async () => {
  await carol.stop();
  const restore = saveLog(carol.data);
  carol = await world.start("carol", { slots: 0 });
  for (const title of ["Lost here 1", "Lost here 2"]) await carol.api.addItem({ title });
  await waitForEqualDigests([alice, bob, carol]);
  await carol.stop();
  restore();
  carol = await world.start("carol", { slots: 0 });
  // The command waits until a peer has told what it holds.
  await carol.api.addItem({ title: "After the restore" });
  await waitForEqualDigests([alice, bob, carol]);
  expect(await titlesOn(carol)).toEqual(expect.arrayContaining(["Lost here 1", "Lost here 2", "After the restore"]));
  expect(await alarmsOn(carol, "incarnation")).toHaveLength(1);
  await expectSoundLogs([alice, bob, carol]);
});

test("a log that was put back while nobody answers goes on under a new incarnation without being told", async () => {
  await carol.stop();
  const restore = saveLog(carol.data);
  carol = await world.start("carol", { slots: 0 });
  await carol.api.addItem({ title: "Lost while alone" });
  await waitForEqualDigests([alice, bob, carol]);
  const feeds = await feedsOf(alice);
  await Promise.all([carol.stop(), alice.stop(), bob.stop()]);
  restore();
  carol = await world.start("carol", { slots: 0 });
  await carol.api.addItem({ title: "Written alone" });
  alice = await world.start("alice", { slots: 0, rendezvous: [carol.endpoints.peer] });
  bob = await world.start("bob", { slots: 0, rendezvous: [carol.endpoints.peer] });
  // Each has to know the others before carol moves to another port, or nobody can tell who was where.
  await waitForFullMesh([alice, bob, carol]);
  await waitForEqualDigests([alice, bob, carol]);
  expect(await titlesOn(alice)).toEqual(expect.arrayContaining(["Lost while alone", "Written alone"]));
  expect(await feedsOf(alice)).toBe(feeds + 1);
  await expectSoundLogs([alice, bob, carol]);
});

test("a log that was put back forks nothing although the first peer it meets is a liar", async () => {
  const identity = newIdentity();
  const { mesh: id } = await alice.api.get<{ readonly mesh: string }>("/node");
  const mesh = fromHex(id) ?? new Uint8Array();
  const { signer: ticket } = ticketOf((await alice.api.invite("observer")).ticket);
  const joining = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity, name: "liar", ticket });
  await joining.waitUntilProved();
  joining.close();
  await waitForEqualDigests([alice, bob, carol]);
  await carol.stop();
  const restore = saveLog(carol.data);
  carol = await world.start("carol", { slots: 0 });
  await carol.api.addItem({ title: "Lost before the liar" });
  await waitForEqualDigests([alice, bob, carol]);
  await Promise.all([carol.stop(), alice.stop(), bob.stop()]);
  restore();
  carol = await world.start("carol", { slots: 0 });
  const liar = await dialAsPeer({ url: carol.endpoints.peer, mesh, identity, name: "liar" });
  await liar.waitUntilProved();
  liar.send({ type: "heads", heads: new Map() });
  // What carol tells it now, it says again: still nobody else has named her end.
  const echo = await waitFor("carol to tell all of her heads", () => {
    const [withoutOwn, all] = liar.received.filter((message) => message.type === "heads");
    return withoutOwn === undefined ? undefined : all;
  });
  liar.send(echo);
  await carol.api.addItem({ title: "Written after the liar" });
  alice = await world.start("alice", { slots: 0, rendezvous: [carol.endpoints.peer] });
  bob = await world.start("bob", { slots: 0, rendezvous: [carol.endpoints.peer] });
  // Each has to know the others before carol moves to another port, or nobody can tell who was where.
  await waitForFullMesh([alice, bob, carol]);
  await waitForEqualDigests([alice, bob, carol]);
  expect(await titlesOn(alice)).toEqual(expect.arrayContaining(["Lost before the liar", "Written after the liar"]));
  expect(await carol.api.forks()).toEqual([]);
  expect(await alarmsOn(carol, "fork")).toEqual([]);
  await expectSoundLogs([alice, bob, carol]);
  liar.close();
});

test("a member that tells two nodes two histories is found out by all, and nobody else suffers", async () => {
  const identity = newIdentity();
  const { mesh: id } = await alice.api.get<{ readonly mesh: string }>("/node");
  const mesh = fromHex(id) ?? new Uint8Array();
  const { signer: ticket } = ticketOf((await alice.api.invite("operator")).ticket);
  const first = await dialAsPeer({ url: alice.endpoints.peer, mesh, identity, name: "janus", ticket });
  await first.waitUntilProved();
  await waitForEqualDigests([alice, bob, carol]);
  const faces = [newReplica(mesh), newReplica(mesh)] as const;
  for (const face of faces) await fetchAll(first, face);
  const stories = faces.map((face, index) => {
    const story = createItem(itemIdFrom(new Uint8Array(randomBytes(8))), `Face ${index}`);
    return { id: story.entity, frame: writeFrame(face, identity, [story]).bytes };
  });
  const second = await dialAsPeer({ url: bob.endpoints.peer, mesh, identity, name: "janus" });
  await second.waitUntilProved();
  first.send({ type: "frames", frames: [stories[0]?.frame ?? new Uint8Array()], more: false });
  second.send({ type: "frames", frames: [stories[1]?.frame ?? new Uint8Array()], more: false });

  await addEverywhere([alice, bob, carol], "Honest");
  for (const node of [alice, bob, carol]) {
    const forks = await waitFor(`the proof on ${node.name}`, async () => {
      const known = await node.api.forks();
      return known.length > 0 ? known : undefined;
    });
    expect(forks).toHaveLength(1);
    expect(forks[0]).toMatchObject({ authorName: "janus", seq: 1 });
    const { proof, author } = forks[0] ?? { proof: [], author: "" };
    expect(new Set(proof.map((one) => one.header)).size).toBe(2);
    for (const { header, signature } of proof) {
      const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
      expect(crypto.verify(bytes(author), bytes(header), bytes(signature))).toBe(true);
    }
    // The log is folded again in slices before the node tells of what it found.
    const alarms = await waitFor(`the alarm on ${node.name}`, async () => {
      const told = await alarmsOn(node, "fork");
      return told.length > 0 ? told : undefined;
    });
    expect(alarms).toEqual([expect.stringContaining("janus wrote two histories")]);
  }
  await waitForEqualDigests([alice, bob, carol]);
  const titles = await titlesOn(carol);
  expect(titles.filter((title) => title.startsWith("Face"))).toEqual([]);
  expect(titles.filter((title) => title.startsWith("Honest"))).toHaveLength(3);
  first.close();
  second.close();
});
