/** No room for clones, logs and stories, while the log itself can still be saved: work waits, nothing else does. */
import { join } from "node:path";
import { expect, test } from "vitest";

import { fillerIn, withTinyDisks } from "../e2e/support/mounts.ts";
import { expectSoundLogs, waitForStage } from "../support/mesh.ts";
import { landingOf } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const BYTES = 8 * 1024 * 1024;

test.each([
  ["git", "clone", "Fetching|Cloning|clone|fetch"],
  ["stories", "story", "story cannot be written"],
])(
  "without room in %s an attempt waits, says why, and goes on by itself when there is room",
  async (place, _, says) => {
    const name = `full-${place}`;
    const project = await world.project({ name: `project-${place}` });
    await world.found(name, project);
    const at = join(world.dataOf(name), place);
    const node = await world.start(name, { wrapper: withTinyDisks([at], BYTES) });
    const first = await node.api.addItem({ title: "There is room", start: true });
    await waitForStage([node], first.id, "Done");

    const disk = fillerIn(node.pid, at);
    disk.fill();
    const { id } = await node.api.addItem({ title: "There is none", start: true });
    await waitFor("the attempt to say why it waits", async () => {
      const [effect] = await node.api.get<readonly { readonly activity: string }[]>("/effects");
      return new RegExp(`waiting.*(?:${says}).*(?:space|ENOSPC)`, "s").test(effect?.activity ?? "");
    });
    // Everything that does not need the place works.
    expect((await fetch(`${node.endpoints.http}/healthz`)).status).toBe(200);
    await node.api.addItem({ title: "Saved all the same" });
    expect(node.isRunning()).toBe(true);

    await disk.free();
    await waitForStage([node], id, "Done", 60_000);
    await landingOf(project, id);
    // The trouble was the machine's: it used up none of the item's attempts.
    expect(await node.api.item(id)).toMatchObject({ attempts: 0 });
    await expectSoundLogs([node]);
  },
);

test("without room for its output an attempt lands all the same, and the node says that the output is missing", async () => {
  const project = await world.project({ name: "project-logs" });
  await world.found("full-logs", project);
  const at = join(world.dataOf("full-logs"), "logs");
  const node = await world.start("full-logs", { wrapper: withTinyDisks([at], BYTES) });
  const disk = fillerIn(node.pid, at);
  disk.fill();
  const { id } = await node.api.addItem({ title: "Unheard", start: true });
  await waitForStage([node], id, "Done");
  expect(node.output()).toMatch(/attempt-log\.trouble.*no space left/i);
  await disk.free();
});
