/** A damaged log is put aside whole; what is kept of it verifies; a crash in the middle costs nothing. */
import { createReplica, framesOf, sealPack, toHex } from "@skein/core";
import Database from "better-sqlite3";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  finishRepair,
  isRepairUnfinished,
  openLogStore,
  type Salvaged,
  salvageLog,
  type SqliteLogStore,
} from "./index.ts";
import { newDirectory } from "./testing/directory.ts";
import { crypto, makeRealLog, type RealLog } from "./testing/real-log.ts";

/** A nightly run flips more of them. */
const FLIPS = Number(process.env["SKEIN_FLIPS"] ?? "36");
const log = makeRealLog(200);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const fileIn = (directory: string): string => join(directory, "log.sqlite");

function open(directory: string): SqliteLogStore {
  const opened = openLogStore({ directory, mustExist: true });
  if (!opened.ok) throw new Error(opened.error.message);
  onTestFinished(() => opened.value.close());
  return opened.value;
}

const isDamaged = (directory: string): boolean => {
  const opened = openLogStore({ directory, mustExist: true });
  if (opened.ok) opened.value.close();
  return !opened.ok && opened.error.type === "corrupt";
};

function fill(directory: string, { mesh, frames }: RealLog): SqliteLogStore {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  opened.value.putMeta("mesh", mesh);
  opened.value.putMeta("name", bytesOf("anna"));
  frames.forEach((bytes, index) => opened.value.append([{ position: index + 1, bytes }]));
  return opened.value;
}

/** A log that was closed in order; tests take copies. */
let pristine = "";
beforeAll(() => {
  pristine = mkdtempSync(join(tmpdir(), "skein-log-"));
  fill(pristine, log).close();
});
afterAll(() => rmSync(pristine, { recursive: true }));

/** As a kill -9 leaves it: everything is in the write-ahead log. */
function newKilledLog(): string {
  const [live, copy] = [newDirectory(), newDirectory()];
  const store = fill(live, log);
  cpSync(live, copy, { recursive: true });
  store.close();
  return copy;
}

function damagedCopy(directory: string, damage: (file: string) => void): string {
  const copy = newDirectory();
  cpSync(directory, copy, { recursive: true });
  damage(copy);
  return copy;
}

function salvage(directory: string, mesh?: Uint8Array): Salvaged {
  const salvaged = salvageLog({
    directory,
    crypto,
    mesh,
    time: "T",
    facts: (_, old) => new Map([...old, ["incarnation", Uint8Array.of(7)]]),
  });
  if (!salvaged.ok) throw new Error(salvaged.error.message);
  return salvaged.value;
}

const textOf = (frames: Iterable<{ readonly bytes: Uint8Array }>): readonly string[] =>
  [...frames].map(({ bytes }) => Buffer.from(bytes).toString("base64"));
const expected = log.frames.map((bytes) => Buffer.from(bytes).toString("base64"));

/** What was kept is a subset in the old order, each frame taken by a replica that trusts nothing. */
function expectSound(directory: string): readonly string[] {
  const store = open(directory);
  const kept = textOf(store.frames(1));
  store.close();
  const places = kept.map((one) => expected.indexOf(one));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
  const replica = createReplica(log.mesh, crypto);
  for (const one of kept) expect(replica.take(new Uint8Array(Buffer.from(one, "base64"))).ok).toBe(true);
  return kept;
}

const flip = (file: string, at: number, bit: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(file, bytes);
};

test("a frame whose signature lost a bit is found, and costs what builds on it", () => {
  const signature = log.frames[103]?.slice(-64) ?? new Uint8Array();
  const directory = damagedCopy(pristine, (copy) => {
    flip(fileIn(copy), readFileSync(fileIn(copy)).indexOf(signature) + 5, 3);
  });
  expect(isDamaged(directory)).toBe(true);
  const salvaged = salvage(directory);
  // Every later frame names the one before by its hash or by `after`: the chain ends here.
  expect(salvaged.kept).toBeGreaterThanOrEqual(103);
  expect(salvaged.kept + (salvaged.lost ?? 0)).toBe(log.frames.length);
  expect(salvaged.mesh).toEqual(log.mesh);
  expect(expectSound(directory)).toHaveLength(salvaged.kept);
  const store = open(directory);
  expect(store.getMeta("name")).toEqual(bytesOf("anna"));
  expect(store.getMeta("incarnation")).toEqual(Uint8Array.of(7));
});

