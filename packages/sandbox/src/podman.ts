/**
 * podman: a container without an image, on a root directory that is empty but for what the layout says. It needs no
 * registry. A filter of system calls keeps those inside from making user namespaces, which bubblewrap does in another way.
 *
 * A container is not a child of `podman run`: its processes are found by the run's mark in their environment, which podman
 * passes on. The environment goes through a file of the node's own, and never through the command line.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { err, ok, type Result } from "@skein/core";

import type { Command, Driver, Wrapped } from "./driver.ts";
import { ROOM_UID } from "./etc-files.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { callFilter } from "./call-filter.ts";

export interface PodmanOptions {
  /** A directory of the node's own, for the roots of rooms. */
  readonly places: string;
  readonly secret: string;
}

const PROGRAM = "podman";
const PROBE_MS = 30_000;
const OLDEST: readonly [number, number] = [4, 3];
const SHM = "512m";
const OPEN_FILES = 8_192;
const THREADS = 4_096;
/** Threads count too. */
const THREADS_PER_PROCESS = 16;
const REACHED = "reached";

export function createPodman(options: PodmanOptions): Driver {
  return {
    kind: "podman",
    available: async () => {
      const version = await versionOf();
      if (!version.ok) return version;
      const tried = await tryRoom(options);
      return tried.ok ? version : tried;
    },
    wrap: (layout, command) => wrap(options, layout, command),
  };
}

function wrap({ places }: PodmanOptions, layout: Layout, command: Command): Result<Wrapped, string> {
  const odd = layout.mounts.find(({ from, path }) => /[:,]/.test(from + path));
  if (odd !== undefined) return err(`podman cannot mount ${odd.path}: there is a colon or a comma in it.`);
  if (!isDirectory(command.cwd)) return err(`The working directory ${command.cwd} does not exist.`);
  const folded = Object.entries(command.env).find(([, value]) => /[\r\n\0]/.test(value));
  if (folded !== undefined) return err(`podman cannot pass ${folded[0]} on: its value has several lines.`);
  const name = `skein-${randomBytes(8).toString("hex")}`;
  const place = makePlace(places, layout, command);
  return ok({
    argv: [
      PROGRAM,
      "run",
      ...argumentsOf(name, place, layout, command),
      "--",
      join(place, "root"),
      ...inner(command.argv),
    ],
    cwd: "/",
    env: ownEnvironment(),
    keeper: () => readPid(join(place, "pid")),
    ran: (status) => status.includes(REACHED),
    leave: async () => {
      // Gone by itself, unless podman was killed before it could clear away.
      await run(["rm", "--force", "--ignore", "--time", "0", name]);
      await rm(place, { recursive: true, force: true });
    },
  });
}

function makePlace(places: string, { links }: Layout, { env }: Command): string {
  mkdirSync(places, { recursive: true, mode: 0o700 });
  const place = mkdtempSync(join(places, "pod-"));
  const root = join(place, "root");
  for (const directory of ["run", "var", "proc", "dev", "sys"]) mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(place, "calls.json"), JSON.stringify(callFilter(readDefault())));
  symlinkSync("/tmp", join(root, "var", "tmp"));
  for (const { path, target } of links) symlinkSync(target, join(root, path));
  const lines = Object.entries(env).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(place, "env"), lines.join(""), { mode: 0o600 });
  return place;
}

/** Of the container's first process, once podman has written it. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

const DEFAULT_FILTER = "/usr/share/containers/seccomp.json";

function readDefault(): string | undefined {
  try {
    return readFileSync(DEFAULT_FILTER, "utf8");
  } catch {
    return undefined;
  }
}

/** podman's own: where it keeps its state, and the mark that it passes on. */
const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Says that it was reached before anything else runs; stays the first process, whose default is to ignore signals. */
const inner = (argv: readonly string[]): readonly string[] => [
  "/bin/sh",
  "-c",
  `echo ${REACHED} >&3; exec 3>&-; /usr/bin/env -u container -u HOSTNAME -u TERM "$@"; exit $?`,
  "sh",
  ...argv,
];

function argumentsOf(name: string, place: string, layout: Layout, { cwd, processes, env }: Command): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  return [
    [
      "--interactive",
      "--rm",
      "--name",
      name,
      "--pidfile",
      join(place, "pid"),
      "--log-driver",
      "none",
      "--preserve-fds",
      "1",
      "--no-hosts",
      "--sig-proxy=false",
    ],
    ["--network", "none", "--hostname", "skein", "--workdir", cwd, "--user", `${ROOM_UID}:${ROOM_UID}`],
    ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--security-opt", "label=disable"],
    [
      "--security-opt",
      `mask=${["/sys", ...procMasks()].join(":")}`,
      "--security-opt",
      `seccomp=${join(place, "calls.json")}`,
    ],
    ["--ulimit", atMost("nofile", "Max open files", OPEN_FILES), "--ulimit", atMost("nproc", "Max processes", THREADS)],
    ["--ulimit", "core=0:0"],
    isRoot ? [...ROOT_MAPS, ...pids(processes)] : ["--userns", `keep-id:uid=${ROOM_UID},gid=${ROOM_UID}`],
    ["--env-file", join(place, "env"), "--env", "SKEIN_RUN", ...("TERM" in env ? ["--env", "TERM=dumb"] : [])],
    ["--read-only", "--read-only-tmpfs=false", "--shm-size", SHM],
    ...layout.scratch.map(({ path, bytes }) => [
      "--tmpfs",
      `${path}:rw,nosuid,nodev,exec,notmpcopyup,mode=1777,size=${bytes}`,
    ]),
    ...layout.mounts.map(({ from, path, access }) => [
      "--volume",
      `${from}:${path}:${access === "read" ? "ro" : "rw"},exec`,
    ]),
    ["--rootfs"],
  ].flat();
}

