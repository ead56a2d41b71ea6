/**
 * The feeds of a log as trees of frames. A feed is a chain: each frame names the hash of the one before. It becomes a tree
 * only when its author signed two frames on one, by malice or because two copies of a data directory wrote under one
 * incarnation. Both branches are kept: ops of honest members may build on either, and the two frames are the proof.
 *
 * Which branch a node names first is its own affair, so branches are compared between nodes by hash and never by name.
 */
import { toHex, toSharedHex } from "../kernel/bytes.ts";
import { assert } from "../kernel/result.ts";
import { feedId, feedOf, type FrameHeader } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { type Branch, createFeed, type Feed, type MutableBranch } from "./feed.ts";
import type { FramePlace, Head, Heads, Locator } from "./heads.ts";

/** Where a frame belongs. */
export type Place =
  | { readonly type: "next"; readonly branch: Branch | undefined }
  /** Its author signed another frame on the same one. */
  | { readonly type: "fork"; readonly parent: string | undefined; readonly opId: Uint8Array | null }
  | { readonly type: "duplicate" }
  /** Frames before it are missing. */
  | { readonly type: "gap" }
  /** It continues a history of the feed that is not here. */
  | { readonly type: "disputed" };

export interface Comparison {
  /** The last seq of each of our branches that they hold. */
  readonly known: ReadonlyMap<string, number>;
  /** They hold a frame that is not here. */
  readonly lacking: boolean;
  /** Feeds of which they hold a history that is not here. */
  readonly disputed: ReadonlySet<string>;
  /** Feeds that are here and of which they hold an end that is not: they went on, or hold another history. */
  readonly strange: ReadonlySet<string>;
}

export interface FeedTree {
  heads(): Heads;
  /** The ends of what is sealed in frames. */
  tips(): Heads;
  /** Least seq with two histories, by feed. */
  readonly forks: ReadonlyMap<string, number>;
  place(header: FrameHeader, hash: Uint8Array): Place;
  /** The branch that this feed's next own op continues. */
  main(feed: string): Branch | undefined;
  /** Adds a frame at the place it was found to have. Returns its branch's id. */
  add(header: FrameHeader, hash: Uint8Array, lastOp: Uint8Array, place: Place): string;
  /** One more op in a feed's open frame. */
  open(head: { readonly author: string; readonly incarnation: string }, seq: number, opId: Uint8Array): void;
  compare(remote: Heads, locators: readonly Locator[]): Comparison;
  /** Is this the end of a frame that is here, on whichever branch? */
  holds(head: Head): boolean;
  /** `also` are places that somebody showed to hold, too. */
  locate(feed: string, also?: readonly FramePlace[]): Locator | undefined;
}

export function createFeedTree(): FeedTree {
  const branches = new Map<string, MutableBranch>();
  const feeds = new Map<string, Feed>();
  const forks = new Map<string, number>();
  /** Made when it is asked for: a peer's heads are looked up in it one by one. */
  let heads: Heads | undefined;

  const begin = (
    head: { readonly author: string; readonly incarnation: string },
    at: { readonly id: string; readonly feed: string; readonly from: number; readonly parent: string | undefined },
  ): MutableBranch => {
    const { id, from } = at;
    assert(!branches.has(id), "a branch begins once");
    const feed = feeds.get(at.feed) ?? createFeed(at.feed);
    feeds.set(at.feed, feed);
    const parent = at.parent === undefined ? undefined : branches.get(at.parent);
    const branch = feed.begin({ ...head, id, from, parent });
    branches.set(id, branch);
    return branch;
  };

  return {
    heads: () => (heads ??= new Map([...branches.values()].map((branch) => [branch.id, headOf(branch)]))),
    tips: () => new Map([...branches.values()].map((branch) => [branch.id, tipOf(branch)])),
    forks,
    place: (header, hash) => placeIn(feeds.get(feedId(header.author, header.incarnation)), header, hash),
    main: (feed) => feeds.get(feed)?.branches[0],
    add: (header, hash, lastOp, where) => {
      assert(where.type === "next" || where.type === "fork", "only a frame that has a place is added");
      const feed = feedId(header.author, header.incarnation);
      const head = { author: toSharedHex(header.author), incarnation: toSharedHex(header.incarnation) };
      const from = header.firstSeq - 1;
      const branch =
        where.type === "fork"
          ? begin(head, { id: branchId(feed, hash), feed, parent: where.parent, from })
          : (branches.get(where.branch?.id ?? feed) ?? begin(head, { id: feed, feed, parent: undefined, from }));
      if (where.type === "fork") forks.set(feed, Math.min(header.firstSeq, forks.get(feed) ?? header.firstSeq));
      const seq = header.firstSeq + header.opIds.length - 1;
      heads = undefined;
      feeds.get(feed)?.add(branch, { seq, frame: hash, opId: lastOp });
      branch.seq = Math.max(branch.seq, seq);
      branch.frame = hash;
      if (branch.seq === seq) branch.opId = lastOp;
      return branch.id;
    },
    open: (head, seq, opId) => {
      const feed = feedOf(head);
      const branch = branches.get(feed) ?? begin(head, { id: feed, feed, from: 0, parent: undefined });
      heads = undefined;
      branch.seq = seq;
      branch.opId = opId;
    },
    compare: (remote, locators) => compareHeads(feeds, remote, locators),
    holds: (head) => head.frame !== null && feeds.get(feedOf(head))?.find(head.seq, head.frame) !== undefined,
    locate: (feed, also) => locatorOf(feed, feeds.get(feed)?.branches ?? [], also),
  };
}

