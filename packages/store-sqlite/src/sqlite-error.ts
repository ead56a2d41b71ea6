/**
 * What SQLite's error codes mean for a log. The only place that knows them; what is not a matter of the disk is a bug of
 * this program and goes on as the exception it is.
 */
import type { StoreError } from "@skein/node";
import Database from "better-sqlite3";

/** `in-use`: another connection holds the lock. The other types are the ones of `StoreError`. */
export type SqliteFailure = StoreError["type"] | "in-use";

const BUG = /^SQLITE_(?:CONSTRAINT|MISMATCH|MISUSE|RANGE)/;

/** SQLite's extended code, such as `SQLITE_IOERR_FSYNC`. Throws the cause when it is a bug. */
export function sqliteCode(cause: unknown): string {
  if (!(cause instanceof Database.SqliteError) || BUG.test(cause.code)) throw cause;
  return cause.code;
}

export function failureOf(code: string): SqliteFailure {
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return "in-use";
  if (code === "SQLITE_FULL") return "disk-full";
  if (code.startsWith("SQLITE_READONLY")) return "read-only";
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") return "corrupt";
  return "disk-io";
}

/**
 * After a failed fsync the kernel may have dropped the pages and marked them clean, so that the next fsync succeeds over
 * data that is not there. Nothing this process still holds in memory says what the disk has.
 */
export const leavesDiskUnknown = (code: string): boolean =>
  code === "SQLITE_IOERR_FSYNC" || code === "SQLITE_IOERR_DIR_FSYNC";
