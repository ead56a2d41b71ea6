/**
 * Where `skein init` puts a data directory together: beside its place, named after the process. A process that was killed
 * leaves its own behind; the next `init` for that place takes it away.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export function makeStaging(target: string): string {
  mkdirSync(dirname(target), { recursive: true });
  clearDead(target);
  const staging = `${target}.init-${process.pid}-${randomBytes(4).toString("hex")}`;
  mkdirSync(staging, { mode: 0o700 });
  return staging;
}

function clearDead(target: string): void {
  const prefix = `${basename(target)}.init-`;
  for (const name of readdirSync(dirname(target))) {
    const [, pid] = name.startsWith(prefix) ? (/^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length)) ?? []) : [];
    // One whose number was given to another process stays: it is in nobody's way.
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return !(cause instanceof Error && "code" in cause && cause.code === "ESRCH");
  }
}