const headOf = ({ author, incarnation, seq, frame }: MutableBranch): Head => ({ author, incarnation, seq, frame });

function tipOf({ author, incarnation, chain }: MutableBranch): Head {
  const last = chain.last();
  return { author, incarnation, seq: last?.seq ?? 0, frame: last?.frame ?? null };
}

function placeIn(feed: Feed | undefined, header: FrameHeader, hash: Uint8Array): Place {
  const { firstSeq, prevFrame, opIds } = header;
  const main = feed?.branches[0];
  if (feed === undefined || main === undefined) {
    return firstSeq === 1 ? { type: "next", branch: undefined } : { type: "gap" };
  }
  if (feed.find(firstSeq + opIds.length - 1, hash) !== undefined) return { type: "duplicate" };
  const before = prevFrame === null ? undefined : feed.find(firstSeq - 1, prevFrame);
  const sealed = before?.branch ?? main;
  const continues = prevFrame === null ? main.chain.length === 0 : before?.branch.chain.lastSeq() === firstSeq - 1;
  if (continues) {
    // Ops of our own that wait for their frame are in the way; the sender tries again once it is sealed.
    return sealed.seq === firstSeq - 1 ? { type: "next", branch: sealed } : { type: "gap" };
  }
  const parent = prevFrame === null ? firstFrame : before && { parent: before.branch.id, opId: before.end.opId };
  if (parent !== undefined) return { type: "fork", ...parent };
  return feed.longest() < firstSeq - 1 ? { type: "gap" } : { type: "disputed" };
}

/** What comes before a feed's first frame: no other one. */
const firstFrame = { parent: undefined, opId: null };

// ── comparing with somebody else ────────────────────────────────────────────────────────────────────────────────────

function compareHeads(feeds: ReadonlyMap<string, Feed>, remote: Heads, locators: readonly Locator[]): Comparison {
  const known = new Map<string, number>();
  const disputed = new Set<string>();
  const strange = new Set<string>();
  let lacking = false;
  const tips = new Map<string, Head[]>();
  for (const head of remote.values()) {
    const feed = feedOf(head);
    const own = tips.get(feed);
    if (own === undefined) tips.set(feed, [head]);
    else own.push(head);
    if (!feeds.has(feed)) lacking = true;
  }
  const located = new Map(locators.map((one) => [one.feed, one]));
  for (const [id, feed] of feeds) {
    const found = compareFeed(feed, tips.get(id) ?? [], located.get(id));
    for (const [branch, seq] of found.known) known.set(branch, seq);
    if (found.lacking) strange.add(id);
    if (found.disputed) disputed.add(id);
  }
  return { known, lacking: lacking || strange.size > 0, disputed, strange };
}

function compareFeed(
  feed: Feed,
  tips: readonly Head[],
  locator: Locator | undefined,
): { readonly known: ReadonlyMap<string, number>; readonly lacking: boolean; readonly disputed: boolean } {
  const { branches } = feed;
  // What a side branch shares with the one it grew from is sent with that one.
  const known = new Map(branches.map(({ id, from }) => [id, from]));
  const learned = new Map<string, number>();
  const learn = (seq: number, frame: Uint8Array | null): boolean => {
    const branch = frame === null ? undefined : feed.find(seq, frame)?.branch;
    let end = seq;
    // Whoever holds a branch holds what it grew from. What is learned of one is learned of all below it.
    for (let one = branch; one !== undefined && (learned.get(one.id) ?? -1) < end; one = one.parent) {
      learned.set(one.id, end);
      known.set(one.id, Math.max(end, known.get(one.id) ?? 0));
      end = one.from;
    }
    return branch !== undefined;
  };
  const strange = tips.filter(({ seq, frame }) => !learn(seq, frame));
  for (const { seq, frame } of locator?.frames ?? []) learn(seq, frame);
  // Where there are several branches, more ops alone do not say of which.
  const isForked = branches.length > 1 || tips.length > 1;
  const disputed = strange.some(({ seq }) => isForked || seq <= feed.longest());
  if (strange.length > 0 && locator === undefined) {
    // They went on where we end, or elsewhere: what we send beyond their end fits, or makes them say where we part.
    const least = strange.reduce((min, { seq }) => Math.min(min, seq), Number.POSITIVE_INFINITY);
    for (const { id, seq } of branches)
      known.set(id, id === branches[0]?.id ? Math.max(least, known.get(id) ?? 0) : seq);
  }
  return { known, lacking: strange.length > 0, disputed };
}

function locatorOf(
  feed: string,
  branches: readonly MutableBranch[],
  also: readonly FramePlace[] = [],
): Locator | undefined {
  const frames = [...also];
  for (const { chain } of branches) {
    if (frames.length >= LIMITS.locatorFrames) break;
    for (let back = 1, index = chain.length - 1; index >= 0; back *= 2) {
      const end = chain.at(index);
      if (end !== undefined) frames.push({ seq: end.seq, frame: end.frame });
      index -= back;
    }
  }
  return frames.length === 0 ? undefined : { feed, frames: frames.slice(0, LIMITS.locatorFrames) };
}

/** Names a history that forks a feed, by its first frame. */
export const branchId = (feed: string, firstFrame: Uint8Array): string => `${feed}~${toHex(firstFrame)}`;
