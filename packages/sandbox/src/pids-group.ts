/**
 * A control group that holds what runs in one room to a number of tasks, where the node may make one: as root, with either
 * version of control groups (`Documentation/admin-guide/cgroup-v1/pids.rst`, `cgroup-v2.rst` of Linux).
 *
 * Looking at processes a few times a second (packages/process, `limit-watch.ts`) ends a fork bomb, but may see it too late: some
 * thousands that fork keep the kernel itself busy for minutes.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface PidsGroup {
  /** The command that is in the group before it becomes this one: the same process, so that whatever it starts is in it, too. */
  through(argv: readonly [string, ...string[]]): readonly [string, ...string[]];
  /** When all of it has ended. */
  leave(): void;
}

/** Version 1 has a directory for this one thing; in version 2 everything is in one tree. */
const ROOTS: readonly string[] = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];
const PREFIX = "skein-room-";
/** Programs have threads, and each is a task. The number of processes itself is looked at. */
const TASKS_PER_PROCESS = 16;

const JOIN = 'echo "$$" 2>/dev/null >"$0"/cgroup.procs || :; exec "$@"';

/** For so many processes; undefined where the node may not make one, and where there is no limit. */
export function openPidsGroup(processes: number | undefined, roots: readonly string[] = ROOTS): PidsGroup | undefined {
  if (processes === undefined) return undefined;
  for (const root of roots) {
    const directory = join(root, `${PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`);
    if (!make(directory, processes * TASKS_PER_PROCESS)) continue;
    clearOthers(root);
    return {
      through: (argv) => ["/bin/sh", "-c", JOIN, directory, ...argv],
      leave: () => remove(directory),
    };
  }
  return undefined;
}

function make(directory: string, most: number): boolean {
  try {
    mkdirSync(directory);
  } catch {
    return false;
  }
  try {
    // Whether it is a control group at all, and not a directory that anybody could make: nothing is made in it.
    const isEmpty = readFileSync(join(directory, "cgroup.procs"), "latin1") === "";
    writeFileSync(join(directory, "pids.max"), String(most), { flag: "r+" });
    return isEmpty;
  } catch {
    remove(directory);
    return false;
  }
}

/** What a node that was killed has left. The kernel removes no group in which something runs. */
function clearOthers(root: string): void {
  for (const name of readdirSync(root)) {
    const [, pid] = /^skein-room-(\d+)-[0-9a-f]{12}$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) remove(join(root, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A group that is not empty stays, and is met again when the next room is made. */
function remove(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Nothing can be done about it now.
  }
}
