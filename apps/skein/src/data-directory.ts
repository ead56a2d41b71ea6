/**
 * A node's data directory: its key, its log, its token, its places for work.
 *
 *     node.key (0600)     the node's Ed25519 seed          log.sqlite     the log
 *     token (0600)        of the local API                 endpoints.json where it listens, while it runs
 *     logs/ stories/ git/ captured output, stories, clones
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

import { fromHex, type Signer, toHex } from "@skein/core";
import { createSigner, type LogStore } from "@skein/node";
import { openLogStore } from "@skein/store-sqlite";

import { Failure, orFail, reasonOf } from "./failure.ts";

export interface DataDirectory {
  readonly path: string;
  readonly store: LogStore;
  readonly signer: Signer;
  /** Undefined until a mesh was founded or joined. */
  readonly mesh: Uint8Array | undefined;
  readonly incarnation: Uint8Array;
  readonly name: string | undefined;
  readonly token: string;
  close(): void;
}

/** `<data home>/skein/<project>-<hash of its path>`: outside the repository, so that no clean-up there can take it away. */
export function defaultDataDirectory(from: string): string {
  const dataHome = process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share");
  const root = gitRootOf(from);
  if (root === undefined) return join(dataHome, "skein", "default");
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 8);
  return join(dataHome, "skein", `${basename(root)}-${hash}`);
}

function gitRootOf(from: string): string | undefined {
  for (let path = realpathSync(from); ; path = dirname(path)) {
    if (existsSync(join(path, ".git"))) return path;
    if (dirname(path) === path) return undefined;
  }
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
    const signer = createSigner(secretFile(join(directory, "node.key")));
    const token = toHex(secretFile(join(directory, "token")));
    return {
      path: directory,
      store,
      signer,
      mesh: store.getMeta("mesh"),
      incarnation: remembered(store, "incarnation", () => new Uint8Array(randomBytes(8))),
      name: decodeText(store.getMeta("name")),
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

/** 32 secret bytes in a file that only its owner reads, made once. */
function secretFile(path: string): Uint8Array {
  if (!existsSync(path)) writeSecret(path, `${toHex(new Uint8Array(randomBytes(32)))}\n`);
  const seed = fromHex(readFileSync(path, "utf8").trim());
  if (seed?.length !== 32) {
    throw new Failure(`The key file ${path} is damaged. Put its backup in place, or join with a new data directory.`);
  }
  chmodSync(path, 0o600);
  return seed;
}

function writeSecret(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (cause) {
    throw new Failure(`${path} cannot be written: ${reasonOf(cause)}.`);
  }
}

/** A value of the store's own facts, made and saved when it is not there. */
function remembered(store: LogStore, key: string, make: () => Uint8Array): Uint8Array {
  const known = store.getMeta(key);
  if (known !== undefined) return known;
  const value = make();
  orFail(store.putMeta(key, value), (error) => `Nothing can be saved in the data directory: ${error.message}.`);
  return value;
}

/** Counts this start. Beats of a later start are newer than all of an earlier one. */
export function countBoot(store: LogStore): number {
  const boot = Number(decodeText(store.getMeta("boot")) ?? "0") + 1;
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

export interface Endpoints {
  /** `ws://host:port` for peers. */
  readonly peer: string;
  /** `http://host:port` of the API and the board. */
  readonly http: string;
}

export const writeEndpoints = (directory: string, endpoints: Endpoints): void =>
  writeFileSync(join(directory, "endpoints.json"), `${JSON.stringify(endpoints, null, 2)}\n`);

export const removeEndpoints = (directory: string): void => rmSync(join(directory, "endpoints.json"), { force: true });

/** Where a running node listens, with its token; undefined when none has said so. */
export function readEndpoints(directory: string): (Endpoints & { readonly token: string }) | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(directory, "endpoints.json"), "utf8"));
    const token = readFileSync(join(directory, "token"), "utf8").trim();
    if (typeof parsed !== "object" || parsed === null || !("peer" in parsed) || !("http" in parsed)) return undefined;
    const { peer, http } = parsed;
    return typeof peer === "string" && typeof http === "string" ? { peer, http, token } : undefined;
  } catch {
    return undefined;
  }
}
