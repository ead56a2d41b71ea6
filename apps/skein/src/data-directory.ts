/**
 * A node's data directory: its key, its log, its token, its places for work.
 *
 *     node.key (0600)     the node's Ed25519 seed          log.sqlite     the log
 *     node.key.next       the one that is to follow it, while a rotation is under way (0600)
 *     token (0600)        of the local API                 endpoints.json where it listens, while it runs
 *     logs/ stories/ git/ captured output, stories, clones     snapshots/ copies of the log, while a backup is made
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

import { equalBytes, toHex } from "@skein/core";
import type { LogStore, NodeKeys } from "@skein/node";
import { openLogStore, type SqliteLogStore } from "@skein/store-sqlite";

import { Failure, orFail, reasonOf } from "./failure.ts";
import { openKeyFiles, secretFile } from "./key-files.ts";

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

/** Opens, and makes when `create` is set. Only one process at a time holds it. */
export function openDataDirectory(path: string, options: { readonly create: boolean }): DataDirectory {
  const directory = resolve(path);
  if (!existsSync(join(directory, "log.sqlite")) && !options.create) {
    throw new Failure(
      `There is no node in ${directory}. \`skein init\` makes a mesh there; \`skein up --rendezvous URL --ticket T\` joins one.`,
    );
  }
  makeDirectory(directory);
  const store = orFail(openLogStore({ directory }), (error) => error.message);
  try {
    const keys = openKeyFiles(directory);
    const token = toHex(secretFile(join(directory, "token")));
    const moved = noticeMove(store);
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

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Failure(
      `The data directory ${directory} cannot be made: ${reasonOf(cause)}. Choose another with --data.`,
    );
  }
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