test("what somebody put into a log beside its tables is left behind, and every frame is kept", () => {
  const directory = damagedCopy(pristine, (copy) => {
    const database = new Database(fileIn(copy));
    database.exec("CREATE TRIGGER eat AFTER INSERT ON frame BEGIN DELETE FROM frame; END");
    database.close();
  });
  expect(isDamaged(directory)).toBe(true);
  expect(salvage(directory)).toMatchObject({ kept: log.frames.length, lost: 0 });
  expect(expectSound(directory)).toHaveLength(log.frames.length);
});

test("the damaged files are kept as they were, in a place of their own, also the second time in one second", () => {
  const directory = damagedCopy(pristine, (copy) => truncateSync(fileIn(copy), 8_192));
  const before = readFileSync(fileIn(directory));
  salvage(directory);
  expect(readFileSync(join(directory, "quarantine", "T", "damaged", "log.sqlite")).equals(before)).toBe(true);
  truncateSync(fileIn(directory), 0);
  salvage(directory, log.mesh);
  expect(readdirSync(join(directory, "quarantine")).toSorted()).toEqual(["T", "T-2"]);
  expect(readdirSync(directory).toSorted()).toEqual(["log.sqlite", "quarantine"]);
});

test.each([
  ["empty", (file: string) => truncateSync(file, 0)],
  ["missing", (file: string) => rmSync(file)],
  ["text", (file: string) => writeFileSync(file, "Dear diary,\n".repeat(900))],
])("of a log that is %s nothing is kept, and how much that was is not made up", (_, damage) => {
  const directory = damagedCopy(pristine, (copy) => damage(fileIn(copy)));
  expect(isDamaged(directory)).toBe(true);
  expect(salvage(directory, log.mesh)).toMatchObject({ kept: 0, lost: undefined, mesh: log.mesh });
  expect(expectSound(directory)).toEqual([]);
});

test("with its first page gone a log is read all the same", () => {
  for (const length of [16, 100, 4_096]) {
    const directory = damagedCopy(pristine, (copy) => {
      const bytes = readFileSync(fileIn(copy));
      writeFileSync(fileIn(copy), bytes.fill(0xa5, 0, length));
    });
    expect(isDamaged(directory)).toBe(true);
    expect(salvage(directory)).toMatchObject({ kept: log.frames.length, lost: 0, mesh: log.mesh });
    expectSound(directory);
  }
});

test("a broken page in the middle costs its own frames and those that build on them", () => {
  const pages = statSync(fileIn(pristine)).size / 4_096;
  for (let page = 1; page < pages; page += 5) {
    const directory = damagedCopy(pristine, (copy) => {
      const bytes = readFileSync(fileIn(copy));
      writeFileSync(fileIn(copy), bytes.fill(0xa5, page * 4_096, page * 4_096 + 4_096));
    });
    expect({ page, damaged: isDamaged(directory) }).toEqual({ page, damaged: true });
    salvage(directory, log.mesh);
    expectSound(directory);
  }
});

/** Deterministic places all over a file. */
const places = (size: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => Math.floor(((index * 0.618_033_988_7) % 1) * size));

test("a bit flipped anywhere in a closed log is found or changes nothing", { timeout: 120_000 }, () => {
  const size = statSync(fileIn(pristine)).size;
  let found = 0;
  const silent: number[] = [];
  for (const [index, at] of places(size, FLIPS).entries()) {
    const directory = damagedCopy(pristine, (copy) => flip(fileIn(copy), at, index % 8));
    const opened = openLogStore({ directory, mustExist: true });
    if (opened.ok) {
      // Between the rows, or in a counter of SQLite's.
      const isSame = textOf(opened.value.frames(1)).join() === expected.join();
      if (!isSame || toHex(opened.value.getMeta("mesh") ?? new Uint8Array()) !== toHex(log.mesh)) silent.push(at);
      opened.value.close();
      continue;
    }
    found++;
    if (opened.error.type !== "corrupt") continue;
    salvage(directory, log.mesh);
    expectSound(directory);
  }
  expect(silent).toEqual([]);
  expect(found).toBeGreaterThan(FLIPS / 2);
});

