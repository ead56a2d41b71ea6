/**
 * `skein init`: founds a mesh and, in a git repository, gives it a project. It looks before it writes: the directory
 * appears whole or not at all.
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { createReplica, foundMesh, MESH_ENTITY } from "@skein/core";
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
import { CONFIG_FILE, obstacleTo, planProject, projectBody, type ProjectPlan, writeConfig } from "./project-plan.ts";
import { createMirrors } from "./mirrors.ts";
import { makeStaging } from "./staging.ts";

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
  const plan = options.project === undefined ? undefined : await planOf(options.project);
  const staging = stagingFor(target);
  try {
    if (plan !== undefined) await checkRemote(plan, staging);
    const mesh = found(staging, options, plan);
    if (plan?.isNew === true) writeConfig(plan);
    renameSync(staging, target);
    return describe(target, mesh, options, plan);
  } catch (cause) {
    rmSync(staging, { recursive: true, force: true });
    throw cause;
  }
}

function stagingFor(target: string): string {
  try {
    return makeStaging(target);
  } catch (cause) {
    throw new Failure(`The data directory ${target} cannot be made: ${reasonOf(cause)}. Choose another with --data.`);
  }
}

// ── the project ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function planOf(path: string): Promise<ProjectPlan> {
  const plan = await planProject(resolve(path));
  const obstacle = obstacleTo(plan);
  if (obstacle !== undefined) throw new Failure(obstacle);
  return plan;
}

/** The target branch must be there to land on: better said now than at the first merge. What is fetched for that is kept. */
async function checkRemote(plan: ProjectPlan, staging: string): Promise<void> {
  const { signal } = new AbortController();
  const open = createMirrors(join(staging, "git"));
  const repository = await open({ remote: plan.remote, base: plan.config.base }, signal);
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

function describe(data: string, mesh: Uint8Array, options: InitOptions, plan: ProjectPlan | undefined): InitResult {
  return {
    data,
    mesh: Buffer.from(mesh).toString("hex"),
    node: options.name ?? defaultNodeName(),
    project:
      plan === undefined
        ? null
        : { name: plan.config.project, remote: plan.remote, base: plan.config.base, gate: plan.config.gate },
    wrote: plan?.isNew === true ? join(plan.root, CONFIG_FILE) : null,
    gateBecause: plan?.gateBecause ?? "",
    sandbox: plan?.config.sandbox ?? "",
    sandboxBecause: plan?.sandboxBecause ?? "",
  };
}
