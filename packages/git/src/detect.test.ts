import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inspectProject, resolveRemote } from "./detect.ts";
import { createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

test("a clone is found from a directory below its root, with its origin and that one's branch", async () => {
  const clone = await fixture.clone("person");
  await fixture.git(clone, "checkout", "--quiet", "-b", "feature");
  await mkdir(join(clone, "deep/er"), { recursive: true });
  expect(valueOf(await inspectProject(join(clone, "deep/er")))).toEqual({
    root: clone,
    base: "main",
    remote: "origin",
    remoteUrl: fixture.remote,
    dirty: false,
  });
  await fixture.write(join(clone, "README.md"), "changed\n");
  expect(valueOf(await inspectProject(clone)).dirty).toBe(true);
});

test("the remote's default branch wins over main", async () => {
  const person = await fixture.clone("person");
  await fixture.git(person, "push", "--quiet", "origin", "main:develop");
  await fixture.git(fixture.remote, "symbolic-ref", "HEAD", "refs/heads/develop");
  await fixture.git(person, "remote", "set-head", "origin", "--auto");
  expect(valueOf(await inspectProject(person)).base).toBe("develop");
});

test("a repository without a remote lands on itself, on its current branch when there is no main", async () => {
  const clone = await fixture.clone("own");
  await fixture.git(clone, "remote", "remove", "origin");
  expect(valueOf(await inspectProject(clone))).toEqual({ root: clone, base: "main", remote: ".", dirty: false });
  await fixture.git(clone, "branch", "-m", "trunk");
  expect(valueOf(await inspectProject(clone)).base).toBe("trunk");
  await fixture.git(clone, "checkout", "--quiet", "--detach");
  expect(errorOf(await inspectProject(clone)).type).toBe("missing-branch");
  expect(valueOf(await resolveRemote(clone, "."))).toBe(clone);
});

test("the only remote is taken, and of several none but origin", async () => {
  const clone = await fixture.clone("person");
  await fixture.git(clone, "remote", "rename", "origin", "upstream");
  expect(valueOf(await inspectProject(clone)).remote).toBe("upstream");
  await fixture.git(clone, "remote", "add", "other", "/nowhere");
  expect(valueOf(await inspectProject(clone)).remote).toBe(".");
});

test("what is no project is said so", async () => {
  const empty = join(fixture.directory, "empty");
  await mkdir(empty);
  expect(errorOf(await inspectProject(empty))).toMatchObject({ type: "not-a-repository" });
  expect(errorOf(await inspectProject(join(empty, "missing"))).type).toBe("not-a-repository");
  await fixture.git(empty, "init", "--quiet");
  expect(errorOf(await inspectProject(empty)).type).toBe("no-commits");
  expect(valueOf(await inspectProject(fixture.remote))).toMatchObject({
    root: fixture.remote,
    base: "main",
    remote: ".",
  });
});

test("a remote is a configured name, an address or a path", async () => {
  const clone = await fixture.clone("person");
  await fixture.git(clone, "remote", "add", "near", "../near.git");
  await fixture.git(clone, "remote", "add", "evil", "ext::sh -c id");
  const resolved = async (remote: string): Promise<string> => valueOf(await resolveRemote(clone, remote));
  expect(await resolved("origin")).toBe(fixture.remote);
  expect(await resolved("near")).toBe(join(fixture.directory, "near.git"));
  expect(await resolved("../x.git")).toBe(join(fixture.directory, "x.git"));
  expect(await resolved("/x.git")).toBe("/x.git");
  expect(await resolved("https://host/x")).toBe("https://host/x");
  expect(await resolved("git@host:x")).toBe("git@host:x");
  for (const remote of ["evil", "missing", "--upload-pack=x", "ext::sh", "http://host/x", ""])
    expect((await resolveRemote(clone, remote, never)).ok).toBe(false);
});

test("nothing that the repository's own configuration names runs before anybody trusts it", async () => {
  const clone = await fixture.clone("stranger");
  const canary = join(fixture.directory, "canary");
  const run = `touch ${canary}; cat`;
  await fixture.commit(clone, { "a.txt": "a\n", ".gitattributes": "* filter=a=b.c\n*.md filter=other\n" });
  await fixture.write(
    join(clone, ".git", "more"),
    `[filter "other"]\n\tprocess = ${JSON.stringify(run)}\n\trequired = true\n`,
  );
  await fixture.write(
    join(clone, ".git", "config"),
    `[core]\n\tfsmonitor = ${JSON.stringify(run)}\n\thooksPath = ${clone}/hooks\n\tpager = ${JSON.stringify(run)}\n` +
      `[filter "a=b.c"]\n\tclean = ${JSON.stringify(run)}\n\tsmudge = ${JSON.stringify(run)}\n[include]\n\tpath = more\n` +
      `[remote "origin"]\n\turl = ${fixture.remote}\n\tuploadpack = ${JSON.stringify(run)}\n`,
  );
  await fixture.executable(join(clone, "hooks", "post-index-change"), run);
  // Files that look changed are read, and what is read is filtered.
  await fixture.write(join(clone, "a.txt"), "b\n");
  await fixture.write(join(clone, "README.md"), "HELLO\n");
  expect(valueOf(await inspectProject(clone))).toMatchObject({ dirty: true });
  expect(existsSync(canary)).toBe(false);
  // The trap works: a git that is not told otherwise springs it.
  await fixture.git(clone, "status", "--porcelain").catch(() => undefined);
  expect(existsSync(canary)).toBe(true);
});
