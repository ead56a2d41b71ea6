/**
 * `skein init`: founds a mesh and, in a git repository, gives it a project. It looks before it writes: the directory
 * appears whole or not at all.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import {
  type ConfigError,
  detectGate,
  parseProjectConfig,
  type ProjectConfig,
  projectNameFrom,
  renderProjectConfig,
} from "@skein/config";
import { createReplica, foundMesh, MESH_ENTITY, type OpBody } from "@skein/core";
import { inspectProject, openRepository, type ProjectFacts, resolveRemote } from "@skein/git";
import { createNodeCrypto, systemClock } from "@skein/node";

import {
  type DataDirectory,
  defaultNodeName,
  encodeText,
  holdsNode,
  openDataDirectory,
  rememberMesh,
} from "./data-directory.ts";
import { Failure, orFail, reasonOf } from "./failure.ts";
import { type SandboxHere, sandboxHere } from "./sandbox.ts";
import { makeStaging } from "./staging.ts";
import { writeWholeFile } from "./whole-file.ts";

export interface InitOptions {
  readonly data: string;
  /** A path in a git repository; undefined for a mesh without a project. */
  readonly project: string | undefined;
  readonly name: string | undefined;
  readonly mesh: string | undefined;
}

export interface InitResult {
  readonly data: string;
  readonly mesh: string;
  readonly node: string;
  readonly project: {
    readonly name: string;
    readonly remote: string;
    readonly base: string;
    readonly gate: readonly (readonly string[])[];
  } | null;
  /** skein.yaml that was written; null when it was there already. */
  readonly wrote: string | null;
  readonly gateBecause: string;
  readonly sandbox: string;
  /** Why a skein.yaml that was written has no sandbox; empty otherwise. */
  readonly sandboxBecause: string;
}

interface ProjectPlan {
  readonly root: string;
  readonly config: ProjectConfig;
  readonly text: string;
  readonly remote: string;
  readonly isNew: boolean;
  readonly gateBecause: string;
  readonly sandboxBecause: string;
}

export async function init(options: InitOptions): Promise<InitResult> {
  const target = resolve(options.data);
  if (holdsNode(target)) {
    throw new Failure(
      `${target} holds a node already. Use it with \`skein up\`, or choose another directory with --data.`,
    );
  }
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new Failure(`${target} is not empty and holds no node. Choose another directory with --data.`);
  }
  const plan = options.project === undefined ? undefined : await planProject(options.project);
  const staging = stagingFor(target);
  try {
    if (plan !== undefined) await checkRemote(plan, staging);
    const mesh = found(staging, options, plan);
    if (plan?.isNew === true) writeConfig(join(plan.root, "skein.yaml"), plan.text);
    renameSync(staging, target);
    return describe(target, mesh, options, plan);
  } catch (cause) {
    rmSync(staging, { recursive: true, force: true });
    throw cause;
  }
}

/** Never half of it: the next `init` would take that for the person's own configuration. */
function writeConfig(file: string, text: string): void {
  if (existsSync(file)) throw new Failure(`${file} was made by somebody else just now. Read it, and run this again.`);
  writeWholeFile(file, text, 0o644);
}

function stagingFor(target: string): string {
  try {
    return makeStaging(target);
  } catch (cause) {
    throw new Failure(`The data directory ${target} cannot be made: ${reasonOf(cause)}. Choose another with --data.`);
  }
}

// ── the project ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function planProject(path: string): Promise<ProjectPlan> {
  const facts = orFail(await inspectProject(resolve(path)), (error) => error.message);
  const file = join(facts.root, "skein.yaml");
  const plan = existsSync(file) ? planFromFile(file) : planFresh(facts, await sandboxHere());
  const remote = orFail(await resolveRemote(facts.root, plan.config.remote), (error) => error.message);
  if (plan.config.remote === "." && facts.dirty) {
    throw new Failure(
      `${facts.root} has uncommitted changes, and items would land right there because it has no remote. Commit or stash them first.`,
    );
  }
  refuseCredentials(remote);
  return { ...plan, remote, root: facts.root };
}

/** The remote's address goes into the log, and the log goes to every member. */
function refuseCredentials(remote: string): void {
  if (!/^https?:\/\/[^/]*@/i.test(remote)) return;
  throw new Failure(
    "The remote's URL carries a user name or password, and every member of the mesh would read it. Take it out " +
      "(git remote set-url) and put it into ~/.netrc of the machines that land, or use an ssh URL.",
  );
}

type Drafted = Omit<ProjectPlan, "remote" | "root">;

