/** What a log holds, feed by feed. Two nodes compare heads to know exactly what the other lacks. */

export interface Head {
  /** Hex, like every key in memory. */
  readonly author: string;
  readonly incarnation: string;
  /** Seq of the feed's last op. */
  readonly seq: number;
}

/** By feed id (`author/incarnation`). */
export type Heads = ReadonlyMap<string, Head>;

/** Does `a` hold an op that `b` lacks? */
export function isAheadOf(a: Heads, b: Heads): boolean {
  for (const [feed, head] of a) if (head.seq > (b.get(feed)?.seq ?? 0)) return true;
  return false;
}

export const totalOps = (heads: Heads): number => [...heads.values()].reduce((sum, head) => sum + head.seq, 0);
