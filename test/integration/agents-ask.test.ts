/**
 * A running agent asks, and a person on another node answers: whoever answers first, whoever holds the claim, and whatever an
 * agent puts where its questions go.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { inStage, itemThat, printed } from "../e2e/support/items.ts";
import type { Api } from "../support/api-client.ts";
import {
  expectSoundLogs,
  type PartableMesh,
  script,
  startMesh,
  startPartableMesh,
  waitForEqualDigests,
} from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

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

/** The item's open question, as this node sees it. */
const openQuestion = (api: Api, id: string): Promise<Asked> =>
  waitFor(`a question about ${id}`, async () => (await asked(api, id)).find(({ open }) => open), {
    withinMs: 60_000,
  });

const agent = readFileSync(join(import.meta.dirname, "..", "e2e", "support", "asking-agent.mjs"), "utf8");

// Alice and Carol never work: Bob holds every claim, and the questions come from him.
let project: Project;
let mesh: PartableMesh<readonly ["alice", "bob", "carol"]>;
let alice: NodeProcess;
let bob: NodeProcess;
let carol: NodeProcess;

beforeAll(async () => {
  project = await world.project({
    files: { "agent.mjs": agent },
    config: {
      agent: "{ kind: command, run: [node, agent.mjs] }",
      retries: "{ noProgress: 1, total: 1 }",
      limits: "{ agentIdle: 3s, agentWall: 90s }",
    },
  });
  mesh = await startPartableMesh(world, {
    project,
    names: ["alice", "bob", "carol"],
    each: (name) => ({ slots: name === "bob" ? 3 : 0 }),
  });
  [alice, bob, carol] = mesh.nodes;
}, 120_000);

const add = async (mode: string, more = ""): Promise<string> =>
  (await alice.api.addItem({ title: `Agent that ${mode}`, text: `mode: ${mode}\n${more}`, start: true })).id;

const kept = async (id: string, from: Project = project): Promise<string> => {
  const { commit } = await landingOf(from, id);
  return from.git(["show", `${commit}:answer-${id}.txt`], from.remote);
};

test("an agent on one node gets what a person answers on another, and its silence meanwhile is excused", async () => {
  const id = await add("asks");
  const question = await openQuestion(carol.api, id);
  expect(question).toMatchObject({ text: "Which port?", options: [], answer: null });
  expect((await carol.api.item(id)).why.join(" ")).toContain("The agent asks and waits for an answer: Which port?");
  const listed = await world.skein(["questions", "--data", carol.data]);
  expect(listed.stdout).toMatch(new RegExp(`${id} +${question.question} +bob +Which port\\?`));
  // By the time that another agent was ended for its silence, this one has been silent for longer.
  const hangs = await add("hangs");
  const ended = await itemThat(alice.api, hangs, "to be over", ({ stage }) => stage === "Archived");
  expect(ended.note).toContain("passed its idle limit");

  const answered = await world.skein(["item", "answer", id, "port 443 --please", "--data", carol.data]);
  expect(answered.stderr).toBe("");
  expect(answered.stdout).toContain("Answered");
  await inStage(alice.api, id, "Done");
  expect(await kept(id)).toBe("port 443 --please");
  expect(await asked(alice.api, id)).toMatchObject([{ answer: "port 443 --please", answeredBy: "carol", open: false }]);
  const shown = await world.skein(["item", "show", id, "--data", alice.data]);
  expect(shown.stdout).toContain("port 443 --please (carol)");

  const late = await alice.api.tryCommand("item.answer", { item: id, text: "80", question: question.question });
  expect(late).toMatchObject({ ok: false, error: { code: "not-legal" } });
  expect((await world.skein(["questions", "--data", alice.data])).stdout).toContain("Nobody asks anything.");
});

test("of two answers at once on nodes that do not hear each other the agent gets one, and that one counts everywhere", async () => {
  const id = await add("asks-options");
  const { question, options } = await openQuestion(alice.api, id);
  await openQuestion(carol.api, id);
  expect(options).toEqual(["allow", "deny"]);
  expect(await alice.api.tryCommand("item.answer", { item: id, text: "maybe" })).toMatchObject({
    ok: false,
    error: { message: "The answer is one of: allow, deny." },
  });
  mesh.part([["alice"], ["bob"], ["carol"]]);
  await alice.api.command("item.answer", { item: id, text: "Allow" });
  await carol.api.command("item.answer", { item: id, text: "deny" });
  mesh.heal();
  await inStage(bob.api, id, "Done");
  const got = await kept(id);
  expect(options).toContain(got);
  await waitForEqualDigests(mesh.nodes);
  for (const { api } of mesh.nodes) {
    expect(await asked(api, id)).toMatchObject([{ question, answer: got, open: false }]);
  }
  const kinds = (await alice.api.history(id)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "item.answer")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "item.unask")).toHaveLength(1);
  await expectSoundLogs(mesh.nodes);
});

