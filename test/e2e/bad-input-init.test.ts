/** `skein init` on repositories that will not do: one sentence each, and neither mesh nor skein.yaml appears. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import type { Project } from "../support/project.ts";
import type { CommandResult } from "../support/skein-command.ts";
import { useWorld } from "../support/world.ts";
import { expectRefusal, snapshot } from "./support/refusal.ts";

const world = useWorld();

/** Runs init on it and demands that both the repository's files and the place for the data stay as they are. */
async function initUnchanged(name: string, path: string, extra: readonly string[] = []): Promise<CommandResult> {
  const place = world.directory(`data-of-${name}`);
  const before = snapshot(path);
  const result = await world.skein(["init", "--project", path, "--data", join(place, "data"), ...extra], { cwd: path });
  expect(snapshot(place).size).toBe(0);
  expect(snapshot(path)).toEqual(before);
  return result;
}

async function projectWithout(name: string): Promise<Project> {
  const project = await world.project({ name });
  rmSync(join(project.clone, "skein.yaml"));
  await project.git(["commit", "--quiet", "-am", "Without skein.yaml"]);
  await project.git(["push", "--quiet", "origin", "main"]);
  return project;
}

test("a path that is not a repository", async () => {
  const path = world.directory("plain");
  writeFileSync(join(path, "index.js"), "");
  expectRefusal(await initUnchanged("plain", path), {
    code: 1,
    says: [`"${path}" is not in a git repository`, "Run `git init` there and commit something"],
  });
});

test("a path that is not there", async () => {
  const data = join(world.directory("data-of-nothing"), "data");
  const result = await world.skein(["init", "--project", join(world.directory("."), "nothing"), "--data", data]);
  expectRefusal(result, { code: 1, says: ["is not a directory", "Name the directory of your project"] });
});

test("a repository without commits", async () => {
  const project = await projectWithout("seed");
  const path = world.directory("empty");
  await project.git(["init", "--quiet", path], path);
  expectRefusal(await initUnchanged("empty", path), { code: 1, says: ["has no commits yet", "Commit something"] });
});

test("a target branch that is not there", async () => {
  const project = await projectWithout("no-branch");
  writeFileSync(join(project.clone, "skein.yaml"), "project: demo\nbase: nope\nsandbox: none\n");
  expectRefusal(await initUnchanged("no-branch", project.clone), {
    code: 1,
    says: ["has no branch nope", "Push it, or set `base` in skein.yaml"],
  });
});

test("a dirty checkout that items would land in", async () => {
  const project = await projectWithout("dirty");
  await project.git(["remote", "remove", "origin"]);
  writeFileSync(join(project.clone, "README.md"), "# Changed\n");
  expectRefusal(await initUnchanged("dirty", project.clone), {
    code: 1,
    says: ["has uncommitted changes", "Commit or stash them first"],
  });
});

test("a remote that is not configured", async () => {
  const project = await projectWithout("no-remote");
  writeFileSync(join(project.clone, "skein.yaml"), "project: demo\nremote: upstream\nsandbox: none\n");
  expectRefusal(await initUnchanged("no-remote", project.clone), {
    code: 1,
    says: ['no remote called "upstream"', "git remote add"],
  });
});

test("a remote that is down", async () => {
  const project = await projectWithout("down");
  rmSync(project.remote, { recursive: true });
  expectRefusal(await initUnchanged("down", project.clone), {
    code: 1,
    says: [`Could not fetch main from ${project.remote}`, "Check the remote's address"],
  });
});

test("a skein.yaml with several mistakes: all of them, each with file, line and key", async () => {
  const project = await projectWithout("mistakes");
  const file = join(project.clone, "skein.yaml");
  const text = [
    "project: My Project",
    "base: main",
    "gte: [[npm, test]]",
    "claim: { ttl: 60 }",
    "retries: { noProgress: 0 }",
    "sandbox: docker",
    "",
  ].join("\n");
  writeFileSync(file, text);
  const result = await initUnchanged("mistakes", project.clone);
  expectRefusal(result, {
    code: 1,
    says: [
      "There are 5 problems; correct them and run this again.",
      `${file}:1:10: project must be`,
      "write my-project",
      `${file}:3:1: gte is not a known key; did you mean gate?`,
      `${file}:4:15: claim.ttl must be a duration with a unit; write 60s`,
      `${file}:5:24: retries.noProgress must be a whole number from 1 to 100`,
      `${file}:6:10: sandbox must be bwrap, podman or none`,
    ],
  });
  expect(result.stderr.trim().split("\n")).toHaveLength(6);
});

test("a skein.yaml that is no YAML, with its line, and its secret is not repeated", async () => {
  const project = await projectWithout("no-yaml");
  writeFileSync(join(project.clone, "skein.yaml"), "project: demo\ngate: [[npm, test]\nsandbox: none\n");
  expectRefusal(await initUnchanged("no-yaml", project.clone), { code: 1, says: [/skein\.yaml:[23]:\d+: /] });
  writeFileSync(
    join(project.clone, "skein.yaml"),
    "project: demo\nremote: https://me:hunter22secret@example.com/r.git\n",
  );
  const result = await initUnchanged("no-yaml", project.clone);
  expectRefusal(result, { code: 1, says: [/skein\.yaml:2:\d+: remote /] });
  expect(result.stderr).not.toContain("hunter22");
});

test("a second init in the same place keeps the first node, and a good one after a bad one works", async () => {
  const project = await projectWithout("twice");
  await world.found("alice", project);
  const before = snapshot(world.dataOf("alice"));
  const result = await world.skein(["init", "--data", world.dataOf("alice"), "--project", project.clone]);
  expectRefusal(result, { code: 1, says: ["holds a node already", "Use it with `skein up`"] });
  expect(snapshot(world.dataOf("alice"))).toEqual(before);

  mkdirSync(join(world.directory("later")), { recursive: true });
  const data = join(world.directory("later"), "data");
  writeFileSync(join(project.clone, "skein.yaml"), "project: Bad Name\n");
  expect((await world.skein(["init", "--data", data, "--project", project.clone])).code).toBe(1);
  rmSync(join(project.clone, "skein.yaml"));
  const good = await world.skein(["init", "--data", data, "--project", project.clone]);
  expect(good.code, good.stderr).toBe(0);
  expect(good.stdout).toContain(`Wrote ${join(project.clone, "skein.yaml")}`);
});
