/** Which processes still belong to a test: those that work in its directory or name it on their command line. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface LivingProcess {
  readonly pid: number;
  readonly command: string;
}

/** Everything alive (zombies are not) whose working directory or command line is under `root`. Linux only. */
export function processesUnder(root: string): readonly LivingProcess[] {
  const found: LivingProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const seen = look(pid);
    if (seen !== undefined && (seen.directory.startsWith(root) || seen.command.includes(root))) {
      found.push({ pid, command: seen.command });
    }
  }
  return found;
}

/** Undefined for a process that is gone, a zombie, or another user's. */
function look(pid: number): { readonly command: string; readonly directory: string } | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return command === "" ? undefined : { command, directory: readlinkSync(`/proc/${pid}/cwd`) };
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  return look(pid) !== undefined;
}

/** Ends one process at once; it may be gone already. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ESRCH: it ended by itself.
  }
}
