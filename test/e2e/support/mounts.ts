/**
 * Disks that are read-only or tiny, without being root: the command runs in a user and mount namespace of its own, where
 * it may mount. Linux with unprivileged user namespaces; elsewhere these tests fail with what `unshare` says.
 */
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

const NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"];

/** Put before a command line: for that process and its children the directory is read-only. */
export const withReadOnly = (directory: string): readonly string[] => [
  ...NAMESPACE,
  'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"',
  "sh",
  directory,
];

/**
 * Put before a node's command line: its log is on a disk of this many bytes. The log is moved there and a link stays
 * behind, so that everything else of the data directory is where the test can see it.
 */
export const withTinyDisk = (disk: {
  readonly at: string;
  readonly data: string;
  readonly bytes: number;
}): readonly string[] => [
  ...NAMESPACE,
  'mount -t tmpfs -o size="$3" tmpfs "$1" && mv "$2/log.sqlite" "$1/" && ln -s "$1/log.sqlite" "$2/log.sqlite" && shift 3 && exec "$@"',
  "sh",
  disk.at,
  disk.data,
  String(disk.bytes),
];

/** Put before a node's command line: each of these directories is a disk of its own of this many bytes, empty at first. */
export const withTinyDisks = (directories: readonly string[], bytes: number): readonly string[] => [
  ...NAMESPACE,
  'size=$1; shift; while [ "$1" != -- ]; do mkdir -p "$1" && mount -t tmpfs -o size="$size" tmpfs "$1" || exit 9; shift; done; shift; exec "$@"',
  "sh",
  String(bytes),
  ...directories,
  "--",
];

export interface Filler {
  /** Takes every byte that is left. */
  fill(): void;
  free(): Promise<void>;
}

/** Fills a directory as the process sees it, which is not always as the test sees it. */
export function fillerIn(pid: number, directory: string): Filler {
  const file = join(`/proc/${pid}/root`, directory, "filler");
  return {
    fill: () => {
      for (const size of [1024 * 1024, 64 * 1024, 4096, 1]) fillWith(file, size);
    },
    free: () => rm(file),
  };
}

function fillWith(file: string, size: number): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(size), { flag: "a" });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOSPC")) throw cause;
  }
}
