/** The README's walk, as a person does it: your own repository in five minutes, and a second machine with one line. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

import { repositoryRoot } from "../support/build-check.ts";
import { testEnvironment } from "../support/skein-command.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { createPerson, type Person } from "./support/person.ts";

const world = useWorld();
const README = readFileSync(join(repositoryRoot, "README.md"), "utf8");

/** A line that the test types must be one that the README shows. */
const shown = (line: string): string => {
  expect(README).toContain(line);
  return line;
};

interface Listed {
  readonly id: string;
  readonly stage: string;
  readonly title: string;
  readonly mergeCommit: string | null;
}

async function done(person: Person, title: string): Promise<Listed> {
  return waitFor(
    `"${title}" to be Done`,
    async () => {
      const items = (await person.types("npx skein item list --all --json")).json<readonly Listed[]>();
      return items.find((item) => item.title === title && item.stage === "Done");
    },
    { withinMs: 60_000, everyMs: 250 },
  );
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const identity = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com", "-c", "init.defaultBranch=main"];
  const { stdout } = await promisify(execFile)("git", [...identity, ...args], {
    cwd,
    env: testEnvironment(world.directory("home-of-git")),
  });
  return stdout.trim();
}

async function freshRepository(): Promise<string> {
  const repository = world.directory("my-project");
  const manifest = { name: "my-project", version: "1.0.0", type: "module", scripts: { test: "node --test" } };
  writeFileSync(join(repository, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(join(repository, "test"));
  writeFileSync(
    join(repository, "test", "sum.test.js"),
    'import { test } from "node:test";\nimport assert from "node:assert";\ntest("sums", () => assert.strictEqual(1 + 1, 2));\n',
  );
  await git(repository, "init", "--quiet");
  await git(repository, "add", "--all");
  await git(repository, "commit", "--quiet", "-m", "Begin");
  return repository;
}

test("init, up, item add and git log; then a second machine joins with the printed line and works", async () => {
  const repository = await freshRepository();
  const alice = createPerson(world, "alice", repository);

  const init = await alice.types(shown("npx skein init"));
  expect(init.code, init.stderr).toBe(0);
  expect(init.stdout).toContain("Project my-project lands on main");
  expect(init.stdout).toContain("Gate: npm test");
  expect(init.stdout).toContain(`Wrote ${join(repository, "skein.yaml")}`);
  // It prints the two next commands, which work as printed.
  const printed = init.stdout.match(/^ {2}npx skein .*$/gm)?.map((line) => line.trim());
  expect(printed).toEqual([shown("npx skein up"), shown('npx skein item add "Say hello" --start')]);
  const [up = "", add = ""] = printed ?? [];

  const first = alice.runs(up);
  const [, board = ""] = await first.prints(/^Board: (http:\/\/\S+)$/m);
  expect((await fetch(board)).status).toBe(200);
  const added = await alice.types(add);
  expect(added.code, added.stderr).toBe(0);
  const hello = await done(alice, "Say hello");

  // A link counts once, so each is another one.
  expect((await alice.types(shown("npx skein board"))).stdout).toContain(
    `Live: ${new URL(board).origin}/#/login?code=`,
  );
  shown("npx skein logs <item> -f");
  const logs = await alice.types(`npx skein logs ${hello.id} -f`);
  expect(logs.stdout).toMatch(/(# pass 1|ℹ pass 1)$/m);
  expect(logs.stdout).toContain(`Landed as ${hello.mergeCommit ?? ""}.`);
  const log = await git(repository, ...shown("git log --first-parent").split(" ").slice(1), "main");
  expect(log).toMatch(new RegExp(`^commit ${hello.mergeCommit ?? ""}`));
  expect(log).toContain(`Skein-Item: ${hello.id}`);
  // It landed in the checkout that the person stands in, and nothing of theirs is in the way.
  expect(readFileSync(join(repository, "stories", `${hello.id}.md`), "utf8")).toContain("Say hello");
  expect(await git(repository, "status", "--porcelain")).toBe("?? skein.yaml");
  await git(repository, "add", "skein.yaml");
  await git(repository, "commit", "--quiet", "-m", "Add skein.yaml");
  expect(await first.interrupt()).toBe(0);

  // On all interfaces, as the README says; the port is any free one.
  shown("npx skein up --listen 0.0.0.0:4710");
  const again = alice.runs("npx skein up --listen 0.0.0.0:0");
  await again.prints(/^Board: /m);
  const invite = await alice.types(shown("npx skein invite --role agent"));
  const line = /^npx skein agent --rendezvous .*$/m.exec(invite.stdout)?.[0] ?? "";
  const bob = createPerson(world, "bob", world.directory("elsewhere"));
  const second = bob.runs(line);
  await second.prints(/^Node \S+ is up\./m);
  await waitFor("both to be ready for work", async () => {
    const nodes = (await alice.types("npx skein nodes --json")).json<readonly { readonly slotsFree: number }[]>();
    return nodes.length === 2 && nodes.every((node) => node.slotsFree === 1);
  });

  // Two at once, and one slot each: the second machine gets one of them.
  const story = join(world.directory("stories"), "slow.md");
  writeFileSync(story, "```skein\n- sleep: 3s\n- write: { path: slow.txt, content: slow }\n```\n");
  await alice.types(`npx skein item add "One" --text ${story} --start`);
  await alice.types(`npx skein item add "Two" --start`);
  const items = [await done(alice, "One"), await done(alice, "Two")];
  const holders = new Set<string>();
  for (const { id } of items) {
    const attempts = (await alice.types(`npx skein item show ${id} --json`)).json<{
      readonly attemptLog: readonly { readonly node: string; readonly outcome: string }[];
    }>().attemptLog;
    for (const { node, outcome } of attempts) if (outcome === "landed") holders.add(node);
  }
  expect(holders.size).toBe(2);
  expect(
    await git(repository, "log", "--first-parent", "--format=%(trailers:key=Skein-Item,valueonly)", "main"),
  ).toContain(items[0]?.id);
  expect(await second.interrupt()).toBe(0);
});
