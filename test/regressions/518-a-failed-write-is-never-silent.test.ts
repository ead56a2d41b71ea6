/** Bug 518: when the database could not be written, the program went on in memory, and everything was gone at the next start. */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped } from "../property/virtual/mesh.ts";

test("a write that the disk refused fails, is nowhere, is told to nobody, and turns health red until the disk takes writes", async () => {
  const mesh = createVirtualMesh(518);
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  await pumped(mesh.time, alice.command("item.add", { title: "Before" }));
  const titles = (node: typeof alice): readonly string[] =>
    [...node.node.api.board.current().items.values()].map((item) => item.title);
  expect(await mesh.time.runUntil(() => titles(bob).length === 1, 60_000)).toBe(true);

  alice.store.fail = "disk-full";
  await expect(pumped(mesh.time, alice.command("item.add", { title: "Lost" }))).rejects.toThrow(/^not-saved: /);
  expect(alice.node.api.health()).toMatchObject({ status: "degraded" });
  const doctor = (await pumped(mesh.time, alice.command("doctor", {}))) as { readonly checks: readonly unknown[] };
  expect(doctor.checks).toContainEqual(expect.objectContaining({ name: "disk", ok: false }));
  await mesh.time.runUntil(() => false, 30_000);
  expect([titles(alice), titles(bob)]).toEqual([["Before"], ["Before"]]);

  alice.store.fail = undefined;
  expect(await mesh.time.runUntil(() => alice.node.api.health().status === "ok", 60_000)).toBe(true);
  await pumped(mesh.time, alice.command("item.add", { title: "After" }));
  expect(await mesh.time.runUntil(() => titles(bob).includes("After"), 60_000)).toBe(true);
  // What was refused is not in the log either: the next process does not know it.
  alice.kill();
  const restarted = await mesh.restart(alice);
  expect(titles(restarted).toSorted()).toEqual(["After", "Before"]);
});
