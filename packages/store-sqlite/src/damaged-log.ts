/**
 * Reads what can still be read of a damaged log, from a copy that may be spoiled further.
 *
 * Nothing that comes out is to be believed: the caller checks every frame's hashes and signature. Each row is looked up
 * by itself, so that a broken page costs its own rows and not those behind it.
 */
import Database from "better-sqlite3";
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { metaSum, SCHEMA } from "./schema.ts";
import { sqliteCode } from "./sqlite-error.ts";

export interface DamagedLog {
  /** The greatest position there was; undefined when the file does not say any more. */
  readonly last: number | undefined;
  /** Frames and packs, ascending by position; without those that cannot be read. */
  records(): IterableIterator<Uint8Array>;
  /** The small facts whose sums fit. */
  readonly facts: ReadonlyMap<string, Uint8Array>;
  close(): void;
}

const PAGE_BYTES = 4_096;
/** No frame is smaller: its signature and hashes alone are more. */
const LEAST_FRAME_BYTES = 160;

/** `file` is closed; `workplace` is a directory for the copies. Undefined when there is nothing to read. */
export function readDamagedLog(file: string, workplace: string): DamagedLog | undefined {
  const copy = join(workplace, "log.sqlite");
  mkdirSync(workplace, { recursive: true, mode: 0o700 });
  if (!copyParts(file, copy)) return undefined;
  const opened = openReadable(copy);
  if (opened !== undefined) return describe(opened, copy);
  // The first page of a log is the same in every log, but for its counters: a new log's stands in for it.
  copyParts(file, copy);
  replaceFirstPage(copy, join(workplace, "empty.sqlite"));
  const repaired = openReadable(copy);
  return repaired === undefined ? undefined : describe(repaired, copy);
}

/** The database and what SQLite keeps beside it; false when there is no database. */
function copyParts(file: string, copy: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size === 0) return false;
  for (const part of ["", "-wal", "-journal"]) {
    if (statSync(`${file}${part}`, { throwIfNoEntry: false }) !== undefined) {
      copyFileSync(`${file}${part}`, `${copy}${part}`);
    }
  }
  return true;
}

function openReadable(copy: string): Database.Database | undefined {
  let database: Database.Database | undefined;
  try {
    database = new Database(copy, { timeout: 0, fileMustExist: true });
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("cell_size_check = 1");
    // It may hold views and triggers of anybody's making.
    database.pragma("trusted_schema = 0");
    database.prepare("SELECT bytes FROM frame WHERE position = 1").get();
    return database;
  } catch (cause) {
    database?.close();
    if (!(cause instanceof Database.SqliteError)) throw cause;
    return undefined;
  }
}

function replaceFirstPage(copy: string, empty: string): void {
  const fresh = new Database(empty);
  fresh.exec(SCHEMA);
  fresh.close();
  const page = readFileSync(empty).subarray(0, PAGE_BYTES);
  // In WAL mode; a database of unknown size, which SQLite then takes from the file.
  page.writeUInt16BE(0x02_02, 18);
  page.writeUInt32BE(0, 28);
  const target = openSync(copy, "r+");
  writeSync(target, page, 0, PAGE_BYTES, 0);
  closeSync(target);
}

function describe(database: Database.Database, copy: string): DamagedLog {
  const frame = database.prepare<[number], Buffer>("SELECT bytes FROM frame WHERE position = ?").pluck();
  const last = attempt(() =>
    database.prepare<[], number | null>("SELECT max(position + count - 1) FROM frame").pluck().get(),
  );
  const end = typeof last === "number" ? last : Math.ceil(statSync(copy).size / LEAST_FRAME_BYTES);
  return {
    last: last === null ? 0 : last,
    records: function* () {
      for (let position = 1; position <= end; position++) {
        const bytes = attempt(() => frame.get(position));
        if (bytes !== undefined) yield new Uint8Array(bytes);
      }
    },
    facts: readFacts(database),
    close: () => database.close(),
  };
}

/** One by one for the same reason; the keys are few and short. */
function readFacts(database: Database.Database): ReadonlyMap<string, Uint8Array> {
  const facts = new Map<string, Uint8Array>();
  const keys = attempt(() => database.prepare<[], string>("SELECT key FROM meta").pluck().all()) ?? [];
  for (const key of keys) {
    const row = attempt(() =>
      database.prepare<[string], { value: Buffer; sum: number }>("SELECT value, sum FROM meta WHERE key = ?").get(key),
    );
    if (row !== undefined && metaSum(key, row.value) === row.sum) facts.set(key, new Uint8Array(row.value));
  }
  return facts;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    // Throws on when it is a bug and not the disk.
    sqliteCode(cause);
    return undefined;
  }
}
