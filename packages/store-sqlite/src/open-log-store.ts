/**
 * Opens a node's log: one file, one connection, one process.
 *
 * - The lock is the operating system's and goes with the process, also after a `kill -9`. It covers reading, because a
 *   node that reads a log somebody else appends to would fork its own feed.
 * - POSIX locks are lost when the process closes any other descriptor of the file. Nothing here opens `log.sqlite` but
 *   SQLite, and nothing else may either while the store is open.
 * - A file of another program is recognized before anything is written to it, and so is a log that carries anything
 *   beside its own tables: a trigger could take back what was acknowledged.
 */
import { assert, err, ok, type Result } from "@skein/core";
import type { StoreError } from "@skein/node";
import Database from "better-sqlite3";
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmdirSync, type Stats, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { createLogStore, type SqliteLogStore } from "./log-store.ts";
import { readNodePid, removeNodePid, writeNodePid } from "./node-pid.ts";
import { corrupt, newerVersion, notALog, type OpenError, openErrorOf } from "./open-error.ts";
import {
  APPLICATION_ID,
  FORMAT_VERSION,
  frameSum,
  metaSum,
  SCHEMA,
  schemaProblem,
  upgradeFromVersion1,
} from "./schema.ts";
import { sqliteCode } from "./sqlite-error.ts";
import { damageInWriteAheadLog } from "./write-ahead-log.ts";

export interface LogStoreOptions {
  /** Created when it is missing; the log is `log.sqlite` in it. */
  readonly directory: string;
  /** The log does not grow past this many pages of 4 KiB, as if the disk were full there. */
  readonly maxPages?: number;
  /** There has been a log here: one that is missing or empty now is damage and not a beginning. */
  readonly mustExist?: boolean;
  /**
   * Called once, the moment this process can neither read nor write the log any more: the disk gave wrong bytes, or what
   * it holds is unknown. Only a restart, which reads the disk again, goes on from there.
   */
  readonly onUnusable?: (error: StoreError) => void;
}

export function openLogStore(options: LogStoreOptions): Result<SqliteLogStore, OpenError> {
  const directory = resolve(options.directory);
  const file = join(directory, "log.sqlite");
  const place = preparePlace(directory, file, options.mustExist === true);
  if (!place.ok) return place;
  const opened = openDatabase(directory, file, options.maxPages);
  if (!opened.ok) {
    const isOurs = options.mustExist === true && opened.error.type === "not-a-log";
    return isOurs ? err(corrupt(file, "its first bytes are wrong")) : opened;
  }
  const store = createLogStore(opened.value, file, options.onUnusable);
  writeNodePid(directory);
  return ok({
    ...store,
    close: () => {
      if (!opened.value.open) return;
      removeNodePid(directory);
      store.close();
    },
  });
}

/** The directory and the file exist and are readable by their owner only. */
function preparePlace(directory: string, file: string, mustExist: boolean): Result<void, OpenError> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = statOf(file);
    if (statOf(savedWriteAheadLog(file)) !== undefined) return err(corrupt(file, "its write-ahead log was damaged"));
    if (mustExist && (found === undefined || (found.isFile() && found.size === 0))) {
      return err(corrupt(file, found === undefined ? "it is missing" : "it is empty"));
    }
    if (found === undefined) createPrivate(file);
    // SQLite takes a file of one byte for an empty one and would overwrite it.
    else if (!found.isFile() || found.size === 1) return err(notALog(file));
    // SQLite deletes the write-ahead log of an empty database, and with it the only copy of what it holds.
    else if (found.size === 0 && (statOf(`${file}-wal`)?.size ?? 0) > 0) return err(corrupt(file, "it is empty"));
    return ok(undefined);
  } catch (cause) {
    return err(openErrorOf(systemCode(cause), directory, () => undefined));
  }
}

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** Only ever makes a new file, so there is no lock yet that closing it could lose. */
function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (cause) {
    // Another process was faster; the lock decides between the two.
    if (systemCode(cause) !== "EEXIST") throw cause;
  }
}

function openDatabase(
  directory: string,
  file: string,
  maxPages: number | undefined,
): Result<Database.Database, OpenError> {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: 0, fileMustExist: true });
    const problem = lockAndIdentify(database, file) ?? checkWriteAheadLog(file);
    if (problem === undefined) configure(database, maxPages);
    const damage = problem ?? findDamage(database, file);
    if (damage === undefined) return ok(database);
    database.close();
    return err(damage);
  } catch (cause) {
    database?.close();
    const code = sqliteCode(cause);
    const isVague = code.startsWith("SQLITE_CANTOPEN") || code === "SQLITE_IOERR_LOCK";
    const refused = isVague ? refusalOfSystem(directory, file) : undefined;
    return err(refused ?? openErrorOf(code, file, () => readNodePid(directory)));
  }
}

