/**
 * How much a run's directories take on disk. A walk through them costs, so it is made when the file system's free space
 * has shrunk by a good part of what is left of the limit, and otherwise now and then.
 */
import { statfsSync } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

import { attemptRead } from "./proc-table.ts";

export interface DiskWatch {
  /** Whether the directories were over the limit when they were last walked through, with `moreBytes` beside them. */
  passed(moreBytes: number): boolean;
  stop(): void;
}

const BLOCK_BYTES = 512;
/** A file without content takes room too, and a million of them a lot. */
const ENTRY_BYTES = 4_096;
const WALK_AGAIN_MS = 30_000;

export function createDiskWatch(directories: readonly string[], limitBytes: number | undefined): DiskWatch {
  if (limitBytes === undefined) return { passed: () => false, stop: () => undefined };
  let used = 0;
  let walkedAt = -Infinity;
  let freeThen = 0;
  let isWalking = false;
  let isStopped = false;

  const isDue = (): boolean => {
    if (isWalking) return false;
    if (performance.now() - walkedAt >= WALK_AGAIN_MS) return true;
    return freeThen - freeOf(directories) > (limitBytes - used) / 4;
  };
  const walk = async (): Promise<void> => {
    isWalking = true;
    freeThen = freeOf(directories);
    const total = { bytes: 0, limit: limitBytes, isStopped: () => isStopped };
    for (const directory of directories) await add(directory, total);
    used = total.bytes;
    walkedAt = performance.now();
    isWalking = false;
  };
  return {
    passed: (moreBytes) => {
      if (isDue()) void walk();
      return used + moreBytes > limitBytes;
    },
    stop: () => {
      isStopped = true;
    },
  };
}

/** Room for content, and for files without any. */
const freeOf = (directories: readonly string[]): number =>
  Math.min(
    ...directories
      .map((path) => attemptRead(() => statfsSync(path)))
      .map((found) =>
        found === undefined ? Number.MAX_SAFE_INTEGER : found.bfree * found.bsize + found.ffree * ENTRY_BYTES,
      ),
  );

interface Total {
  bytes: number;
  readonly limit: number;
  readonly isStopped: () => boolean;
}

/** Symbolic links are not followed. What is gone or closed to us by the time we come there counts as nothing. */
async function add(path: string, total: Total): Promise<void> {
  if (total.isStopped() || total.bytes > total.limit) return;
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  total.bytes += found.blocks * BLOCK_BYTES + ENTRY_BYTES;
  if (!found.isDirectory()) return;
  const entries = await opendir(path).catch(() => undefined);
  if (entries === undefined) return;
  try {
    for await (const entry of entries) await add(join(path, entry.name), total);
  } catch {
    // The directory changed under the walk; the next one sees it as it is then.
  }
}
