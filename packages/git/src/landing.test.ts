import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Repository } from "@skein/node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LOCK_REF } from "./checkout-lock.ts";
import { attempt, createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

/** A merge of an attempt, ready to land. */
async function prepared(
  node: Repository,
  item: string,
  message = `Land ${item}\n\nSkein-Item: ${item}\n`,
): Promise<{ items: string[]; expected: string; commit: string }> {
  const { base, tip } = await attempt(fixture, node, { [`${item}.txt`]: `${item}\n` }, item);
  const inputs = { base, tip, message, atSeconds: 1_700_000_000 };
  const merged = valueOf(await node.merge(inputs, never));
  if (merged.type !== "merged") throw new Error("the merge has no conflict");
  return { items: [item], expected: base, commit: merged.commit };
}

test("a commit that a person pushed in between makes the landing stale", async () => {
  const node = await fixture.node("alice");
  const move = await prepared(node, "a");
  const person = await fixture.clone("person");
  const theirs = await fixture.commit(person, { "b.txt": "b\n" });
  await fixture.git(person, "push", "--quiet", "origin", "main");
  expect(valueOf(await node.land(move, never))).toEqual({ type: "stale" });
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(theirs);
});

test("of several that land at once exactly one moves the branch", async () => {
  const names = ["n1", "n2", "n3", "n4"];
  const nodes = await Promise.all(names.map((name) => fixture.node(name)));
  const moves = await Promise.all(nodes.map((node, index) => prepared(node, `item${index}`)));
  const outcomes = await Promise.all(
    nodes.map((node, index) => node.land(moves[index] ?? { items: [], expected: "", commit: "" }, never)),
  );
  const types = outcomes.map((outcome) => valueOf(outcome).type).toSorted();
  expect(types).toEqual(["moved", "stale", "stale", "stale"]);
  const winner = outcomes.findIndex((outcome) => outcome.ok && outcome.value.type === "moved");
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(moves[winner]?.commit);
});

test("several attempts land as one commit with the tree of all, and each node makes the same one", async () => {
  const [alice, bob] = [await fixture.node("alice"), await fixture.node("bob")];
  const a = await attempt(fixture, alice, { "a.txt": "a\n" }, "a");
  const b = await attempt(fixture, alice, { "b.txt": "b\n" }, "b");
  const message = "Land 2 items\n\nSkein-Item: a\nSkein-Item: b\n";
  for (const [name, { tip }] of Object.entries({ a, b })) {
    valueOf(await alice.publishBranch(`skein/${name}/1`, tip, never));
  }
  const joined = async (node: Repository): Promise<string> => {
    valueOf(await node.fetchBase(never));
    for (const [name, { tip }] of Object.entries({ a, b })) {
      valueOf(await node.fetchBranch(`skein/${name}/1`, tip, never));
    }
    const inputs = { message: "scratch", atSeconds: 1_700_000_000 };
    const first = valueOf(await node.merge({ ...inputs, base: a.base, tip: a.tip }, never));
    if (first.type !== "merged") throw new Error("nothing conflicts here");
    const second = valueOf(await node.merge({ ...inputs, base: first.commit, tip: b.tip }, never));
    if (second.type !== "merged") throw new Error("nothing conflicts here");
    const tips = [a.tip, b.tip];
    return valueOf(await node.join({ ...inputs, base: a.base, tips, tree: second.tree, message }, never));
  };
  const commit = await joined(alice);
  expect(await joined(bob)).toBe(commit);
  const land = (items: readonly string[]): ReturnType<Repository["land"]> =>
    alice.land({ items, expected: a.base, commit }, never);
  expect(errorOf(await land(["a"])).message).toContain("nothing was pushed");
  expect(errorOf(await land(["b", "a"])).message).toContain("nothing was pushed");
  expect(valueOf(await land(["a", "b"]))).toEqual({ type: "moved" });
  const parents = await fixture.git(fixture.remote, "rev-parse", "main^1", "main^2", "main^3");
  expect(parents).toBe([a.base, a.tip, b.tip].join("\n"));
  expect([...valueOf(await bob.landings(valueOf(await bob.fetchBase(never)), never))]).toEqual([
    ["a", commit],
    ["b", commit],
  ]);
});

test("a commit that is not built on the expected one is never pushed", async () => {
  const node = await fixture.node("alice");
  const move = await prepared(node, "a");
  const other = await prepared(node, "b");
  const result = await node.land({ items: ["a"], expected: other.commit, commit: move.commit }, never);
  expect(errorOf(result).message).toContain("nothing was pushed");
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(move.expected);
});

test("a commit that does not read back as the landing of its item alone is never pushed", async () => {
  const node = await fixture.node("alice");
  const told = async (message: string): Promise<string> =>
    errorOf(await node.land(await prepared(node, "a", message), never)).message;
  expect(await told("Skein-Item: a\n")).toContain('"a" and reads as the landing of no item; nothing was pushed.');
  expect(await told("A\n\nSkein-Item: b\n")).toContain("reads as the landing of b; nothing was pushed.");
  expect(await told("A\n\nSkein-Item: a\nSkein-Item: b\n")).toContain("the landing of a, b; nothing was pushed.");
  const scissors = await prepared(node, "a", `# ${"-".repeat(24)} >8 ${"-".repeat(24)}\n\nSkein-Item: a\n`);
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(scissors.expected);
  expect(valueOf(await node.land(scissors, never))).toEqual({ type: "moved" });
  const tip = valueOf(await node.fetchBase(never));
  expect([...valueOf(await node.landings(tip, never))]).toEqual([["a", scissors.commit]]);
});

test("a clean checkout of the target branch moves together with it", async () => {
  const own = await fixture.clone("own");
  await fixture.git(own, "remote", "remove", "origin");
  const node = await fixture.node("alice", { remote: own });
  const move = await prepared(node, "a");
  expect(valueOf(await node.land(move, never))).toEqual({ type: "moved" });
  expect(await fixture.git(own, "rev-parse", "HEAD")).toBe(move.commit);
  expect(await fixture.git(own, "status", "--porcelain")).toBe("");
  expect(await readFile(join(own, "a.txt"), "utf8")).toBe("a\n");
});

test("of several that land at once into a checkout one moves it, and its files are those of the commit", async () => {
  const own = await fixture.clone("own");
  // A holder that was killed in the middle of its landing does not stop the others.
  const dead = JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, turn: "" });
  await fixture.git(own, "update-ref", LOCK_REF, await fixture.gitWith(own, dead, "hash-object", "-w", "--stdin"));
  const nodes = await Promise.all(["n1", "n2", "n3"].map((name) => fixture.node(name, { remote: own })));
  for (let round = 0; round < 3; round += 1) {
    const moves = await Promise.all(nodes.map((node, index) => prepared(node, `r${round}i${index}`)));
    const outcomes = await Promise.all(
      nodes.map((node, index) => node.land(moves[index] ?? { items: [], expected: "", commit: "" }, never)),
    );
    expect(outcomes.map((outcome) => valueOf(outcome).type).toSorted()).toEqual(["moved", "stale", "stale"]);
    expect(await fixture.git(own, "status", "--porcelain")).toBe("");
  }
  expect(await fixture.git(own, "for-each-ref", "refs/skein/")).toBe("");
});

