import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openRepository } from "./repository.ts";
import { attempt, createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

const message = (item: string): string => `Land ${item}\n\nSkein-Item: ${item}\nSkein-Epoch: 1\n`;

test("an attempt goes from a fresh clone over the gate's checkout to the target branch", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  expect(base).toBe(await fixture.git(fixture.remote, "rev-parse", "main"));

  const workspace = valueOf(await node.openAttempt({ item: "a1", epoch: 3, base }, never));
  expect(workspace.branch).toBe("skein/a1/3");
  expect(await fixture.git(workspace.directory, "symbolic-ref", "HEAD")).toBe("refs/heads/skein/a1/3");
  expect(await fixture.git(workspace.directory, "rev-parse", "HEAD")).toBe(base);
  expect(await fixture.git(workspace.directory, "status", "--porcelain")).toBe("");
  expect(await fixture.git(workspace.directory, "remote")).toBe("");
  expect(await fixture.git(workspace.directory, "config", "--local", "user.email")).toBe("agent@skein.invalid");
  expect(existsSync(join(workspace.directory, ".git", "hooks"))).toBe(false);
  const dotGit = await readFile(join(workspace.directory, ".git", "config"), "utf8");
  expect(dotGit).not.toContain(fixture.directory);

  await fixture.commit(workspace.directory, { "a.txt": "one\n" }, "First half");
  await fixture.commit(workspace.directory, { "a.txt": "two\n" }, "Second half");
  const result = valueOf(await node.collectAttempt(workspace, never));
  expect(result).toEqual({
    tip: await fixture.git(workspace.directory, "rev-parse", "HEAD"),
    tree: await fixture.git(workspace.directory, "rev-parse", "HEAD^{tree}"),
    commitsAhead: 2,
    touched: ["a.txt"],
  });

  valueOf(await node.publishBranch(workspace.branch, result.tip, never));
  expect(await fixture.git(fixture.remote, "rev-parse", "skein/a1/3")).toBe(result.tip);

  const merged = valueOf(
    await node.merge({ base, tip: result.tip, message: message("a1"), atSeconds: 1_700_000_000 }, never),
  );
  if (merged.type !== "merged") throw new Error("the merge has no conflict");
  const checkout = valueOf(await node.openCheckout(merged.commit, "gate-a1-3", never));
  expect(await readFile(join(checkout, "a.txt"), "utf8")).toBe("two\n");
  expect(await fixture.git(checkout, "rev-parse", "HEAD", "HEAD^{tree}")).toBe(`${merged.commit}\n${merged.tree}`);
  expect(valueOf(await node.readFile(merged.commit, "a.txt", never))).toBe("two\n");
  expect(valueOf(await node.readFile(merged.commit, "b.txt", never))).toBeUndefined();

  expect(valueOf(await node.land({ items: ["a1"], expected: base, commit: merged.commit }, never))).toEqual({
    type: "moved",
  });
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(merged.commit);
  expect(valueOf(await node.land({ items: ["a1"], expected: base, commit: merged.commit }, never))).toEqual({
    type: "moved",
  });
  const tip = valueOf(await node.fetchBase(never));
  expect([...valueOf(await node.landings(tip, never))]).toEqual([["a1", merged.commit]]);

  await node.remove(workspace.directory);
  await node.remove(checkout);
  expect(existsSync(workspace.directory)).toBe(false);
  expect(existsSync(checkout)).toBe(false);
  expect(readdirSync(join(fixture.directory, "nodes", "alice", "trash"))).toEqual([]);
});

test("an attempt without a commit is zero commits ahead", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const workspace = valueOf(await node.openAttempt({ item: "a", epoch: 0, base }, never));
  const result = valueOf(await node.collectAttempt(workspace, never));
  expect(result).toMatchObject({ tip: base, commitsAhead: 0 });
  const merged = await node.merge({ base, tip: base, message: message("a"), atSeconds: 1 }, never);
  expect(errorOf(merged)).toMatchObject({ type: "no-commits" });
});

