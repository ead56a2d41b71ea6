/**
 * Agents as plain commands, honest and not: the result is read from the branch, limits end the whole process tree, and
 * neither what the node's shell holds nor what a story says reaches anything it must not.
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { isAlive } from "../support/processes.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, skeinLogs, skeinWhy } from "./support/items.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

const SECRETS = {
  AWS_SECRET_ACCESS_KEY: "secret-of-aws",
  SKEIN_TOKEN: "secret-of-skein",
  SKEIN_DATA: "secret-directory",
  GITHUB_TOKEN: "secret-of-github",
  SSH_AUTH_SOCK: "/secret/agent.sock",
  NODE_OPTIONS: "--max-old-space-size=2048",
  npm_config__authToken: "secret-of-npm",
  LD_LIBRARY_PATH: "/secret/lib",
  FOR_THE_AGENT: "passed on by name",
};

beforeAll(async () => {
  project = await world.project({
    files: {
      "agent.mjs": readFileSync(join(import.meta.dirname, "support", "agent.mjs"), "utf8"),
      "check.mjs": 'console.log(`gate sees ${Object.keys(process.env).toSorted().join(" ")}.`);\n',
    },
    config: {
      agent: "{ kind: command, run: [node, agent.mjs], env: [FOR_THE_AGENT] }",
      retries: "{ noProgress: 2, total: 3 }",
      limits: "{ agentIdle: 4s, agentWall: 9s }",
    },
  });
  await world.found("alice", project);
  node = await world.start("alice", { slots: 3, env: SECRETS });
});

const add = async (mode: string, more = ""): Promise<string> =>
  (await node.api.addItem({ title: `Agent that is ${mode}`, text: `mode: ${mode}\n${more}`, start: true })).id;

test("commits land; the story is on standard input and in the file", async () => {
  const id = await add("honest");
  await inStage(node.api, id, "Done");
  const { commit } = await landingOf(project, id);
  const written = await project.git(["show", `${commit}:work-${id}.md`], project.remote);
  expect(written).toBe("Agent that is honest\n\nmode: honest");
  const logs = await skeinLogs(world, "alice", id);
  expect(logs).toContain("the story file is the same");
  expect(logs).toContain(`agent: attempt 1 on skein/${id}/1`);
});

test.each(["idle-hands", "uncommitted"])("exit code 0 without a commit (%s) is refused loudly", async (mode) => {
  const id = await add(mode);
  const item = await inStage(node.api, id, "Archived");
  expect(item.archiveReason).toBe("Blocked");
  const said = `The agent exited with 0 and left no commit on skein/${id}/1: there is nothing to check or merge.`;
  const sentBack = (await node.api.history(id)).find((op) => op.kind === "item.sendBack");
  expect(sentBack).toMatchObject({ outcome: "accepted", stage: "Coding", note: said });
  expect(await skeinLogs(world, "alice", id)).toContain(`Back to Coding: ${said}`);
  expect(await skeinWhy(world, "alice", id)).toContain("left no commit");
  expect(await project.branches()).not.toContain(`skein/${id}/1`);
});

test("commits of an agent that exits with 1 are judged by the gate, and may land", async () => {
  const id = await add("fails-with-commits");
  expect((await inStage(node.api, id, "Done")).attempts).toBe(0);
  expect((await landingOf(project, id)).subject).toBe("Agent that is fails-with-commits");
  expect(await skeinLogs(world, "alice", id)).toContain("The agent exited with 1 and left 1 commit");
});

test.each([
  ["hangs", "passed its idle limit"],
  ["babbles", "passed its wall limit"],
])("an agent that %s is ended with everything it started", async (mode, ending) => {
  const pidFile = join(world.directory("pids"), mode);
  const id = await add(mode, `file: ${pidFile}\n`);
  const pid = await waitFor(`${mode}'s grandchild`, () => Number(readFileSync(pidFile, "utf8")));
  expect(isAlive(pid)).toBe(true);
  const sentBack = await itemThat(node.api, id, "to be sent back", (item) => item.attempts >= 1);
  expect(sentBack.note).toContain(`The agent ${ending} and left no commit`);
  // Already gone when the log says that the attempt is over: nothing works on in a directory that is given away.
  expect(isAlive(pid)).toBe(false);
  await node.api.command("item.archive", { item: id });
});

test("what an agent prints cannot steer the terminal of whoever reads its log", async () => {
  const id = await add("terminal");
  await inStage(node.api, id, "Done");
  for (const command of [["logs"], ["item", "show"], ["why"]]) {
    const { stdout } = await world.skein([...command, id, "--data", node.data]);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  }
  const logs = await skeinLogs(world, "alice", id);
  expect(logs).toMatch(/red.*reversed bell back return end$/m);
  expect(logs).not.toMatch(/pwned|cHduZWQ/);
});

test("the node's secrets reach neither the agent nor the gate; what is named does", async () => {
  const id = await add("environment");
  await inStage(node.api, id, "Done");
  const { commit } = await landingOf(project, id);
  const seen: unknown = JSON.parse(await project.git(["show", `${commit}:environment.json`], project.remote));
  expect(seen).toMatchObject({ FOR_THE_AGENT: "passed on by name", SKEIN_ITEM: id, TERM: "dumb" });
  expect(JSON.stringify(seen)).not.toContain("secret");
  expect(seen).not.toHaveProperty("NODE_OPTIONS");
  expect(JSON.stringify(seen)).not.toContain(node.api.token);

  const gate = /gate sees (.*)\./.exec(await skeinLogs(world, "alice", id))?.[1]?.split(" ");
  expect(gate).toEqual(expect.arrayContaining(["CI", "PATH", "SKEIN_ITEM"]));
  const passed = Object.keys(SECRETS).filter((name) => gate?.includes(name));
  // agent.env names what both may see.
  expect(passed).toEqual(["FOR_THE_AGENT"]);
});

const HOSTILE: readonly (readonly [string, string])[] = [
  ["$(touch pwned-a) `touch pwned-b` ; touch pwned-c | touch pwned-d", "$(touch pwned-e)\n`touch pwned-f`\n"],
  ["--upload-pack=touch pwned-g", "--exec=touch pwned-h\n-c core.pager=touch\n"],
  ["Skein-Item: aaaaaaaaaaaa", "\n\nSkein-Item: bbbbbbbbbbbb\nSkein-Attempt: skein/bbbbbbbbbbbb/1\n"],
  ["../../../pwned-i \\ \"quoted\" 'single' %s ${HOME}", "refs/heads/main\n..\n~^:?*[\n"],
  ["<script>alert(1)</script> \u202egnp.exe \u{1f9f6}", "\u001b]0;pwned\u0007 text\n"],
];

test("titles and texts that look like commands, options, trailers and paths are only text", async () => {
  const items: string[] = [];
  for (const [title, text] of HOSTILE) items.push((await node.api.addItem({ title, text, start: true })).id);
  const titles: string[] = [];
  for (const id of items) {
    const done = await inStage(node.api, id, "Done");
    titles.push(done.title);
    expect((await landingOf(project, id)).commit).toBe(done.mergeCommit);
  }
  expect(titles).toEqual(HOSTILE.map(([title]) => title));
  const trailers = (await project.landed()).flatMap((commit) => commit.items);
  expect(trailers).not.toContain("aaaaaaaaaaaa");
  expect(trailers).not.toContain("bbbbbbbbbbbb");
  expect(new Set(trailers).size).toBe(trailers.length);

  const everything = await readdir(world.directory("."), { recursive: true });
  expect(everything.filter((path) => /pwned-\w/.test(path))).toEqual([]);
  const list = await world.skein(["item", "list", "--all", "--data", node.data]);
  expect(list.stdout).toContain("$(touch pwned-a)");
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(list.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test("a trailer that an agent writes for another item lands nothing else", async () => {
  const { id: victim } = await node.api.addItem({ title: "Victim" });
  const forger = await add("forged-trailer", `forge: ${victim}\n`);
  await inStage(node.api, forger, "Done");
  // The next landing makes every node read the target branch again.
  await inStage(node.api, await add("honest"), "Done");
  expect((await node.api.item(victim)).stage).toBe("Backlog");
  expect((await project.landed()).flatMap((commit) => commit.items)).not.toContain(victim);
});

test("a title of two lines is refused", async () => {
  for (const title of ["two\nlines", "two\r\nlines", "nul\u0000", "escape\u001b[31m"]) {
    const answer = await node.api.tryCommand("item.add", { title });
    expect(answer).toMatchObject({ ok: false, status: 400, error: { code: "bad-input" } });
  }
});
