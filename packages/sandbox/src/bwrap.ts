/**
 * bubblewrap: namespaces of its own for users, processes, mounts, network, System V IPC, host name and cgroups, no
 * capability, no way to get one, and a root directory that is empty but for what the layout says.
 *
 * The environment goes through the environment and never through the command line, which every user of the machine can
 * read. Where the node runs as root, the room's user is the machine's root to every file that is mounted: nothing writable
 * of the machine may be there, and below /proc a lot is (see `procGuards`).
 */
import { execFile } from "node:child_process";
import { accessSync, constants, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { err, ok, type Result } from "@skein/core";

import type { Command, Driver, Wrapped } from "./driver.ts";
import { ROOM_UID } from "./etc-files.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { openPidsGroup } from "./pids-group.ts";

const PLACES: readonly string[] = ["/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin"];
const STATUS_FD = "3";
const SHM_BYTES = String(512 * 1024 * 1024);
const PROBE_MS = 10_000;
/** Since it knows --disable-userns and --size. */
const OLDEST: readonly [number, number] = [0, 8];

export function createBwrap(secret: string): Driver {
  let program: string | undefined;
  return {
    kind: "bwrap",
    available: async () => {
      program = findBwrap();
      if (program === undefined) {
        return err("bubblewrap is not installed: install it (the package is called bubblewrap) and wait a moment.");
      }
      const version = await versionOf(program);
      if (!version.ok) return version;
      const tried = await tryRoom(program, secret);
      return tried.ok ? version : tried;
    },
    wrap: (layout, command) =>
      program === undefined ? err("bubblewrap is not there.") : ok(wrap(program, layout, command)),
  };
}

function wrap(program: string, layout: Layout, command: Command): Wrapped {
  const group = openPidsGroup(command.processes);
  const argv = [program, ...argumentsOf(layout, command.cwd), "--", ...command.argv] as const;
  return {
    argv: group?.through(argv) ?? argv,
    cwd: "/",
    env: command.env,
    keeper: (started) => started,
    // bubblewrap tells the exit code of what it ran, and says nothing when it came to nothing.
    ran: (status, end) => end.type !== "exited" || status.includes('"exit-code"'),
    leave: async () => group?.leave(),
  };
}

const NAMESPACES: readonly string[] = ["user", "pid", "net", "ipc", "uts", "cgroup"];

function argumentsOf({ mounts, links, scratch }: Layout, cwd: string): readonly string[] {
  return [
    NAMESPACES.map((name) => `--unshare-${name}`),
    ["--uid", String(ROOM_UID), "--gid", String(ROOM_UID)],
    ["--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session"],
    ["--hostname", "skein", "--json-status-fd", STATUS_FD],
    ["--proc", "/proc", ...procGuards()],
    ["--dev", "/dev", "--perms", "1777", "--size", SHM_BYTES, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"],
    ["--dir", "/run", "--dir", "/var", "--symlink", "/tmp", "/var/tmp"],
    ...scratch.map(({ path, bytes, mode }) => ["--perms", mode, "--size", String(bytes), "--tmpfs", path]),
    ...links.map(({ path, target }) => ["--symlink", target, path]),
    ...mounts.map(({ from, path, access }) => [access === "read" ? "--ro-bind" : "--bind", from, path]),
    ["--remount-ro", "/", "--chdir", cwd],
  ].flat();
}

/** What tells of the machine's memory, keys and other processes to whoever owns the files, and anybody may open. */
const HIDDEN: ReadonlySet<string> = new Set(["kallsyms", "key-users", "keys", "sched_debug", "timer_list"]);

/**
 * The kernel's settings are files whose owner may write them, and where the node runs as root the room's user is that
 * owner: one of them names the program that the kernel runs, as root and outside, for whoever crashes. So everything below
 * /proc that belongs to no process is read-only, and what not everybody may read is not there.
 */
function procGuards(): readonly string[] {
  return readdirSync("/proc").flatMap((name) => {
    const path = join("/proc", name);
    const found = /^\d+$/.test(name) ? undefined : lstatSync(path);
    if (found === undefined || found.isSymbolicLink()) return [];
    if (found.isDirectory()) return ["--ro-bind", path, path];
    if (HIDDEN.has(name) || (found.mode & 0o004) === 0) return ["--ro-bind", "/dev/null", path];
    return (found.mode & 0o222) === 0 ? [] : ["--ro-bind", path, path];
  });
}

// ── whether it works here ───────────────────────────────────────────────────────────────────────────────────────────

function findBwrap(): string | undefined {
  return PLACES.map((place) => join(place, "bwrap")).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function versionOf(program: string): Promise<Result<string, string>> {
  const said = await run(program, ["--version"]);
  const [, name = "", major = "", minor = ""] = /^(bubblewrap (\d+)\.(\d+)\S*)/.exec(said.stdout.trim()) ?? [];
  if (name === "") return err(`${program} does not say which version it is: ${said.words}. Reinstall bubblewrap.`);
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return isOld ? err(`${name} is too old: version ${OLDEST.join(".")} or later is needed.`) : ok(name);
}

/** A real room, with nothing in it: what the kernel or its security modules refuse shows here. */
async function tryRoom(program: string, secret: string): Promise<Result<void, string>> {
  const layout = layoutOf({ write: [], read: [], more: [], etc: [], secret, memoryBytes: undefined });
  if (!layout.ok) return layout;
  const tried = await run(program, [...argumentsOf(layout.value, "/"), "--", "/bin/true"]);
  if (tried.failed === undefined) return ok(undefined);
  return err(
    `bubblewrap cannot shut anything in here (${tried.words}). It needs user namespaces: allow them ` +
      "(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, an AppArmor profile for bwrap; in a container, " +
      "the runtime's --security-opt) and wait a moment.",
  );
}

interface Said {
  readonly stdout: string;
  readonly words: string;
  readonly failed: Error | undefined;
}

function run(program: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    // The status descriptor of a probe is its own standard output.
    const given = args.map((arg, index) => (args[index - 1] === "--json-status-fd" ? "1" : arg));
    execFile(program, given, { env: {}, cwd: "/", timeout: PROBE_MS }, (failed, stdout, stderr) => {
      const words = stderr.trim().split("\n").at(-1) ?? "";
      resolve({
        stdout,
        words: words === "" ? (failed?.message ?? "no reason given") : words,
        failed: failed ?? undefined,
      });
    });
  });
}
