/**
 * Puts a damaged log aside and goes on with what is whole of it.
 *
 * The new log is made completely before anything is moved. Each step is a rename, so that a crash at any point leaves
 * either the damaged log in its place, or a finished repair that the next start completes:
 *
 *     repair/               in the making; thrown away by the next attempt
 *     repaired/log.sqlite   finished: the damaged files go to repaired/damaged/, then this takes their place
 *     quarantine/<time>/    everything that was put aside; never deleted by the program
 *
 * What is kept, wholeRecords of the core says: the disk is not trusted any more. What is missing comes back from peers like anything else a node has not heard of, because heads
 * say only what is here; absence is never told to anybody as deletion.
 */
import { type Crypto, endsOf, err, framesOf, isSigned, ok, type Result, wholeRecords } from "@skein/core";
import type { StoredFrame, StoreError } from "@skein/node";
import Database from "better-sqlite3";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DamagedLog, readDamagedLog } from "./damaged-log.ts";
import type { SqliteLogStore } from "./log-store.ts";
import { type OpenError, openErrorOf } from "./open-error.ts";
import { openLogStore, savedWriteAheadLog } from "./open-log-store.ts";
import { sqliteCode } from "./sqlite-error.ts";

export interface SalvageOptions {
  readonly directory: string;
  readonly crypto: Crypto;
  /** The mesh that the log belonged to, when something beside the log says so. */
  readonly mesh: Uint8Array | undefined;
  /** Names the directory in quarantine/. */
  readonly time: string;
  /** What the new log says beside its frames, from what the old one said as far as that can be read. */
  readonly facts: (salvaged: Salvaged, old: ReadonlyMap<string, Uint8Array>) => ReadonlyMap<string, Uint8Array>;
}

export interface Salvaged {
  /** Undefined when nothing that is left names one. */
  readonly mesh: Uint8Array | undefined;
  readonly kept: number;
  /** Frames that there were and that are not kept; undefined when the damaged file does not say how many there were. */
  readonly lost: number | undefined;
  /** Where the damaged files are put. */
  readonly quarantine: string;
}

const BATCH_FRAMES = 256;

/** A repair was finished and not put in place: the log that is there is not to be opened. */
export const isRepairUnfinished = (directory: string): boolean => existsSync(join(directory, "repaired"));

/** Puts a finished repair in its place; does nothing when there is none. */
export function finishRepair(directory: string, time: string): Result<void, OpenError> {
  return exclusively(directory, () => {
    moveIntoPlace(directory, time);
    return ok(undefined);
  });
}

/** Repairs a log that is closed. The log may be opened afterwards. */
export function salvageLog(options: SalvageOptions): Result<Salvaged, OpenError> {
  const { directory, time } = options;
  return exclusively(directory, () => {
    moveIntoPlace(directory, time);
    const making = join(directory, "repair");
    rmSync(making, { recursive: true, force: true });
    mkdirSync(join(making, "damaged"), { recursive: true, mode: 0o700 });
    const made = makeNewLog(options, making);
    if (!made.ok) return made;
    rmSync(join(making, "copy"), { recursive: true, force: true });
    syncDirectory(making);
    renameSync(making, join(directory, "repaired"));
    syncDirectory(directory);
    moveIntoPlace(directory, time);
    return made;
  });
}

function makeNewLog(options: SalvageOptions, making: string): Result<Salvaged, OpenError> {
  const { directory, crypto } = options;
  const damaged = readDamagedLog(join(directory, "log.sqlite"), join(making, "copy"));
  const opened = openLogStore({ directory: making });
  if (!opened.ok) return opened;
  const store = opened.value;
  try {
    const mesh = damaged === undefined ? options.mesh : (meshOf(damaged, crypto) ?? options.mesh);
    const copied = damaged === undefined || mesh === undefined ? ok(0) : copyFrames(damaged, store, mesh, crypto);
    if (!copied.ok) return copied;
    const kept = copied.value;
    const lost = damaged?.last === undefined ? undefined : damaged.last - kept;
    const quarantine = join(directory, "quarantine");
    const salvaged: Salvaged = { mesh, kept, lost, quarantine };
    for (const [key, value] of options.facts(salvaged, damaged?.facts ?? new Map())) {
      const put = store.putMeta(key, value);
      if (!put.ok) return err(notMade(put.error));
    }
    return ok(salvaged);
  } finally {
    store.close();
    damaged?.close();
  }
}

