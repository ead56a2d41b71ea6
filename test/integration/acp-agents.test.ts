/**
 * Agents that are talked to over the Agent Client Protocol, as real processes on the agent's side of the official SDK: what
 * they make lands, what they ask reaches people, and what they do wrong is said and ends with them.
 */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { inStage, itemThat, printed } from "../e2e/support/items.ts";
import type { Api } from "../support/api-client.ts";
import {
  expectSoundLogs,
  type PartableMesh,
  startMesh,
  startPartableMesh,
  waitForEqualDigests,
} from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { processesUnder } from "../support/processes.ts";
import { landingOf, type Project, skeinYaml } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

const AGENT = join(import.meta.dirname, "..", "e2e", "support", "acp-agent.mjs");
const acp = (more = ""): string =>
  `{ kind: acp, run: [node, ${AGENT}]${more}, env: [ACP_AGENT_LOAD, ACP_AGENT_RESUME, ACP_AGENT_BROKEN, ACP_AGENT_HANGS, ACP_AGENT_BLOCKED] }`;

interface Asked {
  readonly question: string;
  readonly text: string;
  readonly options: readonly string[];
  readonly open: boolean;
  readonly answer: string | null;
  readonly answeredBy: string | null;
  readonly over: string | null;
}

const asked = async (api: Api, id: string): Promise<readonly Asked[]> =>
  (await api.get<{ readonly asked: readonly Asked[] }>(`/items/${id}`)).asked;

const openQuestion = (api: Api, id: string): Promise<Asked> =>
  waitFor(`a question about ${id}`, async () => (await asked(api, id)).find(({ open }) => open), { withinMs: 60_000 });

const add = async (api: Api, mode: string, more = ""): Promise<string> =>
  (await api.addItem({ title: `Agent that ${mode}`, text: `mode: ${mode}\n${more}`, start: true })).id;

const kept = async (project: Project, id: string, file: string): Promise<string> => {
  const { commit } = await landingOf(project, id);
  return project.git(["show", `${commit}:${file}`], project.remote);
};

/** Neither an agent nor what it has left behind runs on this node. */
const isQuiet = ({ data }: NodeProcess): boolean =>
  processesUnder(data).every(({ command }) => !command.includes("acp-agent") && !command.includes("setInterval"));

// Alice never works: Bob's agents ask, and Alice's people answer.
let project: Project;
let mesh: PartableMesh<readonly ["alice", "bob"]>;
let alice: NodeProcess;
let bob: NodeProcess;

beforeAll(async () => {
  project = await world.project({
    config: {
      agent: acp(),
      retries: "{ noProgress: 2, total: 2 }",
      limits: "{ agentIdle: 5s, agentWall: 60s }",
      ask: "{ timeout: 60s }",
    },
  });
  mesh = await startPartableMesh(world, {
    project,
    names: ["alice", "bob"],
    each: (name) => ({ slots: name === "bob" ? 3 : 0 }),
  });
  [alice, bob] = mesh.nodes;
}, 120_000);

test("what an agent makes in its turn lands, and its log reads like a conversation", async () => {
  const id = await add(alice.api, "works");
  await inStage(alice.api, id, "Done");
  expect(await kept(project, id, `work-${id}.txt`)).toBe("done");
  const log = await printed(alice.api, id);
  expect(log).toContain("(thinking) Let me see.\n");
  expect(log).toContain("[plan] 1 of 2 done\n    x Read the story\n    > Write it down\n");
  expect(log).toContain(`[edit] Write work-${id}.txt\n`);
  expect(log).toContain(`[edit] Write work-${id}.txt: completed\n    wrote 5 characters\n`);
  expect(log).toContain("It is done.\n");
  expect(log).toContain("The agent ended its turn and left 1 commit");
  expect(log).toContain("The agent tells what it used: 1200 tokens in, 34 tokens out, 0.2500 USD.");
  expect(log).not.toContain("jsonrpc");
});

