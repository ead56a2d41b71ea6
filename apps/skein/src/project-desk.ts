/**
 * The repositories of this machine, for whoever asks a running node to begin a project (port `ProjectDesk`). Who asks may
 * be a browser: a path is data until `directoryAt` has taken it, and nothing is written but one new skein.yaml.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";

import { ACP_PRESETS, parseProjectConfig, renderProjectConfig } from "@skein/config";
import { err, ok, type Result } from "@skein/core";
import { inspectProject } from "@skein/git";
import type { FoundProject, OpenRepository, PreparedProject, ProjectDesk } from "@skein/node";

import { BASE, makeRepository } from "./demo/repository.ts";
import { Failure, orFail, reasonOf } from "./failure.ts";
import { directoryAt, isPlainTop } from "./project-path.ts";
import { type Choice, obstacleTo, planProject, type ProjectPlan, writeConfig } from "./project-plan.ts";
import { sandboxHere } from "./sandbox.ts";

const SCRIPTED = "scripted";

export function createProjectDesk(dataDirectory: string, openRepository: OpenRepository): ProjectDesk {
  return {
    look: (path) =>
      sentences(async () => {
        const root = await topOf(path, dataDirectory);
        return describe(await planProject(root));
      }),
    prepare: ({ path, gate, agent }) =>
      sentences(async () => {
        const root = await topOf(path, dataDirectory);
        if (root !== orFail(directoryAt(path, dataDirectory), String)) {
          throw new Failure(`That is a part of the repository at ${root}. Name its top directory.`);
        }
        const plan = await planProject(root, choiceOf(gate, agent));
        return prepare(plan, openRepository);
      }),
    practice: (name) => sentences(() => practise(name, join(dataDirectory, name))),
  };
}

/** Expected failures are values here, with the sentence that `skein init` would have printed. */
async function sentences<T>(run: () => Promise<T>): Promise<Result<T, string>> {
  try {
    return ok(await run());
  } catch (cause) {
    return err(cause instanceof Failure ? cause.message : `This machine does not allow it: ${reasonOf(cause)}.`);
  }
}

/** The repository's top, which a hostile repository could have put somewhere else. */
async function topOf(path: string, dataDirectory: string): Promise<string> {
  const directory = orFail(directoryAt(path, dataDirectory), String);
  const { root } = orFail(await inspectProject(directory), (error) => error.message);
  if (isPlainTop(root, directory)) return root;
  throw new Failure(
    "That is no working copy that Skein could put skein.yaml into: it is bare, or its .git leads elsewhere. Name a plain clone.",
  );
}

function choiceOf(gate: Choice["gate"], agent: string | undefined): Choice {
  if (agent === undefined || agent === SCRIPTED) return { gate };
  const run = ACP_PRESETS.get(agent);
  if (run === undefined) {
    throw new Failure(
      `There is no agent called ${agent} that could be chosen here. There are ${[SCRIPTED, ...ACP_PRESETS.keys()].join(", ")}; any other one is written into skein.yaml.`,
    );
  }
  return { gate, agent: { kind: "acp", preset: agent, run, env: [], permissions: "ask" } };
}

async function prepare(plan: ProjectPlan, openRepository: OpenRepository): Promise<PreparedProject> {
  const obstacle = obstacleTo(plan);
  if (obstacle !== undefined) throw new Failure(obstacle);
  // The target branch must be there to land on: better said now than at the first merge.
  const { signal } = new AbortController();
  const { config, remote, root } = plan;
  const project = { name: config.project, remote, base: config.base, config: plan.text };
  const repository = await openRepository(project, signal);
  const tip = repository.ok ? await repository.value.fetchBase(signal) : repository;
  orFail(tip, (error) => error.message);
  if (plan.isNew) writeConfig(plan);
  return { ...project, path: root, wrote: plan.isNew };
}

function describe(plan: ProjectPlan): FoundProject {
  const { config, root, remote, dirty } = plan;
  const { agent } = config;
  return {
    path: root,
    name: config.project,
    base: config.base,
    remote: config.remote,
    landsIn: obstacleTo(plan) === undefined ? remote : "",
    dirty,
    hasConfig: !plan.isNew,
    gate: config.gate,
    gateBecause: plan.gateBecause,
    agent: "preset" in agent && agent.preset !== undefined ? agent.preset : agent.kind,
    agents: [
      { name: SCRIPTED, installed: true },
      ...[...ACP_PRESETS].map(([name, [program]]) => ({ name, installed: isOnPath(program) })),
    ],
    sandbox: config.sandbox,
    sandboxBecause: plan.sandboxBecause,
    obstacle: obstacleTo(plan) ?? "",
  };
}

const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((place) => place !== "" && existsSync(join(place, program)));

async function practise(name: string, directory: string): Promise<PreparedProject> {
  // The mesh has no project, so what lies there was left by one that was cut off.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  const place = { project: join(directory, "project"), remote: join(directory, "remote.git") };
  const config = renderProjectConfig({
    project: name,
    base: BASE,
    remote: "origin",
    agent: { kind: "scripted", env: [] },
    gate: [["node", "--test"]],
    gateBecause: "these are the tests of the practice repository",
    sandbox: (await sandboxHere()).kind,
  });
  orFail(parseProjectConfig(config, "skein.yaml"), (error) => error.message);
  await makeRepository(place, config, new AbortController().signal);
  return { path: place.project, name, remote: place.remote, base: BASE, config, wrote: false };
}