/** Takes the lock for as long as the connection lives; creates the tables in a file that is empty. */
function lockAndIdentify(database: Database.Database, file: string): OpenError | undefined {
  database.pragma("locking_mode = EXCLUSIVE");
  return database
    .transaction((): OpenError | undefined => {
      const application = numberOf(database, "application_id");
      const version = numberOf(database, "user_version");
      if (application === APPLICATION_ID) {
        if (version > FORMAT_VERSION) return newerVersion(file, version);
        if (version === 1) upgradeFromVersion1(database);
        return undefined;
      }
      const objects = database.prepare<[], number>("SELECT count(*) FROM sqlite_schema").pluck().get();
      if (application !== 0 || version !== 0 || objects !== 0) return notALog(file);
      database.exec(SCHEMA);
      return undefined;
    })
    .exclusive();
}

/** Where the write-ahead log is kept when it is damaged: SQLite throws its own copy away when it closes. */
export const savedWriteAheadLog = (file: string): string => `${file}-wal.damaged`;

/** Only under the lock: nobody else writes to the file meanwhile. */
function checkWriteAheadLog(file: string): OpenError | undefined {
  const path = `${file}-wal`;
  const damage = statOf(path) === undefined ? undefined : damageInWriteAheadLog(path);
  if (damage === undefined) return undefined;
  // From now on this file is what makes the log count as damaged, also for the next process that looks.
  copyFileSync(path, savedWriteAheadLog(file));
  return corrupt(file, damage);
}

function configure(database: Database.Database, maxPages: number | undefined): void {
  setPragma(database, "journal_mode", "wal");
  // Not before the line above: this build of SQLite drops to NORMAL, no fsync per commit, when it turns on WAL.
  setPragma(database, "synchronous", 2);
  // Does something on macOS only, where a plain fsync leaves the data in the drive's cache.
  setPragma(database, "fullfsync", 1);
  // The store makes its own checkpoints, to see their errors.
  setPragma(database, "wal_autocheckpoint", 0);
  setPragma(database, "trusted_schema", 0);
  setPragma(database, "cell_size_check", 1);
  if (maxPages !== undefined) database.pragma(`max_page_count = ${Math.trunc(maxPages)}`);
}

/** Sets and reads back: SQLite ignores what it does not know or cannot do. */
function setPragma(database: Database.Database, name: string, value: number | string): void {
  database.pragma(`${name} = ${value}`);
  const actual = database.pragma(name, { simple: true });
  assert(actual === value, `SQLite keeps ${name} at ${String(actual)} instead of ${value}`);
}

/**
 * The node reads and verifies the whole log after this, so looking at every page once costs little; and a broken page is
 * a sentence at the start instead of an exception later.
 */
function findDamage(database: Database.Database, file: string): OpenError | undefined {
  const alien = schemaProblem(database);
  if (alien !== undefined) return corrupt(file, alien);
  const found = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") return corrupt(file, String(found).replaceAll(/\s+/g, " "));
  const row = database
    .prepare<[], { count: number; first: number | null; last: number | null }>(
      "SELECT coalesce(sum(count), 0) AS count, min(position) AS first, max(position + count - 1) AS last FROM frame",
    )
    .get();
  const isWhole = row !== undefined && (row.count === 0 || (row.first === 1 && row.last === row.count));
  if (!isWhole) return corrupt(file, "frames are missing");
  const broken = findBrokenRow(database);
  return broken === undefined ? undefined : corrupt(file, broken);
}

function findBrokenRow(database: Database.Database): string | undefined {
  const frames = database.prepare<[], { position: number; count: number; bytes: Buffer; sum: number }>(
    "SELECT position, count, bytes, sum FROM frame",
  );
  for (const { position, count, bytes, sum } of frames.iterate()) {
    if (frameSum(position, count, bytes) !== sum) return `frame ${position} is not what was written`;
  }
  const facts = database.prepare<[], { key: string; value: Buffer; sum: number }>("SELECT key, value, sum FROM meta");
  for (const { key, value, sum } of facts.iterate()) {
    if (metaSum(key, value) !== sum) return "one of its facts is not what was written";
  }
  return undefined;
}

function numberOf(database: Database.Database, pragma: string): number {
  const value = database.pragma(pragma, { simple: true });
  assert(typeof value === "number", `${pragma} is a number`);
  return value;
}

/**
 * SQLite does not say why it cannot make the files beside its own or lock its own; trying the same does. Opening the file
 * costs no lock here: had this process one, SQLite would have found it and said "busy".
 */
function refusalOfSystem(directory: string, file: string): OpenError | undefined {
  let tried = directory;
  try {
    rmdirSync(mkdtempSync(join(directory, "probe-")));
    tried = file;
    closeSync(openSync(file, "r+"));
    return undefined;
  } catch (cause) {
    return openErrorOf(systemCode(cause), tried, () => undefined);
  }
}

/** The operating system's code of a failed call; what has none is a bug and goes on as it is. */
function systemCode(cause: unknown): string {
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  throw cause;
}
