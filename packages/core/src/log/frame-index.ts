/**
 * Where each frame of the log stands, so that what a peer lacks is found without reading the log: per branch the positions
 * of its frames, and for each position its branch and last seq.
 */

export interface FrameIndex {
  /** Adds the next frame; positions count from 1. */
  add(branch: string, lastSeq: number): number;
  readonly size: number;
  /** The branch and last seq of the frame at a position that exists. */
  at(position: number): { readonly branch: string; readonly lastSeq: number };
  /** Ascending positions, from `from` on, of the frames that somebody who holds this much of each branch lacks. */
  missing(known: ReadonlyMap<string, number>, from?: number): IterableIterator<number>;
}

export function createFrameIndex(): FrameIndex {
  const branches: string[] = [];
  const lastSeqs: number[] = [];
  const positions = new Map<string, number[]>();

  /** The first position that may be missing: the least, over the branches, of each one's first unknown frame. */
  const firstMissing = (known: ReadonlyMap<string, number>): number => {
    let first = branches.length + 1;
    for (const [branch, own] of positions) {
      const seq = known.get(branch) ?? 0;
      const index = upperBound(own, (position) => (lastSeqs[position - 1] ?? 0) <= seq);
      first = Math.min(first, own[index] ?? first);
    }
    return first;
  };

  return {
    add: (branch, lastSeq) => {
      branches.push(branch);
      lastSeqs.push(lastSeq);
      const own = positions.get(branch) ?? [];
      own.push(branches.length);
      positions.set(branch, own);
      return branches.length;
    },
    get size(): number {
      return branches.length;
    },
    at: (position) => ({ branch: branches[position - 1] ?? "", lastSeq: lastSeqs[position - 1] ?? 0 }),
    *missing(known, from = 1) {
      for (let position = Math.max(from, firstMissing(known)); position <= branches.length; position++) {
        const seq = known.get(branches[position - 1] ?? "") ?? 0;
        if ((lastSeqs[position - 1] ?? 0) > seq) yield position;
      }
    },
  };
}

/** Index of the first element for which `before` is false; the elements are ordered by it. */
function upperBound(ordered: readonly number[], before: (value: number) => boolean): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = ordered[middle];
    if (value !== undefined && before(value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
