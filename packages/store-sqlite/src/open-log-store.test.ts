import Database from "better-sqlite3";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LogStoreOptions, type OpenError, openLogStore, type SqliteLogStore } from "./index.ts";
import { bundleChildProgram, type ChildProgram } from "./testing/child-program.ts";
import { newDirectory } from "./testing/directory.ts";
import { asOrdinaryUser } from "./testing/ordinary-user.ts";
import { BATCH_FRAMES, fingerprint, framesFrom } from "./testing/frames.ts";

const fileIn = (directory: string): string => join(directory, "log.sqlite");

function open(options: LogStoreOptions): SqliteLogStore {
  const opened = openLogStore(options);
  if (!opened.ok) throw new Error(opened.error.message);
  onTestFinished(() => opened.value.close());
  return opened.value;
}

function refusal(directory: string): OpenError {
  const opened = openLogStore({ directory });
  if (!opened.ok) return opened.error;
  opened.value.close();
  throw new Error("the log was opened");
}

/** A closed log with 500 frames. */
function closedLog(): string {
  const directory = newDirectory();
  const store = open({ directory });
  store.append(framesFrom(1, 500));
  store.close();
  return directory;
}

let appender: ChildProgram;
beforeAll(async () => {
  appender = await bundleChildProgram(new URL("./testing/appender.ts", import.meta.url));
}, 60_000);
afterAll(() => appender.remove());

test(
  "what was acknowledged is there after a kill -9 at any moment, in whole batches",
  { timeout: 60_000 },
  async () => {
    const directory = newDirectory();
    let before = 0;
    for (let round = 0; round < 20; round++) {
      const child = appender.start([directory, "append"]);
      expect(await child.nextLine()).toBe("open");
      let acknowledged = before;
      for (let acks = 0; acks <= round; acks++) acknowledged = Number(await child.nextLine());
      const rest = await child.kill();
      acknowledged = Math.max(acknowledged, ...rest.map(Number));

      const store = open({ directory });
      const kept = store.lastPosition();
      expect(acknowledged).toBeGreaterThan(before);
      // The batch under way may be there without its acknowledgement, but never a part of it.
      expect([acknowledged, acknowledged + BATCH_FRAMES]).toContain(kept);
      expect(fingerprint(store.frames(1))).toBe(fingerprint(framesFrom(1, kept)));
      store.close();
      before = kept;
    }
  },
);

test("a second process is refused and told who has the log, until that one is gone", { timeout: 30_000 }, async () => {
  const directory = newDirectory();
  const holder = appender.start([directory, "hold"]);
  expect(await holder.nextLine()).toBe("open");
  const refused = refusal(directory);
  expect(refused.type).toBe("in-use");
  expect(refused.message).toContain(`in use by process ${holder.pid}.`);
  expect(readFileSync(join(directory, "node.pid"), "utf8")).toBe(`${holder.pid}\n`);
  await holder.kill();

  expect(existsSync(join(directory, "node.pid"))).toBe(true);
  const store = open({ directory });
  expect(readFileSync(join(directory, "node.pid"), "utf8")).toBe(`${process.pid}\n`);
  store.close();
  expect(existsSync(join(directory, "node.pid"))).toBe(false);
});

test("this process keeps other processes out, before and after its first write", { timeout: 30_000 }, async () => {
  const directory = newDirectory();
  const store = open({ directory });
  for (let round = 0; round < 2; round++) {
    const second = appender.start([directory, "append"]);
    expect(JSON.parse((await second.nextLine()) ?? "")).toMatchObject({ type: "in-use" });
    await second.kill();
    expect(store.append(framesFrom(store.lastPosition() + 1, 1))).toEqual({ ok: true, value: undefined });
  }
});

test(
  "a second opening in the same process is refused and costs the first one nothing",
  { timeout: 30_000 },
  async () => {
    const directory = newDirectory();
    const store = open({ directory });
    expect(refusal(directory)).toMatchObject({ type: "in-use" });
    // Closing a descriptor of the file would have dropped the lock of the whole process.
    const other = appender.start([directory, "hold"]);
    expect(JSON.parse((await other.nextLine()) ?? "")).toMatchObject({ type: "in-use" });
    await other.kill();
    expect(store.append(framesFrom(1, 1))).toEqual({ ok: true, value: undefined });
  },
);

test("without a readable node.pid the refusal still says what to do", () => {
  const directory = newDirectory();
  open({ directory });
  writeFileSync(join(directory, "node.pid"), "1; rm -rf /\n");
  expect(refusal(directory).message).toBe(
    `${fileIn(directory)} is in use by another process. Stop that node first, or choose another data directory.`,
  );
});

