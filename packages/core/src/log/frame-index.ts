/**
 * Where each frame of the log stands, so that what a peer lacks is found without reading the log: per feed the positions
 * of its frames, and for each position its feed and last seq.
 */
import type { Heads } from "./heads.ts";

export interface FrameIndex {
  /** Adds the next frame; positions count from 1. */
  add(feed: string, lastSeq: number): number;
  readonly size: number;
  /** The feed and last seq of the frame at a position that exists. */
  at(position: number): { readonly feed: string; readonly lastSeq: number };
  /** Ascending positions, from `from` on, of the frames that somebody with these heads lacks. */
  missing(heads: Heads, from?: number): IterableIterator<number>;
}

export function createFrameIndex(): FrameIndex {
  const feeds: string[] = [];
  const lastSeqs: number[] = [];
  const positions = new Map<string, number[]>();

  /** The first position that may be missing: the least, over the feeds, of each one's first unknown frame. */
  const firstMissing = (heads: Heads): number => {
    let first = feeds.length + 1;
    for (const [feed, own] of positions) {
      const seq = heads.get(feed)?.seq ?? 0;
      const index = upperBound(own, (position) => (lastSeqs[position - 1] ?? 0) <= seq);
      first = Math.min(first, own[index] ?? first);
    }
    return first;
  };

  return {
    add: (feed, lastSeq) => {
      feeds.push(feed);
      lastSeqs.push(lastSeq);
      const own = positions.get(feed) ?? [];
      own.push(feeds.length);
      positions.set(feed, own);
      return feeds.length;
    },
    get size(): number {
      return feeds.length;
    },
    at: (position) => ({ feed: feeds[position - 1] ?? "", lastSeq: lastSeqs[position - 1] ?? 0 }),
    *missing(heads, from = 1) {
      for (let position = Math.max(from, firstMissing(heads)); position <= feeds.length; position++) {
        const seq = heads.get(feeds[position - 1] ?? "")?.seq ?? 0;
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
