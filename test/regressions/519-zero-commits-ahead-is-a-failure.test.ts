/** Bug 519: a branch without a commit of its own was "merged", and the item was Done with nothing done. */
import type { OpBody } from "@skein/core";
import { expect, test } from "vitest";

import { createMesh, type Node, writeDrafts } from "../property/mesh.ts";
import { createVirtualMesh, pumped } from "../property/virtual/mesh.ts";
import { createItem } from "../support/peer-replica.ts";

test("an attempt without a commit is a failure that says so, never reaches Qa, and lands nothing", async () => {
  const mesh = createVirtualMesh(519);
  const honest = mesh.remote.repositoryFor.bind(mesh.remote);
  Object.assign(mesh.remote, {
    repositoryFor: (...args: Parameters<typeof honest>) => {
      const repository = honest(...args);
      const collectAttempt: typeof repository.collectAttempt = async (workspace, signal) => {
        const collected = await repository.collectAttempt(workspace, signal);
        return collected.ok ? { ok: true, value: { ...collected.value, commitsAhead: 0 } } : collected;
      };
      return { ...repository, collectAttempt };
    },
  });
  const alice = await mesh.found("alice");
  await pumped(mesh.time, alice.command("item.add", { title: "Nothing comes of it", start: true }));
  const item = () => [...alice.node.api.board.current().items.values()][0];
  const stages = new Set<string>();
  const over = (): boolean => {
    stages.add(item()?.stage ?? "");
    return item()?.stage === "Archived";
  };
  expect(await mesh.time.runUntil(over, 600_000)).toBe(true);
  expect([...stages]).toEqual(["Coding", "Archived"]);
  expect(item()).toMatchObject({ archiveReason: "Blocked", mergeCommit: null, attempts: 3 });
  expect(item()?.note).toContain("left no commit");
  expect(mesh.remote.chain).toHaveLength(1);
});

test("an op that submits a branch without commits is rejected by everybody", () => {
  const mesh = createMesh({ seed: 519, size: 1 });
  const [alice] = mesh.nodes as [Node];
  const item = "aaaaaaaaaaaa";
  const write = (body: OpBody): void =>
    writeDrafts(mesh, alice, [{ entity: item, on: alice.replica.view().items.get(item)?.best?.id ?? null, body }]);
  const stage = (): string | undefined => alice.replica.view().items.get(item)?.best?.state.stage.stage;
  writeDrafts(mesh, alice, [createItem(item, "Empty")]);
  write({ kind: "item.start" });
  write({ kind: "item.claim", ttl: 1_000 });
  const feature = { featureBranch: `skein/${item}/1`, tip: "c".repeat(40), tree: "d".repeat(40) };
  write({ kind: "item.submit", feature: { ...feature, commitsAhead: 0 } });
  expect(stage()).toBe("Coding");
  write({ kind: "item.submit", feature: { ...feature, commitsAhead: 1 } });
  expect(stage()).toBe("Qa");
});