test("the data directory is made when it is missing, for its owner only", () => {
  const directory = join(newDirectory(), "a", "b");
  open({ directory });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

/** Each row is one frame. */
const VERSION_1 = `
  CREATE TABLE frame (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO frame VALUES (1, x'01'), (2, x'0203');
  PRAGMA application_id = 1399547241; PRAGMA user_version = 1;`;

test("a log of version 1, where each row is one frame, is taken over as it is", () => {
  const directory = newDirectory();
  makeDatabase(fileIn(directory), VERSION_1);
  const store = open({ directory });
  expect([...store.frames(1)].map(({ bytes }) => [...bytes])).toEqual([[1], [2, 3]]);
  expect(store.append(framesFrom(3, 1))).toEqual({ ok: true, value: undefined });
});

test("a log of a newer version is refused and left as it is", () => {
  const directory = closedLog();
  const raw = new Database(fileIn(directory));
  raw.pragma("user_version = 99");
  raw.close();
  const before = readFileSync(fileIn(directory));
  const refused = refusal(directory);
  expect(refused.type).toBe("newer-version");
  expect(refused.message).toContain("Upgrade Skein");
  expect(readFileSync(fileIn(directory)).equals(before)).toBe(true);
  expect(existsSync(join(directory, "node.pid"))).toBe(false);
});

test.each([
  ["a text file", (file: string) => writeFileSync(file, "Dear diary,\n".repeat(1_000))],
  ["a short text file", (file: string) => writeFileSync(file, "x\n")],
  ["a file of one byte", (file: string) => writeFileSync(file, "x")],
  ["a directory", (file: string) => mkdirSync(file)],
  ["a database of another program", (file: string) => makeDatabase(file, "CREATE TABLE note (text)")],
  ["a database with another application id", (file: string) => makeDatabase(file, "PRAGMA application_id = 7")],
  ["a database that only has a version", (file: string) => makeDatabase(file, "PRAGMA user_version = 3")],
  [
    "a database in WAL mode of another program",
    (file: string) => makeDatabase(file, "PRAGMA journal_mode = WAL; CREATE TABLE note (text)"),
  ],
])("%s in the log's place is not a log and is left as it is", (_, make) => {
  const directory = newDirectory();
  make(fileIn(directory));
  const content = (): string => (statSync(fileIn(directory)).isFile() ? readFileSync(fileIn(directory), "latin1") : "");
  const before = content();
  const refused = refusal(directory);
  expect(refused.type).toBe("not-a-log");
  expect(refused.message).toContain(`${fileIn(directory)} is not a log of Skein`);
  expect(content()).toBe(before);
});

function makeDatabase(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

test("an empty file, as a kill in the first instant leaves it, becomes a log", () => {
  const directory = newDirectory();
  writeFileSync(fileIn(directory), "");
  expect(open({ directory }).append(framesFrom(1, 1))).toEqual({ ok: true, value: undefined });
});

test("a log that lost its end is refused, never opened as a shorter one", () => {
  const size = statSync(fileIn(closedLog())).size;
  for (const length of [1, 50, 99, 100, 1_000, 4_096, 4_097, 8_192, size >> 1, size - 4_096]) {
    const directory = closedLog();
    truncateSync(fileIn(directory), length);
    const refused = refusal(directory);
    expect({ length, type: refused.type }).toEqual({
      length,
      type: expect.stringMatching(length < 100 ? /^(corrupt|not-a-log)$/ : /^corrupt$/),
    });
  }
});

test("a log with garbage in any of its pages is refused, and nothing crashes", () => {
  const pristine = readFileSync(fileIn(closedLog()));
  const outcomes = new Set<string>();
  for (let page = 0; page < pristine.length / 4_096; page++) {
    const directory = newDirectory();
    const broken = Buffer.from(pristine);
    broken.fill(0xa5, page * 4_096, page * 4_096 + 512);
    writeFileSync(fileIn(directory), broken);
    const opened = openLogStore({ directory });
    outcomes.add(opened.ok ? "opened" : opened.error.type);
    if (opened.ok) opened.value.close();
  }
  expect([...outcomes].toSorted()).toEqual(["corrupt", "not-a-log"]);
});

test("a log without its tables, or with a hole in it, is corrupt", () => {
  for (const sql of [
    "DROP TABLE meta",
    "DELETE FROM frame WHERE position = 250",
    "DELETE FROM frame WHERE position = 1",
  ]) {
    const directory = closedLog();
    makeDatabase(fileIn(directory), sql);
    const refused = refusal(directory);
    expect(refused.type).toBe("corrupt");
    expect(refused.message).toContain("`skein up` puts it aside");
  }
});

const ALIEN: readonly (readonly [string, string])[] = [
  [
    "trigger eat",
    "CREATE TRIGGER eat AFTER INSERT ON frame WHEN NEW.position > 500 BEGIN DELETE FROM frame WHERE position = NEW.position; END",
  ],
  ["trigger eat", "CREATE TRIGGER eat AFTER UPDATE ON frame BEGIN DELETE FROM frame; END"],
  ["view note", "CREATE VIEW note AS SELECT 1"],
  ["table frame", "ALTER TABLE frame RENAME TO kept; CREATE TABLE frame (position, bytes, count, sum)"],
  ["view frame", "ALTER TABLE frame RENAME TO tape; CREATE VIEW frame AS SELECT * FROM tape"],
  ["index byBytes", "CREATE INDEX byBytes ON frame (count)"],
  ["table note", "CREATE TABLE note (text)"],
  ["table meta", "ALTER TABLE meta ADD COLUMN more TEXT"],
  ["trigger", 'CREATE TRIGGER "\u202e\u001b[31m" AFTER INSERT ON meta BEGIN SELECT 1; END'],
];

test.each(ALIEN)("a log with a %s of somebody else's is refused and written to by nobody", (what, sql) => {
  const directory = closedLog();
  makeDatabase(fileIn(directory), sql);
  const refused = refusal(directory);
  expect(refused.type).toBe("corrupt");
  expect(refused.detail).toBe(`its ${what} was not made by this program`);
  expect(frameCount(fileIn(directory))).toBe(500);
});

test("a log of the first version that carries a trigger is refused before it is upgraded", () => {
  const directory = newDirectory();
  const trigger = "CREATE TRIGGER eat AFTER UPDATE ON frame BEGIN DELETE FROM frame WHERE position > 1; END;";
  makeDatabase(fileIn(directory), `${VERSION_1} ${trigger}`);
  expect(refusal(directory)).toMatchObject({ type: "corrupt" });
  expect(frameCount(fileIn(directory))).toBe(2);
});

function frameCount(file: string): number | undefined {
  const database = new Database(file);
  try {
    const renamed = database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE name IN ('kept', 'tape')")
      .pluck()
      .get();
    return database
      .prepare<[], number>(`SELECT count(*) FROM ${renamed ?? "frame"}`)
      .pluck()
      .get();
  } finally {
    database.close();
  }
}

test("a log of the first version gets its sums and is read like any other", () => {
  const directory = newDirectory();
  const raw = new Database(fileIn(directory));
  raw.exec(`
    CREATE TABLE frame (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 1399547241;
    PRAGMA user_version = 1;
    INSERT INTO meta VALUES ('name', x'616e6e61');
  `);
  const insert = raw.prepare("INSERT INTO frame VALUES (?, ?)");
  for (const { position, bytes } of framesFrom(1, 20)) insert.run(position, bytes);
  raw.close();
  for (let round = 0; round < 2; round++) {
    const store = open({ directory });
    expect(fingerprint(store.frames(1))).toBe(fingerprint(framesFrom(1, 20 + round)));
    expect(store.getMeta("name")).toEqual(new TextEncoder().encode("anna"));
    store.append(framesFrom(21 + round, 1));
    store.close();
  }
});

test("an emptied log beside its write-ahead log is corrupt, and the write-ahead log stays", () => {
  const directory = closedLog();
  truncateSync(fileIn(directory), 0);
  writeFileSync(`${fileIn(directory)}-wal`, "frames");
  expect(refusal(directory).type).toBe("corrupt");
  expect(readFileSync(`${fileIn(directory)}-wal`, "utf8")).toBe("frames");
});

test("a directory or a file that cannot be written is said to be so", () => {
  const readOnlyDirectory = newDirectory();
  chmodSync(readOnlyDirectory, 0o555);
  const logInReadOnlyDirectory = closedLog();
  chmodSync(fileIn(logInReadOnlyDirectory), 0o666);
  chmodSync(logInReadOnlyDirectory, 0o555);
  const readOnlyLog = closedLog();
  chmodSync(fileIn(readOnlyLog), 0o444);
  chmodSync(readOnlyLog, 0o777);
  asOrdinaryUser(() => {
    for (const directory of [
      readOnlyDirectory,
      join(readOnlyDirectory, "below"),
      logInReadOnlyDirectory,
      readOnlyLog,
    ]) {
      const { type, message } = refusal(directory);
      expect({ directory, type }).toEqual({ directory, type: "read-only" });
      expect(message).toMatch(/ cannot be written by this user\. Make it writable or choose another data directory\.$/);
    }
  });
  expect(existsSync(join(readOnlyDirectory, "node.pid"))).toBe(false);
});

test("a data directory below a file cannot be opened", () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  expect(refusal(join(file, "below"))).toMatchObject({ type: "disk-io" });
});

test("a disk too small for an empty log is full, not broken", () => {
  const directory = newDirectory();
  const store = open({ directory, maxPages: 3 });
  expect(store.append(framesFrom(1, 100))).toMatchObject({ ok: false, error: { type: "disk-full" } });
});
