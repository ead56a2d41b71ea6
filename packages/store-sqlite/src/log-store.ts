/**
 * The log store over one open SQLite connection: a table of frames by position and a table of small facts.
 *
 * - One append is one transaction, and SQLite has fsynced the write-ahead log before it returns.
 * - `position` has no gaps: 1, 2, 3 …
 * - After a failed fsync nobody knows what the disk holds, and after a wrong byte nobody knows what else is wrong. From
 *   then on every write is refused until the log is opened again, which looks at all of the disk.
 */
import { assert, err, ok, type Result } from "@skein/core";
import type { LogStore, StoredFrame, StoreError } from "@skein/node";
import type { Database } from "better-sqlite3";
import { placeOf } from "./place.ts";
import { frameSum, metaSum } from "./schema.ts";
import { copyDatabase } from "./snapshot.ts";
import { leavesDiskUnknown, sqliteCode } from "./sqlite-error.ts";
import { storeError } from "./store-error.ts";

export interface SqliteLogStore extends LogStore {
  /** The database file. Only this connection may touch it: a second one, even to read, can cost the lock. */
  readonly file: string;
  /** The position of the newest frame, 0 while there is none. */
  lastPosition(): number;
  /** Where the log lives; another value after the file was copied or restored. */
  place(): Uint8Array;
  /** Copies everything as it is now, or a little later, into a new file; the log goes on meanwhile. */
  copyTo(target: string): Promise<Result<void, StoreError>>;
}

/** At most this many frames are read ahead of whoever iterates: 16 MiB when all of them have the greatest size. */
const PAGE_ROWS = 64;

/** The write-ahead log is copied into the database when it has grown by about this, SQLite's own default of 1,000 pages. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** What a transaction adds to the write-ahead log beside its data: the pages at the end of the table. */
const TRANSACTION_BYTES = 2 * 4_096;

export function createLogStore(
  database: Database,
  file: string,
  onUnusable: (error: StoreError) => void = () => undefined,
): SqliteLogStore {
  const sql = prepare(database);
  const writer = createWriter(database, file, onUnusable);
  const read = createReader(file, writer);
  let last = sql.lastPosition.get() ?? 0;
  const insertAll = database.transaction((frames: readonly StoredFrame[]) => {
    for (const { position, bytes, count = 1 } of frames) insertRow(sql, { position, bytes, count });
  });
  const replaceAll = database.transaction(({ position, bytes, count = 1 }: StoredFrame) => {
    const held = sql.framesIn.get(position, position + count) ?? 0;
    assert(held === count, `positions ${position} to ${position + count - 1} are whole records`);
    sql.deleteFrames.run(position, position + count);
    insertRow(sql, { position, bytes, count });
  });

  const checked = ({ position, count, bytes, sum }: Row): StoredFrame => {
    const whole = read.checked(bytes, frameSum(position, count, bytes) === sum);
    return count === 1 ? { position, bytes: whole } : { position, count, bytes: whole };
  };
  const recordAt = (position: number): StoredFrame | undefined => {
    const row = read(() => sql.frame.get(position));
    if (row !== undefined && position < row.position + row.count) return checked(row);
    // Positions have no gaps: one that was there is missing now.
    return position <= last && position > 0 ? read.broken() : undefined;
  };

  return {
    file,
    lastPosition: () => last,
    place: () => placeOf(file),
    frame: recordAt,
    frames: function* (fromPosition) {
      // Pages, not one open cursor: the connection refuses writes while a cursor is open.
      for (let next = fromPosition; ;) {
        // What was packed since the last page may begin before it: nothing is left out, some of it comes twice.
        const start = recordAt(next)?.position ?? next;
        const page = read(() => sql.frames.all(start, PAGE_ROWS));
        for (const row of page) yield checked(row);
        const end = page.at(-1);
        if (end === undefined) return;
        next = end.position + end.count;
      }
    },
    append: (frames) => {
      if (frames.length === 0) return ok(undefined);
      let end = last;
      for (const { position, count = 1 } of frames) {
        assert(position === end + 1, `frame ${position} does not follow position ${end}`);
        end += count;
      }
      const written = writer.write(() => insertAll(frames), sizeOf(frames));
      if (written.ok) last = end;
      return written;
    },
    // What it frees is used by later appends; the file does not shrink.
    replace: (record) => writer.write(() => replaceAll(record), record.bytes.length),
    getMeta: (key) => {
      const row = read(() => sql.meta.get(key));
      return row === undefined ? undefined : read.checked(row.value, metaSum(key, row.value) === row.sum);
    },
    putMeta: (key, value) => writer.write(() => sql.putMeta.run(key, value, metaSum(key, value)), value.length),
    copyTo: (target) => copyDatabase(database, target),
    close: () => {
      writer.end();
      database.close();
    },
  };
}

interface Row {
  readonly position: number;
  readonly count: number;
  readonly bytes: Buffer;
  readonly sum: number;
}

