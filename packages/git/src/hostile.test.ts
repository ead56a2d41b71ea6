/** Attempts whose every byte was written by an agent that wants out. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptWorkspace, Repository } from "@skein/node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
let node: Repository;
let workspace: AttemptWorkspace;
beforeEach(async () => {
  fixture = await createFixture();
  node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  workspace = valueOf(await node.openAttempt({ item: "evil", epoch: 1, base }, never));
});
afterEach(() => fixture.remove());

/** Commits a tree that was put together by hand, on top of what the attempt has. */
async function commitTree(entries: string): Promise<void> {
  const { directory, branch } = workspace;
  const tree = await fixture.gitWith(directory, entries, "mktree", "-z", "--missing");
  const commit = await fixture.git(directory, "commit-tree", tree, "-p", "HEAD", "-m", "Odd");
  await fixture.git(directory, "update-ref", `refs/heads/${branch}`, commit);
}

const blob = (text: string): Promise<string> =>
  fixture.gitWith(workspace.directory, text, "hash-object", "-w", "--stdin");

test("commands in the attempt's configuration, hooks and attributes do not run", async () => {
  const canary = join(fixture.directory, "canary");
  const { directory } = workspace;
  await fixture.commit(directory, { "a.txt": "a\n", ".gitattributes": "* filter=evil diff=evil merge=evil\n" });
  const script = join(directory, "evil.sh");
  await fixture.executable(script, `echo "$0 $*" >> ${canary}; cat`);
  const run = `sh ${script}`;
  await writeFile(
    join(directory, ".git", "config"),
    `[core]\n\trepositoryformatversion = 1\n\tfsmonitor = ${run}\n\thooksPath = ${directory}/hooks\n\tsshCommand = ${run}\n` +
      `\tpager = ${run}\n\talternateRefsCommand = ${run}\n[uploadpack]\n\tpackObjectsHook = ${run}\n` +
      `[filter "evil"]\n\tsmudge = ${run}\n\tclean = ${run}\n\tprocess = ${run}\n[merge "evil"]\n\tdriver = ${run}\n` +
      `[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\tpromisor = true\n\turl = ext::${run}\n\tuploadpack = ${run}\n` +
      `[pager]\n\tupload-pack = ${run}\n\tpack-objects = ${run}\n[protocol]\n\tallow = always\n`,
  );
  for (const hook of [
    "post-checkout",
    "reference-transaction",
    "pre-receive",
    "post-index-change",
    "fsmonitor-watchman",
  ]) {
    await fixture.executable(join(directory, "hooks", hook), run);
    await fixture.executable(join(directory, ".git", "hooks", hook), run);
  }
  const { tip, commitsAhead } = valueOf(await node.collectAttempt(workspace, never));
  expect(commitsAhead).toBe(1);
  const inputs = { base: workspace.base, tip, message: "Land it\n\nSkein-Item: a\n", atSeconds: 1 };
  const merged = valueOf(await node.merge(inputs, never));
  if (merged.type !== "merged") throw new Error("the merge has no conflict");
  valueOf(await node.openCheckout(merged.commit, "gate", never));
  valueOf(await node.land({ items: ["a"], expected: workspace.base, commit: merged.commit }, never));
  expect(existsSync(canary)).toBe(false);
});

test.each([
  ["a submodule", async () => `160000 commit ${workspace.base}\tsub\0`, '"sub" is a submodule'],
  [
    "a submodule configuration",
    async () => `100644 blob ${await blob("")}\t.gitmodules\0`,
    '".gitmodules" configures submodules',
  ],
  ["an absolute link", async () => `120000 blob ${await blob("/etc/passwd")}\tlink\0`, '"link" is a symbolic link'],
  ["a link to the parent", async () => `120000 blob ${await blob("../secret")}\tlink\0`, '"link" is a symbolic link'],
  [
    "an overlong link",
    async () => `120000 blob ${await blob("x".repeat(5000))}\tlink\0`,
    '"link" is a symbolic link with',
  ],
  [
    "a carriage return in a name",
    async () => `100644 blob ${await blob("")}\tsub\r\0`,
    String.raw`"sub\u{d}" has a control`,
  ],
  [
    "a terminal sequence in a name",
    async () => `100644 blob ${await blob("")}\t\u001b[2Jx\0`,
    String.raw`"\u{1b}[2Jx" has`,
  ],
])("a tree with %s is refused with the path", async (_what, entries, expected) => {
  await commitTree(await entries());
  const error = errorOf(await node.collectAttempt(workspace, never));
  expect(error.type).toBe("bad-object");
  expect(error.message).toContain(expected);
});

test.each([".git", ".GIT", "git~1", ".g\u200cit"])("a tree with a file named %j is refused", async (name) => {
  // git does not make such a tree itself; its bytes are written as they are.
  const oid = await blob("");
  const bytes = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(oid, "hex")]);
  const file = join(workspace.directory, "tree");
  await writeFile(file, bytes);
  const { directory, branch } = workspace;
  const tree = await fixture.git(directory, "hash-object", "-t", "tree", "-w", "--literally", file);
  const commit = await fixture.git(directory, "commit-tree", tree, "-p", "HEAD", "-m", "Odd");
  await fixture.git(directory, "update-ref", `refs/heads/${branch}`, commit);
  expect(errorOf(await node.collectAttempt(workspace, never))).toMatchObject({ type: "bad-object" });
});

