/**
 * The composition root: the only place that knows every concrete adapter. Top to bottom: directories → adapters → node.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  type ArtifactSettings,
  ARTIFACTS,
  createNode,
  createNodeCrypto,
  createSecrets,
  createSigner,
  type GrowthSettings,
  type Json,
  type LinkRefusal,
  type Logger,
  type Node,
  type NodeOptions,
  type PeerNet,
  systemClock,
  systemRandom,
} from "@skein/node";
import { createSessionNotes, createTurnAgents } from "@skein/agent-acp";
import { err, ok, type Result, type Signer } from "@skein/core";
import {
  childEnvironment,
  createAsking,
  createAttemptLogs,
  createBlobStore,
  createProcesses,
  declaredFiles,
} from "@skein/process";

import type { DataDirectory } from "./data-directory.ts";
import { Failure, reasonOf } from "./failure.ts";
import { readNodeFile } from "./node-file.ts";
import { createMachine } from "./machine.ts";
import { createMirrors } from "./mirrors.ts";
import { packagesFor } from "./package-files.ts";
import { createProjectDesk } from "./project-desk.ts";
import { addOwnSecrets, secretValuesOf } from "./known-secrets.ts";
import { openSandboxes } from "./sandbox.ts";
import { VERSION } from "./version.ts";

export interface ComposeOptions {
  readonly data: DataDirectory;
  readonly mesh: Uint8Array;
  readonly name: string;
  readonly net: PeerNet;
  readonly log: Logger;
  readonly rendezvous: readonly string[];
  readonly ticket: Signer | null;
  /** How many times this directory was started; 0 for a command that does not join the mesh. */
  readonly boot: number;
  readonly slots: number;
  readonly growth: Partial<GrowthSettings>;
  /** Why this node is not meant to work; null when it is. */
  readonly idle: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly announced: () => readonly string[];
  readonly page?: () => string;
  readonly nearPages?: () => ReadonlyMap<string, string>;
  readonly transports: () => Json;
  readonly onRefused: (refusal: LinkRefusal) => void;
}

const MOVED = {
  type: "incarnation",
  message:
    "The data directory was copied or restored since it was last used. This node goes on under a new incarnation; do not run the other copy.",
};

const BEAT_MS = 1_000;
const LOG_BYTES = 64 * 1024 * 1024;

export function composeNode(options: ComposeOptions): Node {
  const { data } = options;
  const places = {
    logs: join(data.path, "logs"),
    stories: join(data.path, "stories"),
    git: join(data.path, "git"),
    artifacts: join(data.path, "artifacts"),
    asks: join(data.path, "asks"),
    sessions: join(data.path, "sessions"),
  };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true, mode: 0o700 });
  const sandboxes = openSandboxes(data.path);
  const processes = createProcesses({ owner: ownerOf(data.path), rooms: sandboxes });
  const openRepository = createMirrors(places.git);
  const secrets = createSecrets();
  addOwnSecrets(secrets, data);
  const node = createNode({
    clock: systemClock,
    random: systemRandom,
    crypto: createNodeCrypto(),
    createSigner,
    store: data.store,
    net: options.net,
    asking: createAsking({ directory: places.asks, clock: systemClock }),
    processes,
    sandboxes,
    talking: {
      agents: createTurnAgents({ processes, clock: systemClock, version: VERSION }),
      sessions: createSessionNotes(places.sessions),
    },
    logs: createAttemptLogs({
      directory: places.logs,
      maxBytesPerLog: LOG_BYTES,
      onTrouble: (message) => options.log("warn", "attempt-log.trouble", { message }),
    }),
    artifacts: { blobs: createBlobStore(places.artifacts), settings: createArtifactSettings(data.path), declaredFiles },
    openRepository,
    projectDesk: createProjectDesk(data.path, openRepository),
    writeStory: (attempt, text) => writeStory(places.stories, attempt, text),
    secrets,
    environment: (purpose, passNames, skein) => {
      secrets.add(secretValuesOf(passNames));
      // What node.yaml names may have changed since.
      addOwnSecrets(secrets, data);
      return childEnvironment({ own: process.env, purpose, passNames, skein });
    },
    scriptedAgent: shippedAgent(),
    log: options.log,
    keys: data.keys,
    mesh: options.mesh,
    incarnation: data.incarnation,
    boot: options.boot,
    notices: data.moved ? [MOVED] : [],
    name: options.name,
    version: VERSION,
    rendezvous: options.rendezvous,
    ticket: options.ticket,
    slots: options.slots,
    growth: options.growth,
    idle: options.idle,
    labels: options.labels,
    machine: createMachine(data.path, systemClock),
    beatMs: BEAT_MS,
    announced: options.announced,
    ...(options.page === undefined ? {} : { page: options.page }),
    ...(options.nearPages === undefined ? {} : { nearPages: options.nearPages }),
    transports: options.transports,
    onRefused: options.onRefused,
  });
  if (!node.ok) throw new LogDoesNotFit(node.error);
  return node.value;
}

/** Read anew at every look. A version that cannot be read changes nothing: a policy of another kind could delete. */
function createArtifactSettings(directory: string): () => ArtifactSettings {
  let last: ArtifactSettings | undefined;
  return () => {
    const read = readNodeFile(directory);
    if (read.ok) last = read.value.artifacts ?? ARTIFACTS;
    // Not one was ever read: nothing is deleted meanwhile.
    return last ?? { ...ARTIFACTS, keepMs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  };
}

function shippedAgent(): NodeOptions["scriptedAgent"] {
  const main = fileURLToPath(new URL("./scripted-agent/main.js", import.meta.url));
  const directory = dirname(main);
  const manifest = join(dirname(dirname(directory)), "package.json");
  const packages = packagesFor(["@skein/core", "yaml"], directory);
  return { run: [process.execPath, main], read: [directory, manifest, ...packages] };
}

/** What agents of an earlier life asked: they are gone, and nobody waits for an answer there. */
export function forgetAsks(directory: string): void {
  rmSync(join(directory, "asks"), { recursive: true, force: true });
}

/** SQLite gives back what was written, and that is no log: `skein up` repairs it like any other damage. */
export class LogDoesNotFit extends Failure {
  readonly damage: string;

  constructor(damage: string) {
    super(`The log on disk does not fit together: ${damage}. \`skein up\` puts it aside and keeps what is whole.`);
    this.damage = damage;
  }
}

/** Names this data directory in the environment of the children it starts, so that its next life finds them. */
export const ownerOf = (directory: string): string => createHash("sha256").update(directory).digest("hex").slice(0, 16);

/** The name comes from an item id and a number, never from a story. */
function writeStory(directory: string, attempt: { item: string; epoch: number }, text: string): Result<string, string> {
  const path = join(directory, `${attempt.item}-${attempt.epoch}.md`);
  try {
    writeFileSync(path, text, { mode: 0o600 });
    return ok(path);
  } catch (cause) {
    return err(reasonOf(cause));
  }
}

/** For commands that open the data directory without joining the mesh. */
export const noNet: PeerNet = {
  dial: () => Promise.resolve(err("this command works without the network")),
  listen: () => Promise.resolve(err("this command works without the network")),
  close: () => Promise.resolve(),
};
