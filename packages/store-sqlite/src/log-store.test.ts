import type { LogStore, StoredFrame, StoreError } from "@skein/node";
import type { Result } from "@skein/core";
import Database from "better-sqlite3";
import { readFileSync, statSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { createLogStore } from "./log-store.ts";
import { type LogStoreOptions, openLogStore, type SqliteLogStore } from "./index.ts";
import { SCHEMA } from "./schema.ts";
import { fingerprint, frameAt, framesFrom } from "./testing/frames.ts";
import { newDirectory } from "./testing/directory.ts";

function open(options: LogStoreOptions): SqliteLogStore {
  const opened = openLogStore(options);
  if (!opened.ok) throw new Error(opened.error.message);
  onTestFinished(() => opened.value.close());
  return opened.value;
}

const all = (store: LogStore, from = 1): readonly StoredFrame[] => [...store.frames(from)];
const saved = { ok: true, value: undefined };

function failure(result: Result<void, StoreError>): StoreError {
  if (result.ok) throw new Error("the write succeeded");
  return result.error;
}

test("an empty log has no frames and no facts", () => {
  const store = open({ directory: newDirectory() });
  expect(all(store)).toEqual([]);
  expect(store.frame(1)).toBeUndefined();
  expect(store.getMeta("incarnation")).toBeUndefined();
  expect(store.lastPosition()).toBe(0);
});

test("frames come back in order with the bytes they had, also after the log was opened again", () => {
  const directory = newDirectory();
  const first = open({ directory });
  const frames = framesFrom(1, 1_000);
  expect(first.append(frames.slice(0, 1))).toEqual(saved);
  expect(first.append(frames.slice(1, 990))).toEqual(saved);
  expect(first.append(frames.slice(990))).toEqual(saved);
  expect(fingerprint(first.frames(1))).toBe(fingerprint(frames));
  first.close();

  const second = open({ directory });
  expect(second.lastPosition()).toBe(1_000);
  expect(fingerprint(second.frames(1))).toBe(fingerprint(frames));
  expect(fingerprint(second.frames(937))).toBe(fingerprint(frames.slice(936)));
  expect(all(second, 1_001)).toEqual([]);
  expect(second.frame(512)?.bytes).toEqual(frameAt(512).bytes);
  expect(second.frame(1_001)).toBeUndefined();
  expect(second.append([frameAt(1_001)])).toEqual(saved);
  expect(second.lastPosition()).toBe(1_001);
});

test("the frames of a page boundary are neither lost nor said twice", () => {
  const store = open({ directory: newDirectory() });
  for (const count of [63, 64, 65, 128, 129]) {
    store.append(framesFrom(store.lastPosition() + 1, count - store.lastPosition()));
    expect(all(store).map(({ position }) => position)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  }
});

test("frames may be written while others are being read", () => {
  const store = open({ directory: newDirectory() });
  store.append(framesFrom(1, 200));
  const seen: number[] = [];
  const appended: Result<void, StoreError>[] = [];
  for (const { position } of store.frames(1)) {
    seen.push(position);
    if (position % 50 === 0 || position === 203) appended.push(store.append([frameAt(store.lastPosition() + 1)]));
  }
  expect(appended).toEqual(Array.from({ length: 5 }, () => saved));
  expect(seen).toEqual(Array.from({ length: 205 }, (_, index) => index + 1));
});

test("bytes that were read belong to the reader: plain, writable, and later reads do not see what it does to them", () => {
  const store = open({ directory: newDirectory() });
  store.append(framesFrom(1, 3));
  store.putMeta("peers", Uint8Array.of(1, 2, 3));
  for (const read of [() => store.frame(2)?.bytes, () => all(store)[1]?.bytes, () => store.getMeta("peers")]) {
    const bytes = read();
    const expected = bytes?.slice();
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    bytes?.fill(0);
    expect(read()).toEqual(expected);
  }
});

test("the greatest frame and an empty fact are kept exactly", () => {
  const store = open({ directory: newDirectory() });
  expect(store.append([frameAt(1, 256 * 1024)])).toEqual(saved);
  expect(fingerprint(store.frames(1))).toBe(fingerprint([frameAt(1, 256 * 1024)]));
  expect(store.putMeta("empty", new Uint8Array())).toEqual(saved);
  expect(store.getMeta("empty")).toEqual(new Uint8Array());
});

test("a fact is replaced by a newer one and outlives the process", () => {
  const directory = newDirectory();
  const first = open({ directory });
  first.putMeta("incarnation", Uint8Array.of(1));
  first.putMeta("incarnation", Uint8Array.of(2));
  first.putMeta("addresses", Uint8Array.of(3));
  first.close();
  const second = open({ directory });
  expect(second.getMeta("incarnation")).toEqual(Uint8Array.of(2));
  expect(second.getMeta("addresses")).toEqual(Uint8Array.of(3));
});

test("an append that leaves a gap, repeats a position or starts too early is a bug and writes nothing", () => {
  const store = open({ directory: newDirectory() });
  store.append(framesFrom(1, 2));
  for (const positions of [[4], [2], [1, 2], [3, 5], [3, 3]]) {
    expect(() => store.append(positions.map((position) => frameAt(position)))).toThrow("does not follow");
  }
  expect(all(store)).toEqual(framesFrom(1, 2));
});

test("a batch that does not fit leaves nothing behind, and the log goes on when there is room", () => {
  const directory = newDirectory();
  const store = open({ directory, maxPages: 40 });
  store.append(framesFrom(1, 3));
  const failed = failure(store.append([frameAt(4), frameAt(5), frameAt(6, 250_000), frameAt(7)]));
  expect(failed.type).toBe("disk-full");
  expect(failed.message).toContain(`${directory}/log.sqlite is full; free some space`);
  expect(all(store)).toEqual(framesFrom(1, 3));
  expect(store.lastPosition()).toBe(3);
  expect(failure(store.putMeta("peers", new Uint8Array(250_000))).type).toBe("disk-full");
  expect(store.getMeta("peers")).toBeUndefined();

  expect(store.append([frameAt(4)])).toEqual(saved);
  store.close();
  const roomier = open({ directory });
  expect(roomier.append([frameAt(5), frameAt(6, 250_000)])).toEqual(saved);
  expect(roomier.lastPosition()).toBe(6);
});

test("a full disk fills up frame by frame without a half-written one", { timeout: 60_000 }, () => {
  const directory = newDirectory();
  const store = open({ directory, maxPages: 64 });
  for (;;) {
    const appended = store.append([frameAt(store.lastPosition() + 1)]);
    if (!appended.ok) break;
  }
  const kept = store.lastPosition();
  expect(kept).toBeGreaterThan(100);
  store.close();
  expect(fingerprint(open({ directory }).frames(1))).toBe(fingerprint(framesFrom(1, kept)));
});

test("the write-ahead log is copied into the database as it grows, not only at the end", { timeout: 60_000 }, () => {
  const store = open({ directory: newDirectory() });
  for (let round = 0; round < 100; round++) store.append([frameAt(round + 1, 256 * 1024)]);
  expect(statSync(`${store.file}-wal`).size).toBeLessThan(8 * 1024 * 1024);
  expect(statSync(store.file).size).toBeGreaterThan(16 * 1024 * 1024);
});

test("commits of one small frame each do not let the write-ahead log grow without end", { timeout: 60_000 }, () => {
  const store = open({ directory: newDirectory() });
  for (let position = 1; position <= 1_500; position++) store.append([frameAt(position, 200)]);
  expect(statSync(`${store.file}-wal`).size).toBeLessThan(5 * 1024 * 1024);
});

test("a log needs no shared memory, is its owner's only, and is one file again when it is closed", () => {
  const directory = newDirectory();
  const store = open({ directory });
  store.append([frameAt(1)]);
  expect(() => statSync(`${store.file}-shm`)).toThrow("ENOENT");
  expect(statSync(store.file).mode & 0o777).toBe(0o600);
  store.close();
  expect(() => statSync(`${store.file}-wal`)).toThrow("ENOENT");
  expect(readFileSync(store.file).subarray(0, 15).toString()).toBe("SQLite format 3");
});

test("a closed log refuses writes with a sentence and may be closed again", () => {
  const store = open({ directory: newDirectory() });
  store.close();
  store.close();
  expect(failure(store.append([frameAt(1)])).message).toContain("is closed");
});

/** A store whose inserts fail with an SQLite error of our choice, raised inside SQLite by a trigger. */
function storeFailingWith(): {
  readonly store: SqliteLogStore;
  readonly database: Database.Database;
  readonly unusable: readonly StoreError[];
  readonly failWith: (code: string | undefined) => void;
} {
  const database = new Database(":memory:");
  let code: string | undefined;
  database.function("maybe_fail", () => {
    if (code !== undefined) throw new Database.SqliteError("injected", code);
    return null;
  });
  database.exec(`
    ${SCHEMA}
    CREATE TEMP TRIGGER fail_frame AFTER INSERT ON frame WHEN NEW.position % 2 = 0 BEGIN SELECT maybe_fail(); END;
    CREATE TEMP TRIGGER fail_meta AFTER INSERT ON meta BEGIN SELECT maybe_fail(); END;
  `);
  const failWith = (next: string | undefined): void => {
    code = next;
  };
  const unusable: StoreError[] = [];
  const store = createLogStore(database, "/data/log.sqlite", (error) => unusable.push(error));
  return { store, database, unusable, failWith };
}

test.each([
  ["SQLITE_FULL", "disk-full", "free some space"],
  ["SQLITE_READONLY", "read-only", "make it writable"],
  ["SQLITE_READONLY_DBMOVED", "read-only", "make it writable"],
  ["SQLITE_IOERR_WRITE", "disk-io", "SQLITE_IOERR_WRITE"],
  ["SQLITE_BUSY", "disk-io", "SQLITE_BUSY"],
])("%s reads as %s, nothing is kept, and the next write may succeed", (code, type, words) => {
  const { store, failWith } = storeFailingWith();
  failWith(code);
  const failed = failure(store.append(framesFrom(1, 3)));
  expect(failed.type).toBe(type);
  expect(failed.message).toContain("/data/log.sqlite");
  expect(failed.message).toContain(words);
  expect(failed.message).not.toMatch(/\.$/);
  expect(all(store)).toEqual([]);
  expect(failure(store.putMeta("peers", Uint8Array.of(1))).type).toBe(type);
  failWith(undefined);
  expect(store.append(framesFrom(1, 3))).toEqual(saved);
  expect(all(store)).toEqual(framesFrom(1, 3));
});

test.each([
  ["SQLITE_IOERR_FSYNC", "disk-io", "restart the node"],
  ["SQLITE_IOERR_DIR_FSYNC", "disk-io", "restart the node"],
  ["SQLITE_CORRUPT", "corrupt", "start the node again"],
  ["SQLITE_CORRUPT_VTAB", "corrupt", "start the node again"],
  ["SQLITE_NOTADB", "corrupt", "start the node again"],
])("after %s every later write is refused too, and the process is told once", (code, type, words) => {
  const { store, failWith, unusable } = storeFailingWith();
  failWith(code);
  expect(failure(store.append(framesFrom(1, 2)))).toMatchObject({ type });
  failWith(undefined);
  expect(failure(store.append([frameAt(1)])).message).toContain(words);
  expect(failure(store.putMeta("peers", Uint8Array.of(1))).message).toContain(words);
  expect(all(store)).toEqual([]);
  expect(unusable).toEqual([expect.objectContaining({ type })]);
});

test.each([
  ["a frame", "UPDATE frame SET bytes = zeroblob(length(bytes)) WHERE position = 2"],
  [
    "a frame's place",
    "UPDATE frame SET position = 4 WHERE position = 2; UPDATE frame SET position = 2 WHERE position = 3",
  ],
])("%s that is not what was written is never read, and nothing is written behind it", (_, sql) => {
  const { store, database, unusable } = storeFailingWith();
  expect(store.append(framesFrom(1, 3))).toEqual(saved);
  database.exec(sql);
  expect(store.frame(1)).toEqual(frameAt(1));
  expect(() => store.frame(2)).toThrow("is damaged");
  expect(() => all(store)).toThrow("is damaged");
  expect(failure(store.append([frameAt(4)])).type).toBe("corrupt");
  expect(unusable).toEqual([expect.objectContaining({ type: "corrupt" })]);
});

test("a fact that is not what was written is never read", () => {
  const { store, database } = storeFailingWith();
  store.putMeta("boot", Uint8Array.of(7));
  database.exec("UPDATE meta SET value = x'08'");
  expect(() => store.getMeta("boot")).toThrow("is damaged");
});

test.each(["SQLITE_CONSTRAINT_DATATYPE", "SQLITE_MISUSE"])("%s is a bug and is thrown, and nothing is kept", (code) => {
  const { store, failWith } = storeFailingWith();
  failWith(code);
  expect(() => store.append(framesFrom(1, 2))).toThrow("injected");
  expect(all(store)).toEqual([]);
});

const packAt = (position: number, count: number): StoredFrame => ({ ...frameAt(position, 5_000), count });

test("a record takes the place of the frames it packs, and is found at each of their positions", () => {
  const directory = newDirectory();
  const first = open({ directory });
  first.append(framesFrom(1, 300));
  expect(first.replace(packAt(1, 100))).toEqual(saved);
  expect(first.replace(packAt(101, 50))).toEqual(saved);
  expect(first.frame(42)).toEqual(packAt(1, 100));
  expect(first.frame(150)).toEqual(packAt(101, 50));
  expect(first.frame(151)?.bytes).toEqual(frameAt(151).bytes);
  expect(all(first, 150).map(({ position }) => position)[0]).toBe(101);
  // Packs are packed again.
  expect(first.replace(packAt(1, 150))).toEqual(saved);
  first.close();

  const second = open({ directory });
  expect(second.lastPosition()).toBe(300);
  expect(second.frame(42)).toEqual(packAt(1, 150));
  expect(all(second).map(({ position }) => position)).toEqual([1, ...framesFrom(151, 150).map((one) => one.position)]);
  expect(second.append([packAt(301, 10), frameAt(311)])).toEqual(saved);
  expect(second.lastPosition()).toBe(311);
  expect(second.frame(312)).toBeUndefined();
});

test("a record that would cut another one in two is not written", () => {
  const store = open({ directory: newDirectory() });
  store.append(framesFrom(1, 20));
  store.replace(packAt(1, 10));
  expect(() => store.replace(packAt(5, 10))).toThrow("whole records");
  expect(() => store.replace(packAt(15, 10))).toThrow("whole records");
  expect(fingerprint(store.frames(11))).toBe(fingerprint(framesFrom(11, 10)));
});

test("nothing is left out while somebody iterates and what comes next is packed", () => {
  const store = open({ directory: newDirectory() });
  store.append(framesFrom(1, 300));
  const seen = new Set<number>();
  for (const { position, count = 1 } of store.frames(1)) {
    for (let one = position; one < position + count; one++) seen.add(one);
    if (position === 1 && count === 1) store.replace(packAt(1, 200));
  }
  expect(seen.size).toBe(300);
});

test("the room that packing frees is used again", () => {
  const store = open({ directory: newDirectory(), maxPages: 700 });
  const wave = (first: number): void => {
    expect(store.append(Array.from({ length: 1_000 }, (_, index) => frameAt(first + index, 900)))).toEqual(saved);
    for (let at = first; at < first + 1_000; at += 100) expect(store.replace(packAt(at, 100))).toEqual(saved);
  };
  // Each wave of frames is a third of the room there is; ten of them fit because they are packed.
  for (let round = 0; round < 10; round++) wave(1 + round * 1_000);
});
