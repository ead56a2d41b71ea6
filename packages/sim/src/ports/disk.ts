/**
 * A machine's disk. An append is a write and then a sync, and a crash may come before, between or after the two: what was
 * written and not synced outlives a killed process and not a power cut. Also full disks, syncs that fail and leave nobody
 * knowing what is there, and older images put in the place of newer ones.
 */
import { type Crypto, err, isPack, ok } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { LogStore, StoredFrame, StoreError } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import { frameKeys } from "./records.ts";

/** What may go wrong by itself, all zero for a good disk. */
interface DiskRates {
  /** Per append: the program is killed, or the power fails, somewhere in it. */
  crashChance: number;
  /** Per append: the sync fails, and every later write is refused until the log is opened again. */
  syncErrorChance: number;
}

export type CrashPoint = "before-write" | "before-sync" | "after-sync";

/** The content of a disk at some time. */
export interface Image {
  readonly frames: readonly StoredFrame[];
  readonly meta: ReadonlyMap<string, Uint8Array>;
}

export interface Disk {
  readonly rates: DiskRates;
  full: boolean;
  frames(): readonly StoredFrame[];
  /** Is every signed frame of this record safe on this disk, in whatever record? */
  holds(record: Uint8Array): boolean;
  getMeta(key: string): Uint8Array | undefined;
  putMeta(key: string, value: Uint8Array): void;
  /** Opens the log for a life. The life before it has ended. */
  open(life: Life): LogStore;
  image(): Image;
  /** Puts an image in the place of what is there. */
  restore(image: Image): void;
  close(): void;
}

interface DiskWatch {
  readonly onAppended: (frames: readonly StoredFrame[]) => void;
  /** Frames were packed, or signatures of a pack left out. */
  readonly onReplaced: (what: "packed" | "thinned") => void;
  /** The machine stops now; with `powerCut` all at once. */
  readonly onCrash: (at: CrashPoint, powerCut: boolean) => void;
  readonly onSyncError: () => void;
}

/** A real store beside the model: written through, and read from. `fresh` puts an empty one in the place of the last. */
export type OpenBacking = (fresh: boolean) => LogStore;

const FULL: StoreError = { type: "disk-full", message: "the simulated disk is full" };
const UNKNOWN: StoreError = { type: "disk-io", message: "the simulated disk failed to sync; restart the node" };

/** What is on the platters: frames and facts, and a real store beside them when there is one. */
interface Content {
  readonly crypto: Crypto;
  frames: StoredFrame[];
  safe: Set<string>;
  readonly meta: Map<string, Uint8Array>;
  /** Written by a life that did not see its sync succeed. */
  unknown: readonly StoredFrame[];
  backing: LogStore | undefined;
}

function keep(content: Content, added: readonly StoredFrame[]): void {
  for (const record of added) {
    content.frames.push(record);
    for (const key of frameKeys(record.bytes, content.crypto)) content.safe.add(key);
  }
  const written = content.backing?.append(added);
  if (written?.ok === false) throw new Error(`the real store failed: ${written.error.message}`);
}

export interface DiskDeps {
  readonly prng: Prng;
  readonly crypto: Crypto;
  readonly watch: DiskWatch;
  readonly openBacking: OpenBacking | undefined;
}

export function createDisk({ prng, crypto, watch, openBacking }: DiskDeps): Disk {
  const content: Content = { crypto, frames: [], safe: new Set(), meta: new Map(), unknown: [], backing: undefined };
  const reopen = (fresh: boolean): void => {
    content.backing?.close();
    content.backing = openBacking?.(fresh);
  };
  const disk: Disk = {
    rates: { crashChance: 0, syncErrorChance: 0 },
    full: false,
    frames: () => content.frames,
    holds: (record) => frameKeys(record, crypto).every((key) => content.safe.has(key)),
    getMeta: (key) => content.meta.get(key),
    putMeta: (key, value) => {
      content.meta.set(key, value);
      content.backing?.putMeta(key, value);
    },
    open: (life) => {
      const found = content.unknown;
      content.unknown = [];
      reopen(false);
      keep(content, found);
      return storeOf(disk, content, life, prng, watch);
    },
    image: () => ({ frames: [...content.frames], meta: new Map(content.meta) }),
    restore: (image) => {
      Object.assign(content, { frames: [], safe: new Set(), unknown: [] });
      content.meta.clear();
      reopen(true);
      for (const [key, value] of image.meta) disk.putMeta(key, value);
      keep(content, image.frames);
    },
    close: () => content.backing?.close(),
  };
  return disk;
}

