/**
 * What a repository becomes as a project: its own skein.yaml, or one that is drafted from what is found there. Looks, and
 * writes one file at the most. Used by `skein init` and by a running node.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import {
  type AgentConfig,
  type ConfigError,
  detectGate,
  parseProjectConfig,
  type ProjectConfig,
  projectNameFrom,
  renderProjectConfig,
} from "@skein/config";
import type { OpBody } from "@skein/core";
import { inspectProject, type ProjectFacts, resolveRemote } from "@skein/git";

import { Failure, orFail } from "./failure.ts";
import { readRepositoryFile } from "./project-path.ts";
import { type SandboxHere, sandboxHere } from "./sandbox.ts";
import { makeWholeFile } from "./whole-file.ts";

export const CONFIG_FILE = "skein.yaml";

/** What a person has chosen for a new skein.yaml; what was found where something is left out. */
export interface Choice {
  readonly gate?: readonly (readonly string[])[] | undefined;
  readonly agent?: AgentConfig | undefined;
}

export interface ProjectPlan {
  readonly root: string;
  readonly config: ProjectConfig;
  readonly text: string;
  /** A URL or an absolute path. */
  readonly remote: string;
  readonly dirty: boolean;
  /** There is no skein.yaml yet. */
  readonly isNew: boolean;
  readonly gateBecause: string;
  readonly sandboxBecause: string;
}

/** @throws Failure with a sentence for people */
export async function planProject(path: string, choice: Choice = {}): Promise<ProjectPlan> {
  const facts = orFail(await inspectProject(path), (error) => error.message);
  const own = readRepositoryFile(facts.root, CONFIG_FILE);
  const plan =
    own === undefined
      ? planFresh(facts, await sandboxHere(), choice)
      : planFromFile(own, join(facts.root, CONFIG_FILE));
  const remote = orFail(await resolveRemote(facts.root, plan.config.remote), (error) => error.message);
  return { ...plan, remote, root: facts.root, dirty: facts.dirty };
}

/** Why the plan cannot be carried out as it is, in a sentence for people. */
export function obstacleTo({ config, remote, root, dirty }: ProjectPlan): string | undefined {
  if (config.remote === "." && dirty) {
    return `${root} has uncommitted changes, and items would land right there because it has no remote. Commit or stash them first.`;
  }
  // The remote's address goes into the log, and the log goes to every member.
  if (!/^https?:\/\/[^/]*@/i.test(remote)) return undefined;
  return (
    "The remote's URL carries a user name or password, and every member of the mesh would read it. Take it out " +
    "(git remote set-url) and put it into ~/.netrc of the machines that land, or use an ssh URL."
  );
}

type Drafted = Omit<ProjectPlan, "remote" | "root" | "dirty">;

function planFromFile(text: string, file: string): Drafted {
  const config = orFail(parseProjectConfig(text, file), everyProblem);
  return { config, text, isNew: false, gateBecause: "skein.yaml says so", sandboxBecause: "" };
}

/** All of them at once: who corrects a file does not want to hear of them one by one. */
function everyProblem({ message, problems }: ConfigError): string {
  if (problems.length < 2) return message;
  const lines = problems.map((problem) => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
  return `There are ${problems.length} problems; correct them and run this again.\n${lines.join("\n")}`;
}

function planFresh(facts: ProjectFacts, sandbox: SandboxHere, choice: Choice): Drafted {
  const found = detectGate({
    read: (path) => readRepositoryFile(facts.root, path),
    exists: (path) => existsSync(join(facts.root, path)),
  });
  const isChosen = choice.gate !== undefined && JSON.stringify(choice.gate) !== JSON.stringify(found.gate);
  const gateBecause = isChosen ? "it was chosen when the project was begun" : found.because;
  const text = renderProjectConfig({
    project: projectNameFrom(basename(facts.root)),
    base: facts.base,
    remote: facts.remote,
    agent: choice.agent ?? { kind: "scripted", env: [] },
    gate: choice.gate ?? found.gate,
    gateBecause,
    sandbox: sandbox.kind,
  });
  const config = orFail(parseProjectConfig(text, CONFIG_FILE), (error) => error.message);
  const sandboxBecause = sandbox.kind === "none" ? sandbox.because : "";
  return { config, text, isNew: true, gateBecause, sandboxBecause };
}

/** Never half of it: the next look would take that for the person's own configuration. */
export function writeConfig({ root, text }: ProjectPlan): void {
  const file = join(root, CONFIG_FILE);
  if (makeWholeFile(file, text, 0o644)) return;
  throw new Failure(`${file} was made by somebody else just now. Read it, and run this again.`);
}

export const projectBody = ({ config, remote, text }: ProjectPlan): OpBody => ({
  kind: "project.set",
  name: config.project,
  remote,
  base: config.base,
  config: text,
});