test("what an agent tells of its cost is in every node's ledger", async () => {
  const id = await add(alice.api, "works");
  await inStage(alice.api, id, "Done");
  const { cost } = await alice.api.get<{ readonly cost: string }>(`/items/${id}`);
  expect(cost).toBe("$0.25");
  const costs = await world.skein(["costs", "--by", "attempt", "--data", alice.data]);
  expect(costs.stdout).toMatch(new RegExp(`${id}/1 +\\$0\\.25 +1 +1200 +34 +unknown`));
  expect((await world.skein(["costs", "--by", "node", "--data", alice.data])).stdout).toContain("bob");
});

test("an agent that uses up its money is ended, its work is kept, and it goes on once there is more", async () => {
  const poor = await world.project({ name: "poor", config: { agent: acp(), budget: "{ attempt: $0.20 }" } });
  const [hugo] = await startMesh(world, { project: poor, names: ["hugo"], each: () => ({ slots: 1 }) });
  const id = await add(hugo.api, "works");
  const ended = await waitFor("the attempt to be ended", async () => {
    const shown = await hugo.api.item(id);
    return shown.note.startsWith("The attempt was ended for its money") ? shown : undefined;
  });
  expect(ended).toMatchObject({ stage: "Coding", claim: null, attempts: 0 });
  expect(ended.note).toContain(
    `it has cost $0.25, and $0.20 were set aside for it. Its 1 commit is kept on skein/${id}/1`,
  );
  expect(await poor.branches()).toContain(`skein/${id}/1`);
  const why = await world.skein(["why", id, "--data", hugo.data]);
  expect(why.stdout).toContain("It waits for money: its last attempt has cost $0.25, and an attempt may cost $0.20.");
  await poor.push({ "skein.yaml": skeinYaml({ agent: acp(), budget: "{ attempt: $0.30 }" }) }, "More money");
  await inStage(hugo.api, id, "Done");
});

test("a node without a part of the fleet's budget is given what another one does not need, and no more than that is spent", async () => {
  const other = await world.project({ name: "fleet", config: { agent: acp(), budget: "{ attempt: $0.30 }" } });
  const pair = await startMesh(world, {
    project: other,
    names: ["ivan", "judy"],
    each: (name) => ({ slots: name === "judy" ? 1 : 0 }),
  });
  const [ivan, judy] = pair;
  const set = await world.skein(["budget", "set", "0.50/day", "--share", "ivan=1", "--data", ivan.data]);
  expect(set.stderr).toBe("");
  await waitForEqualDigests(pair);
  const first = await add(judy.api, "works");
  await inStage(ivan.api, first, "Done");
  const second = await add(judy.api, "works");
  const words = "It waits for money: this node has $0.25 left of its part of today's budget";
  await waitFor("the second item to wait for money", async () =>
    (await world.skein(["why", second, "--data", judy.data])).stdout.includes(words),
  );
  await waitForEqualDigests(pair);
  const shown = await world.skein(["budget", "--data", ivan.data]);
  expect(shown.stdout).toContain("All nodes together may spend $0.50");
  expect(shown.stdout).toMatch(/ivan +\$0\.50 +\$0\.00 +\$0\.50 +\$0\.00 +\$0\.00 +\$0\.00/);
  expect(shown.stdout).toMatch(/judy +\$0\.00 +\$0\.50 +\$0\.00 +\$0\.25 +\$0\.00 +\$0\.25/);
  await ivan.api.command("item.archive", { item: second });
});

test("a request for permission is the item's question, and the answer from the command line is the option the agent hears", async () => {
  const id = await add(alice.api, "permission");
  const question = await openQuestion(alice.api, id);
  expect(question.text).toBe("May I? Run the installer (execute)\n$ npm install --global left-pad");
  expect(question.options).toEqual(["Allow", "Always allow", "Reject"]);
  expect(await alice.api.tryCommand("item.answer", { item: id, text: "yes-1" })).toMatchObject({ ok: false });
  const answered = await world.skein(["item", "answer", id, "always allow", "--data", alice.data]);
  expect(answered.stderr).toBe("");
  await inStage(alice.api, id, "Done");
  expect(await kept(project, id, `answer-${id}.txt`)).toBe("yes-2");
  expect(await printed(alice.api, id)).toContain("[permission] Run the installer: Always allow\n");
});