function insertRow(
  sql: Statements,
  { position, bytes, count }: Omit<Row, "bytes" | "sum"> & { bytes: Uint8Array },
): void {
  sql.insertFrame.run(position, bytes, count, frameSum(position, count, bytes));
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: Database) {
  return {
    lastPosition: database
      .prepare<[], number | null>("SELECT position + count - 1 FROM frame ORDER BY position DESC LIMIT 1")
      .pluck(),
    frame: database.prepare<[number], Row>(
      "SELECT position, count, bytes, sum FROM frame WHERE position <= ? ORDER BY position DESC LIMIT 1",
    ),
    frames: database.prepare<[number, number], Row>(
      "SELECT position, count, bytes, sum FROM frame WHERE position >= ? ORDER BY position LIMIT ?",
    ),
    insertFrame: database.prepare<[number, Uint8Array, number, number]>(
      "INSERT INTO frame (position, bytes, count, sum) VALUES (?, ?, ?, ?)",
    ),
    framesIn: database
      .prepare<[number, number], number>("SELECT sum(count) FROM frame WHERE position >= ? AND position < ?")
      .pluck(),
    deleteFrames: database.prepare<[number, number]>("DELETE FROM frame WHERE position >= ? AND position < ?"),
    meta: database.prepare<[string], { value: Buffer; sum: number }>("SELECT value, sum FROM meta WHERE key = ?"),
    putMeta: database.prepare<[string, Uint8Array, number]>(
      "INSERT INTO meta (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum",
    ),
  };
}

interface Writer {
  write(run: () => void, bytes: number): Result<void, StoreError>;
  /** Refuses every later write for this reason, and says so to whoever runs the process. */
  giveUp(error: StoreError): StoreError;
  /** Copies what is left and refuses every later write. */
  end(): void;
}

function createWriter(database: Database, file: string, onUnusable: (error: StoreError) => void): Writer {
  /** Set once no write may be tried any more. */
  let refusal: StoreError | undefined;
  let bytesSinceCheckpoint = 0;

  const giveUp = (error: StoreError): StoreError => {
    if (refusal !== undefined) return refusal;
    refusal = error;
    onUnusable(error);
    return error;
  };
  const failed = (code: string): StoreError => {
    if (leavesDiskUnknown(code)) return giveUp(diskUnknown(file));
    const error = storeError(code, file);
    return error.type === "corrupt" ? giveUp(error) : error;
  };

  /**
   * What was written is durable in the write-ahead log already, so a failure here takes nothing away: the copy is tried
   * again later. SQLite's own automatic checkpoint would hide a failed fsync, though, and that one must stop the writes.
   */
  const checkpoint = (): void => {
    bytesSinceCheckpoint = 0;
    try {
      database.pragma("wal_checkpoint(PASSIVE)");
    } catch (cause) {
      failed(sqliteCode(cause));
    }
  };

  return {
    giveUp,
    write: (run, bytes) => {
      if (refusal !== undefined) return err(refusal);
      try {
        run();
      } catch (cause) {
        return err(failed(sqliteCode(cause)));
      }
      bytesSinceCheckpoint += bytes + TRANSACTION_BYTES;
      if (bytesSinceCheckpoint >= CHECKPOINT_BYTES) checkpoint();
      return ok(undefined);
    },
    end: () => {
      if (refusal === undefined) checkpoint();
      refusal = { type: "disk-io", message: `the log ${file} is closed; start the node again` };
    },
  };
}

const diskUnknown = (file: string): StoreError => ({
  type: "disk-io",
  message: `the disk that holds ${file} failed to save data, and what it holds now is unknown; check the disk and restart the node`,
});

interface Reader {
  <T>(run: () => T): T;
  /** The bytes of a row whose sum fits. */
  checked(bytes: Buffer, fits: boolean): Uint8Array;
  /** A row that was there is missing. */
  broken(): never;
}

/** The port has no error for reads: a log that cannot be read is no log, and the node must not go on with a part of it. */
function createReader(file: string, writer: Writer): Reader {
  const stop = (error: StoreError, cause?: unknown): never => {
    const { message } = writer.giveUp(error);
    throw new Error(`The log could not be read: ${message}.`, { cause });
  };
  const read = <T>(run: () => T): T => {
    try {
      return run();
    } catch (cause) {
      return stop(storeError(sqliteCode(cause), file), cause);
    }
  };
  return Object.assign(read, {
    broken: (): never => stop(storeError("SQLITE_CORRUPT", file)),
    checked: (bytes: Buffer, fits: boolean): Uint8Array =>
      fits ? viewOf(bytes) : stop(storeError("SQLITE_CORRUPT", file)),
  });
}

const sizeOf = (frames: readonly StoredFrame[]): number => frames.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** A Buffer's `slice` shares memory where a Uint8Array's copies; the core expects the latter. The memory is the row's own. */
const viewOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
