/**
 * A project whose agent and gate wait to be told: the story names a file, and the test makes that file when the moment has
 * come. So tests stop the pipeline where they want, without sleeping.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Api } from "../../support/api-client.ts";
import type { Project } from "../../support/project.ts";
import { waitFor } from "../../support/wait.ts";
import type { World } from "../../support/world.ts";

const CHECK = `import { existsSync, readFileSync } from "node:fs";
const file = existsSync("gate-wait") ? readFileSync("gate-wait", "utf8") : undefined;
console.log("gate: begins");
while (file !== undefined && !existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
console.log("gate: ends");
`;

export const toldProject = (world: World, config: Readonly<Record<string, string>> = {}): Promise<Project> =>
  world.project({
    files: {
      "agent.mjs": readFileSync(join(import.meta.dirname, "agent.mjs"), "utf8"),
      "check.mjs": CHECK,
    },
    config: { agent: "{ kind: command, run: [node, agent.mjs] }", ...config },
  });

export interface ToldItem {
  readonly id: string;
  /** Resolves with the agent's process id once it has committed and waits. */
  agentWaits(): Promise<number>;
  /** Lets the agent or the gate go on. */
  tell(): void;
}

export async function addTold(
  world: World,
  api: Api,
  title: string,
  mode: "until-told" | "gate-waits" = "until-told",
): Promise<ToldItem> {
  const directory = world.directory("told");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, title.replaceAll(/\W/g, "-"));
  const { id } = await api.addItem({ title, text: `mode: ${mode}\nfile: ${file}\n`, start: true });
  return {
    id,
    agentWaits: () =>
      waitFor(`the agent of "${title}"`, () => Number(readFileSync(`${file}.pid`, "utf8")), { withinMs: 40_000 }),
    tell: () => writeFileSync(file, ""),
  };
}