test("a form of the agent is a question, and its answer has the type that the form asks for", async () => {
  const id = await add(alice.api, "form");
  const question = await openQuestion(alice.api, id);
  expect(question).toMatchObject({ text: "Which port?", options: [] });
  await alice.api.command("item.answer", { item: id, text: "443" });
  await inStage(alice.api, id, "Done");
  expect(JSON.parse(await kept(project, id, `answer-${id}.txt`))).toEqual({ action: "accept", content: { port: 443 } });
});

test("an agent reviews what another one made: it may only look, its verdict counts, and its cost is the attempt's", async () => {
  const reviewer = `{ kind: acp, run: [node, ${AGENT}] }`;
  const other = await world.project({
    name: "reviewed",
    config: {
      agent: acp(),
      qa: `{ mode: agent, reviewer: ${reviewer}, prompt: "mode: reviews" }`,
      retries: "{ noProgress: 2, total: 1 }",
      budget: "{ attempt: $2, unknown: allow }",
    },
  });
  const [kate] = await startMesh(world, { project: other, names: ["kate"], each: () => ({ slots: 2 }) });
  const good = await add(kate.api, "works");
  const bad = await add(kate.api, "stops", "stop: end_turn\n");
  await inStage(kate.api, good, "Done");
  const log = await printed(kate.api, good);
  expect(log).toContain("[permission] Run the tests: deny, as it may only look\n");
  expect(log).toContain("[permission] Read the work: allow, as it may only look\n");
  const { cost } = await kate.api.get<{ readonly cost: string }>(`/items/${good}`);
  expect(cost).toBe("$0.75");
  expect((await inStage(kate.api, bad, "Archived")).note).toContain("The reviewer rejects it: It is not done.");
  await waitFor("the agents to be gone", () => isQuiet(kate));
});

test("however a turn stops, the reason is said, and what was committed is judged", async () => {
  const reasons = {
    max_tokens: "used up the tokens of its turn before it was done",
    refusal: "refused to go on",
    "something-new": "ended its turn for a reason that is not in the protocol (something-new)",
  };
  for (const [reason, words] of Object.entries(reasons)) {
    const id = await add(alice.api, "stops", `stop: ${reason}\n`);
    await inStage(alice.api, id, "Done");
    expect(await printed(alice.api, id)).toContain(`The agent ${words} and left 1 commit`);
  }
});

test("an agent that dies, fails, hangs, floods or writes garbage is ended with a sentence that says so", async () => {
  const sentences = {
    dies: "The agent exited with 7 in the middle of its turn",
    fails: "The agent failed: Internal error: the model said no",
    deaf: "The agent passed its idle limit",
    floods: "The agent sent more than 1000 messages a second",
    "long-line": "The agent wrote a line of more than 8 MiB",
  };
  const items: (readonly [string, string])[] = [];
  for (const [mode, words] of Object.entries(sentences)) items.push([await add(alice.api, mode), words]);
  // What was committed before the garbage is judged like any other work.
  const garbage = await add(alice.api, "garbage");
  await inStage(alice.api, garbage, "Done");
  expect(await printed(alice.api, garbage)).toContain(
    "The agent wrote what is no message of its protocol: npm notice There is a new version and left 1 commit",
  );
  for (const [id, words] of items) {
    expect((await inStage(alice.api, id, "Archived")).note).toContain(`${words} and left no commit`);
  }
  await waitFor("the agents to be gone", () => isQuiet(bob));
});

test("an item that is taken away is cancelled in the conversation, and nothing of the agent is left", async () => {
  const id = await add(alice.api, "hangs");
  await waitFor("the agent to work", async () => (await printed(alice.api, id)).includes("hanging"));
  expect(isQuiet(bob)).toBe(false);
  await alice.api.command("item.move", { item: id, stage: "backlog" });
  await waitFor("the agent to hear of it", async () =>
    (await printed(alice.api, id)).includes("heard that its turn is"),
  );
  await waitFor("the agent and its daemon to be gone", () => isQuiet(bob));
  await alice.api.command("item.archive", { item: id });
});