const notMade = ({ type, message }: StoreError): OpenError => ({
  type,
  message: `The damaged log could not be repaired: ${message}.`,
});

/** Returns how many frames are whole and copied. */
function copyFrames(
  damaged: DamagedLog,
  store: SqliteLogStore,
  mesh: Uint8Array,
  crypto: Crypto,
): Result<number, OpenError> {
  let batch: StoredFrame[] = [];
  let kept = 0;
  const save = (): Result<void, StoreError> => {
    const appended = store.append(batch);
    batch = [];
    return appended;
  };
  for (const record of wholeRecords(damaged.records(), mesh, crypto)) {
    batch.push(record);
    kept += record.count;
    const appended = batch.length < BATCH_FRAMES ? ok(undefined) : save();
    if (!appended.ok) return err(notMade(appended.error));
  }
  const appended = save();
  return appended.ok ? ok(kept) : err(notMade(appended.error));
}

/** The first frame names the mesh by its own hash, so it needs no other witness. */
function meshOf(damaged: DamagedLog, crypto: Crypto): Uint8Array | undefined {
  for (const bytes of damaged.records()) {
    const frames = framesOf(bytes, crypto);
    const genesis = frames.ok ? frames.value.find(({ header }) => header.mesh.length === 0) : undefined;
    if (!frames.ok || genesis === undefined) continue;
    // In a pack a later frame's signature may stand for the first one's.
    return endsOf(frames.value).every((frame) => isSigned(frame, crypto)) ? genesis.header.opIds[0] : undefined;
  }
  return undefined;
}

/** Continues wherever an earlier run was cut off. */
function moveIntoPlace(directory: string, time: string): void {
  const repaired = join(directory, "repaired");
  if (!existsSync(repaired)) return;
  const file = join(directory, "log.sqlite");
  const ready = join(repaired, "log.sqlite");
  if (existsSync(ready)) {
    // Nothing of the damaged log may stay: SQLite would take an old write-ahead log for the new database's own.
    for (const path of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`, savedWriteAheadLog(file)]) {
      if (existsSync(path)) renameSync(path, join(repaired, "damaged", path.slice(directory.length + 1)));
    }
    syncDirectory(join(repaired, "damaged"));
    syncDirectory(directory);
    renameSync(ready, file);
    syncDirectory(directory);
  }
  mkdirSync(join(directory, "quarantine"), { recursive: true, mode: 0o700 });
  renameSync(repaired, join(directory, "quarantine", freeName(join(directory, "quarantine"), time)));
  syncDirectory(directory);
}

function freeName(directory: string, name: string): string {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(join(directory, free))) return free;
  }
}

/** Makes renames durable. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * One process at a time. The log itself cannot be locked, it is what is broken; a lock of SQLite's on a file beside it goes
 * with the process all the same.
 */
function exclusively<T>(directory: string, run: () => Result<T, OpenError>): Result<T, OpenError> {
  const file = join(directory, "repair.lock");
  let lock: Database.Database | undefined;
  try {
    lock = new Database(file, { timeout: 0 });
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const result = run();
    rmSync(file, { force: true });
    return result;
  } catch (cause) {
    return err(openErrorOf(codeOf(cause), join(directory, "log.sqlite"), () => undefined));
  } finally {
    lock?.close();
  }
}

/** What a failed step says: SQLite's code, or the operating system's. */
function codeOf(cause: unknown): string {
  if (cause instanceof Database.SqliteError) return sqliteCode(cause);
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  throw cause;
}
