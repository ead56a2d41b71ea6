/** What a log holds, tip by tip. Two nodes compare heads to know exactly what the other lacks. */

/** The end of a feed, or of one of its branches when its author wrote two histories. */
export interface Head {
  /** Hex, like every key in memory. */
  readonly author: string;
  readonly incarnation: string;
  /** Seq of its last op. */
  readonly seq: number;
  /** Hash of its last frame: the same seq with another hash is another history. Null before the first frame is sealed. */
  readonly frame: Uint8Array | null;
}

/** By branch id; a feed that never forked has one branch, named `author/incarnation`. */
export type Heads = ReadonlyMap<string, Head>;

/** A frame by where it ends. */
export interface FramePlace {
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** Places along a feed that somebody holds, ever sparser towards its begin, so that two find where their histories part. */
export interface Locator {
  readonly feed: string;
  readonly frames: readonly FramePlace[];
}

export const totalOps = (heads: Heads): number => [...heads.values()].reduce((sum, head) => sum + head.seq, 0);
