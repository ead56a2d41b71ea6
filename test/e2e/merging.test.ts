/** Landing where other people land too: conflicts, a target that moves, a remote that is away or says no. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, printed, skeinWhy } from "./support/items.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await toldProject(world);
  await world.found("alice", project);
  node = await world.start("alice", { slots: 2 });
});

/** The person's clone catches up with what landed, so that it can push. */
const pull = (): Promise<string> => project.git(["pull", "--quiet", "--rebase", "origin", "main"]);

test("a conflict sends the item back with the conflicting paths, and the next attempt starts from the new target", async () => {
  const item = await addTold(world, node.api, "Conflicting");
  await item.agentWaits();
  await pull();
  const theirs = await project.push({ [`work-${item.id}.md`]: "a person was here first\n" }, "Person's change");
  item.tell();
  const done = await inStage(node.api, item.id, "Done");
  expect(done.attempts).toBe(1);
  const sentBack = (await node.api.history(item.id)).find((op) => op.kind === "item.sendBack");
  expect(sentBack).toMatchObject({
    stage: "Coding",
    note: `The branch conflicts with main in work-${item.id}.md.`,
  });
  const { commit } = await landingOf(project, item.id);
  await project.git(["merge-base", "--is-ancestor", theirs, commit], project.remote);
});

test("a target that moves while the gate runs is merged again and tested again, and the person's commit stays", async () => {
  const item = await addTold(world, node.api, "Overtaken", "gate-waits");
  await itemThat(
    node.api,
    item.id,
    "to be in the gate",
    (one) => one.stage === "Qa" && one.activity.startsWith("gate"),
  );
  await pull();
  const theirs = await project.push({ "theirs.txt": "a person's\n" }, "Person's change");
  item.tell();
  const done = await inStage(node.api, item.id, "Done");
  expect(done.attempts).toBe(0);
  const log = await printed(node.api, item.id);
  expect(log).toContain("The target branch has moved since the gate: testing the new tree.");
  expect(log.match(/gate: ends/g)).toHaveLength(2);
  const { commit } = await landingOf(project, item.id);
  expect(await project.git(["rev-parse", `${commit}^1`], project.remote)).toBe(theirs);
  expect(await project.git(["show", `${commit}:theirs.txt`], project.remote)).toBe("a person's");
  // What the second gate ran on is what landed.
  const tree = await project.git(["rev-parse", `${commit}^{tree}`], project.remote);
  expect(log).toContain(`Gate on tree ${tree.slice(0, 12)}: node check.mjs`);
});

test("a target that moves under the very push is not overwritten: merged again, landed once", async () => {
  await pull();
  const theirs = await project.push({ "raced.txt": "a person's\n" }, "Raced").then(async (commit) => {
    // The commit is on the remote, and main is where it was: the hook brings it in at the worst moment.
    await project.git(["push", "--quiet", "origin", `${commit}:refs/heads/waiting`]);
    await project.git(["push", "--quiet", "--force", "origin", `${commit}^:refs/heads/main`]);
    return commit;
  });
  const once = join(world.directory("hooks"), "raced");
  await project.hook(
    "pre-receive",
    `while read old new ref; do
  if [ "$ref" = refs/heads/main ] && [ ! -e '${once}' ]; then
    touch '${once}'
    env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main ${theirs}
  fi
done`,
  );
  const item = await addTold(world, node.api, "Racing", "gate-waits");
  item.tell();
  await inStage(node.api, item.id, "Done");
  rmSync(join(project.remote, "hooks", "pre-receive"));
  const { commit } = await landingOf(project, item.id);
  expect(await project.git(["rev-parse", `${commit}^1`], project.remote)).toBe(theirs);
  expect(await project.git(["show", "main:raced.txt"], project.remote)).toBe("a person's");
  expect(await printed(node.api, item.id)).toContain("The target branch moved meanwhile: merging again.");
});

test("a remote that is away makes the item wait and say so, at no attempt's cost, and heals when it is back", async () => {
  const item = await addTold(world, node.api, "Waiting for the remote");
  await item.agentWaits();
  const away = `${project.remote}.away`;
  renameSync(project.remote, away);
  item.tell();
  const waiting = await itemThat(node.api, item.id, "to wait", (one) => one.activity.startsWith("waiting: "));
  expect(waiting.activity).toMatch(/^waiting: Could not .*remote\.git/);
  expect(await skeinWhy(world, "alice", item.id)).toMatch(
    /^Right now: waiting: Could not .*Check the remote's address and the network\.$/m,
  );
  const board = await world.skein(["item", "list", "--data", node.data]);
  expect(board.stdout).toMatch(new RegExp(`^${item.id}.*waiting: Could not`, "m"));
  renameSync(away, project.remote);
  expect((await inStage(node.api, item.id, "Done")).attempts).toBe(0);
  expect((await landingOf(project, item.id)).commit).toMatch(/^[0-9a-f]{40}$/);
});

test("a hook that refuses the landing makes the item wait with the hook's words, and it lands when the hook agrees", async () => {
  await project.hook(
    "pre-receive",
    'while read old new ref; do\n  if [ "$ref" = refs/heads/main ]; then echo "frozen for release 7" >&2; exit 1; fi\ndone',
  );
  const item = await addTold(world, node.api, "Frozen out");
  item.tell();
  const waiting = await itemThat(node.api, item.id, "to wait", (one) => one.activity.includes("frozen for release 7"));
  expect(waiting.stage).toBe("Merge");
  expect(await skeinWhy(world, "alice", item.id)).toContain("frozen for release 7");
  expect((await project.landed()).flatMap((commit) => commit.items)).not.toContain(item.id);
  rmSync(join(project.remote, "hooks", "pre-receive"));
  const done = await inStage(node.api, item.id, "Done");
  expect(done.attempts).toBe(0);
  expect((await landingOf(project, item.id)).commit).toBe(done.mergeCommit);
});
