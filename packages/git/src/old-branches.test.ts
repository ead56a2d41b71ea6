import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attempt, createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

const branches = async (): Promise<readonly string[]> =>
  (await fixture.git(fixture.remote, "for-each-ref", "--format=%(refname:short)", "refs/heads/skein")).split("\n");

/** What a node has written down of its pushes. */
const published = (node: string): Promise<string> =>
  fixture.git(`${fixture.directory}/nodes/${node}/mirror.git`, "for-each-ref", "refs/skein/published/");

test("a node deletes what it has published for these items, forgets it, and leaves every other branch alone", async () => {
  const [alice, bob] = [await fixture.node("alice"), await fixture.node("bob")];
  const over = await attempt(fixture, alice, { "a.txt": "1\n" }, "over");
  const open = await attempt(fixture, alice, { "b.txt": "1\n" }, "open");
  const foreign = await attempt(fixture, bob, { "c.txt": "1\n" }, "foreign");
  for (const { branch, tip } of [over, open]) valueOf(await alice.publishBranch(branch, tip, never));
  valueOf(await bob.publishBranch(foreign.branch, foreign.tip, never));
  const main = await fixture.git(fixture.remote, "rev-parse", "main");

  const restarted = await fixture.node("alice");
  expect(valueOf(await restarted.deleteBranches(new Set(["over", "foreign", "main", ""]), never))).toEqual([
    over.branch,
  ]);
  expect(await branches()).toEqual([foreign.branch, open.branch]);
  expect(await published("alice")).toContain("/open/");
  expect(await published("alice")).not.toContain("/over/");
  expect(valueOf(await restarted.deleteBranches(new Set(["over", "foreign"]), never))).toEqual([]);
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(main);
  // The commits stay where this node can show them.
  valueOf(await restarted.fetchBranch(over.branch, over.tip, never));
});

test("a branch that somebody has moved meanwhile is theirs and stays; one that is gone already is forgotten", async () => {
  const alice = await fixture.node("alice");
  const moved = await attempt(fixture, alice, { "a.txt": "1\n" }, "moved");
  const gone = await attempt(fixture, alice, { "b.txt": "1\n" }, "gone");
  for (const { branch, tip } of [moved, gone]) valueOf(await alice.publishBranch(branch, tip, never));
  const clone = await fixture.clone("person");
  await fixture.git(clone, "fetch", "--quiet", "origin", moved.branch);
  await fixture.git(clone, "checkout", "--quiet", "FETCH_HEAD");
  const better = await fixture.commit(clone, { "a.txt": "2\n" }, "A person goes on with it");
  await fixture.git(clone, "push", "--quiet", "origin", `HEAD:refs/heads/${moved.branch}`);
  await fixture.git(clone, "push", "--quiet", "origin", `:refs/heads/${gone.branch}`);

  expect(valueOf(await alice.deleteBranches(new Set(["moved", "gone"]), never))).toEqual([]);
  expect(await fixture.git(fixture.remote, "rev-parse", moved.branch)).toBe(better);
  expect(await published("alice")).toBe("");
});

test("a remote that refuses one branch loses the others, and what it keeps is tried again", async () => {
  const alice = await fixture.node("alice");
  const kept = await attempt(fixture, alice, { "a.txt": "1\n" }, "kept");
  const free = await attempt(fixture, alice, { "b.txt": "1\n" }, "free");
  for (const { branch, tip } of [kept, free]) valueOf(await alice.publishBranch(branch, tip, never));
  const hook = `${fixture.remote}/hooks/update`;
  await fixture.executable(hook, `[ "$1" != "refs/heads/${kept.branch}" ] || { echo "nobody deletes here"; exit 1; }`);

  const refused = errorOf(await alice.deleteBranches(new Set(["kept", "free"]), never));
  expect(refused).toMatchObject({ type: "refused", message: expect.stringContaining("nobody deletes here") });
  expect(refused.message).toContain(kept.branch);
  expect(await branches()).toEqual([kept.branch]);
  await fixture.executable(hook, "exit 0");
  expect(valueOf(await alice.deleteBranches(new Set(["kept", "free"]), never))).toEqual([kept.branch]);
  expect(await fixture.git(fixture.remote, "for-each-ref", "refs/heads/skein")).toBe("");
});
