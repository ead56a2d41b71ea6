/**
 * Looks at the processes of one run a few times a second, and tells when together they pass a limit that the system does
 * not keep for us: memory, processor time, number of processes, disk.
 *
 * Each look is cheap first and exact only when the cheap answer is near the limit. What shares memory counts its share;
 * files that were deleted and are still open count like others, also those that never had a name. Only Linux can be
 * looked at like this.
 */
import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from "node:fs";

import type { LimitName, ProcessSpec } from "@skein/node";

import { createDiskWatch } from "./disk-watch.ts";
import { attemptRead, readEntry } from "./proc-table.ts";
import { type ProcessTree, processesOf } from "./process-tree.ts";

const LOOK_MS = 250;
/** Of the node's time, at most one part in so many goes into looking: a machine may have very many processes. */
const SHARE = 20;
/** Open files are looked at less often: there may be many. */
const LOOKS_PER_FILE_LOOK = 4;
const OPEN_FILES_MAX = 20_000;
/** No machine runs more. */
const PROCESSES_MAX = 2 ** 22;
/** Linux tells processor time in hundredths of a second, on every architecture. */
const TICK_MS = 10;
const BLOCK_BYTES = 512;

interface Watched {
  readonly tree: ProcessTree;
  readonly spec: ProcessSpec;
  /** Private file systems of its room. */
  readonly scratch: readonly string[];
}

/** Returns what ends the watch. `onLimit` is called at most once, and never before this returns. */
export function watchLimits({ tree, spec, scratch }: Watched, onLimit: (name: LimitName) => void): () => void {
  const { cpuMs, memoryBytes, processes, diskBytes } = spec.limits;
  const hasLimit = [cpuMs, memoryBytes, processes, diskBytes].some((limit) => limit !== undefined);
  if (!hasLimit || process.platform !== "linux") return () => undefined;
  const disk = createDiskWatch(spec.room?.write ?? [spec.cwd], diskBytes);
  let looks = 0;
  let cpuUsedMs = 0;
  let files: OpenFiles = NO_FILES;

  const look = (): LimitName | undefined => {
    const pids = processesOf(tree, processes ?? PROCESSES_MAX);
    if (processes !== undefined && pids.length > processes) return "processes";
    // Time of a process that ended by itself is its parent's once that one noticed; a sum may go down in between.
    cpuUsedMs = Math.max(cpuUsedMs, cpuOf(pids) * TICK_MS);
    if (cpuMs !== undefined && cpuUsedMs > cpuMs) return "cpu";
    if (looks++ % LOOKS_PER_FILE_LOOK === 0) files = openFilesOf(pids);
    if (memoryBytes !== undefined && memoryPassed(pids, files.memoryBytes, memoryBytes)) return "memory";
    return disk.passed(files.diskBytes + scratchOf(pids, scratch)) ? "disk" : undefined;
  };
  let timer: NodeJS.Timeout;
  const lookAgain = (afterMs: number): void => {
    timer = setTimeout(() => {
      const startedAt = performance.now();
      const passed = look();
      if (passed === undefined) lookAgain(Math.max(LOOK_MS, (performance.now() - startedAt) * SHARE));
      else onLimit(passed);
    }, afterMs);
  };
  lookAgain(LOOK_MS);
  return () => {
    clearTimeout(timer);
    disk.stop();
  };
}

const cpuOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + (readEntry(pid)?.cpuTicks ?? 0), 0);

/** The sum of what each has by itself first; where memory is shared that is too much, and the shares are added up. */
function memoryPassed(pids: readonly number[], fileBytes: number, limit: number): boolean {
  const sum = (read: (pid: number) => number): number => pids.reduce((all, pid) => all + read(pid), fileBytes);
  return sum(residentOf) > limit && sum(shareOf) > limit;
}

const residentOf = (pid: number): number =>
  kibibytesIn(`/proc/${pid}/status`, /^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)/gm);

const shareOf = (pid: number): number =>
  kibibytesIn(`/proc/${pid}/smaps_rollup`, /^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)/gm);

function kibibytesIn(path: string, lines: RegExp): number {
  const text = attemptRead(() => readFileSync(path, "latin1")) ?? "";
  return [...text.matchAll(lines)].reduce((sum, [, count]) => sum + Number(count) * 1024, 0);
}

interface OpenFiles {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

const NO_FILES: OpenFiles = { memoryBytes: 0, diskBytes: 0 };

/** Files that only an open descriptor keeps alive: they are in no directory, and memory ones maybe in nobody's map. */
function openFilesOf(pids: readonly number[]): OpenFiles {
  const seen = new Set<string>();
  const sizes = { memoryBytes: 0, diskBytes: 0 };
  let left = OPEN_FILES_MAX;
  for (const pid of pids) {
    for (const name of attemptRead(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      if (left-- <= 0) return sizes;
      const path = `/proc/${pid}/fd/${name}`;
      const target = attemptRead(() => readlinkSync(path)) ?? "";
      if (!target.endsWith(" (deleted)")) continue;
      const found = attemptRead(() => statSync(path));
      if (found === undefined || seen.has(`${found.dev}/${found.ino}`)) continue;
      seen.add(`${found.dev}/${found.ino}`);
      sizes[target.startsWith("/memfd:") ? "memoryBytes" : "diskBytes"] += found.blocks * BLOCK_BYTES;
    }
  }
  return sizes;
}

/** What the private file systems of a room hold. Everybody inside sees the same, the room's keeper none of them. */
function scratchOf(pids: readonly number[], scratch: readonly string[]): number {
  return scratch.reduce((sum, path) => {
    const outside = attemptRead(() => statSync(path).dev);
    const inside = pids.map((pid) => `/proc/${pid}/root${path}`).find((place) => isElsewhere(place, outside));
    return sum + (inside === undefined ? 0 : (attemptRead(() => usedIn(inside)) ?? 0));
  }, 0);
}

function isElsewhere(place: string, device: number | undefined): boolean {
  const found = attemptRead(() => statSync(place).dev);
  return found !== undefined && found !== device;
}

const MEMORY_FILE_SYSTEM = 0x01021994;

function usedIn(path: string): number {
  const { type, bsize, blocks, bfree } = statfsSync(path);
  return type === MEMORY_FILE_SYSTEM ? (blocks - bfree) * bsize : 0;
}
