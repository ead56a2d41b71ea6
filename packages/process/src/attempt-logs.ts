/**
 * The `AttemptLogs` port on files: the captured output of each attempt in `<directory>/<item>/<epoch>.log`.
 *
 * No state is kept in memory; the file's size says how far a log has come, so a restart goes on where the last life
 * stopped. A log grows to `maxBytesPerLog` and then gets one last line saying so: a file longer than the limit is a log
 * that was cut. Item and epoch are checked before they become a path.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { AttemptLogs } from "@skein/node";
import { assert } from "@skein/core";
import { readPiece } from "./read-piece.ts";

export interface AttemptLogsOptions {
  readonly directory: string;
  readonly maxBytesPerLog: number;
  /** Called with one sentence when a log could not be written or read; the attempt itself goes on. */
  readonly onTrouble?: (message: string) => void;
}

type Attempt = Parameters<AttemptLogs["append"]>[0];

const ITEM = /^[0-9a-z]{1,32}$/;
const LOG_NAME = /^(0|[1-9]\d{0,15})\.log$/;

export function createAttemptLogs(options: AttemptLogsOptions): AttemptLogs {
  const trouble = createTrouble(options);
  const pathOf = (attempt: Attempt): string => join(options.directory, attempt.item, `${attempt.epoch}.log`);

  return {
    append: (attempt, chunk) => {
      assert(isAttempt(attempt), "an attempt log is named by an item id and an epoch");
      trouble.report(`Could not write the log ${pathOf(attempt)}`, () => {
        // Private modes: output may hold what other users of the machine must not see.
        mkdirSync(join(options.directory, attempt.item), { recursive: true, mode: 0o700 });
        appendBounded(pathOf(attempt), chunk, options.maxBytesPerLog);
      });
    },
    read: (attempt, offset, maxBytes) => {
      if (!isAttempt(attempt)) return undefined;
      return trouble.report(`Could not read the log ${pathOf(attempt)}`, () =>
        unlessMissing(() => readPiece(pathOf(attempt), offset, maxBytes)),
      );
    },
    remove: (attempt) => {
      if (isAttempt(attempt)) trouble.report("Could not remove a log", () => rmSync(pathOf(attempt), { force: true }));
    },
    epochs: (item) => {
      if (!ITEM.test(item)) return [];
      const directory = join(options.directory, item);
      return (
        trouble.report(`Could not list the logs in ${directory}`, () => unlessMissing(() => epochsIn(directory))) ?? []
      );
    },
  };
}

interface Trouble {
  /** Runs a file operation; a failure is told and gives undefined. */
  report<T>(what: string, operation: () => T): T | undefined;
}

/** Says the same trouble once, not for every chunk of output, until an operation of that kind has worked again. */
function createTrouble(options: AttemptLogsOptions): Trouble {
  const tell = options.onTrouble ?? ((message: string) => process.emitWarning(message));
  const told = new Set<string>();
  return {
    report: (what, operation) => {
      try {
        const value = operation();
        told.delete(what);
        return value;
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        if (!told.has(what)) tell(`${what}: ${reason}. Check the disk and the permissions of ${options.directory}.`);
        told.add(what);
        return undefined;
      }
    },
  };
}

function isAttempt(attempt: Attempt): boolean {
  return ITEM.test(attempt.item) && Number.isSafeInteger(attempt.epoch) && attempt.epoch >= 0;
}

function appendBounded(path: string, chunk: Uint8Array, maxBytes: number): void {
  const file = openSync(path, "a", 0o600);
  try {
    const room = maxBytes - fstatSync(file).size;
    // The last line is already there (below zero), or there is nothing to say.
    if (room < 0 || chunk.byteLength === 0) return;
    writeAll(file, chunk.byteLength <= room ? chunk : Buffer.concat([chunk.subarray(0, room), lastLine(maxBytes)]));
  } finally {
    closeSync(file);
  }
}

function lastLine(maxBytes: number): Uint8Array {
  return Buffer.from(`\n[skein] This log was cut here: it reached its limit of ${maxBytes} bytes.\n`);
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength;) written += writeSync(file, bytes, written);
}

function epochsIn(directory: string): readonly number[] {
  return readdirSync(directory)
    .flatMap((name) => LOG_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((epoch) => Number.isSafeInteger(epoch))
    .sort((a, b) => a - b);
}

/** A log that is not here is an answer, not a failure. */
function unlessMissing<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}
