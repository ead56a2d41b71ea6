/** `skein logs -f` on one machine while the attempt runs on another: lines arrive over the mesh, and it ends with the attempt. */
import { spawn } from "node:child_process";
import { beforeAll, expect, test } from "vitest";

import { skeinBin } from "../support/build-check.ts";
import type { NodeProcess } from "../support/node-process.ts";
import type { Project } from "../support/project.ts";
import { testEnvironment } from "../support/skein-command.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, itemThat, skeinLogs } from "./support/items.ts";
import { addTold, toldProject } from "./support/told-project.ts";

const world = useWorld();
let project: Project;
let here: NodeProcess;
let there: NodeProcess;

beforeAll(async () => {
  project = await toldProject(world);
  await world.found("here", project);
  here = await world.start("here", { slots: 0 });
  there = await world.join("there", here, { slots: 1 });
});

test("what the agent prints on the other node is shown as it comes, and following ends when the attempt ends", async () => {
  const item = await addTold(world, here.api, "Far away");
  await item.agentWaits();
  await itemThat(here.api, item.id, "to be claimed", (one) => one.claim?.nodeName === "there");
  const home = world.directory("home");
  const following = spawn(process.execPath, [skeinBin(), "logs", item.id, "-f", "--data", here.data], {
    cwd: home,
    env: testEnvironment(home),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  following.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString("utf8");
  });
  const ended = new Promise<number | null>((resolve) => {
    following.on("close", resolve);
  });
  const count = (): number => shown.match(/agent: still here/g)?.length ?? 0;
  await waitFor("the first lines", () => count() > 0);
  expect(shown).toMatch(/^── epoch 1 on there: running ──$/m);
  const before = count();
  await waitFor("more lines while the agent runs", () => count() > before + 5);
  expect(following.exitCode).toBe(null);

  item.tell();
  expect(await ended).toBe(0);
  expect(shown).toContain("agent: told to end");
  expect(shown).toContain("gate: ends");
  expect(shown).toMatch(/── skein: Landed as [0-9a-f]{40}\.\n$/);
  // Nothing twice and nothing left out: afterwards the whole log reads the same.
  await inStage(here.api, item.id, "Done");
  const withoutHead = (text: string): string => text.slice(text.indexOf("\n") + 1);
  expect(withoutHead(await skeinLogs(world, "here", item.id))).toBe(withoutHead(shown));
});

test("a log on a node that is away is said to be there, and read when it is back", async () => {
  const { id } = await here.api.addItem({ title: "Read later", text: "mode: honest\n", start: true });
  await inStage(here.api, id, "Done");
  await there.stop();
  const refused = await world.skein(["logs", id, "--data", here.data]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/is on there, which this node has no link to right now\. Ask there, or try again/);
  const back = await world.start("there", { slots: 1, rendezvous: [here.endpoints.peer] });
  await waitFor("the link", async () => (await here.api.nodes()).some((one) => one.name === "there" && one.linked));
  expect(await skeinLogs(world, "here", id)).toContain("agent: mode honest");
  expect(back.isRunning()).toBe(true);
});