test("a throttle of the provider is waited out where the agent works, and costs neither attempt nor claim", async () => {
  const id = await add(alice.api, "limited");
  await inStage(alice.api, id, "Done");
  const log = await printed(alice.api, id);
  expect(log).toContain("The agent's provider has cut it off: Internal error: You've hit your usage limit.");
  expect(log).toContain("It goes on then, where it is.");
  const kinds = (await alice.api.history(id)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "item.sendBack" || kind === "item.claim")).toEqual(["item.claim"]);
});

test("a node whose provider has blocked it hands its item on, with what was done, to a node with quota", async () => {
  const other = await world.project({ name: "blocked", config: { agent: acp(), limits: "{ agentIdle: 60s }" } });
  const pair = await startPartableMesh(world, {
    project: other,
    names: ["hans", "ines"],
    each: (name) => (name === "hans" ? { slots: 2, env: { ACP_AGENT_BLOCKED: "1" } } : { slots: 0 }),
  });
  const [hans] = pair.nodes;
  const id = await add(hans.api, "blocked");
  const back = await waitFor("the item to be handed on", async () =>
    (await hans.api.history(id)).find(({ kind }) => kind === "item.sendBack"),
  );
  expect(back.note).toContain("Try again in 5 hours. It is told to be free again at ");
  // Nothing else that needs the agent begins here meanwhile.
  const second = await add(hans.api, "works");
  await pair.nodes[1].stop();
  const ines = await pair.startAgain("ines", { slots: 1 });
  await inStage(ines.api, id, "Done");
  await inStage(ines.api, second, "Done");
  const claims = (await ines.api.history(second)).filter(({ kind }) => kind === "item.claim");
  expect(claims.map(({ author }) => author === back.author)).toEqual([false]);
  expect((await ines.api.item(id)).attempts).toBe(0);
  expect(JSON.parse(await kept(other, id, `work-${id}.txt`))).toEqual({
    there: [`begun-${id}.txt`, `half-${id}.txt`],
    isTold: true,
  });
  expect(await kept(other, id, `half-${id}.txt`)).toBe("not committed");
});

test("a node whose agent does not start leaves its item to one whose agent does, and it costs no attempt", async () => {
  const other = await world.project({ name: "unlucky", config: { agent: acp(), limits: "{ agentIdle: 60s }" } });
  const pair = await startPartableMesh(world, {
    project: other,
    names: ["nora", "otto"],
    each: (name) => (name === "nora" ? { env: { ACP_AGENT_BROKEN: "login" } } : { slots: 0 }),
  });
  const [nora] = pair.nodes;
  const id = await add(nora.api, "works");
  await itemThat(nora.api, id, "to be held by nora", ({ claim }) => claim !== null, 60_000);
  await pair.nodes[1].stop();
  const otto = await pair.startAgain("otto", { slots: 1 });
  await inStage(otto.api, id, "Done");
  const history = await otto.api.history(id);
  expect(history.find(({ kind }) => kind === "item.release")?.note).toContain("the agent does not start on nora");
  expect(new Set(history.filter(({ kind }) => kind === "item.claim").map(({ author }) => author)).size).toBe(2);
  expect((await otto.api.item(id)).attempts).toBe(0);
});

test("a node that loses its claim in the middle of a turn ends the turn, and the other node's attempt lands once", async () => {
  const other = await world.project({ name: "lost", config: { agent: acp(), limits: "{ agentIdle: 60s }" } });
  const pair = await startPartableMesh(world, {
    project: other,
    names: ["frank", "gina"],
    each: (name) => (name === "frank" ? { slots: 1, env: { ACP_AGENT_HANGS: "1" } } : { slots: 0 }),
  });
  const [frank] = pair.nodes;
  const id = await add(frank.api, "works");
  await waitFor("Frank's agent to work", async () => (await printed(frank.api, id)).includes("hanging"));
  await waitForEqualDigests(pair.nodes);
  pair.part([["frank"], ["gina"]]);
  await pair.nodes[1].stop();
  const gina = await pair.startAgain("gina", { slots: 1 });
  await inStage(gina.api, id, "Done");
  expect((await frank.api.item(id)).claim?.nodeName).toBe("frank");
  pair.heal();
  await inStage(frank.api, id, "Done");
  await waitFor("Frank's agent to hear of it", async () =>
    (await frank.api.logs(id, 1)).text.includes("heard that its turn is cancelled"),
  );
  await waitFor("Frank's agent and its daemon to be gone", () => isQuiet(frank));
  expect(await kept(other, id, `work-${id}.txt`)).toBe("done");
  await waitForEqualDigests([frank, gina]);
  await expectSoundLogs([frank, gina]);
});

