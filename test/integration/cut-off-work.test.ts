/**
 * Work that is cut off half-way is gone on with (ADR 0030): a node that is told to stop hands on what its agent has made, and
 * a node that is killed finds what its agent had committed. Neither costs the item an attempt, and no half is made twice.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { type ControlledWork, controlledWork } from "../support/controlled-work.ts";
import { expectSoundLogs, startMesh, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
let doors: string;
let work: ControlledWork;
let project: Project;
let watch: NodeProcess;
const workers = new Map<string, NodeProcess>();

/** Commits the first half unless it is there, writes some more, and comes to the door in the middle of its work. */
const AGENT = `
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { pass } from "./door.mjs";
const { SKEIN_ITEM: item, SKEIN_EPOCH: epoch, SKEIN_ATTEMPT: attempt } = process.env;
const git = (...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
const note = (name, line) => appendFileSync(process.env.DOORS + "/" + name + "-" + item, line + "\\n");
const commit = (half) => {
  writeFileSync("work/" + item + "-" + half + ".txt", half + " half, epoch " + epoch + ", attempt " + attempt + "\\n");
  git("add", "--all");
  git("commit", "--quiet", "-m", "The " + half + " half");
  note("made", half + " " + git("rev-parse", "HEAD"));
};
mkdirSync("work", { recursive: true });
if (!existsSync("work/" + item + "-first.txt")) commit("first");
if (!existsSync("work/" + item + "-rest.txt")) writeFileSync("work/" + item + "-rest.txt", "not committed yet\\n");
await pass("coding");
commit("second");
`;

beforeAll(async () => {
  doors = world.directory("doors");
  work = controlledWork(doors);
  project = await world.project({
    files: { ...work.files, "agent.mjs": AGENT },
    config: {
      ...work.config,
      agent: "{ kind: command, run: [node, agent.mjs], env: [DOORS] }",
      // Longer than a busy machine keeps a holder from its beats.
      claim: "{ ttl: 6s, stagger: 100ms }",
    },
  });
  const [founder, ...others] = await startMesh(world, {
    project,
    names: ["watch", "one", "two"],
    each: (name) => ({ slots: name === "watch" ? 0 : 1, env: { DOORS: doors } }),
  });
  watch = founder;
  for (const node of others) workers.set(node.name, node);
}, 120_000);

/** Adds an item, and waits until its agent is in the middle of it. */
async function halfDone(title: string): Promise<{ readonly id: string; readonly holder: NodeProcess }> {
  work.shut("coding-1");
  const { id } = await watch.api.addItem({ title, start: true });
  await waitFor("an agent to have made half of it", () => work.arrivals().includes(`coding-${id}-1`));
  const { claim } = await watch.api.item(id);
  const holder = workers.get(claim?.nodeName ?? "");
  if (holder === undefined) throw new Error(`who is ${String(claim?.nodeName)}?`);
  return { id, holder };
}

/** What agents have committed of it, in order: which half, and the commit. */
const madeOf = (id: string): readonly (readonly [half: string, commit: string])[] => {
  const file = join(doors, `made-${id}`);
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  return lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]);
};

/** It has landed once, with both halves, each made once, and no attempt was counted. */
async function expectWhole(id: string): Promise<void> {
  const made = madeOf(id);
  expect(made.map(([half]) => half)).toEqual(["first", "second"]);
  const { commit } = await landingOf(project, id);
  for (const [, tip] of made) await project.git(["merge-base", "--is-ancestor", tip, commit], project.remote);
  const show = (half: string): Promise<string> =>
    project.git(["show", `${commit}:work/${id}-${half}.txt`], project.remote);
  expect(await show("first")).toBe("first half, epoch 1, attempt 1");
  expect(await show("second")).toMatch(/^second half, epoch [2-9], attempt 1$/u);
  expect(await show("rest")).toBe("not committed yet");
  const item = await watch.api.item(id);
  expect(item).toMatchObject({ stage: "Done", attempts: 0, mergeCommit: commit });
}

test("a node is told to stop in the middle of an attempt: another one goes on with what was made, uncommitted files too", async () => {
  const { id, holder } = await halfDone("Outlive a shutdown");
  expect(await holder.stop()).toEqual({ code: 0, signal: null });
  workers.delete(holder.name);
  await waitForStage([watch], id, "Done");
  await expectWhole(id);

  const { attemptLog } = await watch.api.item(id);
  const [successor] = workers.keys();
  expect(attemptLog).toMatchObject([
    { epoch: 1, nodeName: holder.name },
    { epoch: 3, nodeName: successor, outcome: "landed" },
  ]);
  const released = (await watch.api.history(id)).find((op) => op.kind === "item.release");
  expect(released).toMatchObject({ outcome: "accepted", note: "the node was shut down" });
  // The commit that the node made for its agent before it went is on the remote, below the first half.
  expect(await project.git(["log", "--format=%s", `skein/${id}/1`], project.remote)).toMatch(
    /^Unfinished work, as it was when the attempt was cut off\nThe first half\n/u,
  );
});

test("a node is killed with -9 in the middle of an attempt: started again, it goes on with what its agent had committed", async () => {
  const { id, holder } = await halfDone("Outlive a kill");
  await waitFor("what the agent has said to be captured", async () => {
    return (await watch.api.logs(id)).text.includes("at the door of coding");
  });
  await holder.kill();
  const again = await world.start(holder.name, { env: { DOORS: doors } });
  await waitForStage([watch, again], id, "Done");
  await expectWhole(id);

  expect((await watch.api.item(id)).attemptLog).toMatchObject([
    { epoch: 1, nodeName: holder.name },
    { epoch: 2, nodeName: holder.name, outcome: "landed" },
  ]);
  // The agent of the dead node was left alone at its door, and was ended before the next one began.
  expect(madeOf(id)).toHaveLength(2);
  // What it had printed by then is kept as well, and read from another node.
  const log = await waitFor("the log of the attempt that was killed", () => watch.api.logs(id, 1));
  expect(log.text).toContain("at the door of coding");
  expect(log.text).not.toContain("through the door");
  await expectSoundLogs([watch, again]);
});