test("a checkout with uncommitted changes is left alone and says what to do", async () => {
  const own = await fixture.clone("own");
  const node = await fixture.node("alice", { remote: own });
  const move = await prepared(node, "a");
  await fixture.write(join(own, "README.md"), "unsaved thoughts\n");
  expect(errorOf(await node.land(move, never))).toEqual({
    type: "refused",
    message: `${own} has main checked out with uncommitted changes, so nothing can land there. Commit or stash them; it is tried again.`,
  });
  expect(await fixture.git(own, "rev-parse", "HEAD")).toBe(move.expected);
  expect(await readFile(join(own, "README.md"), "utf8")).toBe("unsaved thoughts\n");
  await fixture.git(own, "add", "README.md");
  expect(errorOf(await node.land(move, never)).message).toContain("Commit or stash");
  await fixture.git(own, "reset", "--quiet", "--hard");
  expect(valueOf(await node.land(move, never))).toEqual({ type: "moved" });
});

test("a hook of the remote refuses with its own words, without terminal control characters", async () => {
  const node = await fixture.node("alice");
  const move = await prepared(node, "a");
  const hook = join(fixture.remote, "hooks", "pre-receive");
  await fixture.executable(hook, String.raw`printf '\033[31mthe branch is locked until Monday\033[0m\a\n' >&2; exit 1`);
  const error = errorOf(await node.land(move, never));
  expect(error.type).toBe("refused");
  expect(error.message).toContain("pre-receive hook declined: the branch is locked until Monday.");
  expect(error.message).not.toMatch(/\p{Cc}|\[31m/u);
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(move.expected);
});

test("a remote that is away leaves nothing in doubt", async () => {
  const node = await fixture.node("alice");
  const move = await prepared(node, "a");
  await rename(fixture.remote, `${fixture.remote}.away`);
  expect(errorOf(await node.land(move, never)).type).toBe("remote-unreachable");
  await rename(`${fixture.remote}.away`, fixture.remote);
  expect(valueOf(await node.land(move, never))).toEqual({ type: "moved" });
});

test("a stale lock on the remote is an unknown outcome, and stays there", async () => {
  const node = await fixture.node("alice");
  const move = await prepared(node, "a");
  const lock = join(fixture.remote, "refs/heads/main.lock");
  await fixture.write(lock, "");
  expect(errorOf(await node.land(move, never)).type).toBe("unknown-outcome");
  expect(existsSync(lock)).toBe(true);
});

test("a push whose answer was lost after the ref moved is found to have moved", async () => {
  const { node, program } = await overSsh();
  const move = await prepared(node, "a");
  // The remote's side has the objects and moves the ref, then the line is dead before it said anything.
  const mirror = join(fixture.directory, "nodes/ssh/mirror.git");
  await fixture.git(fixture.remote, "fetch", "--quiet", mirror, `${move.commit}:refs/heads/skein/x`);
  const swap = `git --git-dir='${fixture.remote}' update-ref refs/heads/main ${move.commit} ${move.expected}`;
  await fixture.executable(program, whenReceiving(`${advertise()}; ${swap}; exit 1`));
  expect(valueOf(await node.land(move, never))).toEqual({ type: "moved" });
});

test("a push that is cut off is an unknown outcome when the branch has not moved", async () => {
  const { node, program } = await overSsh();
  const move = await prepared(node, "a");
  await fixture.executable(program, whenReceiving(`${advertise()}; exit 1`));
  const error = errorOf(await node.land(move, never));
  expect(error.type).toBe("unknown-outcome");
  expect(await fixture.git(fixture.remote, "rev-parse", "main")).toBe(move.expected);
  await fixture.executable(program, whenReceiving(`echo nobody home >&2; exit 255`));
  expect(errorOf(await node.land(move, never)).type).toBe("remote-unreachable");
  await fixture.executable(program, whenReceiving(`eval "$command"`));
  expect(valueOf(await node.land(move, never))).toEqual({ type: "moved" });
});

const advertise = (): string => `git receive-pack --http-backend-info-refs '${fixture.remote}'`;

/** A stand-in for ssh that does something else when it is asked to receive a push. The command is its last argument. */
const whenReceiving = (script: string): string =>
  `for command; do :; done\ncase "$command" in *receive-pack*) ${script};; *) eval "$command";; esac`;

/** A node whose remote is reached through a program of the test's in the place of ssh. */
async function overSsh(): Promise<{ node: Repository; program: string }> {
  const program = join(fixture.directory, "ssh");
  await fixture.executable(program, whenReceiving(`eval "$command"`));
  const remote = `ssh://example.invalid${fixture.remote}`;
  return { node: await fixture.node("ssh", { remote, access: { sshCommand: program } }), program };
}