function planFromFile(file: string): Drafted {
  const text = readFileSync(file, "utf8");
  const config = orFail(parseProjectConfig(text, file), everyProblem);
  return { config, text, isNew: false, gateBecause: "skein.yaml says so", sandboxBecause: "" };
}

/** All of them at once: who corrects a file does not want to hear of them one by one. */
function everyProblem({ message, problems }: ConfigError): string {
  if (problems.length < 2) return message;
  const lines = problems.map((problem) => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
  return `There are ${problems.length} problems; correct them and run this again.\n${lines.join("\n")}`;
}

function planFresh(facts: ProjectFacts, sandbox: SandboxHere): Drafted {
  const { gate, because } = detectGate({
    read: (path) => readIfThere(join(facts.root, path)),
    exists: (path) => existsSync(join(facts.root, path)),
  });
  const text = renderProjectConfig({
    project: projectNameFrom(basename(facts.root)),
    base: facts.base,
    remote: facts.remote,
    agent: { kind: "scripted", env: [] },
    gate,
    gateBecause: because,
    sandbox: sandbox.kind,
  });
  const config = orFail(parseProjectConfig(text, "skein.yaml"), (error) => error.message);
  const sandboxBecause = sandbox.kind === "none" ? sandbox.because : "";
  return { config, text, isNew: true, gateBecause: because, sandboxBecause };
}

const readIfThere = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

/** The target branch must be there to land on: better said now than at the first merge. */
async function checkRemote(plan: ProjectPlan, staging: string): Promise<void> {
  const directory = join(staging, "git", plan.config.project);
  mkdirSync(directory, { recursive: true });
  const { signal } = new AbortController();
  const repository = await openRepository({ directory, remote: plan.remote, base: plan.config.base }, signal);
  const tip = repository.ok ? await repository.value.fetchBase(signal) : repository;
  orFail(tip, (error) => error.message);
}

// ── the mesh ────────────────────────────────────────────────────────────────────────────────────────────────────────

function found(staging: string, options: InitOptions, plan: ProjectPlan | undefined): Uint8Array {
  const data = openDataDirectory(staging, { create: true });
  try {
    return foundIn(data, options, plan);
  } finally {
    data.close();
  }
}

function foundIn(data: DataDirectory, options: InitOptions, plan: ProjectPlan | undefined): Uint8Array {
  const crypto = createNodeCrypto();
  const nodeName = options.name ?? defaultNodeName();
  const meshName = options.mesh ?? plan?.config.project ?? "skein";
  const { incarnation } = data;
  const signer = data.keys.current();
  const genesis = foundMesh({ signer, incarnation, meshName, nodeName, wallMs: systemClock.wallMs() }, crypto);
  const replica = createReplica(genesis.mesh, crypto);
  orFail(replica.take(genesis.frame.bytes), (refusal) => `The mesh could not be founded: ${refusal.message}`);
  if (plan !== undefined) {
    replica.write(
      [{ entity: MESH_ENTITY, on: null, body: projectBody(plan) }],
      { signer, incarnation },
      systemClock.wallMs(),
    );
  }
  const frames = [genesis.frame, ...replica.seal({ signer, incarnation })];
  const stored = frames.map((frame, index) => ({ position: index + 1, bytes: frame.bytes }));
  orFail(data.store.append(stored), (error) => `The mesh could not be saved: ${error.message}.`);
  orFail(data.store.putMeta("mesh", genesis.mesh), (error) => `The mesh could not be saved: ${error.message}.`);
  orFail(data.store.putMeta("name", encodeText(nodeName)), (error) => `The mesh could not be saved: ${error.message}.`);
  rememberMesh(data.path, data.store);
  return genesis.mesh;
}

const projectBody = ({ config, remote, text }: ProjectPlan): OpBody => ({
  kind: "project.set",
  name: config.project,
  remote,
  base: config.base,
  config: text,
});

function describe(data: string, mesh: Uint8Array, options: InitOptions, plan: ProjectPlan | undefined): InitResult {
  return {
    data,
    mesh: Buffer.from(mesh).toString("hex"),
    node: options.name ?? defaultNodeName(),
    project:
      plan === undefined
        ? null
        : { name: plan.config.project, remote: plan.remote, base: plan.config.base, gate: plan.config.gate },
    wrote: plan?.isNew === true ? join(plan.root, "skein.yaml") : null,
    gateBecause: plan?.gateBecause ?? "",
    sandbox: plan?.config.sandbox ?? "",
    sandboxBecause: plan?.sandboxBecause ?? "",
  };
}
