/** skein.yaml as it changes on the target branch: what cannot be done safely is refused, what is broken changes nothing. */
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { type Project, skeinYaml } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, skeinLogs, skeinWhy } from "./support/items.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await world.project({ config: { sandbox: "podman" } });
  await world.found("alice", project);
  node = await world.start("alice", { slots: 1, env: { PATH: withoutPodman() } });
});

/** A machine that has what the node needs, and no podman. */
function withoutPodman(): string {
  const tools = world.directory("tools");
  symlinkSync(process.execPath, join(tools, "node"));
  symlinkSync(execFileSync("which", ["git"], { encoding: "utf8" }).trim(), join(tools, "git"));
  return tools;
}

/** `skein doctor` once a check says this. */
const expectDoctor = (name: string, ok: boolean, words: string): Promise<true> =>
  waitFor(
    `doctor to say "${words}"`,
    async () => {
      const check = (await node.api.doctor()).checks.find((one) => one.name === name);
      if (check?.ok === ok && check.message.includes(words)) return true;
      throw new NotYet(JSON.stringify(check));
    },
    { withinMs: 40_000 },
  );

test("a sandbox that this node cannot give refuses work in words, until sandbox: none is pushed", async () => {
  await expectDoctor("work", false, "podman is not installed: install it");
  const doctor = await world.skein(["doctor", "--data", node.data]);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain("Nothing runs unsandboxed unless you say so: write sandbox: none");

  const { id } = await node.api.addItem({ title: "Patience", start: true });
  expect(await skeinWhy(world, "alice", id)).toContain("skein.yaml asks for sandbox: podman");
  expect(await node.api.item(id)).toMatchObject({ stage: "Coding", claim: null, attemptLog: [] });
  expect((await node.api.nodes()).map((one) => one.slotsFree)).toEqual([0]);

  await project.push({ "skein.yaml": skeinYaml({ sandbox: "none" }) }, "Run without a sandbox");
  await inStage(node.api, id, "Done");
  await expectDoctor("work", true, "that is with this user's rights");
  expect((await world.skein(["doctor", "--data", node.data])).code).toBe(0);
});

test("a broken skein.yaml on the target branch keeps the last good one, and doctor names file, line and key", async () => {
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  await project.push({ "skein.yaml": `${skeinYaml()}gtae: [[false]]\n` }, "Break skein.yaml");
  const { id } = await node.api.addItem({ title: "Under the last good one", start: true });
  await inStage(node.api, id, "Done");
  await expectDoctor("skein.yaml", false, "The last good one stays in force.");
  const { stdout } = await world.skein(["doctor", "--data", node.data]);
  expect(stdout).toMatch(/skein\.yaml:9:1: gtae is not a known key; did you mean gate\?/);
  expect(await skeinLogs(world, "alice", id)).toContain("node check.mjs");
});

test("a good one after a broken one takes effect", async () => {
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  await project.push(
    { "skein.yaml": skeinYaml({ gate: "[[node, -e, console.log('the new gate')]]" }) },
    "Mend skein.yaml",
  );
  const { id } = await node.api.addItem({ title: "Under the new one", start: true });
  await inStage(node.api, id, "Done");
  expect(await skeinLogs(world, "alice", id)).toMatch(/^the new gate$/m);
  await expectDoctor("skein.yaml", true, "The one in force is valid.");
});

test("an attempt that changes skein.yaml does not land", async () => {
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  const text = "```skein\n- append: { path: skein.yaml, content: '# harmless' }\n```\n";
  const { id } = await node.api.addItem({ title: "Give myself rights", text, start: true });
  const item = await itemThat(node.api, id, "to be sent back", (one) => one.attempts > 0);
  expect(item.note).toContain("skein.yaml");
  await node.api.command("item.archive", { item: id });
  expect(await project.git(["show", "main:skein.yaml"], project.remote)).not.toContain("harmless");
});

test("an ACP agent that is not on this machine is said to be missing, and costs no attempt", async () => {
  await project.push({ "skein.yaml": skeinYaml({ agent: "{ kind: acp, run: [my-agent] }" }) }, "Use an ACP agent");
  const { id } = await node.api.addItem({ title: "Look at the target branch again", start: true });
  const words = 'waiting: Could not start "my-agent": there is no such program.';
  const item = await itemThat(node.api, id, "to wait for its agent", ({ why }) => why.join(" ").includes(words));
  expect(item.attempts).toBe(0);
  await node.api.command("item.archive", { item: id });
});

test("an item added right after another sandbox was pushed does not run under the words of before", async () => {
  await project.git(["pull", "--quiet", "--rebase", "origin", "main"]);
  await project.push({ "skein.yaml": skeinYaml({ sandbox: "none" }) }, "Run without a sandbox again");
  await expectDoctor("work", true, "that is with this user's rights");
  await project.push({ "skein.yaml": skeinYaml({ sandbox: "podman" }) }, "Shut the agents in");
  const { id } = await node.api.addItem({ title: "Not like that", start: true });
  await expectDoctor("work", false, "skein.yaml asks for sandbox: podman");
  const item = await itemThat(node.api, id, "to be nobody's", (one) => one.claim === null);
  expect(item).toMatchObject({ stage: "Coding", attempts: 0, commitsAhead: null });
});