test("links that stay inside the tree are work like any other", async () => {
  await mkdir(join(workspace.directory, "docs"));
  await symlink("../README.md", join(workspace.directory, "docs", "index.md"));
  await fixture.commit(workspace.directory, {});
  const { tip } = valueOf(await node.collectAttempt(workspace, never));
  const checkout = valueOf(await node.openCheckout(tip, "gate", never));
  expect(await fixture.git(checkout, "status", "--porcelain")).toBe("");
  expect(await fixture.git(checkout, "ls-files", "-s", "docs")).toMatch(/^120000 /u);
});

test("odd entries that the target branch already has do not stand in the way", async () => {
  const person = await fixture.clone("person");
  await fixture.write(
    join(person, ".gitmodules"),
    '[submodule "lib"]\n\tpath = lib\n\turl = https://example.com/lib\n',
  );
  await symlink("/usr/share/zoneinfo", join(person, "zones"));
  await fixture.commit(person, {});
  await fixture.git(person, "update-index", "--add", "--cacheinfo", `160000,${workspace.base},lib`);
  await fixture.git(person, "commit", "--quiet", "-m", "Add a submodule");
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const base = valueOf(await node.fetchBase(never));
  const fresh = valueOf(await node.openAttempt({ item: "good", epoch: 1, base }, never));
  await fixture.commit(fresh.directory, { "a.txt": "a\n" });
  expect(valueOf(await node.collectAttempt(fresh, never)).commitsAhead).toBe(1);
  await writeFile(join(fresh.directory, ".gitmodules"), '[submodule "lib"]\n\tpath = lib\n\turl = ext::sh\n');
  await fixture.commit(fresh.directory, {});
  expect(errorOf(await node.collectAttempt(fresh, never)).type).toBe("bad-object");
});

test("an attempt cannot lend objects or refs of another repository", async () => {
  const { directory, branch } = workspace;
  const secret = await fixture.clone("secret");
  const hidden = await fixture.commit(secret, { "key.txt": "secret\n" });
  const gitDir = join(directory, ".git");
  const refused = async (): Promise<void> => {
    expect(errorOf(await node.collectAttempt(workspace, never))).toMatchObject({ type: "bad-object" });
  };
  const ref = join(gitDir, "refs/heads", branch);

  await fixture.write(join(gitDir, "objects/info/alternates"), join(secret, ".git/objects"));
  await writeFile(ref, `${hidden}\n`);
  await refused();
  await rm(join(gitDir, "objects/info/alternates"));
  await refused();
  await symlink(join(secret, ".git/objects", hidden.slice(0, 2)), join(gitDir, "objects", hidden.slice(0, 2)));
  await refused();
  await rm(join(gitDir, "objects", hidden.slice(0, 2)));

  await rm(ref);
  await symlink(join(secret, ".git/refs/heads/main"), ref);
  await refused();
  await rm(ref);
  await writeFile(ref, "ref: refs/heads/main\n");
  await refused();
  await writeFile(ref, "--upload-pack=touch x\n");
  await refused();
  await rename(gitDir, join(directory, "real"));
  await symlink(join(secret, ".git"), gitDir);
  await refused();
  await rm(gitDir);
  await writeFile(gitDir, `gitdir: ${join(secret, ".git")}\n`);
  expect((await node.collectAttempt(workspace, never)).ok).toBe(false);
});

test("damaged and missing objects are refused and leave the mirror usable", async () => {
  await fixture.commit(workspace.directory, { "a.txt": "a\n" });
  const oid = await fixture.git(workspace.directory, "rev-parse", "HEAD:a.txt");
  const file = join(workspace.directory, ".git/objects", oid.slice(0, 2), oid.slice(2));
  await rm(file);
  expect(errorOf(await node.collectAttempt(workspace, never)).type).toBe("bad-object");
  await writeFile(file, "garbage");
  expect(errorOf(await node.collectAttempt(workspace, never)).type).toBe("bad-object");
  await rm(file);
  await fixture.gitWith(workspace.directory, "a\n", "hash-object", "-w", "--stdin");
  expect(valueOf(await node.collectAttempt(workspace, never)).commitsAhead).toBe(1);
});

test("an attempt refused for its tree can go on after it took the entry out", async () => {
  await symlink("/etc", join(workspace.directory, "etc"));
  await fixture.commit(workspace.directory, {});
  expect(errorOf(await node.collectAttempt(workspace, never)).type).toBe("bad-object");
  await rm(join(workspace.directory, "etc"));
  await fixture.commit(workspace.directory, { "a.txt": "a\n" });
  expect(valueOf(await node.collectAttempt(workspace, never)).commitsAhead).toBe(2);
});
