/**
 * Bug 498: a merger that died left its lock behind. The item hung in Merge for ever, or was sent back as if its work had
 * failed. Here the lock is a lease, and what git itself leaves locked is cleared away at the next start.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test, vi } from "vitest";

import { attempt, createFixture, never, valueOf } from "../../packages/git/src/testing/fixture.ts";
import { createVirtualMesh, pumped, type VirtualNode } from "../property/virtual/mesh.ts";

vi.setConfig({ testTimeout: 60_000 });

test("an item whose merger died in Merge is landed by a survivor, and no attempt is counted as failed", async () => {
  const mesh = createVirtualMesh(498);
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  const carol = await mesh.join("carol", alice);
  await pumped(mesh.time, alice.command("item.add", { title: "Merge me", start: true }));
  const shownOn = (node: VirtualNode) => [...node.node.api.board.current().items.values()][0];
  const inMerge = (): boolean => [bob, carol, alice].some((node) => shownOn(node)?.stage === "Merge");
  expect(await mesh.time.runUntil(inMerge, 120_000)).toBe(true);
  const knows = [alice, bob, carol].find((node) => shownOn(node)?.stage === "Merge");
  const holder = knows === undefined ? undefined : shownOn(knows)?.claim?.nodeName;
  const dead = [alice, bob, carol].find((node) => node.name === holder);
  const survivors = [alice, bob, carol].filter((node) => node !== dead);
  dead?.kill();
  expect(dead).toBeDefined();
  expect(mesh.remote.chain).toHaveLength(1);

  const done = (): boolean => survivors.every((node) => shownOn(node)?.stage === "Done");
  expect(await mesh.time.runUntil(done, 120_000)).toBe(true);
  for (const node of survivors) expect(shownOn(node)).toMatchObject({ attempts: 0, stage: "Done" });
  expect(mesh.remote.chain).toHaveLength(2);
});

test("lock files that a killed git left in the mirror do not keep the next start from landing", async () => {
  const fixture = await createFixture();
  try {
    const before = await fixture.node("alice");
    valueOf(await before.fetchBase(never));
    const mirror = join(fixture.directory, "nodes", "alice", "mirror.git");
    const locks = ["packed-refs.lock", "config.lock", "HEAD.lock", "refs/heads.lock"].map((name) => join(mirror, name));
    for (const lock of locks) await writeFile(lock, "");

    const node = await fixture.node("alice");
    expect(locks.filter((lock) => existsSync(lock))).toEqual([]);
    const { base, tip } = await attempt(fixture, node, { "a.txt": "a\n" }, "a");
    const merged = valueOf(await node.merge({ base, tip, message: "Land a\n\nSkein-Item: a\n", atSeconds: 1 }, never));
    if (merged.type !== "merged") throw new Error("nothing conflicts here");
    expect(valueOf(await node.land({ items: ["a"], expected: base, commit: merged.commit }, never))).toEqual({
      type: "moved",
    });
  } finally {
    await fixture.remove();
  }
});
