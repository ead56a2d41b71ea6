/** What happens in the night: stories come in, a node dies and comes back, one is cut off, one is told by its provider to stop. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { Story } from "@skein/sim";

import type { ShownItem } from "../support/api-client.ts";
import type { PartableMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import type { Project } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";

export const NAMES = ["alice", "bob", "carol"] as const;

/** Of each node. */
export const SLOTS = 2;

export interface Night {
  readonly mesh: PartableMesh<typeof NAMES>;
  readonly project: Project;
  /** Where agents, daemons and gates write down what they have seen and done. */
  readonly control: string;
  readonly stories: readonly Story[];
  readonly random: () => number;
  readonly startedMs: number;
  readonly endMs: number;
  /** So much longer everything may take to come to its end. */
  readonly patienceMs: number;
  readonly root: string;
  readonly temporary: (node: string) => string;
  readonly money: { readonly dollars: number; readonly attempt: number };
  readonly say: (words: string) => void;
}

export interface Told {
  readonly id: string;
  readonly story: Story;
}

export interface Lived {
  /** The nodes as they are in the end, in the order of their names. */
  readonly nodes: readonly NodeProcess[];
  readonly told: readonly Told[];
  /** Clones in which agents worked on the node that was killed, at that moment. */
  readonly cutShort: number;
  readonly items: ReadonlyMap<string, ShownItem>;
}

/** Shares of the time there is: by half of it everything is told, so that the rest is there to get over it. */
const TELLING = 0.35;
const KILL_AT = 0.12;
const DOWN_FOR = 0.05;
const BLOCK_AT = 0.2;
const PART_AT = 0.24;
const PARTED_FOR = 0.08;

export async function live(night: Night): Promise<Lived> {
  const { mesh } = night;
  const nodes = new Map<string, NodeProcess>(mesh.nodes.map((node) => [node.name, node]));
  const [told, cutShort] = await Promise.all([
    tell(night, nodes),
    killAndStart(night, nodes),
    partAndHeal(night),
    block(night),
  ]);
  const here = NAMES.flatMap((name) => nodes.get(name) ?? []);
  const items = await waitForEndings(night, here, told);
  return { nodes: here, told, cutShort, items };
}

async function until(night: Night, share: number): Promise<void> {
  const atMs = night.startedMs + (night.endMs - night.startedMs) * share;
  await delay(Math.max(0, atMs - performance.now()));
}

/** People add stories wherever they are; a node that is down is nobody's way in. */
async function tell(night: Night, nodes: ReadonlyMap<string, NodeProcess>): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const [at, story] of night.stories.entries()) {
    await until(night, (TELLING * at) / night.stories.length);
    // Nor is the one that may be killed at any moment: nobody would know whether it has taken the story.
    const doomed = night.mesh.nodes[1];
    const up = [...nodes.values()].filter((node) => node !== doomed && node.isRunning());
    const node = up[Math.floor(night.random() * up.length)] ?? night.mesh.nodes[0];
    const text = `Do it.\n\nbehaves: ${story.behavior.name}\n`;
    const { id } = await node.api.addItem({ title: story.title, text, start: true });
    told.push({ id, story });
  }
  night.say(`${told.length} stories are told`);
  return told;
}

async function killAndStart(night: Night, nodes: Map<string, NodeProcess>): Promise<number> {
  await until(night, KILL_AT);
  const bob = nodes.get("bob");
  if (bob === undefined) throw new Error("bob is in this mesh");
  await waitFor("an agent to work on bob", () => agentsOf(night, "bob") > 0, {
    withinMs: night.endMs + night.patienceMs - performance.now(),
  });
  await bob.kill();
  const cutShort = directoriesOf(bob.data, "attempts").length;
  night.say(`bob is killed, with ${cutShort} attempts under way and ${agentsOf(night, "bob")} agents left alone`);
  await delay((night.endMs - night.startedMs) * DOWN_FOR);
  nodes.set("bob", await night.mesh.startAgain("bob"));
  night.say("bob is started again");
  return cutShort;
}

async function partAndHeal(night: Night): Promise<void> {
  await until(night, PART_AT);
  night.mesh.part([["alice", "bob"], ["carol"]]);
  night.say("carol is cut off");
  await delay((night.endMs - night.startedMs) * PARTED_FOR);
  night.mesh.heal();
  night.say("carol is back");
}

async function block(night: Night): Promise<void> {
  await until(night, BLOCK_AT);
  writeFileSync(join(night.control, "blocked-carol"), "");
  night.say("carol's provider lets its agents do no more");
}

/** What an agent or a gate wrote down, line by line. */
export const linesOf = ({ control }: Night, name: string): readonly string[] => {
  const file = join(control, name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
};

/** What the repository port keeps below a node's data directory. */
export function directoriesOf(data: string, kind: "attempts" | "checkouts" | "incoming" | "trash"): readonly string[] {
  const git = join(data, "git");
  if (!existsSync(git)) return [];
  return readdirSync(git).flatMap((name) => {
    const directory = join(git, name, kind);
    return existsSync(directory) ? readdirSync(directory).map((child) => join(directory, child)) : [];
  });
}

export interface Marked {
  readonly pid: number;
  readonly command: string;
  readonly node: string;
}

/** Every process of this rehearsal that an agent or a gate is, or has started, wherever it has gone since. */
export function markedProcesses({ control }: Night): readonly Marked[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      if (!environment.includes(`REHEARSAL_CONTROL=${control}`)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const node = environment.find((one) => one.startsWith("REHEARSAL_NODE="))?.split("=")[1] ?? "";
      // A zombie has no command line any more.
      return command === "" ? [] : [{ pid: Number(name), command, node }];
    } catch {
      // It has ended meanwhile, or is another user's.
      return [];
    }
  });
}

const agentsOf = (night: Night, node: string): number =>
  markedProcesses(night).filter((one) => one.node === node && one.command.includes("agent.mjs")).length;

const hasSettled = ({ stage, claim, why }: ShownItem): boolean =>
  stage === "Done" || stage === "Archived" || (claim === null && why.join(" ").includes("waits for money"));

/** Until everything has come to an end, whether it is the right one or not, or the time is over. */
async function waitForEndings(
  night: Night,
  nodes: readonly NodeProcess[],
  told: readonly Told[],
): Promise<ReadonlyMap<string, ShownItem>> {
  const [alice] = nodes;
  if (alice === undefined) throw new Error("there are nodes");
  const look = async (): Promise<ReadonlyMap<string, ShownItem>> => {
    const items = new Map<string, ShownItem>();
    for (const { id } of told) items.set(id, await alice.api.item(id));
    return items;
  };
  let items = await look();
  await waitFor(
    "everything to come to its end",
    async () => {
      items = await look();
      const open = [...items.values()].filter((item) => !hasSettled(item));
      if (open.length > 0) throw new NotYet(open.map(({ id, stage }) => `${id} in ${stage}`).join(", "));
      return true;
    },
    { withinMs: Math.max(1_000, night.endMs + night.patienceMs - performance.now()), everyMs: 1_000 },
  ).then(
    () => night.say("everything has come to its end"),
    (cause: unknown) => night.say(String(cause)),
  );
  return items;
}
