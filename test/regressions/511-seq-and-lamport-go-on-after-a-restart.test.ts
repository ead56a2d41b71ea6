/** Bug 511: after a restart the sequence began at 1 again, and the clock with it, so peers dropped new ops as old ones. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createReplica, type Replica } from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { openLogStore } from "@skein/store-sqlite";
import { expect, test } from "vitest";

import { createMesh, type Node, writeDrafts } from "../property/mesh.ts";
import { createItem } from "../support/peer-replica.ts";

const directory = mkdtempSync(join(tmpdir(), "skein-511-"));

function save(frames: readonly Uint8Array[]): void {
  const store = openStore();
  store.append(frames.map((bytes, index) => ({ position: index + 1, bytes })));
  store.close();
}

function openStore() {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** The node's replica as its next process makes it: from the disk alone. */
function restarted(mesh: Uint8Array): Replica {
  const store = openStore();
  const replica = createReplica(mesh, testCrypto);
  const loaded = replica.reload([...store.frames(1)].map(({ bytes }) => bytes));
  store.close();
  if (!loaded.ok) throw new Error(loaded.error.message);
  return replica;
}

test("after a restart the next op follows the author's last one, and its stamp the greatest ever seen, whoever wrote that", () => {
  const mesh = createMesh({ seed: 511, size: 2 });
  const [alice, bob] = mesh.nodes as [Node, Node];
  writeDrafts(mesh, alice, [createItem("aaaaaaaaaaaa", "Hers")]);
  // Bob is far ahead of alice's own stamps, and she has his ops.
  for (const bytes of alice.stored) bob.replica.take(bytes);
  for (let item = 0; item < 50; item++) {
    bob.replica.write([createItem(`bbbbbbbbbb${String(item).padStart(2, "0")}`, "His")], bob, 1);
  }
  for (const frame of bob.replica.seal(bob)) {
    expect(alice.replica.take(frame.bytes).ok).toBe(true);
    alice.stored.push(frame.bytes);
  }
  save(alice.stored);
  const own = [...alice.replica.heads().values()].find(({ author }) => author === alice.key)?.seq ?? 0;

  const replica = restarted(mesh.id);
  rmSync(directory, { recursive: true, force: true });
  expect(replica.lamport()).toBe(bob.replica.lamport());
  const [op] = replica.write([createItem("cccccccccccc", "Next")], alice, 1).ops;
  expect(op?.op).toMatchObject({ seq: own + 1, lamport: bob.replica.lamport() + 1 });
  // A peer takes it as what it is: the next one.
  for (const frame of replica.seal(alice)) expect(bob.replica.take(frame.bytes)).toMatchObject({ ok: true });
});
