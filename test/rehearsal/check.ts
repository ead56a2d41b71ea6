/** What has to be true in the morning, from the nodes, the remote, the disk, the processes, and what agents and gates wrote down. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { BEHAVIORS, goalOf, notEnded } from "@skein/sim";

import type { ShownItem } from "../support/api-client.ts";
import { waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { isAlive } from "../support/processes.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { directoriesOf, linesOf, type Lived, markedProcesses, type Night, SLOTS, type Told } from "./night.ts";

export interface Findings {
  readonly problems: string[];
  readonly rows: (readonly [what: string, figure: string])[];
}

/** Within this time a node has ended what it began, once there is nothing to do any more. */
const QUIET_MS = 45_000;

export async function checkWhileUp(night: Night, lived: Lived, findings: Findings): Promise<void> {
  checkEndings(night, lived, findings);
  await waitForEqualDigests(lived.nodes).then(
    () => findings.rows.push(["nodes with one digest", `${lived.nodes.length} of ${lived.nodes.length}`]),
    (cause: unknown) => findings.problems.push(String(cause)),
  );
  for (const node of lived.nodes) findings.problems.push(...(await soundness(node, lived)));
  await checkProcesses(night, lived, findings);
  await checkMoney(night, lived, findings);
}

function checkEndings(night: Night, { told, items }: Lived, { problems, rows }: Findings): void {
  const right = (one: Told): boolean => {
    const item = items.get(one.id);
    return item !== undefined && notEnded(item, one.story.behavior.ends) === undefined;
  };
  for (const behavior of BEHAVIORS) {
    const those = told.filter(({ story }) => story.behavior.name === behavior.name);
    if (those.length === 0) continue;
    rows.push([`${behavior.words} → ${goalOf(behavior)}`, `${those.filter(right).length} of ${those.length}`]);
  }
  for (const { id, story } of told) {
    const item = items.get(id);
    const wrong = item === undefined ? "is not there" : notEnded(item, story.behavior.ends);
    if (wrong !== undefined) problems.push(`${id} (${story.behavior.name}) ${wrong}`);
  }
  rows.push(["runs of agents", String(linesOf(night, "runs").length)]);
  rows.push(["runs that a provider cut off for long, all on one node", String(linesOf(night, "blocks").length)]);
}

async function soundness({ name, api }: NodeProcess, { told, items }: Lived): Promise<readonly string[]> {
  const problems: string[] = [];
  const forks = await api.forks();
  if (forks.length > 0) problems.push(`${name} has seen ${forks.length} forks`);
  const verified = await api.tryCommand<{ readonly ok: boolean }>("verify");
  if (!verified.ok || !verified.value.ok) problems.push(`${name}'s log does not verify: ${JSON.stringify(verified)}`);
  const claims = await api.claims();
  for (const claim of claims) problems.push(`${claim.item} is still claimed by ${claim.nodeName}, says ${name}`);
  for (const { id } of told) {
    if (items.get(id)?.stage !== "Done") continue;
    const isVerified = async (): Promise<boolean> => (await api.item(id)).landing === "verified";
    const verifies = await waitFor(`${name} to verify ${id}`, isVerified, { withinMs: 10_000 }).then(
      () => true,
      () => false,
    );
    if (!verifies) problems.push(`${name} has not verified the landing of ${id}`);
  }
  const { incidents } = await api.doctor();
  const faults = incidents.filter(({ type }) => type.includes("fault"));
  return [...problems, ...faults.map(({ type, message }) => `${name} had a ${type}: ${message}`)];
}

async function checkProcesses(night: Night, { nodes }: Lived, { problems, rows }: Findings): Promise<void> {
  const own = new Set(nodes.map(({ pid }) => pid));
  await waitFor(
    "every agent, gate and daemon to be gone",
    () => {
      const left = markedProcesses(night).filter(({ pid }) => !own.has(pid));
      if (left.length > 0) throw new NotYet(left.map(({ pid, command }) => `${pid} ${command}`).join("; "));
      return true;
    },
    { withinMs: QUIET_MS, everyMs: 250 },
  ).catch((cause: unknown) => problems.push(String(cause)));
  const daemons = linesOf(night, "daemons");
  const alive = daemons.filter((pid) => isAlive(Number(pid)));
  for (const pid of alive) problems.push(`the daemon ${pid} is still there`);
  rows.push(["daemons that agents left, and those that are still there", `${daemons.length}, ${alive.length}`]);
}

interface Budget {
  readonly perDay: number;
  readonly members: readonly { readonly name: string; readonly spent: number; readonly reserved: number }[];
  readonly overdrafts: readonly string[];
}

const MICRO = 1_000_000;
/** What an agent that is told to stop, and does not care, spends beyond its cap until it is ended. */
const BEYOND = 0.9;