/** The room's user is the node's own outside, so that it may work on what the node gives it; nobody else is mapped to anybody. */
const ROOT_MAPS: readonly string[] = ["--uidmap", "--gidmap"].flatMap((option) => [
  `${option}=0:100000:1000`,
  `${option}=1000:0:1`,
  `${option}=1001:101001:1000`,
]);

/** podman's own defaults are higher than this process may give. */
function atMost(name: string, title: string, wanted: number): string {
  const [, hard = ""] =
    new RegExp(`^${title} +\\S+ +(\\d+) `, "m").exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  const most = hard === "" ? wanted : Math.min(wanted, Number(hard));
  return `${name}=${most}:${most}`;
}

const pids = (processes: number | undefined): readonly string[] =>
  processes === undefined ? [] : ["--pids-limit", String(processes * THREADS_PER_PROCESS)];

const READ_ONLY_ANYWAY: ReadonlySet<string> = new Set(["bus", "fs", "irq", "sys"]);
const HARMLESS: ReadonlySet<string> = new Set([
  "cpuinfo",
  "filesystems",
  "loadavg",
  "meminfo",
  "stat",
  "uptime",
  "version",
]);

/** Below /proc, what belongs to no process and is more than programs commonly ask for. */
const procMasks = (): readonly string[] =>
  readdirSync("/proc").flatMap((name) => {
    const isOther = /^\d+$/.test(name) || READ_ONLY_ANYWAY.has(name) || HARMLESS.has(name);
    const path = join("/proc", name);
    return isOther || lstatSync(path).isSymbolicLink() ? [] : [path];
  });

// ── whether it works here ───────────────────────────────────────────────────────────────────────────────────────────

async function versionOf(): Promise<Result<string, string>> {
  const said = await run(["--version"]);
  if (said.failed !== undefined && "code" in said.failed && said.failed.code === "ENOENT") {
    return err(
      "podman is not installed: install it (the packages are called podman and runc or crun) and wait a moment.",
    );
  }
  const [, version = "", major = "", minor = ""] = /^podman version ((\d+)\.(\d+)\S*)/.exec(said.stdout.trim()) ?? [];
  if (version === "") return err(`podman does not say which version it is: ${said.words}. Reinstall it.`);
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return isOld
    ? err(`podman ${version} is too old: version ${OLDEST.join(".")} or later is needed.`)
    : ok(`podman ${version}`);
}

async function tryRoom(options: PodmanOptions): Promise<Result<void, string>> {
  const layout = layoutOf({ write: [], read: [], more: [], etc: [], secret: options.secret, memoryBytes: undefined });
  if (!layout.ok) return layout;
  const command: Command = { argv: ["/bin/true"], cwd: "/", env: { PATH: "/usr/bin:/bin" }, processes: 64 };
  const place = makePlace(options.places, layout.value, command);
  const name = `skein-${randomBytes(8).toString("hex")}`;
  const given = argumentsOf(name, place, layout.value, command).filter(
    (word, index, all) => !isStatus(word, all[index - 1]),
  );
  const tried = await run(["run", ...given, "--", join(place, "root"), "/bin/true"]);
  rmSync(place, { recursive: true, force: true });
  if (tried.failed === undefined) return ok(undefined);
  return err(`podman cannot run a container here (${tried.words}). See that \`podman run\` works for this user.`);
}

/** A probe has no fourth descriptor, and no mark. */
const isStatus = (word: string, before: string | undefined): boolean =>
  word === "--preserve-fds" ||
  before === "--preserve-fds" ||
  (word === "--env" && before !== "--env") ||
  before === "--env";

interface Said {
  readonly stdout: string;
  readonly words: string;
  readonly failed: Error | undefined;
}

function run(args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(PROGRAM, args, { env: ownEnvironment(), cwd: "/", timeout: PROBE_MS }, (failed, stdout, stderr) => {
      const words = stderr.trim().split("\n").at(-1) ?? "";
      resolve({
        stdout,
        words: words === "" ? (failed?.message ?? "no reason given") : words,
        failed: failed ?? undefined,
      });
    });
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
