/** The frames of one branch, in order: where each ends, its hash and its last op. Packed, because logs are long. */
import { equalBytes } from "../kernel/bytes.ts";
import { HASH_BYTES } from "../op/op.ts";
import type { FramePlace } from "./heads.ts";

export interface FrameEnd extends FramePlace {
  /** The frame's last op. */
  readonly opId: Uint8Array;
}

export interface FrameChain {
  readonly length: number;
  add(end: FrameEnd): void;
  at(index: number): FrameEnd | undefined;
  last(): FrameEnd | undefined;
  /** Seq of the last one, 0 while there is none. */
  lastSeq(): number;
  /** The frame that ends at this seq and has this hash. */
  find(seq: number, frame: Uint8Array): FrameEnd | undefined;
}

const ENTRY_BYTES = 2 * HASH_BYTES;

export function createFrameChain(): FrameChain {
  const seqs: number[] = [];
  let bytes = new Uint8Array(ENTRY_BYTES);

  const at = (index: number): FrameEnd | undefined => {
    const seq = seqs[index];
    if (seq === undefined) return undefined;
    const start = index * ENTRY_BYTES;
    const middle = start + HASH_BYTES;
    return { seq, frame: bytes.slice(start, middle), opId: bytes.slice(middle, middle + HASH_BYTES) };
  };

  return {
    get length(): number {
      return seqs.length;
    },
    add: ({ seq, frame, opId }) => {
      const start = seqs.length * ENTRY_BYTES;
      if (start + ENTRY_BYTES > bytes.length) {
        const grown = new Uint8Array(bytes.length * 2);
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(frame, start);
      bytes.set(opId, start + HASH_BYTES);
      seqs.push(seq);
    },
    at,
    last: () => at(seqs.length - 1),
    lastSeq: () => seqs.at(-1) ?? 0,
    find: (seq, frame) => {
      // Most frames that are looked for are news.
      if (seq > (seqs.at(-1) ?? 0)) return undefined;
      const end = at(indexOf(seqs, seq));
      return end !== undefined && equalBytes(end.frame, frame) ? end : undefined;
    },
  };
}

/** Index of a value in an ascending list, or -1. */
function indexOf(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = ascending[middle];
    if (found === value) return middle;
    if (found !== undefined && found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