test.each([
  ["goes on in the agent's session that is loaded", "load", { ACP_AGENT_LOAD: "1" }, true],
  ["goes on in the agent's session that is resumed", "resume", { ACP_AGENT_RESUME: "1" }, true],
  ["starts afresh where the agent keeps no sessions", "none", {}, false],
])("the next attempt on a node %s", async (_, name, env, goesOn) => {
  const other = await world.project({ name: `memory-${name}`, config: { agent: acp() } });
  const [carol] = await startMesh(world, { project: other, names: [`carol-${name}`], each: () => ({ slots: 1, env }) });
  const id = await add(carol.api, "remembers");
  await inStage(carol.api, id, "Done");
  const { heard, sessionId, text } = JSON.parse(await kept(other, id, `memory-${id}.json`)) as {
    readonly heard: number;
    readonly sessionId: string;
    readonly text: string;
  };
  expect(heard).toBe(goesOn ? 2 : 1);
  expect(sessionId.startsWith(`s-${id}-${goesOn ? 1 : 2}-`)).toBe(true);
  expect(text.includes("You have worked on this story before, in this conversation.")).toBe(goesOn);
  expect(text).toContain("The agent ended its turn and left no commit");
  const log = await printed(carol.api, id);
  expect(log.includes("The agent goes on with the session of its last attempt.")).toBe(goesOn);
  expect(log).not.toContain("REPLAYED");
});

test("what nobody answers takes the fallback, and one that allows or denies always asks nobody", async () => {
  const other = await world.project({
    name: "silent",
    config: { agent: acp(), ask: "{ timeout: 1s, fallback: allow }", retries: "{ noProgress: 1, total: 1 }" },
  });
  const [dora] = await startMesh(world, { project: other, names: ["dora"], each: () => ({ slots: 1 }) });
  const run = async (config: Readonly<Record<string, string>>): Promise<readonly [string, readonly Asked[]]> => {
    await other.git(["pull", "--quiet", "--rebase", "origin", "main"]);
    await other.push({ "skein.yaml": skeinYaml(config) }, `Change the rules: ${JSON.stringify(config)}`);
    const id = await add(dora.api, "permission");
    await inStage(dora.api, id, "Done");
    return [await kept(other, id, `answer-${id}.txt`), await asked(dora.api, id)];
  };
  const answeredBy = [{ answer: "Allow", answeredBy: "timeout", over: "Nobody answered within 1s." }];
  const [fallback, questions] = await run({ agent: acp(), ask: "{ timeout: 1s, fallback: allow }" });
  expect([fallback, questions]).toMatchObject(["yes-1", answeredBy]);
  const [none, unanswered] = await run({ agent: acp(), ask: "{ timeout: 1s }" });
  expect([none, unanswered]).toMatchObject(["no-1", [{ answer: null, over: "Nobody answered within 1s." }]]);
  expect(await run({ agent: acp(", permissions: allow") })).toEqual(["yes-1", []]);
  expect(await run({ agent: acp(", permissions: deny") })).toEqual(["no-1", []]);
});

test("an agent that cannot start a session costs no attempt, and the reason is on the board", async () => {
  const other = await world.project({ name: "broken", config: { agent: acp() } });
  const why = { banner: "Welcome to the agent!", login: "The agent has to be logged in on this machine" };
  const [emil] = await startMesh(world, { project: other, names: ["emil"], each: () => ({ slots: 0 }) });
  for (const [broken, words] of Object.entries(why)) {
    const node = await world.join(`erna-${broken}`, emil, {
      role: "operator",
      slots: 1,
      env: { ACP_AGENT_BROKEN: broken },
    });
    const id = await add(emil.api, "works");
    const item = await itemThat(emil.api, id, "to wait", (one) => one.why.join(" ").includes(words));
    expect(item.attempts).toBe(0);
    await emil.api.command("item.archive", { item: id });
    await node.stop();
  }
});