test(
  "a bit flipped in a write-ahead log never shortens it without a word, but for its last transaction",
  { timeout: 120_000 },
  () => {
    const killed = newKilledLog();
    const wal = `${fileIn(killed)}-wal`;
    const size = statSync(wal).size;
    expect(statSync(fileIn(killed)).size).toBeLessThan(16_384);
    const silent: number[] = [];
    for (const [index, at] of [...places(size, FLIPS / 2), size - 1, size - 4_000, 3, 20].entries()) {
      const directory = damagedCopy(killed, (copy) => flip(`${fileIn(copy)}-wal`, at, index % 8));
      const opened = openLogStore({ directory, mustExist: true });
      if (opened.ok) {
        const held = textOf(opened.value.frames(1));
        const isWhole = held.length >= expected.length - 1 && held.every((one, place) => one === expected[place]);
        if (!isWhole) silent.push(at);
        opened.value.close();
        continue;
      }
      expect(opened.error.message).toContain("write-ahead log");
      // It stays damaged, whoever looks, until it is repaired: SQLite itself sees only a shorter log now.
      expect(isDamaged(directory)).toBe(true);
      salvage(directory, log.mesh);
      expectSound(directory);
      expect(readdirSync(join(directory, "quarantine", "T", "damaged"))).toContain("log.sqlite-wal.damaged");
    }
    expect(silent).toEqual([]);
  },
);

test("what a killed process leaves behind its last commit is no damage, also after the next one was killed too", () => {
  const directory = newKilledLog();
  const wal = `${fileIn(directory)}-wal`;
  const whole = readFileSync(wal);
  // Any number of frames of the last transactions, and a half one.
  for (let pages = 1; pages < 12; pages++) {
    writeFileSync(wal, whole.subarray(0, whole.length - pages * 4_120 + 1_000));
    const copy = damagedCopy(directory, () => undefined);
    const first = open(copy);
    const at = first.lastPosition();
    // The next process writes over what was left, and is killed as well.
    first.append([{ position: at + 1, bytes: log.frames[at] ?? new Uint8Array() }]);
    const second = damagedCopy(copy, () => undefined);
    first.close();
    expect(open(second).lastPosition()).toBe(at + 1);
  }
});

test("a repair that was cut off at any step is completed by the next start", () => {
  const made = damagedCopy(pristine, (copy) => truncateSync(fileIn(copy), 0));
  const damaged = readFileSync(fileIn(made));
  salvage(made, log.mesh);
  const aside = join(made, "quarantine", "T");
  const repaired = join(made, "repaired");
  const steps: readonly (() => void)[] = [
    // The new log is in its place, the old one not put away yet.
    () => renameSync(aside, repaired),
    // The damaged one is out of the way, the new one not in its place.
    () => {
      renameSync(aside, repaired);
      renameSync(fileIn(made), join(repaired, "log.sqlite"));
    },
    // Finished, and nothing moved.
    () => {
      renameSync(aside, repaired);
      renameSync(fileIn(made), join(repaired, "log.sqlite"));
      renameSync(join(repaired, "damaged", "log.sqlite"), fileIn(made));
    },
  ];
  for (const cutOff of steps) {
    cutOff();
    expect(isRepairUnfinished(made)).toBe(true);
    expect(finishRepair(made, "T").ok).toBe(true);
    expect(isRepairUnfinished(made)).toBe(false);
    const store = open(made);
    expect(store.getMeta("incarnation")).toEqual(Uint8Array.of(7));
    store.close();
    expect(readFileSync(join(aside, "damaged", "log.sqlite")).equals(damaged)).toBe(true);
  }
  // What an attempt left in the making is thrown away.
  mkdirSync(join(made, "repair"));
  writeFileSync(join(made, "repair", "log.sqlite"), "half");
  truncateSync(fileIn(made), 0);
  salvage(made, log.mesh);
  expect(existsSync(join(made, "repair"))).toBe(false);
});

test("packs are salvaged whole, and a damaged one is left out with what builds on it", () => {
  const directory = newDirectory();
  const store = fill(directory, log);
  const packOf = (first: number, count: number): Uint8Array =>
    sealPack(
      log.frames.slice(first - 1, first - 1 + count).flatMap((bytes) => {
        const frames = framesOf(bytes, crypto);
        if (!frames.ok) throw new Error(frames.error.message);
        return frames.value;
      }),
      "ends",
    );
  // The first pack holds the genesis frame; the second one is the one to break.
  for (const first of [1, 61]) {
    expect(store.replace({ position: first, count: 60, bytes: packOf(first, 60) }).ok).toBe(true);
  }
  store.close();
  const raw = new Database(fileIn(directory));
  raw.prepare("UPDATE frame SET bytes = zeroblob(length(bytes)) WHERE position = 61").run();
  raw.close();
  expect(isDamaged(directory)).toBe(true);
  expect(salvage(directory)).toMatchObject({ mesh: log.mesh, kept: 60, lost: log.frames.length - 60 });
  const repaired = open(directory);
  expect([...repaired.frames(1)]).toEqual([{ position: 1, count: 60, bytes: packOf(1, 60) }]);
});