async function checkMoney(night: Night, { nodes }: Lived, { problems, rows }: Findings): Promise<void> {
  const [node] = nodes;
  if (node === undefined) return;
  const budget = await node.api.command<Budget>("budget");
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const spent = sum(budget.members.map((one) => one.spent)) / MICRO;
  const aside = sum(budget.members.map((one) => one.reserved)) / MICRO;
  const runs = new Map<string, number>();
  for (const line of linesOf(night, "spent")) {
    const [item = "", epoch = "", pid = "", amount = ""] = line.split(" ");
    const key = `${item}/${epoch}/${pid}`;
    runs.set(key, Math.max(runs.get(key) ?? 0, Number(amount)));
  }
  const told = sum([...runs.values()]);
  const { dollars, attempt } = night.money;
  rows.push(["dollars that agents have told, of what they may spend", `${told.toFixed(2)} of ${dollars}`]);
  rows.push(["dollars in the ledger, and set aside for what was killed", `${spent.toFixed(2)}, ${aside.toFixed(2)}`]);
  if (told > dollars) problems.push(`agents have spent $${told.toFixed(2)}, and $${dollars} was the cap`);
  problems.push(...budget.overdrafts);
  if (spent > told + 1e-6) problems.push(`the ledger has $${spent.toFixed(2)}, and agents told of $${told.toFixed(2)}`);
  if (spent + aside < told - 1e-6) {
    problems.push(`agents told of $${told.toFixed(2)}; the ledger knows $${spent.toFixed(2)} and $${aside.toFixed(2)}`);
  }
  if (aside > SLOTS * attempt + 1e-6) {
    problems.push(`$${aside.toFixed(2)} stay set aside, and one node with ${SLOTS} slots was killed`);
  }
  for (const [run, cost] of runs) {
    if (cost > attempt + BEYOND) problems.push(`the run ${run} has cost $${cost.toFixed(2)}`);
  }
}

/** When every node is stopped. */
export async function checkAtRest(night: Night, lived: Lived, findings: Findings): Promise<void> {
  await checkLandings(night, lived, findings);
  await checkBranches(night, lived.items, findings);
  await checkDisk(night, lived, findings);
  const left = markedProcesses(night);
  for (const { pid, command } of left) findings.problems.push(`${pid} outlives the nodes: ${command}`);
  findings.rows.push(["processes that outlive the nodes", String(left.length)]);
}

async function checkLandings({ project, ...night }: Night, lived: Lived, { problems, rows }: Findings): Promise<void> {
  const chain = await project.landed();
  const landings = chain.filter(({ items }) => items.length > 0);
  const green = new Set(
    linesOf({ project, ...night }, "tested").flatMap((line) => (line.endsWith(" green") ? [line.split(" ")[0]] : [])),
  );
  let tested = 0;
  for (const { commit } of landings) {
    const tree = await project.git(["rev-parse", `${commit}^{tree}`], project.remote);
    if (green.has(tree)) tested++;
    else problems.push(`${commit} has landed with a tree that no gate has seen green`);
  }
  const times = new Map<string, number>();
  for (const { items } of landings) for (const item of items) times.set(item, (times.get(item) ?? 0) + 1);
  const ended = lived.told.filter(({ id }) => lived.items.get(id)?.stage === "Done");
  const once = ended.filter(({ id }) => times.get(id) === 1);
  for (const { id } of lived.told) {
    const wanted = lived.items.get(id)?.stage === "Done" ? 1 : 0;
    if ((times.get(id) ?? 0) !== wanted) problems.push(`${id} has landed ${times.get(id) ?? 0} times, not ${wanted}`);
  }
  const onChain = new Set(chain.map(({ commit }) => commit));
  for (const move of await project.moves()) {
    if (!onChain.has(move)) problems.push(`${move} was the target branch and is not on it any more`);
  }
  rows.push(["items that are Done and have landed, each once", `${once.length} of ${ended.length}`]);
  rows.push(["landings whose very tree a gate has seen green", `${tested} of ${landings.length}`]);
}

/** Attempts keep their branches on the remote; what else is there is nobody's. */
async function checkBranches(
  { project }: Night,
  items: ReadonlyMap<string, ShownItem>,
  { problems, rows }: Findings,
): Promise<void> {
  const branches = (await project.branches()).filter((name) => name !== "main");
  const foreign = branches.filter((name) => {
    const [, item = "", epoch = ""] = /^skein\/([^/]+)\/(\d+)$/.exec(name) ?? [];
    // Of attempts that lost, too: their epochs may be later than that of what has landed.
    return items.get(item)?.attemptLog.some((attempt) => attempt.epoch === Number(epoch)) !== true;
  });
  for (const name of foreign) problems.push(`the branch ${name} belongs to no attempt`);
  rows.push(["branches on the remote, and those that are no attempt's", `${branches.length}, ${foreign.length}`]);
}

const childrenOf = (directory: string): readonly string[] => (existsSync(directory) ? readdirSync(directory) : []);

async function checkDisk(night: Night, { nodes, cutShort }: Lived, { problems, rows }: Findings): Promise<void> {
  let clones = 0;
  let clean = 0;
  const repositories = [night.project.remote];
  for (const { name, data } of nodes) {
    // What a node that was killed had not collected stays for a week; it goes when the item is gone on with there.
    const left = directoriesOf(data, "attempts");
    clones += left.length;
    const allowed = name === "bob" ? cutShort : 0;
    if (left.length > allowed)
      problems.push(`${name} has ${left.length} clones left, and ${allowed} may be: ${left.join(", ")}`);
    for (const kind of ["checkouts", "incoming", "trash"] as const) {
      const rest = directoriesOf(data, kind);
      if (rest.length > 0) problems.push(`${name} has left something in ${kind}: ${rest.join(", ")}`);
    }
    const inTemporary = childrenOf(night.temporary(name));
    if (inTemporary.length > 0) problems.push(`${name} has left temporary files: ${inTemporary.join(", ")}`);
    for (const project of childrenOf(join(data, "git"))) repositories.push(join(data, "git", project, "mirror.git"));
  }
  for (const repository of repositories) {
    const said = await night.project
      .git(["fsck", "--full", "--strict", "--no-dangling", "--no-progress"], repository)
      .catch((cause: unknown) => String(cause));
    if (said.trim() === "") clean++;
    else problems.push(`git fsck finds fault with ${repository}: ${said.slice(0, 500)}`);
  }
  rows.push(["clones that the killed node has left, of those it may", `${clones} of ${cutShort}`]);
  rows.push(["repositories that `git fsck` finds clean", `${clean} of ${repositories.length}`]);
}
