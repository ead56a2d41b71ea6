/** Members are removed and keys are rotated while they and others go on writing elsewhere: every node ends with the same mesh and the same board. */
import type { Member } from "@skein/core";
import { expect, test } from "vitest";

import {
  command,
  createMesh,
  digest,
  exchangeAll,
  forSeeds,
  heal,
  load,
  type Mesh,
  type Node,
  partition,
  replay,
  rotateAsCopy,
  step,
  writeDrafts,
} from "./mesh.ts";

const SEEDS = 100;
const ROTATED_SEEDS = 50;

/** Removes somebody the way a person does, cutting the feeds where the remover has them. */
function removeByCommand(mesh: Mesh): void {
  command(mesh, mesh.prng.pick(mesh.nodes), "member.remove", { member: mesh.prng.pick(mesh.nodes).id });
}

/** Removes somebody with any cut at all, whether or not the author may: everybody has to judge it alike. */
function removeAnyhow(mesh: Mesh): void {
  const { prng } = mesh;
  const victim = prng.pick(mesh.nodes);
  const seq = prng.int(30);
  const incarnation = Array.from(victim.incarnation, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const cut: ReadonlyMap<string, number> = seq === 0 ? new Map() : new Map([[incarnation, seq]]);
  writeDrafts(mesh, prng.pick(mesh.nodes), [
    { entity: "mesh", on: null, body: { kind: "member.remove", key: victim.signer.publicKey, cut, note: "" } },
  ]);
}

function run(seed: number, remove: (mesh: Mesh) => void): Mesh {
  const mesh = createMesh({ seed, size: 3 + (seed % 4) });
  for (let at = 0; at < 25; at++) step(mesh);
  partition(mesh);
  for (let at = 0; at < 60; at++) {
    if (at % 20 === 7) remove(mesh);
    if (at === 40 && mesh.prng.chance(0.5)) heal(mesh);
    step(mesh);
  }
  exchangeAll(mesh);
  return mesh;
}

function expectOneMeaning(mesh: Mesh): void {
  const [first] = mesh.nodes;
  if (first === undefined) throw new Error("no node");
  const expected = digest(first.replica);
  for (const node of mesh.nodes) {
    expect(node.replica.opCount()).toBe(first.replica.opCount());
    expect(digest(load(mesh, node.stored))).toBe(digest(node.replica));
    expect(digest(node.replica)).toBe(expected);
  }
  expect(digest(replay(mesh, mesh.prng.shuffle(first.stored)))).toBe(expected);
  expect(digest(replay(mesh, first.stored.toReversed()))).toBe(expected);
}

const removed = (node: Node): readonly Member[] =>
  [...node.replica.view().membership.members.values()].filter((member) => member.cut !== null);

const isBeyondCut = (member: Member, op: { readonly incarnation: string; readonly seq: number }): boolean =>
  op.seq > (member.cut?.get(op.incarnation) ?? 0);

test("after a removal in one partition and writes of the removed in another, all digests are equal", () => {
  let removals = 0;
  let late = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed, removeByCommand);
    expectOneMeaning(mesh);
    for (const node of mesh.nodes.slice(0, 1)) {
      for (const member of removed(node)) {
        removals++;
        for (const item of node.replica.view().items.values()) {
          for (const entry of item.entries.values()) {
            if (entry.author !== member.key || !isBeyondCut(member, entry)) continue;
            late++;
            // What was written beyond the cut is kept, and has no effect.
            expect(entry.outcome.type).toBe("rejected");
            expect(item.best?.id).not.toBe(entry.id);
            for (const register of Object.values(item.registers ?? {})) expect(register.id).not.toBe(entry.id);
          }
        }
      }
    }
  });
  expect(removals).toBeGreaterThan(SEEDS / 2);
  expect(late).toBeGreaterThan(SEEDS / 4);
});

test("whoever removes whom with whatever cut, all digests are equal in every order", () => {
  let removals = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed, removeAnyhow);
    expectOneMeaning(mesh);
    removals += mesh.nodes[0] === undefined ? 0 : removed(mesh.nodes[0]).length;
  });
  expect(removals).toBeGreaterThan(SEEDS / 4);
});

test("the founder is never removed", () => {
  forSeeds(60, (seed) => {
    const mesh = run(seed, removeAnyhow);
    const founder = mesh.nodes[0];
    for (const node of mesh.nodes) {
      expect(node.replica.view().membership.members.get(founder?.id ?? "")).toMatchObject({
        role: "owner",
        cut: null,
      });
    }
  });
});

const rotateByCommand = (mesh: Mesh): void => {
  command(mesh, mesh.prng.pick(mesh.nodes), "member.rotate", {});
};

/** Rotations by commands and by copies, and removals of the same members, in any order. */
function rotateAnyhow(mesh: Mesh): void {
  const { prng } = mesh;
  const roll = prng.int(3);
  if (roll === 0) rotateAsCopy(mesh, prng.pick(mesh.nodes), prng.pick(mesh.nodes));
  else if (roll === 1) rotateByCommand(mesh);
  else removeAnyhow(mesh);
}

test("after rotations in a partition all digests are equal, and the members are the same people", () => {
  let rotations = 0;
  forSeeds(ROTATED_SEEDS, (seed) => {
    const mesh = run(seed, rotateByCommand);
    expectOneMeaning(mesh);
    for (const node of mesh.nodes) {
      const member = node.replica.view().membership.members.get(node.id);
      expect(member).toMatchObject({ key: node.key, name: node.name, cut: null });
      if (node.key !== node.id) rotations++;
    }
    // An op of an honest node counts, whichever of its keys signed it, unless the stage machine refuses it.
    const items = [...(mesh.nodes[0]?.replica.view().items.values() ?? [])];
    const reasons = items
      .flatMap((item) => [...item.entries.values()])
      .flatMap(({ outcome }) => (outcome.type === "rejected" ? [outcome.reason] : []));
    expect(reasons.filter((reason) => reason.includes("author"))).toEqual([]);
  });
  expect(rotations).toBeGreaterThan(ROTATED_SEEDS);
});

test("whoever rotates whose key, and removes whom, all digests are equal in every order", () => {
  let contested = 0;
  forSeeds(ROTATED_SEEDS, (seed) => {
    const mesh = run(seed, rotateAnyhow);
    expectOneMeaning(mesh);
    contested += mesh.nodes[0]?.replica.view().membership.rejected.size ?? 0;
  });
  expect(contested).toBeGreaterThan(ROTATED_SEEDS / 4);
});
