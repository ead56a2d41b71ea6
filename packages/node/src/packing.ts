/**
 * Keeps the log on disk short, a step at a time: old frames are put into packs, and below a checkpoint that this node holds
 * the signatures that later ones cover are left out. What the log says stays the same to the last byte of every op.
 */
import { type Crypto, framesOf, type FrameIndex, isPack, LIMITS, type PackedFrame, sealPack } from "@skein/core";

import type { LogStore, StoredFrame, StoreError } from "./ports.ts";

export interface PackingDeps {
  readonly crypto: Crypto;
  readonly store: LogStore;
  readonly index: FrameIndex;
}

export interface Step {
  /** Where the next step goes on. */
  readonly next: number;
  /** Something was written. */
  readonly changed: boolean;
  readonly problem?: StoreError;
}

/** Bodies, signatures and a bound for what the columns take, so that a pack keeps within its limit. */
const PACK_BYTES = LIMITS.packBytes - 32 * 1024;
const OP_BYTES = 48;
const FRAME_BYTES = 160;

/**
 * Packs the next records up to a position, all frames of which are to stay in order; undefined when none are left. A pack
 * gets about `packOps` ops, and a record of half as many frames is left as it is.
 */
export function packStep({ crypto, store }: PackingDeps, packOps: number, from: number, to: number): Step | undefined {
  const run: StoredFrame[] = [];
  const frames: PackedFrame[] = [];
  let ops = 0;
  let bytes = 0;
  for (const record of store.frames(from)) {
    const { position, count = 1 } = record;
    if (position + count - 1 > to) break;
    if (count >= packOps / 2) {
      if (run.length > 0) break;
      return { next: position + count, changed: false };
    }
    const opened = open(record, crypto);
    const size = opened.reduce((sum, frame) => sum + sizeOf(frame), 0);
    const length = opened.reduce((sum, frame) => sum + frame.ops.length, 0);
    if (run.length > 0 && (ops + length > packOps || bytes + size > PACK_BYTES)) break;
    run.push(record);
    frames.push(...opened);
    ops += length;
    bytes += size;
  }
  const [first] = run;
  if (first === undefined) return undefined;
  const next = first.position + frames.length;
  // One big frame, or a pack that nothing can be added to.
  if (run.length === 1) return { next, changed: false };
  const written = store.replace({ position: first.position, count: frames.length, bytes: sealPack(frames, "all") });
  return written.ok ? { next, changed: true } : { next: first.position, changed: false, problem: written.error };
}

/** Leaves out the signatures of the next pack, when all of it lies below a checkpoint; undefined when it does not. */
export function thinStep(
  { crypto, store, index, forks }: PackingDeps & { readonly forks: ReadonlyMap<string, number> },
  from: number,
  covered: ReadonlyMap<string, number>,
): Step | undefined {
  const record = store.frame(from);
  if (record === undefined) return undefined;
  const { position, count = 1, bytes } = record;
  let isProof = false;
  for (let one = position; one < position + count; one++) {
    const { branch, lastSeq } = index.at(one);
    if (lastSeq > (covered.get(branch) ?? 0)) return undefined;
    isProof ||= forks.has(branch.split("~")[0] ?? branch);
  }
  const next = position + count;
  // The signatures of a feed with two histories are the proof against its author.
  if (isProof || !isPack(bytes)) return { next, changed: false };
  const thin = sealPack(open(record, crypto), "ends");
  if (thin.length === bytes.length) return { next, changed: false };
  const written = store.replace({ position, count, bytes: thin });
  return written.ok ? { next, changed: true } : { next: position, changed: false, problem: written.error };
}

function open({ bytes, position }: StoredFrame, crypto: Crypto): readonly PackedFrame[] {
  const opened = framesOf(bytes, crypto);
  if (!opened.ok) throw new Error(`the log on disk holds a broken record at ${position}: ${opened.error.message}`);
  return opened.value;
}

const sizeOf = ({ ops }: PackedFrame): number =>
  ops.reduce((sum, { bodyBytes, op }) => sum + bodyBytes.length + op.entity.length + OP_BYTES, FRAME_BYTES);
