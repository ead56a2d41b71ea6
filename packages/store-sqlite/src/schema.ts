/**
 * The tables of a log and the sums that guard their rows.
 *
 * SQLite's own check sees broken pages, not a flipped bit inside a value; and the hash chain covers a frame's header and
 * ops, not its signature. So every row carries a CRC-32, which each read compares: what comes out is what went in, or an
 * error. It guards against the disk, not against a person; against those there are signatures.
 */
import type { Database } from "better-sqlite3";
import { crc32 } from "node:zlib";

/** "Skei": tells our file from every other SQLite database. */
export const APPLICATION_ID = 0x53_6b_65_69;
export const FORMAT_VERSION = 3;

export const SCHEMA = `
  CREATE TABLE frame (
    position INTEGER PRIMARY KEY, bytes BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT_VERSION};
`;

/** Starts from the position: a row that ends up under another number does not fit either. */
export const frameSum = (position: number, bytes: Uint8Array): number => sumFrom(position >>> 0, bytes);

export const metaSum = (key: string, value: Uint8Array): number => sumFrom(crc32(key), value);

/** zlib forgets where it was to start when there are no bytes. */
const sumFrom = (start: number, bytes: Uint8Array): number => (bytes.length === 0 ? start : crc32(bytes, start));

/** Brings the tables of an older version to this one, and writes nothing when they are of this one. */
export function migrate(database: Database, version: number): void {
  if (version === FORMAT_VERSION) return;
  if (version < 2) addSums(database);
  // Before version 3 every row was one frame; now it may be a pack, in the place of `count` frames.
  if (version < 3) database.exec("ALTER TABLE frame ADD COLUMN count INTEGER NOT NULL DEFAULT 1");
  database.exec(`PRAGMA user_version = ${FORMAT_VERSION}`);
}

/** Version 1 had no sums. Its rows get theirs as they are; the hash chain judges them right after. */
function addSums(database: Database): void {
  database.function("frame_sum", { deterministic: true }, (position: number, bytes: Uint8Array) =>
    frameSum(position, bytes),
  );
  database.function("meta_sum", { deterministic: true }, (key: string, value: Uint8Array) => metaSum(key, value));
  database.exec(`
    ALTER TABLE frame ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE meta ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    UPDATE frame SET sum = frame_sum(position, bytes);
    UPDATE meta SET sum = meta_sum(key, value);
  `);
}
