/**
 * Money of a plain command (docs/agents.md): what it writes into `usage.jsonl` is in the ledger, the cap of an attempt ends it
 * while it runs, and the cap of an item refuses the next attempt with a reason that a person can act on.
 */
import { beforeAll, expect, test } from "vitest";

import { inStage, printed } from "../e2e/support/items.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { type Project, skeinYaml } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

/** Commits when the story says so, and tells step by step what the story says it has cost. */
const AGENT = `
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
const story = readFileSync(0, "utf8");
const isHanging = story.includes("and hangs");
// First, as what it tells may be its end.
if (story.includes("and commits")) {
  writeFileSync("work-" + process.env.SKEIN_ITEM + ".txt", "done");
  execFileSync("git", ["add", "--all"]);
  execFileSync("git", ["commit", "--quiet", "-m", "Work"]);
}
const costs = /^costs: (.+)$/m.exec(story)[1].split(" ").map(Number);
for (const usd of costs) {
  const told = { model: "big-one", input: 1200, output: 340, usd };
  appendFileSync(process.env.SKEIN_ASK + "/usage.jsonl", JSON.stringify(told) + "\\n");
  await delay(300);
}
// A day is long enough: what ends it sooner is what is tested.
if (isHanging) await delay(86_400_000);
`;

const GATE = 'console.log("the gate has looked");\n';

const CONFIG = {
  agent: "{ kind: command, run: [node, agent.mjs] }",
  budget: "{ attempt: $1, item: $1.50 }",
  retries: "{ noProgress: 5, total: 8 }",
};

const world = useWorld();
let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await world.project({ files: { "agent.mjs": AGENT, "check.mjs": GATE }, config: CONFIG });
  await world.found("alice", project);
  node = await world.start("alice", { slots: 3 });
});

const add = async (title: string, story: string): Promise<string> =>
  (await node.api.addItem({ title, text: story, start: true })).id;

async function skein<T>(...args: readonly string[]): Promise<T> {
  const result = await world.skein([...args, "--json", "--data", node.data]);
  if (result.code !== 0) throw new Error(`skein ${args.join(" ")} ended with ${String(result.code)}: ${result.stderr}`);
  return result.json<T>();
}

interface Costs {
  readonly rows: readonly { readonly key: string; readonly microUsd: number; readonly unknown: number }[];
}

interface Stuck {
  readonly item: string;
  readonly causes: readonly { readonly why: string; readonly exit: string }[];
}

/** Waits until it is stuck for one reason, and gives that. */
const stuckBecause = (id: string): Promise<Stuck["causes"][number]> =>
  waitFor(
    `${id} to be stuck`,
    async () => {
      const causes = (await node.api.command<readonly Stuck[]>("stuck")).find(({ item }) => item === id)?.causes ?? [];
      const [cause] = causes;
      if (cause === undefined || causes.length > 1) throw new NotYet(JSON.stringify(causes));
      return cause;
    },
    { withinMs: 30_000 },
  );

test("what a command tells is in the ledger: by item, attempt and model, with its tokens", async () => {
  const id = await add("Cheap", "costs: 0.10 0.25\nand commits\n");
  await inStage(node.api, id, "Done");
  expect(await printed(node.api, id)).toContain("the gate has looked");
  const row = { microUsd: 250_000, unknown: 0, attempts: 1, reserved: 0, cost: "$0.25" };
  const tokens = { input: 1200, output: 340, cacheRead: null, cacheWrite: null };
  expect((await skein<Costs>("costs")).rows).toEqual([expect.objectContaining({ key: id, ...row, tokens })]);
  expect((await skein<Costs>("costs", "--by", "attempt")).rows).toMatchObject([{ key: `${id}/1`, ...row }]);
  expect((await skein<Costs>("costs", "--by", "model")).rows).toMatchObject([{ key: "big-one", ...row, tokens }]);
  expect((await skein<Costs>("costs", "--by", "agent")).rows).toMatchObject([{ key: "command node", ...row }]);
});

test("an attempt that has used up its money is ended while it runs, and its work is kept and not tested", async () => {
  const id = await add("Dear", "costs: 0.40 0.90 1.20\nand commits and hangs\n");
  const { why, exit } = await stuckBecause(id);
  expect(why).toBe(
    "it waits for money: its last attempt has cost $1.20, and an attempt may cost $1.00. Raise budget.attempt in skein.yaml, " +
      `or start it anew: \`skein item move ${id} backlog\` and \`skein item start ${id}\``,
  );
  expect(exit).toBe(`skein item move ${id} backlog`);
  const item = await node.api.item(id);
  expect(item).toMatchObject({ stage: "Coding", claim: null, attempts: 0, attemptLog: [{ epoch: 1 }] });
  expect(item.note).toMatch(
    new RegExp(
      `^The attempt was ended for its money: it has cost \\$1\\.20, .* Its 1 commit is kept on skein/${id}/1\\.$`,
      "u",
    ),
  );
  const spent = (await skein<Costs>("costs", "--by", "attempt")).rows.find(({ key }) => key === `${id}/1`);
  expect(spent).toMatchObject({ microUsd: 1_200_000, unknown: 0, reserved: 0 });
  // Green by accident, half a story would have landed.
  expect(await printed(node.api, id)).not.toContain("the gate has looked");
  expect((await project.landed()).flatMap(({ items }) => items)).not.toContain(id);
});

test("an item whose money is gone is not claimed again, and goes on once its cap is raised", async () => {
  const id = await add("Fails", "costs: 0.80\n");
  const { why, exit } = await stuckBecause(id);
  expect(why).toBe(
    "it waits for money: it has $0.80 of $1.50 spent or set aside; that leaves $0.70, and an attempt may take $1.00. Raise " +
      "budget.item in skein.yaml",
  );
  expect(exit).toBe("skein costs --by item");
  expect(await node.api.item(id)).toMatchObject({
    stage: "Coding",
    claim: null,
    attempts: 1,
    attemptLog: [{ epoch: 1 }],
  });
  await node.api.command("item.edit", { item: id, text: "costs: 0.80\nand commits\n" });
  await project.git(["pull", "--quiet", "--ff-only", "origin", "main"]);
  await project.push({ "skein.yaml": skeinYaml({ ...CONFIG, budget: "{ attempt: $1, item: $2 }" }) }, "More money");
  await inStage(node.api, id, "Done");
  expect((await skein<Costs>("costs")).rows.find(({ key }) => key === id)).toMatchObject({ microUsd: 1_600_000 });
});
