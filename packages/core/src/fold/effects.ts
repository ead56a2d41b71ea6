/**
 * Which ops of a feed had an effect, as far as it takes to know what a fork of the feed changes. Taking back an effect means
 * to fold everything again; most forks that a liar can make take back none.
 */
import { feedParts } from "../op/frame.ts";
import type { FoldOp } from "./history.ts";

export interface EffectRecord {
  /** This op of an item was folded. */
  remember(op: FoldOp, hadEffect: boolean): void;
  /** Had an op of the feed an effect, at this seq or later? */
  reaches(feed: string, from: number): boolean;
  /** The ids, by item, of the ops at this seq or later that had none. They are forgotten: nothing changes them any more. */
  withdraw(feed: string, from: number): ReadonlyMap<string, ReadonlySet<string>>;
}

type IdleOp = Pick<FoldOp, "id" | "entity" | "seq">;

interface FeedEffects {
  /** The last seq with an effect. */
  last: number;
  /** Ops without one; honest nodes write few of them. */
  idle: IdleOp[];
}

export function createEffectRecord(): EffectRecord {
  /** By author, then incarnation: this is asked for every op, and a joined text would be made for every op. */
  const authors = new Map<string, Map<string, FeedEffects>>();
  const find = (id: string): FeedEffects | undefined => {
    const { author, incarnation } = feedParts(id);
    return authors.get(author)?.get(incarnation);
  };
  const obtain = ({ author, incarnation }: FoldOp): FeedEffects => {
    const feeds = authors.get(author) ?? new Map<string, FeedEffects>();
    if (feeds.size === 0) authors.set(author, feeds);
    const known = feeds.get(incarnation);
    if (known !== undefined) return known;
    const feed: FeedEffects = { last: 0, idle: [] };
    feeds.set(incarnation, feed);
    return feed;
  };
  return {
    remember: (op, hadEffect) => {
      const feed = obtain(op);
      if (hadEffect) feed.last = Math.max(feed.last, op.seq);
      else feed.idle.push({ id: op.id, entity: op.entity, seq: op.seq });
    },
    reaches: (id, from) => (find(id)?.last ?? 0) >= from,
    withdraw: (id, from) => {
      const feed = find(id);
      const items = new Map<string, Set<string>>();
      for (const op of feed?.idle ?? []) {
        if (op.seq >= from) items.set(op.entity, (items.get(op.entity) ?? new Set()).add(op.id));
      }
      if (feed !== undefined) feed.idle = feed.idle.filter(({ seq }) => seq < from);
      return items;
    },
  };
}
