/**
 * The pages of this user's other nodes on this machine. An address on the loopback interface means something else on every
 * machine, so no beat tells it: each node leaves its own in a directory of the user, where only this user's programs write,
 * and believes what lies there about this very machine.
 */
import { isPageOrigin } from "@skein/core";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { isLoopback } from "./loopback.ts";
import { writeWholeFile } from "./whole-file.ts";

export interface NearPages {
  /** This node's own page, as an origin, until `withdraw`. */
  tell(node: string, page: string): void;
  withdraw(): void;
  /** Origins of the other nodes' pages by member id. What a killed node left stands until it starts again. */
  others(): ReadonlyMap<string, string>;
}

export interface NearPagesOptions {
  /** Of this user; made when it is missing. */
  readonly directory: string;
  /** Hex. */
  readonly mesh: string;
  /** Names this machine, or the part of it that shares a loopback interface. */
  readonly machine: string;
  /** Milliseconds that only grow. */
  readonly nowMs: () => number;
  /** It costs going on at a neighbour, and nothing else. */
  readonly onTrouble: (cause: unknown) => void;
}

/** A browser asks seldom, a flood of requests from foreign pages often. */
const FRESH_MS = 3_000;
const FILES_READ = 64;
const FILE_BYTES = 1_024;
const NAME = /^([0-9a-f]{16})-([0-9a-f]{64})\.json$/;

export function createNearPages(options: NearPagesOptions): NearPages {
  const { directory, mesh, machine, nowMs, onTrouble } = options;
  let told: string | undefined;
  let known: { readonly atMs: number; readonly pages: ReadonlyMap<string, string> } | undefined;
  return {
    tell: (node, page) => {
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        if (!isPrivate(directory))
          throw new Error(`others may write to ${directory}, so it is not used: run chmod go-w on it, and start again`);
        const path = join(directory, `${mesh.slice(0, 16)}-${node}.json`);
        writeWholeFile(path, JSON.stringify({ mesh, machine, page }), 0o600);
        told = path;
      } catch (cause) {
        onTrouble(cause);
      }
    },
    withdraw: () => {
      if (told !== undefined) rmSync(told, { force: true });
      told = undefined;
    },
    others: () => {
      if (told === undefined) return NONE;
      if (known === undefined || nowMs() - known.atMs >= FRESH_MS) {
        known = { atMs: nowMs(), pages: readPages(options, told) };
      }
      return known.pages;
    },
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Somebody else who could write here would say where browsers of this user go on. */
function isPrivate(directory: string): boolean {
  const found = lstatSync(directory);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

function readPages({ directory, mesh, machine }: NearPagesOptions, own: string): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  for (const name of namesIn(directory)) {
    const [, start, node = ""] = NAME.exec(name) ?? [];
    const path = join(directory, name);
    if (start !== mesh.slice(0, 16) || path === own || pages.size >= FILES_READ) continue;
    const page = pageIn(path, mesh, machine);
    if (page !== undefined) pages.set(node, page);
  }
  return pages;
}

/** The directory was there when this node told of itself; without it there are no neighbours. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Undefined for what is of another machine or mesh, half-written, or no address of this machine's own. */
function pageIn(path: string, mesh: string, machine: string): string | undefined {
  try {
    const found = lstatSync(path);
    const fits = found.isFile() && found.size <= FILE_BYTES;
    const said: unknown = fits ? JSON.parse(readFileSync(path, "utf8")) : undefined;
    if (typeof said !== "object" || said === null || !("page" in said) || typeof said.page !== "string")
      return undefined;
    const isOurs = "mesh" in said && said.mesh === mesh && "machine" in said && said.machine === machine;
    return isOurs && isPageOrigin(said.page) && isLoopback(new URL(said.page).hostname) ? said.page : undefined;
  } catch {
    return undefined;
  }
}

/** A home directory may be shared by machines, and by containers with a network of their own. */
export function machineMark(): string {
  const parts = [
    hostname(),
    trying(() => readFileSync("/etc/machine-id", "utf8")),
    trying(() => readlinkSync("/proc/self/ns/net")),
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}

/** Systems that have no such file are told apart by the host's name. */
function trying(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
