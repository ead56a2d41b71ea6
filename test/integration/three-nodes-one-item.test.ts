/** The main job: a story on three real nodes becomes one merged commit, and all three agree on it. */
import { expect, test } from "vitest";

import { expectSoundLogs, script, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("an item travels to Done on three nodes, which agree, and its commit carries trailer and evidence", async () => {
  const project = await world.project();
  const nodes = await startMesh(world, { project, names: ["alice", "bob", "carol"] });
  const [alice, bob, carol] = nodes;
  const text = script(
    "- write: { path: src/hello.mjs, content: \"export const hello = 'hello';\\n\" }\n- commit: Say hello",
  );

  const added = await bob.api.addItem({ title: "Say hello", text, start: true });
  expect(added).toMatchObject({ stage: "Coding", title: "Say hello", epoch: 0 });
  await waitForStage(nodes, added.id, "Done");

  const digest = await waitForEqualDigests(nodes);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  const landing = await landingOf(project, added.id);
  expect(landing.subject).toBe("Say hello");
  for (const node of nodes) {
    const item = await node.api.item(added.id);
    expect(item).toMatchObject({ stage: "Done", mergeCommit: landing.commit, claim: null, attempts: 0, epoch: 1 });
    expect(item.attemptLog).toMatchObject([{ epoch: 1, outcome: "landed" }]);
  }
  expect(await project.git(["show", "main:src/hello.mjs"], project.remote)).toBe("export const hello = 'hello';");
  // The merge joins the target branch and the attempt's branch, which stays on the remote.
  expect(await project.branches()).toContain(`skein/${added.id}/1`);

  // What is kept of the attempt is said when it has ended, which may be after this.
  const history = (await alice.api.history(added.id)).filter((op) => op.kind !== "item.artifact");
  expect(history.map((op) => op.kind)).toEqual([
    "item.create",
    "item.start",
    "item.claim",
    "item.submit",
    "item.pass",
    "item.land",
  ]);
  expect(history.every((op) => op.winning && op.outcome === "accepted")).toBe(true);

  // The log of the attempt is read from whichever node ran it.
  for (const node of nodes) {
    const log = await node.api.logs(added.id);
    expect(log.text).toContain("write src/hello.mjs");
    expect(log.text).toContain("Gate: node check.mjs exited with 0");
    expect(log.ended).toBe(true);
  }

  await expectSoundLogs(nodes);
  const verified = await world.skein(["verify", "--data", carol.data, "--json"]);
  expect(verified.code).toBe(0);
  expect(verified.json()).toMatchObject({ ok: true });
});
