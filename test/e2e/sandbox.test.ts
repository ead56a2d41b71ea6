/** Items that land with agent and gate shut in: the shipped agent, a command, one that asks, and one that is not there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { repositoryRoot } from "../support/build-check.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project, skeinYaml } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, printed, skeinLogs } from "./support/items.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

const GATE = "[[node, check.mjs]]";

/** Content only where it finds the change, and not the node's token. */
const REVIEWER = `
const { execFileSync } = require("node:child_process");
const change = execFileSync("git", ["diff", "HEAD^1", "HEAD"], { encoding: "utf8" });
const isShutIn = process.env.HOME === "/home/skein" && !require("node:fs").existsSync(process.argv[2]);
console.log(JSON.stringify({ verdict: isShutIn && change.includes("+shut in") ? "approve" : "reject" }));
`;

beforeAll(async () => {
  project = await world.project({
    files: {
      "agent.mjs": readFileSync(join(import.meta.dirname, "support", "agent.mjs"), "utf8"),
      "asking-agent.mjs": readFileSync(join(import.meta.dirname, "support", "asking-agent.mjs"), "utf8"),
      "review.cjs": REVIEWER,
      "check.mjs": "console.log(`the gate is at home in ${process.env.HOME}`);\n",
    },
    config: { sandbox: "bwrap", gate: GATE },
  });
  await world.found("alice", project);
  node = await world.start("alice", { slots: 1 });
});

const configure = async (config: Readonly<Record<string, string>>, what: string): Promise<void> => {
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  await project.push({ "skein.yaml": skeinYaml({ sandbox: "bwrap", gate: GATE, ...config }) }, what);
};

test("the shipped agent works in bubblewrap, its gate too, and doctor says so", async () => {
  const text = "```skein\n- write: { path: hello.txt, content: shut in }\n```\n";
  const { id } = await node.api.addItem({ title: "Say hello from inside", text, start: true });
  await inStage(node.api, id, "Done");
  const { commit } = await landingOf(project, id);
  expect(await project.git(["show", `${commit}:hello.txt`], project.remote)).toBe("shut in");
  expect(await skeinLogs(world, "alice", id)).toContain("the gate is at home in /home/skein");
  const doctor = await world.skein(["doctor", "--data", node.data]);
  expect(doctor.stdout).toMatch(/Agents run with sandbox: bwrap \(bubblewrap \d+\.\d+/);
  expect(doctor.code).toBe(0);
});

test("a command that is an agent commits, and finds its story in the file", async () => {
  await configure({ agent: "{ kind: command, run: [node, agent.mjs] }" }, "Use a command");
  const { id } = await node.api.addItem({ title: "Honest", text: "mode: honest\n", start: true });
  await inStage(node.api, id, "Done");
  expect(await skeinLogs(world, "alice", id)).toContain("the story file is the same");
});

test("an agent that is talked to is shut in too, with what node.yaml gives it to read", async () => {
  const agent = join(import.meta.dirname, "support", "acp-agent.mjs");
  const packages = ["@agentclientprotocol", "zod"].map((name) => join(repositoryRoot, "node_modules", name));
  const read = [agent, ...packages].map((path) => JSON.stringify(path)).join(", ");
  writeFileSync(join(node.data, "node.yaml"), `sandbox: { read: [${read}] }\n`);
  await configure({ agent: `{ kind: acp, run: [node, ${agent}] }` }, "Talk to one");
  const { id } = await node.api.addItem({ title: "Talk", text: "mode: works\n", start: true });
  await inStage(node.api, id, "Done");
  expect(await skeinLogs(world, "alice", id)).toContain("The agent ended its turn");
});

test("reviewers are shut in too, one that is talked to and one that is a command, and see the change", async () => {
  const agent = join(import.meta.dirname, "support", "acp-agent.mjs");
  const qa = `{ mode: agent, reviewer: { kind: acp, run: [node, ${agent}] }, prompt: "mode: reviews" }`;
  await configure({ qa }, "Let an agent review");
  const text = '```skein\n- write: { path: work.txt, content: "done\\n" }\n```\n';
  const { id: talked } = await node.api.addItem({ title: "Reviewed in a talk", text, start: true });
  await inStage(node.api, talked, "Done");
  expect(await skeinLogs(world, "alice", talked)).toContain("Run the tests: deny, as it may only look");
  await configure(
    { qa: `{ mode: agent, reviewer: [node, review.cjs, ${join(node.data, "token")}] }` },
    "Let a command review",
  );
  const more = "```skein\n- write: { path: more.txt, content: shut in }\n```\n";
  const { id: run } = await node.api.addItem({ title: "Reviewed by a command", text: more, start: true });
  await inStage(node.api, run, "Done");
  expect((await node.api.item(run)).attempts).toBe(0);
});

test("an agent that is not in the sandbox costs no attempt, and the item says what to do", async () => {
  const hidden = join(world.directory("tools"), "my-agent");
  await configure({ agent: `{ kind: command, run: [${hidden}] }` }, "Use one that is nowhere");
  const { id } = await node.api.addItem({ title: "Nobody there", start: true });
  await waitFor("the reason to be said", async () => {
    const said = await printed(node.api, id);
    if (said.includes("there is no such program")) return true;
    throw new NotYet(said);
  });
  expect(await node.api.item(id)).toMatchObject({ stage: "Coding", attempts: 0 });
  await configure({}, "Use the shipped agent again");
  await itemThat(node.api, id, "to be done", (item) => item.stage === "Done", 90_000);
});
