/**
 * QA beyond the gate's commands, with real processes: a person on another node says whether they are content, what they say
 * reaches the next attempt, and a reviewer agent looks at the merged tree itself.
 */
import { expect, test } from "vitest";

import { inStage, itemThat } from "../e2e/support/items.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

/** Commits what it is told; in its second attempt that is what was said of the first. */
const agent = `
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
const { SKEIN_STORY_FILE: file, SKEIN_ITEM: item, SKEIN_ATTEMPT: attempt } = process.env;
writeFileSync("work-" + item + ".txt", attempt + "\\n" + readFileSync(file, "utf8"));
const git = (...args) => execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
git("add", "--all");
git("commit", "--quiet", "-m", "Work " + attempt);
`;

/** Content with what an earlier review has asked for. It sees the change as git shows it, and the story on its input. */
const reviewer = `
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
const told = readFileSync(0, "utf8");
const change = execFileSync("git", ["diff", "HEAD^1", "HEAD"], { encoding: "utf8" });
console.log("Reading " + change.length + " characters.");
const isTold = told.includes("Look for manners.") && told.includes("Reviewed work");
console.log(JSON.stringify(
  isTold && change.includes("Say please") ? { verdict: "approve" } : { verdict: "reject", note: "Say please." },
));
`;

test("a person on another node rejects with a reason, then approves; a reviewer agent does the same for its item", async () => {
  const project = await world.project({
    files: { "agent.mjs": agent, "review.mjs": reviewer },
    config: {
      agent: "{ kind: command, run: [node, agent.mjs] }",
      qa: '{ mode: human, fourEyes: true, reviewer: [node, review.mjs], prompt: "Look for manners." }',
    },
  });
  const nodes = await startMesh(world, {
    project,
    names: ["alice", "bob"],
    each: (name) => ({ slots: name === "bob" ? 1 : 0 }),
  });
  const [alice, bob] = nodes;
  const cli = (name: { readonly data: string }, ...words: readonly string[]) =>
    world.skein([...words, "--data", name.data]);
  const isWaiting = {
    what: "to wait for a person",
    note: "It waits to be approved or rejected by a person other than bob",
  };
  const waits = (id: string, after: number) =>
    itemThat(
      alice.api,
      id,
      isWaiting.what,
      ({ stage, claim, attempts, note }) =>
        stage === "Qa" && claim === null && attempts === after && note.startsWith(isWaiting.note),
    );

  const { id } = await alice.api.addItem({ title: "Work for a person", text: "Do it.", start: true });
  await waits(id, 0);
  // What waits takes no slot of Bob's only one: the other item goes through meanwhile, after its reviewer's two looks.
  const { id: reviewed } = await alice.api.addItem({
    title: "Reviewed work",
    text: "Do it.",
    start: true,
    qa: "agent",
  });
  const done = await inStage(alice.api, reviewed, "Done");
  expect(done.attempts).toBe(1);

  const own = await cli(bob, "item", "approve", id);
  expect(own.stderr).toContain(`Item ${id} was coded by bob, and skein.yaml asks for four eyes`);
  const rejected = await cli(alice, "item", "reject", id, "The title is wrong.");
  expect(rejected.stderr).toBe("");
  await waits(id, 1);
  const shown = await cli(alice, "item", "show", id);
  expect(shown.stdout).toContain(`\`skein item approve ${id}\``);
  expect(shown.stdout).toMatch(/SIGNED AT[\s\S]*bob[\s\S]*green/);
  const approved = await cli(alice, "item", "approve", id, "Better.");
  expect(approved.stdout).toContain("Approved:");
  await inStage(alice.api, id, "Done");

  const { commit } = await landingOf(project, id);
  const work = await project.git(["show", `${commit}:work-${id}.txt`], project.remote);
  expect(work).toMatch(/^2\n[\s\S]*The title is wrong\./);
  await waitForEqualDigests(nodes);
  await expectSoundLogs(nodes);
});