/** The log as one life of a program has it open. */
function storeOf(disk: Disk, content: Content, life: Life, prng: Prng, watch: DiskWatch): LogStore {
  const { rates } = disk;
  let refusal: StoreError | undefined;
  const problem = (): StoreError | undefined => refusal ?? (life.alive ? (disk.full ? FULL : undefined) : UNKNOWN);
  return {
    frames: function* (from) {
      if (content.backing === undefined) yield* content.frames.filter((record) => endOf(record) >= from);
      else yield* content.backing.frames(from);
    },
    frame: (position) => {
      const { backing, frames } = content;
      if (backing !== undefined) return backing.frame(position);
      return frames.find((record) => record.position <= position && endOf(record) >= position);
    },
    append: (added) => {
      const refused = problem();
      if (refused !== undefined) return err(refused);
      if (rates.crashChance > 0 && prng.chance(rates.crashChance)) {
        crash(content, added, prng, watch);
        return ok(undefined);
      }
      if (rates.syncErrorChance > 0 && prng.chance(rates.syncErrorChance)) {
        refusal = UNKNOWN;
        content.unknown = prng.chance(0.5) ? added : [];
        watch.onSyncError();
        return err(refusal);
      }
      keep(content, added);
      watch.onAppended(added);
      return ok(undefined);
    },
    replace: (record) => {
      const refused = problem();
      if (refused !== undefined) return err(refused);
      const isCrash = rates.crashChance > 0 && prng.chance(rates.crashChance);
      // One transaction: all of it is there, or nothing.
      if (!isCrash || prng.chance(0.5)) watch.onReplaced(replace(content, record));
      if (isCrash) watch.onCrash("after-sync", prng.chance(0.5));
      return ok(undefined);
    },
    getMeta: (key) => content.meta.get(key),
    putMeta: (key, value) => {
      const refused = problem();
      if (refused !== undefined) return err(refused);
      content.meta.set(key, value);
      return content.backing?.putMeta(key, value) ?? ok(undefined);
    },
    close: () => undefined,
  };
}

function replace(content: Content, record: StoredFrame): "packed" | "thinned" {
  const { position } = record;
  const before = content.frames.find((one) => one.position === position);
  content.frames = [
    ...content.frames.filter((one) => one.position < position),
    record,
    ...content.frames.filter((one) => one.position > endOf(record)),
  ];
  const written = content.backing?.replace(record);
  if (written?.ok === false) throw new Error(`the real store failed: ${written.error.message}`);
  return before !== undefined && isPack(before.bytes) && endOf(before) === endOf(record) ? "thinned" : "packed";
}

/** The machine stops in the middle of an append. What it answers, nobody hears. */
function crash(content: Content, added: readonly StoredFrame[], prng: Prng, watch: DiskWatch): void {
  const at = prng.pick<CrashPoint>(["before-write", "before-sync", "after-sync"]);
  const powerCut = prng.chance(0.5);
  // The system's cache outlives a killed process; a power cut takes what was not synced, or leaves it, as luck has it.
  if (at === "after-sync" || (at === "before-sync" && (!powerCut || prng.chance(0.3)))) keep(content, added);
  watch.onCrash(at, powerCut);
}

const endOf = ({ position, count = 1 }: StoredFrame): number => position + count - 1;
