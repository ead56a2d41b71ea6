import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { openRepository } from "@skein/git";
import type { ProjectDesk } from "@skein/node";
import { createProjectDesk } from "./project-desk.ts";

let root: string;
let desk: ProjectDesk;
let project: string;

const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", "-C", project, ...args], {
    encoding: "utf8",
  });

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "skein-desk-")));
  project = join(root, "My Project");
  mkdirSync(join(root, "data"));
  mkdirSync(join(project, "src"), { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ scripts: { test: "node --test" } }));
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Begin");
  desk = createProjectDesk(join(root, "data"), ({ remote, base }, signal) =>
    openRepository({ directory: join(root, "data", "mirror"), remote, base }, signal),
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const sentenceOf = (answer: { readonly ok: boolean; readonly error?: string }): string =>
  answer.ok ? "" : (answer.error ?? "");

test("a look tells what is there, and writes nothing", async () => {
  const before = readdirSync(root, { recursive: true });
  const found = await desk.look(project);
  expect(found).toMatchObject({
    ok: true,
    value: {
      path: project,
      name: "my-project",
      base: "main",
      remote: ".",
      landsIn: project,
      dirty: false,
      hasConfig: false,
      gate: [["npm", "test"]],
      gateBecause: "package.json has a test script",
      agent: "scripted",
      obstacle: "",
    },
  });
  expect(readdirSync(root, { recursive: true })).toEqual(before);
});

test("a directory below is looked at as its repository, and begun only by its top's name", async () => {
  expect(await desk.look(join(project, "src"))).toMatchObject({ ok: true, value: { path: project } });
  expect(sentenceOf(await desk.prepare({ path: join(project, "src") }))).toContain("Name its top directory");
});

test("beginning writes the chosen gate and agent into a new skein.yaml, and leaves one that is there", async () => {
  const chosen = { path: project, gate: [["npm", "run", "check: all"]], agent: "claude-code" };
  const begun = await desk.prepare(chosen);
  expect(begun).toMatchObject({ ok: true, value: { name: "my-project", remote: project, base: "main", wrote: true } });
  const text = readFileSync(join(project, "skein.yaml"), "utf8");
  expect(text).toContain('- [npm, run, "check: all"]');
  expect(text).toContain("preset: claude-code");
  expect(begun.ok && begun.value.config).toBe(text);
  const again = await desk.prepare({ path: project, gate: [["true"]] });
  expect(again).toMatchObject({ ok: true, value: { wrote: false, config: text } });
  expect(await desk.look(project)).toMatchObject({ ok: true, value: { hasConfig: true, agent: "claude-code" } });
});

test("uncommitted changes stand in the way where items land in the checkout, and nothing is written", async () => {
  writeFileSync(join(project, "package.json"), "{}");
  expect(await desk.look(project)).toMatchObject({ ok: true, value: { dirty: true, landsIn: "" } });
  expect(sentenceOf(await desk.prepare({ path: project }))).toContain("uncommitted changes");
  expect(existsSync(join(project, "skein.yaml"))).toBe(false);
});

test("a remote that is not there, or whose URL has a password in it, is said before anything is written", async () => {
  git("remote", "add", "origin", join(root, "nowhere.git"));
  expect((await desk.prepare({ path: project })).ok).toBe(false);
  git("remote", "set-url", "origin", "https://me:secret@git.example/x.git");
  const found = await desk.look(project);
  expect(found).toMatchObject({ ok: true, value: { landsIn: "" } });
  expect(JSON.stringify(found)).not.toContain("secret");
  expect(sentenceOf(await desk.prepare({ path: project }))).toContain("user name or password");
  expect(existsSync(join(project, "skein.yaml"))).toBe(false);
});

test("an unknown agent, no repository and a bare one are refused", async () => {
  const bare = join(root, "bare.git");
  execFileSync("git", ["init", "--quiet", "--bare", bare]);
  execFileSync("git", ["-C", project, "push", "--quiet", bare, "main"]);
  mkdirSync(join(root, "plain"));
  expect(sentenceOf(await desk.prepare({ path: project, agent: "rm" }))).toContain("no agent called rm");
  expect(sentenceOf(await desk.look(join(root, "plain")))).toContain("not in a git repository");
  expect(sentenceOf(await desk.look(bare))).toContain("Name a plain clone");
});

test("a repository that names another place as its top is refused, and nothing is written there", async () => {
  const victim = join(root, "victim");
  mkdirSync(victim);
  git("config", "core.worktree", victim);
  for (const answer of [await desk.look(project), await desk.prepare({ path: project })]) expect(answer.ok).toBe(false);
  // One above it, which the path is in.
  git("config", "core.worktree", root);
  for (const answer of [await desk.look(project), await desk.prepare({ path: project })]) expect(answer.ok).toBe(false);
  expect(readdirSync(victim)).toEqual([]);
  expect(existsSync(join(root, "skein.yaml"))).toBe(false);
});

test("links in a repository lead nowhere: neither is one read, nor written through", async () => {
  writeFileSync(join(root, "secret"), "project: stolen\n");
  symlinkSync(join(root, "secret"), join(project, "skein.yaml"));
  expect(sentenceOf(await desk.look(project))).toContain("it is a link");
  expect(sentenceOf(await desk.prepare({ path: project }))).toContain("it is a link");
  rmSync(join(project, "skein.yaml"));
  symlinkSync(join(root, "secret"), join(project, "skein.yaml.new"));
  expect((await desk.prepare({ path: project })).ok).toBe(true);
  expect(readFileSync(join(root, "secret"), "utf8")).toBe("project: stolen\n");
});

test("the practice repository is made inside the data directory, also where one was cut off", async () => {
  mkdirSync(join(root, "data", "practice", "project"), { recursive: true });
  const made = await desk.practice("practice");
  expect(made).toMatchObject({
    ok: true,
    value: { name: "practice", base: "main", remote: join(root, "data", "practice", "remote.git"), wrote: false },
  });
  project = join(root, "data", "practice", "project");
  expect(git("status", "--porcelain")).toBe("");
  expect(readFileSync(join(project, "skein.yaml"), "utf8")).toContain('- [node, "--test"]');
});