test("an agent that dies while it asks leaves no open question, and a late answer is refused with the reason", async () => {
  const id = await add("asks-and-dies");
  await inStage(alice.api, id, "Archived");
  const [left] = await asked(alice.api, id);
  expect(left).toMatchObject({ text: "Is anybody there?", open: false, answer: null });
  expect(left?.over).toBe("The agent ended before it had an answer.");
  const late = await carol.api.tryCommand("item.answer", { item: id, text: "yes", question: left?.question });
  expect(late).toMatchObject({ ok: false, error: { code: "not-legal" } });
  expect(late.ok ? "" : late.error.message).toContain("The agent ended before it had an answer.");
});

test("a node that is killed while its agent asks leaves a question that nobody can answer any more", async () => {
  const id = await add("asks");
  const { question } = await openQuestion(alice.api, id);
  await bob.kill();
  await alice.api.command("item.move", { item: id, stage: "backlog" });
  expect(await asked(alice.api, id)).toMatchObject([{ question, open: false, answer: null, over: null }]);
  const late = await alice.api.tryCommand("item.answer", { item: id, text: "80", question });
  expect(late).toMatchObject({ ok: false, error: { code: "not-legal" } });
  await alice.api.command("item.archive", { item: id });
  bob = await mesh.startAgain("bob", { slots: 3 });
});

test("links, pipes, huge and binary files, odd names and a thousand files ask nothing that they must not", async () => {
  const id = await add("is-hostile");
  await inStage(alice.api, id, "Done", 90_000);
  const { commit } = await landingOf(project, id);
  const seen: unknown = JSON.parse(await project.git(["show", `${commit}:seen.json`], project.remote));
  expect(seen).toEqual({
    link: "The question cannot be read: it is a symbolic link.\n",
    pipe: "The question is not a plain file.\n",
    folder: "The question is not a plain file.\n",
    huge: "The question's file has more than 4096 bytes.\n",
    binary: expect.stringContaining("The question is not JSON in UTF-8."),
    empty: expect.stringContaining("The question is not JSON in UTF-8."),
    shape: expect.stringContaining("The question has no text."),
    many: "An attempt asks at most 16 questions.\n",
    secret: "untouched",
    odd: [],
  });
  const questions = await asked(alice.api, id);
  expect(questions).toHaveLength(16);
  expect(questions.every(({ text, open }) => /^Number \d+\?$/.test(text) && !open)).toBe(true);
  expect(JSON.stringify(questions)).not.toContain("secret");
  const log = await printed(alice.api, id);
  expect(log).toContain("its name must be 1 to 20 of a-z, 0-9 and dashes");
});

test("an answer replaces a link that the agent has put in its place, and writes nothing through it", async () => {
  const id = await add("links-answer");
  await openQuestion(alice.api, id);
  await alice.api.command("item.answer", { item: id, text: "replaced" });
  await inStage(alice.api, id, "Done");
  expect(await kept(id)).toBe("replaced, and the other file is untouched");
});

test("what nobody answers is answered by the fallback where that is an option, and by an error where it is not", async () => {
  const other = await world.project({
    name: "other",
    config: { ask: "{ timeout: 1s, fallback: deny }", retries: "{ noProgress: 1, total: 1 }" },
  });
  // The holder is no operator: it may still say what nobody else did about its own question.
  const [dora] = await startMesh(world, { project: other, names: ["dora"], each: () => ({ slots: 0 }) });
  const emil = await world.join("emil", dora, { role: "agent", slots: 2 });
  const ask = (options: string): Promise<{ readonly id: string }> =>
    dora.api.addItem({
      title: `Ask for ${options}`,
      text: script(`- ask: { text: "Delete it?", options: ${options}, to: answer.txt }\n- commit: Done as told`),
      start: true,
    });
  const fits = await ask("[allow, deny]");
  const cannot = await ask("[yes, no]");
  await inStage(dora.api, fits.id, "Done");
  const { commit } = await landingOf(other, fits.id);
  expect(await other.git(["show", `${commit}:answer.txt`], other.remote)).toBe("deny");
  expect(await asked(dora.api, fits.id)).toMatchObject([
    { answer: "deny", answeredBy: "timeout", over: "Nobody answered within 1s." },
  ]);
  await inStage(dora.api, cannot.id, "Archived");
  expect(await asked(dora.api, cannot.id)).toMatchObject([{ answer: null, over: "Nobody answered within 1s." }]);
  expect(await printed(dora.api, cannot.id)).toContain("There is no answer to question: Nobody answered within 1s.");
  await waitForEqualDigests([dora, emil]);
  await expectSoundLogs([dora, emil]);
});
