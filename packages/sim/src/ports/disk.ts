/**
 * A machine's disk. An append is a write and then a sync, and a crash may come before, between or after the two: what was
 * written and not synced outlives a killed process and not a power cut. Also full disks, syncs that fail and leave nobody
 * knowing what is there, and older images put in the place of newer ones.
 */
import { err, ok } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { LogStore, StoredFrame, StoreError } from "@skein/node";

import type { Life } from "../kernel/life.ts";

/** What may go wrong by itself, all zero for a good disk. */
export interface DiskRates {
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
  /** The last write that may or may not be there when the log is opened next. */
  readonly isUnknown: () => boolean;
  frames(): readonly StoredFrame[];
  /** Is this very frame safe on this disk? */
  holds(frame: Uint8Array): boolean;
  getMeta(key: string): Uint8Array | undefined;
  putMeta(key: string, value: Uint8Array): void;
  /** Opens the log for a life. The life before it has ended. */
  open(life: Life): LogStore;
  image(): Image;
  /** Puts an image in the place of what is there. */
  restore(image: Image): void;
  close(): void;
}

export interface DiskWatch {
  readonly onAppended: (frames: readonly StoredFrame[]) => void;
  /** The machine stops now; with `powerCut` all at once. */
  readonly onCrash: (at: CrashPoint, powerCut: boolean) => void;
  readonly onSyncError: () => void;
}

/** A real store beside the model: written through, and read from. `fresh` puts an empty one in the place of the last. */
export type OpenBacking = (fresh: boolean) => LogStore;

const FULL: StoreError = { type: "disk-full", message: "the simulated disk is full" };
const UNKNOWN: StoreError = { type: "disk-io", message: "the simulated disk failed to sync; restart the node" };

export function createDisk(prng: Prng, watch: DiskWatch, openBacking: OpenBacking | undefined): Disk {
  const rates: DiskRates = { crashChance: 0, syncErrorChance: 0 };
  let frames: StoredFrame[] = [];
  const meta = new Map<string, Uint8Array>();
  let safe = new Set<string>();
  /** Written by a life that did not see its sync succeed. */
  let unknown: readonly StoredFrame[] = [];
  let backing: LogStore | undefined;

  const keep = (added: readonly StoredFrame[]): void => {
    for (const { position, bytes } of added) {
      frames.push({ position, bytes });
      safe.add(frameKey(bytes));
    }
    const written = backing?.append(added);
    if (written?.ok === false) throw new Error(`the real store failed: ${written.error.message}`);
  };
  const reopen = (fresh: boolean): void => {
    backing?.close();
    backing = openBacking?.(fresh);
  };
  const crash = (added: readonly StoredFrame[]): void => {
    const at = prng.pick<CrashPoint>(["before-write", "before-sync", "after-sync"]);
    const powerCut = prng.chance(0.5);
    // The system's cache outlives a killed process; a power cut takes what was not synced, or leaves it, as luck has it.
    if (at === "after-sync" || (at === "before-sync" && (!powerCut || prng.chance(0.3)))) keep(added);
    watch.onCrash(at, powerCut);
  };

  const storeFor = (life: Life): LogStore => {
    let refusal: StoreError | undefined;
    const problem = (): StoreError | undefined => refusal ?? (life.alive ? (diskIsFull() ? FULL : undefined) : UNKNOWN);
    return {
      frames: function* (from) {
        if (backing === undefined) yield* frames.slice(from - 1);
        else yield* backing.frames(from);
      },
      frame: (position) => (backing === undefined ? frames[position - 1]?.bytes : backing.frame(position)),
      append: (added) => {
        const refused = problem();
        if (refused !== undefined) return err(refused);
        if (rates.crashChance > 0 && prng.chance(rates.crashChance)) {
          crash(added);
          return ok(undefined);
        }
        if (rates.syncErrorChance > 0 && prng.chance(rates.syncErrorChance)) {
          refusal = UNKNOWN;
          unknown = prng.chance(0.5) ? added : [];
          watch.onSyncError();
          return err(refusal);
        }
        keep(added);
        watch.onAppended(added);
        return ok(undefined);
      },
      getMeta: (key) => meta.get(key),
      putMeta: (key, value) => {
        const refused = problem();
        if (refused !== undefined) return err(refused);
        meta.set(key, value);
        return backing?.putMeta(key, value) ?? ok(undefined);
      },
      close: () => undefined,
    };
  };
  const diskIsFull = (): boolean => disk.full;

  const disk: Disk = {
    rates,
    full: false,
    isUnknown: () => unknown.length > 0,
    frames: () => frames,
    holds: (frame) => safe.has(frameKey(frame)),
    getMeta: (key) => meta.get(key),
    putMeta: (key, value) => {
      meta.set(key, value);
      backing?.putMeta(key, value);
    },
    open: (life) => {
      const found = unknown;
      unknown = [];
      reopen(false);
      keep(found);
      return storeFor(life);
    },
    image: () => ({ frames: [...frames], meta: new Map(meta) }),
    restore: (image) => {
      frames = [];
      safe = new Set();
      meta.clear();
      unknown = [];
      reopen(true);
      for (const [key, value] of image.meta) disk.putMeta(key, value);
      keep(image.frames);
    },
    close: () => backing?.close(),
  };
  return disk;
}

const SIGNATURE_BYTES = 64;

/** A frame ends with its signature, which no other frame has. */
export const frameKey = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", bytes.length - SIGNATURE_BYTES);
