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
export const FORMAT_VERSION = 2;

export const SCHEMA = `
  CREATE TABLE frame (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL, count INTEGER NOT NULL DEFAULT 1, sum INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT_VERSION};
`;

/** Starts from the place: a row that ends up under another number does not fit either. */
export const frameSum = (position: number, count: number, bytes: Uint8Array): number =>
  sumFrom(crc32(`${position} ${count}`), bytes);

export const metaSum = (key: string, value: Uint8Array): number => sumFrom(crc32(key), value);

/** zlib forgets where it was to start when there are no bytes. */
const sumFrom = (start: number, bytes: Uint8Array): number => (bytes.length === 0 ? start : crc32(bytes, start));

/** Version 1 had one frame a row, and no sums: they get theirs as they are; the hash chain judges them right after. */
export function upgradeFromVersion1(database: Database): void {
  database.function("frame_sum", { deterministic: true }, (position: number, bytes: Uint8Array) =>
    frameSum(position, 1, bytes),
  );
  database.function("meta_sum", { deterministic: true }, (key: string, value: Uint8Array) => metaSum(key, value));
  database.exec(`
    ALTER TABLE frame ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE frame ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE meta ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    UPDATE frame SET sum = frame_sum(position, bytes);
    UPDATE meta SET sum = meta_sum(key, value);
    PRAGMA user_version = ${FORMAT_VERSION};
  `);
}
