/**
 * A node's data directory: its key, its log, its token, its places for work.
 *
 *     node.key (0600)     the node's Ed25519 seed          log.sqlite     the log
 *     node.key.next       the one that is to follow it, while a rotation is under way (0600)
 *     token (0600)        of the local API                 endpoints.json where it listens, while it runs
 *     identity.json       mesh and name, beside the log    quarantine/    damaged logs
 *     logs/ stories/ git/ captured output, stories, clones     snapshots/ copies of the log, while a backup is made
 *     asks/               what running agents ask      practice/        a repository to try Skein with, and its remote
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

import { equalBytes, fromHex, toHex } from "@skein/core";
import type { LogStore, NodeKeys } from "@skein/node";
import { openLogStore, type SqliteLogStore } from "@skein/store-sqlite";

import { Failure, orFail, reasonOf } from "./failure.ts";
import { keepIdentity } from "./identity-file.ts";
import { keyFile, openKeyFiles } from "./key-files.ts";
import { SEED_BYTES } from "./key-text.ts";
import { finishCutOffRepair, repairLog } from "./repair-log.ts";
import { writeWholeFile } from "./whole-file.ts";

export interface DataDirectory {
  readonly path: string;
  readonly store: SqliteLogStore;
  readonly keys: NodeKeys;
  /** Undefined until a mesh was founded or joined. */
  readonly mesh: Uint8Array | undefined;
  readonly incarnation: Uint8Array;
  /** The log was copied or restored since it was last opened: it goes on under a new incarnation. */
  readonly moved: boolean;
  readonly name: string | undefined;
  /** How often a node was started here. */
  readonly boots: number;
  readonly token: string;
  close(): void;
}

export interface OpenOptions {
  /** Make it when it is not there. */
  readonly create: boolean;
  /** Called when a damaged log was repaired, with what to tell. Without it a damaged log is only refused. */
  readonly onRepaired?: (told: string) => void;
  /** What to say of a damaged log that is not repaired; by default, how it is. */
  readonly describeDamage?: (detail: string) => string;
  /** The log can neither be read nor written any more by this process, which should end. */
  readonly onUnusable?: (message: string) => void;
}

/** Whether a node lives there, with its log or without it. */
export const holdsNode = (directory: string): boolean =>
  existsSync(join(directory, "log.sqlite")) || existsSync(keyFile(directory));

/** Opens, and makes when `create` is set. Only one process at a time holds it. */
export function openDataDirectory(path: string, options: OpenOptions): DataDirectory {
  const directory = resolve(path);
  if (!holdsNode(directory) && !options.create) {
    throw new Failure(
      `There is no node in ${directory}. \`skein init\` makes a mesh there; \`skein up --rendezvous URL --ticket T\` joins one.`,
    );
  }
  makeDirectory(directory);
  const store = openStore(directory, options);
  try {
    const keys = openKeyFiles(directory);
    const token = toHex(readToken(join(directory, "token")));
    const moved = noticeMove(store);
    rememberMesh(directory, store);
    return {
      path: directory,
      store,
      keys,
      mesh: store.getMeta("mesh"),
      incarnation: remembered(store, "incarnation", newIncarnation),
      moved,
      name: decodeText(store.getMeta("name")),
      boots: bootsOf(store),
      token,
      close: () => store.close(),
    };
  } catch (cause) {
    store.close();
    throw cause;
  }
}

function openStore(directory: string, { onRepaired, onUnusable, describeDamage }: OpenOptions): SqliteLogStore {
  // The key is made right after the log, so where it is there was a log.
  const mustExist = existsSync(keyFile(directory));
  const open = (): ReturnType<typeof openLogStore> =>
    openLogStore({ directory, mustExist, onUnusable: ({ message }) => endUnusable(message, onUnusable) });
  finishCutOffRepair(directory, onRepaired !== undefined);
  const opened = open();
  if (opened.ok) return opened.value;
  const { error } = opened;
  if (error.type === "corrupt" && describeDamage !== undefined) {
    throw new Failure(describeDamage(error.detail ?? error.message));
  }
  if (onRepaired === undefined || error.type !== "corrupt") throw new Failure(error.message);
  onRepaired(repairLog(directory, error.detail ?? error.message));
  return orFail(open(), (failed) => failed.message);
}

/** Nothing that this process holds in memory is to be trusted or answered any more. */
function endUnusable(message: string, onUnusable: ((message: string) => void) | undefined): void {
  const sentence = `The log cannot be used any more: ${message}.`;
  if (onUnusable === undefined) throw new Failure(sentence);
  onUnusable(sentence);
}

/** Beside the log too, for the day it is lost. */
export function rememberMesh(directory: string, store: LogStore): void {
  const [mesh, name] = [store.getMeta("mesh"), decodeText(store.getMeta("name"))];
  if (mesh === undefined || name === undefined) return;
  keepIdentity(directory, { mesh, name });
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Failure(
      `The data directory ${directory} cannot be made: ${reasonOf(cause)}. Choose another with --data.`,
    );
  }
}

/** The API's secret is this machine's own business: a damaged one is replaced. */
function readToken(path: string): Uint8Array {
  const known = existsSync(path) ? fromHex(readFileSync(path, "utf8").trim()) : undefined;
  if (known?.length === SEED_BYTES) {
    chmodSync(path, 0o600);
    return known;
  }
  const made = new Uint8Array(randomBytes(SEED_BYTES));
  writeWholeFile(path, `${toHex(made)}\n`, 0o600);
  return made;
}

const newIncarnation = (): Uint8Array => new Uint8Array(randomBytes(8));

/** A copied log must not go on where the original does: a new incarnation begins before anything is written. */
function noticeMove(store: SqliteLogStore): boolean {
  const place = store.place();
  const known = store.getMeta("place");
  if (known !== undefined && equalBytes(known, place)) return false;
  const moved = known !== undefined;
  const save = (key: string, value: Uint8Array): void =>
    orFail(store.putMeta(key, value), (error) => `Nothing can be saved in the data directory: ${error.message}.`);
  if (moved) save("incarnation", newIncarnation());
  save("place", place);
  return moved;
}

/** A value of the store's own facts, made and saved when it is not there. */
function remembered(store: LogStore, key: string, make: () => Uint8Array): Uint8Array {
  const known = store.getMeta(key);
  if (known !== undefined) return known;
  const value = make();
  orFail(store.putMeta(key, value), (error) => `Nothing can be saved in the data directory: ${error.message}.`);
  return value;
}

const bootsOf = (store: LogStore): number => Number(decodeText(store.getMeta("boot")) ?? "0");

/** Counts this start. Beats of a later start are newer than all of an earlier one. */
export function countBoot(store: LogStore): number {
  const boot = bootsOf(store) + 1;
  orFail(store.putMeta("boot", encodeText(String(boot))), (error) => `Nothing can be saved: ${error.message}.`);
  return boot;
}

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);

const decodeText = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** The machine's name as a node's name: short, one line, no spaces. */
export const defaultNodeName = (): string =>
  hostname()
    .split(".")[0]
    ?.replaceAll(/[^A-Za-z0-9-]/g, "-")
    .slice(0, 40) || "node";
