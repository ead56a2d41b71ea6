/**
 * Chat on a running node: the accounts of `node.yaml` in the data directory, and the kinds of transport there are. The file is
 * read again when it changes; a bad version is reported and changes nothing.
 */
import { statSync } from "node:fs";
import { join } from "node:path";

import { type AccountSettings, type ChatEngine, createChatEngine, type Interpret } from "@skein/chat";
import type { AccountConfig, NodeConfig } from "@skein/config";
import type { HookReply, HookRequest } from "@skein/http";
import { createNodeCrypto, type Json, type Logger, type Node, systemClock, systemRandom } from "@skein/node";

import { Failure, reasonOf } from "./failure.ts";
import { createInterpreter } from "./interpreter.ts";
import { createMatrixEncryption, type MatrixEncryption } from "./matrix-encryption.ts";
import { NODE_FILE, readNodeFile } from "./node-file.ts";
import { secretOf, whyNoSecret } from "./secrets.ts";

export interface Chat {
  hooks(kind: string, account: string, request: HookRequest): Promise<HookReply>;
  /** What each account does here, for `skein transports`. */
  states(): Json;
  start(): void;
  stop(): Promise<void>;
}

/** Loaded when an account asks for it: most nodes speak on one platform or none. */
const KINDS: Readonly<Record<string, (engine: ChatEngine, encryption: MatrixEncryption) => Promise<void>>> = {
  matrix: async (engine, encryption) =>
    engine.register((await import("@skein/chat-matrix")).createMatrixKind(() => encryption.open())),
  slack: async (engine) => engine.register((await import("@skein/chat-slack")).slackKind),
  discord: async (engine) => engine.register((await import("@skein/chat-discord")).discordKind),
  whatsapp: async (engine) => engine.register((await import("@skein/chat-whatsapp")).whatsappKind),
  twilio: async (engine) => engine.register((await import("@skein/chat-whatsapp")).twilioKind),
};

const WATCH_MS = 1_000;

/** Fails when `node.yaml` is there and cannot be used. */
export async function createChat(directory: string, node: Pick<Node, "desk">, log: Logger): Promise<Chat> {
  const path = join(directory, NODE_FILE);
  let interpreter: Interpret | undefined;
  const engine = createChatEngine({
    desk: node.desk,
    clock: systemClock,
    random: systemRandom,
    crypto: createNodeCrypto(),
    log,
    fetch: globalThis.fetch,
    interpreter: () => interpreter,
  });
  /** What is wrong with the file as it is now; what runs is then what an earlier version said. */
  let unusable: string | undefined;
  const loaded = new Set<string>();
  const encryption = createMatrixEncryption(directory, log);
  const apply = async ({ transports, lease, interpreter: wanted }: NodeConfig): Promise<void> => {
    interpreter = wanted === undefined ? undefined : createInterpreter(directory, wanted);
    for (const { kind } of transports) {
      const load = KINDS[kind];
      if (load === undefined || loaded.has(kind)) continue;
      await load(engine, encryption);
      loaded.add(kind);
    }
    await encryption.prepare(transports);
    await engine.apply(transports.map((one) => accountOf(one, lease.ttlMs, directory, log)));
    log("info", "config.applied", { file: path, accounts: transports.length });
  };
  // Before it is read: what is written in between is a change.
  let seen = versionOf(path);
  const first = readNodeFile(directory);
  if (!first.ok) throw new Failure(first.error);
  await apply(first.value);
  // One after the other: an account that is being stopped is not started at the same time.
  let turn = Promise.resolve();
  let cancel = (): void => undefined;
  const look = (): void => {
    cancel = systemClock.after(WATCH_MS, look);
    const now = versionOf(path);
    if (now === seen) return;
    seen = now;
    turn = turn.then(async () => {
      const read = readNodeFile(directory);
      const refuse = (why: string): void => {
        unusable = why;
        log("error", "config.refused", { message: why });
      };
      if (!read.ok) return refuse(`${read.error} The last good version stays.`);
      unusable = undefined;
      // Nobody waits for this, so what fails in it would end the node, and no later version would be read.
      return apply(read.value).catch((cause: unknown) =>
        refuse(`${path} could not be applied: ${reasonOf(cause)}. Mend it and save it again.`),
      );
    });
  };
  return {
    hooks: (kind, account, request) => engine.webhook(kind, account, request),
    states: () => [
      ...engine.states().map((one) => ({ ...one, holder: nameOf(node, one.holder), trouble: one.trouble ?? "" })),
      ...(unusable === undefined ? [] : [{ account: NODE_FILE, state: "refused", holder: "", trouble: unusable }]),
    ],
    start: () => {
      engine.start();
      look();
    },
    stop: async () => {
      cancel();
      await turn;
      await engine.stop();
    },
  };
}

/** Another one after every time that the file was saved, or touched. */
function versionOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  } catch {
    // Why it cannot be seen is said when it is read.
    return -1;
  }
}

const nameOf = (node: Pick<Node, "desk">, member: string | undefined): string =>
  member === undefined ? "" : node.desk.naming.nameOf(member);

const accountOf = (config: AccountConfig, leaseTtlMs: number, directory: string, log: Logger): AccountSettings => {
  const { secrets, ...rest } = config;
  return {
    ...rest,
    id: `${config.kind}/${config.name}`,
    leaseTtlMs,
    secret: (name) => secretOf(secrets[name], directory, log),
    whyNoSecret: (name) => whyNoSecret(name, secrets, directory),
  };
};
