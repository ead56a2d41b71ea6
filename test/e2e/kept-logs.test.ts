/** What an attempt printed outlives the node that ran it, without the secrets that it printed and without what steers terminals. */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { inStage, skeinLogs } from "./support/items.ts";

const SECRET = "s3cr3t/deploy+key=42";

/** Prints the secret in two parts and in base64, and tries to retitle the terminal. */
const AGENT = `import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
const key = process.env.DEPLOY_KEY;
console.log("agent: \\u001b[32mgreen\\u001b[0m \\u001b]0;retitled\\u0007begins");
process.stdout.write("key=" + key.slice(0, 9));
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(key.slice(9) + ";");
console.log("auth=" + Buffer.from("x:" + key).toString("base64"));
writeFileSync("work.txt", "done");
execFileSync("git", ["add", "."]);
execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Work"]);
`;

interface Kept {
  readonly digest: string;
  readonly sort: string;
  readonly nodeName: string;
  readonly size: number;
}

const world = useWorld();
let here: NodeProcess;
let there: NodeProcess;
let id: string;
let log: Kept;

const keptOn = async (name: string): Promise<readonly Kept[]> =>
  (await world.skein(["artifacts", id, "--json", "--data", world.dataOf(name)])).json<readonly Kept[]>();
const blobOf = (name: string): string =>
  join(world.dataOf(name), "artifacts", log.digest.slice(0, 2), `${log.digest}.gz`);

beforeAll(async () => {
  const project = await world.project({
    files: { "agent.mjs": AGENT, "check.mjs": 'console.log("gate: has " + process.env.DEPLOY_KEY);\n' },
    config: { agent: "{ kind: command, run: [node, agent.mjs], env: [DEPLOY_KEY] }" },
  });
  await world.found("here", project);
  here = await world.start("here", { slots: 0 });
  await world.join("keeper", here, { slots: 0 });
  there = await world.join("there", here, { env: { DEPLOY_KEY: SECRET } });
  ({ id } = await here.api.addItem({ title: "Print what must not be seen", start: true }));
  await inStage(here.api, id, "Done");
  log = await waitFor("the log to be named", async () => {
    const found = (await keptOn("here")).find(({ sort }) => sort === "log");
    if (found === undefined) throw new Error("nothing is kept yet");
    return found;
  });
});

test("the secret stands in no log on the disk, in whichever form, and colors are all that is left of what steers terminals", () => {
  const raw = readFileSync(join(there.data, "logs", id, "1.log"), "utf8");
  expect(raw).toContain("key=[secret];");
  expect(raw).toContain("gate: has [secret]");
  expect(raw).not.toContain(SECRET);
  expect(raw).not.toContain(SECRET.slice(9));
  expect(raw).not.toContain(Buffer.from(SECRET.slice(3)).toString("base64").slice(2, 14));
});

test("the node that ran it is gone for good, and its log is read on others as it was", async () => {
  for (const name of ["here", "keeper"]) await waitFor(`the copy on ${name}`, () => statSync(blobOf(name)).size > 0);
  expect(log).toMatchObject({ nodeName: "there" });
  const before = await skeinLogs(world, "here", id);
  expect(before).toContain("agent: green begins\nkey=[secret];\n");

  await there.kill();
  rmSync(there.data, { recursive: true });
  expect(await skeinLogs(world, "here", id)).toBe(before);
  const late = await world.join("late", here, { slots: 0 });
  const shown = await waitFor("the log on a node that came later", () => skeinLogs(world, "late", id));
  expect(shown).toBe(before);

  const saved = join(world.directory("saved"), "log");
  const got = await world.skein(["artifact", "get", log.digest.slice(0, 12), "-o", saved, "--data", late.data]);
  expect(got.stderr).toBe("");
  expect(statSync(saved).size).toBe(log.size);
  expect(existsSync(blobOf("late"))).toBe(true);
});
