/** One place to try sandboxes at: a data directory with secrets, an attempt's paths in it, and commands run shut in. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SandboxOwnConfig } from "@skein/config";
import { ok } from "@skein/core";
import { type ProcessLimits, type ProcessResult, type Room, systemClock } from "@skein/node";
import { createProcesses } from "@skein/process";
import { createSandboxes, type Driver, makeEtcFiles } from "@skein/sandbox";

export interface Stand {
  readonly root: string;
  /** Holds secrets that no room may show. */
  readonly data: string;
  readonly clone: string;
  readonly asks: string;
  readonly story: string;
  readonly own: { -readonly [Key in keyof SandboxOwnConfig]: SandboxOwnConfig[Key] };
  readonly run: (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<Ran>;
  /** A script for `sh`. */
  readonly sh: (script: string, options?: RunOptions) => Promise<Ran>;
  /** A module for `node`, in which nothing is imported yet. */
  readonly node: (script: string, options?: RunOptions) => Promise<Ran>;
  remove(): void;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly limits?: Partial<ProcessLimits>;
  readonly room?: Partial<Room>;
  readonly signal?: AbortSignal;
}

interface Ran {
  readonly end: ProcessResult["end"];
  readonly output: string;
  readonly refused: readonly string[];
}

export const exited = (code: number): object => ({ type: "exited", code });

export const MIB: number = 1024 * 1024;

export const SECRET = "a-secret-of-the-host";

const PATH = process.env["PATH"] ?? "/usr/bin:/bin";
const LIMITS: ProcessLimits = { wallMs: 60_000, idleMs: 60_000, outputBytes: 1_000_000 };

export function openStand(createDriver: (secret: string) => Driver): Stand {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "skein-room-")));
  const data = join(root, "data");
  const clone = join(data, "git", "attempts", "one");
  const asks = join(data, "asks", "one");
  const story = join(data, "stories", "one.md");
  for (const directory of [clone, asks, join(data, "stories"), join(data, "git", "attempts", "other")]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  writeFileSync(story, "# A story\n");
  for (const path of ["node.key", "token", "git/attempts/other/work", "stories/other.md"]) {
    writeFileSync(join(data, path), SECRET);
  }
  const driver = createDriver(data);
  const own: Stand["own"] = { read: [], caches: [], network: undefined };
  const rooms = createSandboxes({
    drivers: [driver],
    clock: systemClock,
    etc: makeEtcFiles(join(data, "rooms", "etc")),
    places: join(data, "rooms"),
    secret: data,
    own: () => ok(own),
  });
  const processes = createProcesses({ owner: "stand", rooms, graceMs: 1_000 });
  const run: Stand["run"] = async (argv, options = {}) => {
    const chunks: Uint8Array[] = [];
    const refused: string[] = [];
    const { end } = await processes.run(
      {
        argv,
        cwd: options.cwd ?? clone,
        env: { PATH, ...options.env },
        stdin: options.stdin ?? "",
        limits: { ...LIMITS, ...options.limits },
        onOutput: (chunk) => chunks.push(chunk),
        room: {
          sandbox: driver.kind,
          write: [clone, asks],
          read: [story],
          network: [],
          onRefused: (message) => refused.push(message),
          ...options.room,
        },
      },
      options.signal ?? new AbortController().signal,
    );
    return { end, output: Buffer.concat(chunks).toString("utf8"), refused };
  };
  return {
    root,
    data,
    clone,
    asks,
    story,
    own,
    run,
    sh: (script, options) => run(["sh", "-c", script], options),
    node: (script, options) => run(["node", "--input-type=module", "-e", script], options),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Command lines of all processes of this machine. */
export function commandLines(): readonly string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return line === "" ? [] : [line];
    } catch {
      return [];
    }
  });
}