test("opening an attempt again starts from a clean directory", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const first = valueOf(await node.openAttempt({ item: "a", epoch: 1, base }, never));
  await fixture.commit(first.directory, { "left.txt": "over\n" });
  const locked = join(first.directory, "locked");
  await mkdir(locked);
  await writeFile(join(locked, "file"), "");
  await chmod(locked, 0o000);
  const second = valueOf(await node.openAttempt({ item: "a", epoch: 1, base }, never));
  expect(second).toEqual(first);
  expect(existsSync(join(second.directory, "left.txt"))).toBe(false);
  expect(await fixture.git(second.directory, "rev-parse", "HEAD")).toBe(base);
  expect(readdirSync(join(fixture.directory, "nodes", "alice", "trash"))).toEqual([]);
});

test("an attempt goes on from unfinished work, with the target branch beside it", async () => {
  const [alice, bob] = [await fixture.node("alice"), await fixture.node("bob")];
  const work = await attempt(fixture, alice, { "half.txt": "half\n" });
  valueOf(await alice.publishBranch(work.branch, work.tip, never));
  const person = await fixture.clone("person");
  await fixture.commit(person, { "b.txt": "b\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const base = valueOf(await bob.fetchBase(never));
  valueOf(await bob.fetchBranch(work.branch, work.tip, never));
  const next = { item: work.item, epoch: 2, base, start: work.tip };
  const workspace = valueOf(await bob.openAttempt(next, never));
  expect(await fixture.git(workspace.directory, "rev-parse", "HEAD", "target/main")).toBe(`${work.tip}\n${base}`);
  expect(valueOf(await bob.collectAttempt(workspace, never))).toMatchObject({ tip: work.tip, commitsAhead: 1 });
  const tip = await fixture.commit(workspace.directory, { "rest.txt": "rest\n" });
  expect(valueOf(await bob.collectAttempt(workspace, never))).toMatchObject({ tip, commitsAhead: 2 });
});

test("what an attempt had committed when its node died is taken in once, and its directory goes", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const workspace = valueOf(await node.openAttempt({ item: "a", epoch: 3, base }, never));
  const tip = await fixture.commit(workspace.directory, { "half.txt": "half\n" });
  const next = { item: "a", epoch: 5, base };
  expect(valueOf(await node.recoverAttempt({ ...next, epoch: 3 }, never))).toBeUndefined();
  expect(valueOf(await node.recoverAttempt({ ...next, item: "b" }, never))).toBeUndefined();
  expect(valueOf(await node.recoverAttempt(next, never))).toMatchObject({ tip, commitsAhead: 1 });
  expect(existsSync(workspace.directory)).toBe(false);
  expect(valueOf(await node.recoverAttempt(next, never))).toBeUndefined();
  const again = valueOf(await node.openAttempt({ ...next, start: tip }, never));
  expect(await fixture.git(again.directory, "rev-parse", "HEAD")).toBe(tip);
});

test("two nodes make the same merge commit from the same inputs", async () => {
  const [alice, bob] = [await fixture.node("alice"), await fixture.node("bob")];
  const work = await attempt(fixture, alice, { "a.txt": "a\n", ".gitattributes": "* merge=union\n" });
  valueOf(await alice.publishBranch(work.branch, work.tip, never));
  const person = await fixture.clone("person");
  await fixture.commit(person, { "b.txt": "b\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const base = valueOf(await bob.fetchBase(never));
  expect(valueOf(await alice.fetchBase(never))).toBe(base);
  valueOf(await bob.fetchBranch(work.branch, work.tip, never));
  const inputs = { base, tip: work.tip, message: message(work.item), atSeconds: 1_712_345_678 };
  const [ours, theirs] = [valueOf(await alice.merge(inputs, never)), valueOf(await bob.merge(inputs, never))];
  expect(ours.type).toBe("merged");
  expect(theirs).toEqual(ours);
  if (ours.type !== "merged") return;
  const mirror = join(fixture.directory, "nodes", "bob", "mirror.git");
  expect(await fixture.git(mirror, "log", "-1", "--format=%an <%ae> %ad|%cn <%ce> %cd", ours.commit)).toBe(
    "Skein <skein@localhost> Fri Apr 5 19:34:38 2024 +0000|Skein <skein@localhost> Fri Apr 5 19:34:38 2024 +0000",
  );
  expect(await fixture.git(mirror, "rev-parse", `${ours.commit}^1`, `${ours.commit}^2`)).toBe(`${base}\n${work.tip}`);
});

test("a conflict names the paths and leaves no commit", async () => {
  const node = await fixture.node("alice");
  const work = await attempt(fixture, node, { "README.md": "theirs\n", "new.txt": "x\n" });
  const person = await fixture.clone("person");
  await fixture.commit(person, { "README.md": "ours\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const base = valueOf(await node.fetchBase(never));
  const merged = valueOf(await node.merge({ base, tip: work.tip, message: message("a"), atSeconds: 1 }, never));
  expect(merged).toEqual({ type: "conflict", paths: ["README.md"] });
});

test("an attempt that went back behind its base counts from the merge base", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  await fixture.commit(person, { "b.txt": "b\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const base = valueOf(await node.fetchBase(never));
  const workspace = valueOf(await node.openAttempt({ item: "a", epoch: 1, base }, never));
  await fixture.git(workspace.directory, "reset", "--quiet", "--hard", "HEAD^");
  await fixture.commit(workspace.directory, { "c.txt": "c\n" });
  await fixture.git(workspace.directory, "pack-refs", "--all");
  expect(valueOf(await node.collectAttempt(workspace, never))).toMatchObject({ commitsAhead: 1 });
});

test("an attempt's branch that is gone, or shares no history, is refused", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const gone = valueOf(await node.openAttempt({ item: "gone", epoch: 1, base }, never));
  await fixture.git(gone.directory, "branch", "-m", "elsewhere");
  expect(errorOf(await node.collectAttempt(gone, never)).type).toBe("missing-branch");
  const orphan = valueOf(await node.openAttempt({ item: "orphan", epoch: 1, base }, never));
  await fixture.git(orphan.directory, "checkout", "--quiet", "--orphan", "new");
  await fixture.commit(orphan.directory, { "x.txt": "x\n" });
  await fixture.git(orphan.directory, "branch", "--force", orphan.branch, "HEAD");
  expect(errorOf(await node.collectAttempt(orphan, never))).toMatchObject({ type: "bad-object" });
});

test("a published branch is replaced by its own node and never by another", async () => {
  const [alice, bob] = [await fixture.node("alice"), await fixture.node("bob")];
  const first = await attempt(fixture, alice, { "a.txt": "1\n" }, "same");
  const second = await attempt(fixture, alice, { "a.txt": "2\n" }, "same");
  const foreign = await attempt(fixture, bob, { "a.txt": "3\n" }, "same");
  valueOf(await alice.publishBranch(first.branch, first.tip, never));
  valueOf(await alice.publishBranch(first.branch, first.tip, never));
  const restarted = await fixture.node("alice");
  valueOf(await restarted.publishBranch(second.branch, second.tip, never));
  expect(errorOf(await bob.publishBranch(foreign.branch, foreign.tip, never)).type).toBe("branch-taken");
  expect(await fixture.git(fixture.remote, "rev-parse", second.branch)).toBe(second.tip);
  valueOf(await bob.fetchBranch(second.branch, second.tip, never));
  expect(errorOf(await bob.fetchBranch(first.branch, first.tip, never)).type).toBe("missing-branch");
  expect(errorOf(await bob.fetchBranch("skein/other/1", first.tip, never)).type).toBe("missing-branch");
});

test("attempts of one node are opened and collected side by side", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const tips = await Promise.all(
    ["a", "b", "c", "d", "e", "f"].map(async (item) => {
      const workspace = valueOf(await node.openAttempt({ item, epoch: 1, base }, never));
      await fixture.commit(workspace.directory, { [`${item}.txt`]: item });
      const [result] = await Promise.all([node.collectAttempt(workspace, never), node.fetchBase(never)]);
      return valueOf(result).tip;
    }),
  );
  expect(new Set(tips).size).toBe(6);
});

test("names that are options, paths or revisions never reach git", async () => {
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  const canary = join(fixture.directory, "canary");
  const evil = `--upload-pack=touch ${canary}`;
  const refusals = [
    await node.openAttempt({ item: evil, epoch: 1, base }, never),
    await node.openAttempt({ item: "../../x", epoch: 1, base }, never),
    await node.openAttempt({ item: "a", epoch: -1, base }, never),
    await node.openAttempt({ item: "a", epoch: 1, base: evil }, never),
    await node.openAttempt({ item: "a", epoch: 1, base: "main" }, never),
    await node.openCheckout(evil, "x", never),
    await node.openCheckout(base, evil, never),
    await node.openCheckout(base, "..", never),
    await node.publishBranch(evil, base, never),
    await node.publishBranch("main", base, never),
    await node.publishBranch("skein/a/1", evil, never),
    await node.fetchBranch(evil, base, never),
    await node.fetchBranch("skein/a/1:refs/heads/main", base, never),
    await node.readFile(evil, "x", never),
    await node.readFile(base, "../x", never),
    await node.landings(evil, never),
    await node.merge({ base, tip: evil, message: "x", atSeconds: 1 }, never),
    await node.land({ items: ["a"], expected: base, commit: evil }, never),
    await node.collectAttempt({ directory: fixture.directory, branch: "skein/a/1", base, start: base }, never),
    await openRepository({ directory: join(fixture.directory, "n"), remote: evil, base: "main" }, never),
    await openRepository({ directory: join(fixture.directory, "n"), remote: fixture.remote, base: evil }, never),
    await openRepository(
      { directory: join(fixture.directory, "n"), remote: `ext::touch ${canary}`, base: "main" },
      never,
    ),
  ];
  expect(refusals.filter((refusal) => refusal.ok)).toEqual([]);
  expect(existsSync(canary)).toBe(false);
});

test("nothing outside the node's own directories is removed", async () => {
  const node = await fixture.node("alice");
  const own = join(fixture.directory, "nodes", "alice");
  for (const path of [
    fixture.remote,
    own,
    join(own, "mirror.git"),
    join(own, "attempts"),
    join(own, "attempts", "..", "home"),
  ])
    await node.remove(path);
  expect(existsSync(fixture.remote)).toBe(true);
  expect(readdirSync(own).toSorted()).toEqual(["attempts", "checkouts", "home", "incoming", "mirror.git", "trash"]);
  expect(existsSync(join(own, "mirror.git", "HEAD"))).toBe(true);
});

test("lock files of a killed run are removed from the mirror and from nowhere else", async () => {
  const node = await fixture.node("alice");
  valueOf(await node.fetchBase(never));
  const mirror = join(fixture.directory, "nodes", "alice", "mirror.git");
  for (const lock of ["refs/skein/base.lock", "packed-refs.lock", "HEAD.lock"])
    await fixture.write(join(mirror, lock), "");
  await fixture.write(join(mirror, "objects/pack/tmp_pack_x"), "half");
  const person = await fixture.clone("person");
  await fixture.commit(person, { "b.txt": "b\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  await fixture.write(join(fixture.remote, "refs/heads/main.lock"), "");
  const restarted = await fixture.node("alice");
  expect(valueOf(await restarted.fetchBase(never))).toBe(await fixture.git(person, "rev-parse", "HEAD"));
  expect(existsSync(join(mirror, "objects/pack/tmp_pack_x"))).toBe(false);
  expect(existsSync(join(fixture.remote, "refs/heads/main.lock"))).toBe(true);
});

test("locks that a git left which was killed under the running node stop nothing", async () => {
  const node = await fixture.node("alice");
  const mirror = join(fixture.directory, "nodes", "alice", "mirror.git");
  const leave = async (...locks: readonly string[]): Promise<void> => {
    for (const lock of locks) await fixture.write(join(mirror, lock), "");
  };
  const everywhere = ["packed-refs.lock", "HEAD.lock", "config.lock", "shallow.lock", "refs/skein/base.lock"];
  valueOf(await node.fetchBase(never));
  await leave(...everywhere);
  const { base, tip } = await attempt(fixture, node, { "a.txt": "a\n" });
  await leave(...everywhere);
  const branch = "skein/item1/1";
  await leave(`refs/skein/published/item1/1/${tip}.lock`);
  valueOf(await node.publishBranch(branch, tip, never));
  const merged = valueOf(await node.merge({ base, tip, message: message("a"), atSeconds: 1 }, never));
  if (merged.type !== "merged") throw new Error("the merge has no conflict");
  await leave(...everywhere, `refs/skein/merges/${merged.commit}.lock`);
  expect(valueOf(await node.land({ items: ["a"], expected: base, commit: merged.commit }, never))).toEqual({
    type: "moved",
  });
  await leave(...everywhere);
  expect(valueOf(await node.fetchBase(never))).toBe(merged.commit);
});

test("a missing remote, an empty one and a missing branch are told apart", async () => {
  const missing = await fixture.node("a", { remote: join(fixture.directory, "nowhere") });
  expect(errorOf(await missing.fetchBase(never))).toMatchObject({ type: "remote-unreachable" });
  const empty = join(fixture.directory, "empty.git");
  await fixture.git(fixture.directory, "init", "--quiet", "--bare", empty);
  expect(errorOf(await (await fixture.node("b", { remote: empty })).fetchBase(never)).type).toBe("no-commits");
  const other = await fixture.node("c", { base: "release/1.x" });
  expect(errorOf(await other.fetchBase(never))).toMatchObject({
    type: "missing-branch",
    message: `${fixture.remote} has no branch release/1.x. Push it, or set \`base\` in skein.yaml to the branch to land on.`,
  });
});

test("a repository with SHA-256 ids works like any other", async () => {
  const remote = join(fixture.directory, "sha256.git");
  const seed = join(fixture.directory, "seed256");
  for (const path of [remote, seed])
    await fixture.git(
      fixture.directory,
      "init",
      "--quiet",
      "--object-format=sha256",
      "--initial-branch=main",
      ...(path === remote ? ["--bare"] : []),
      path,
    );
  const first = await fixture.commit(seed, { "a.txt": "a\n" });
  await fixture.git(seed, "push", "--quiet", remote, "main");
  const node = await fixture.node("alice", { remote });
  expect(valueOf(await node.fetchBase(never))).toBe(first);
  const work = await attempt(fixture, node, { "b.txt": "b\n" });
  expect(work.tip).toHaveLength(64);
  const merged = valueOf(await node.merge({ base: first, tip: work.tip, message: message("a"), atSeconds: 1 }, never));
  if (merged.type !== "merged") throw new Error("the merge has no conflict");
  expect(valueOf(await node.land({ items: ["a"], expected: first, commit: merged.commit }, never))).toEqual({
    type: "moved",
  });
});

test("files that are too big, links, or not text are refused with their name", async () => {
  const person = await fixture.clone("person");
  await fixture.write(join(person, "latin"), "");
  await writeFile(join(person, "latin"), Buffer.from([0xe9, 0x0a]));
  await fixture.commit(person, { big: "x".repeat(256 * 1024 + 1), fits: "x".repeat(256 * 1024), "dir/file": "" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const node = await fixture.node("alice");
  const base = valueOf(await node.fetchBase(never));
  expect(valueOf(await node.readFile(base, "fits", never))).toHaveLength(256 * 1024);
  expect(valueOf(await node.readFile(base, "dir/file", never))).toBe("");
  for (const path of ["big", "latin", "dir"]) {
    const error = errorOf(await node.readFile(base, path, never));
    expect(error).toMatchObject({ type: "bad-object" });
    expect(error.message).toContain(`"${path}"`);
  }
});
