/**
 * The tables of a log and the sums that guard their rows.
 *
 * SQLite's own check sees broken pages, not a flipped bit inside a value; and the hash chain covers a frame's header and
 * ops, not its signature. So every row carries a CRC-32, which each read compares: what comes out is what went in, or an
 * error. It guards against the disk, not against a person; against those there are signatures.
 *
 * A database may also carry programs: a trigger that deletes what was just acknowledged, a view in the place of a table.
 * A log has exactly the two tables below; with anything else in it, it is not read.
 */
import type { Database } from "better-sqlite3";
import { crc32 } from "node:zlib";

/** "Skei": tells our file from every other SQLite database. */
export const APPLICATION_ID = 0x53_6b_65_69;
export const FORMAT_VERSION = 2;

type Tables = ReadonlyMap<string, string>;

/** The upgrade leaves the very text that a new log has. */
const TABLES: Tables = new Map([
  [
    "frame",
    "CREATE TABLE frame (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL, count INTEGER NOT NULL DEFAULT 1, sum INTEGER NOT NULL DEFAULT 0) STRICT",
  ],
  [
    "meta",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID",
  ],
]);

const TABLES_OF_VERSION_1: Tables = new Map([
  ["frame", "CREATE TABLE frame (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"],
  ["meta", "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"],
]);

export const SCHEMA = `
  ${[...TABLES.values()].join(";\n  ")};
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT_VERSION};
`;

/** Starts from the place: a row that ends up under another number does not fit either. */
export const frameSum = (position: number, count: number, bytes: Uint8Array): number =>
  sumFrom(crc32(`${position} ${count}`), bytes);

export const metaSum = (key: string, value: Uint8Array): number => sumFrom(crc32(key), value);

/** zlib forgets where it was to start when there are no bytes. */
const sumFrom = (start: number, bytes: Uint8Array): number => (bytes.length === 0 ? start : crc32(bytes, start));

/** What is in the database that a log does not have, or the other way round, as a clause; undefined when nothing is. */
export function schemaProblem(database: Database, tables: Tables = TABLES): string | undefined {
  const found = database
    .prepare<[], SchemaRow>('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema ORDER BY name')
    .all();
  const alien = found.find((row) => !isTableOf(tables, row));
  if (alien !== undefined) {
    // The name is anybody's text, and this goes to a terminal.
    const name = /^\w{1,40}$/.test(alien.name) ? ` ${alien.name}` : "";
    return `its ${alien.type}${name} was not made by this program`;
  }
  return found.length === tables.size ? undefined : "its tables are missing";
}

interface SchemaRow {
  readonly type: "table" | "index" | "trigger" | "view";
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
}

const isTableOf = (tables: Tables, { type, name, table, sql }: SchemaRow): boolean =>
  type === "table" && table === name && sql !== null && sql.replaceAll(/\s+/g, " ") === tables.get(name);

/**
 * Version 1 had one frame a row, and no sums: they get theirs as they are; the hash chain judges them right after. What is
 * not such a log stays as it is, because writing to it would run what it carries.
 */
export function upgradeFromVersion1(database: Database): void {
  if (schemaProblem(database, TABLES_OF_VERSION_1) !== undefined) return;
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
