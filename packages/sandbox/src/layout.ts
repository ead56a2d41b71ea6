/**
 * What a room holds: the attempt's own paths, the machine's programs and libraries, private memory file systems, and no
 * other file of the machine. Paths are the same inside as outside, so that what a tool writes down holds on both sides.
 *
 * Nothing is found out about the machine by leaving things out: what is not listed here is not there.
 */
import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { err, ok, type Result } from "@skein/core";

import type { EtcFiles } from "./etc-files.ts";

export interface Mount {
  /** Outside. */
  readonly from: string;
  /** Inside. */
  readonly path: string;
  readonly access: "read" | "write";
}

/** A private file system in memory. */
interface Scratch {
  readonly path: string;
  readonly bytes: number;
  readonly mode: string;
}

export interface Layout {
  /** A path's parents come before it. */
  readonly mounts: readonly Mount[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly scratch: readonly Scratch[];
}

export interface LayoutRequest {
  readonly write: readonly string[];
  readonly read: readonly string[];
  /** Mounted at other places than they are outside. */
  readonly more: readonly Mount[];
  readonly etc: EtcFiles;
  /** Must not be seen, whatever was asked for. */
  readonly secret: string;
  readonly memoryBytes: number | undefined;
}

/** Where the one user of a room is at home. Nothing of anybody's real home is there. */
export const ROOM_HOME = "/home/skein";

const SYSTEM: readonly string[] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Configuration that programs need and that holds no secret. Keys of TLS servers lie beside the certificates. */
const ETC: readonly string[] = [
  "/etc/alternatives",
  "/etc/ca-certificates",
  "/etc/ca-certificates.conf",
  "/etc/crypto-policies",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/localtime",
  "/etc/mime.types",
  "/etc/os-release",
  "/etc/pki/ca-trust",
  "/etc/pki/tls/certs",
  "/etc/protocols",
  "/etc/services",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/timezone",
];

const MIB = 1024 * 1024;
const SCRATCH: readonly Scratch[] = [
  { path: "/tmp", bytes: 2048 * MIB, mode: "1777" },
  { path: ROOM_HOME, bytes: 2048 * MIB, mode: "0700" },
];

/** Fails with one sentence when something that was asked for is not there, or would show what must stay hidden. */
export function layoutOf(request: LayoutRequest): Result<Layout, string> {
  const system = systemMounts();
  const asked = [
    ...request.read.map((path) => ({ path, access: "read" as const })),
    ...request.write.map((path) => ({ path, access: "write" as const })),
  ];
  const mounts: Mount[] = [...system.mounts, ...request.etc, ...nodeMounts(system.mounts)];
  for (const { path, access } of asked) {
    const from = realPath(path);
    if (from === undefined) return err(`${path} is to be in the sandbox, and there is no such path on this machine.`);
    mounts.push({ from, path, access });
  }
  const shown = mounts.find(({ from }) => isWithin(request.secret, from));
  if (shown !== undefined) {
    return err(`${shown.path} may not be in the sandbox: the node's data directory ${request.secret} lies in it.`);
  }
  const most = request.memoryBytes ?? Number.POSITIVE_INFINITY;
  return ok({
    mounts: [...mounts.toSorted((a, b) => depthOf(a.path) - depthOf(b.path)), ...request.more],
    links: system.links,
    scratch: SCRATCH.map((one) => ({ ...one, bytes: Math.min(one.bytes, most) })),
  });
}

/** Whether `path` is `directory` or lies below it. */
const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);

/** Whether a path of this machine is at the same place in the room. */
export function isShown({ mounts, links }: Layout, path: string): boolean {
  const link = links.find((one) => isWithin(path, one.path));
  const place = link === undefined ? path : join(dirname(link.path), link.target, path.slice(link.path.length));
  return mounts.some((mount) => isWithin(place, mount.path));
}

function systemMounts(): Pick<Layout, "mounts" | "links"> {
  const mounts: Mount[] = [];
  const links: { path: string; target: string }[] = [];
  for (const path of SYSTEM) {
    const found = kindOf(path);
    if (found === "link") links.push({ path, target: readlinkSync(path) });
    else if (found === "directory") mounts.push({ from: path, path, access: "read" });
  }
  for (const path of ETC) {
    const from = realPath(path);
    if (from !== undefined) mounts.push({ from, path, access: "read" });
  }
  return { mounts, links };
}

/** The program that runs this one, with what npm put beside it, where it does not belong to the system. */
function nodeMounts(system: readonly Mount[]): readonly Mount[] {
  const bin = nodeDirectory();
  const modules = join(dirname(bin), "lib", "node_modules");
  const paths = basename(bin) === "bin" && kindOf(modules) === "directory" ? [bin, modules] : [process.execPath];
  return paths
    .filter((path) => !system.some((mount) => isWithin(path, mount.path)))
    .map((path) => ({ from: path, path, access: "read" }));
}

/** Where the program that runs this one is. */
export const nodeDirectory = (): string => dirname(realpathSync(process.execPath));

function kindOf(path: string): "link" | "directory" | "other" | undefined {
  try {
    const found = lstatSync(path);
    if (found.isSymbolicLink()) return "link";
    return found.isDirectory() ? "directory" : "other";
  } catch {
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

const depthOf = (path: string): number => path.split("/").length;
