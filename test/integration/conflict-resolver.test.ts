/**
 * A conflict with the target branch, given to the agent that the project names for that: it goes on with the branch that was made,
 * knows both sides, and what it cannot do ends at the same caps as every other attempt.
 */
import { beforeAll, expect, test } from "vitest";

import { inStage, printed } from "../e2e/support/items.ts";
import { addTold, type ToldItem, toldProject } from "../e2e/support/told-project.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project, skeinYaml } from "../support/project.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

/** Shows what it was told; then it keeps both sides of the item's file, or does nothing about it. */
const RESOLVER = `
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
const told = readFileSync(0, "utf8");
console.log("I was told: " + told);
if (told.startsWith("Lazy")) process.exit(0);
const { SKEIN_ITEM: item, SKEIN_BASE: base } = process.env;
const file = "work-" + item + ".md";
const options = ["-c", "user.name=r", "-c", "user.email=r@example.com"];
const git = (...args) => execFileSync("git", [...options, ...args], { encoding: "utf8" });
const ours = git("show", "HEAD:" + file);
if (spawnSync("git", [...options, "merge", base]).status === 0) throw new Error("There is no conflict.");
writeFileSync(file, ours + git("show", base + ":" + file));
git("add", "--all");
git("commit", "--quiet", "-m", "Keep both sides");
`;

const AGENTS = {
  agent: "{ kind: command, run: [node, agent.mjs] }",
  merge: "{ batch: 4, resolver: { kind: command, run: [node, resolver.mjs] } }",
  retries: "{ noProgress: 2, total: 8 }",
};

let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await toldProject(world, AGENTS);
  await project.push({ "resolver.mjs": RESOLVER, "skein.yaml": skeinYaml(AGENTS) }, "A resolver");
  await world.found("alice", project);
  node = await world.start("alice", { slots: 2 });
});

/** A person puts something else where the item's agent has put its work. */
async function inTheWay(item: ToldItem): Promise<string> {
  await item.agentWaits();
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  const theirs = await project.push({ [`work-${item.id}.md`]: "a person was here first\n" }, "Person's change");
  item.tell();
  return theirs;
}

test("a conflict goes to the resolver, on the branch that was made, with the paths and both sides' commits", async () => {
  const item = await addTold(world, node.api, "Conflicting");
  const theirs = await inTheWay(item);
  const done = await inStage(node.api, item.id, "Done");
  expect(done.attempts).toBe(1);
  const { commit } = await landingOf(project, item.id);
  const landed = await project.git(["show", `${commit}:work-${item.id}.md`], project.remote);
  expect(landed).toContain("a person was here first");
  await project.git(["merge-base", "--is-ancestor", theirs, commit], project.remote);
  const branch = await project.git(["log", "--format=%s", `${commit}^1..${commit}^2`], project.remote);
  const [last, first] = branch.split("\n");
  expect(last).toBe("Keep both sides");
  const log = await printed(node.api, item.id);
  expect(log).toContain(`They conflict in:\n\n    work-${item.id}.md\n`);
  expect(log).toMatch(new RegExp(`Commits of this branch:\n\n    [0-9a-f]+ ${first}\n`));
  expect(log).toMatch(/Commits of main that it does not have:\n\n {4}[0-9a-f]+ Person's change\n/);
});

test("a resolver that changes nothing ends at the caps, like an agent that gets nowhere", async () => {
  const item = await addTold(world, node.api, "Lazy");
  await inTheWay(item);
  const given = await inStage(node.api, item.id, "Archived");
  expect(given.note).toBe(
    `2 attempts without progress; the last: The branch conflicts with main in work-${item.id}.md.`,
  );
  expect(given.attempts).toBe(3);
});
