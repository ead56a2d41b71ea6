/**
 * The feeds of a log as trees of frames. A feed is a chain: each frame names the hash of the one before. It becomes a tree
 * only when its author signed two frames on one, by malice or because two copies of a data directory wrote under one
 * incarnation. Both branches are kept: ops of honest members may build on either, and the two frames are the proof.
 *
 * Which branch a node names first is its own affair, so branches are compared between nodes by hash and never by name.
 */
import { equalBytes, fromHex, toHex, toSharedHex } from "../kernel/bytes.ts";
import { assert } from "../kernel/result.ts";
import { feedId, type FrameHeader } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { createFrameChain, type FrameChain } from "./frame-chain.ts";
import type { FramePlace, Head, Heads, Locator } from "./heads.ts";

/** One history of a feed: the whole feed, or what another branch does not share. */
interface Branch {
  /** The feed's id; a later branch adds the hash of its first frame. */
  readonly id: string;
  readonly feed: string;
  /** Seq after which it is on its own; 0 for the branch that was here first. */
  readonly from: number;
  /** The last frame's end, or with ops in the open frame the last op's. */
  readonly seq: number;
  readonly opId: Uint8Array | null;
  readonly frame: Uint8Array | null;
}

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
  /** `also` are places that somebody showed to hold, too. */
  locate(feed: string, also?: readonly FramePlace[]): Locator | undefined;
}

interface MutableBranch extends Branch {
  /** The branch it grew from. */
  readonly parent: MutableBranch | undefined;
  readonly author: string;
  readonly incarnation: string;
  readonly chain: FrameChain;
  seq: number;
  opId: Uint8Array | null;
  frame: Uint8Array | null;
}

export function createFeedTree(): FeedTree {
  const branches = new Map<string, MutableBranch>();
  /** A feed's branches; the one that was here first comes first. */
  const feeds = new Map<string, MutableBranch[]>();
  const forks = new Map<string, number>();
  /** Made when it is asked for: a peer's heads are looked up in it one by one. */
  let heads: Heads | undefined;

  const branchesOf = (feed: string): readonly MutableBranch[] => feeds.get(feed) ?? [];

  const begin = (
    head: { readonly author: string; readonly incarnation: string },
    at: { readonly id: string; readonly feed: string; readonly from: number; readonly parent: string | undefined },
  ): MutableBranch => {
    const { id, feed, from } = at;
    const parent = at.parent === undefined ? undefined : branches.get(at.parent);
    const chain = createFrameChain();
    const branch: MutableBranch = { ...head, id, feed, from, parent, seq: from, opId: null, frame: null, chain };
    branches.set(id, branch);
    feeds.set(feed, [...branchesOf(feed), branch]);
    return branch;
  };

  const place = (header: FrameHeader, hash: Uint8Array): Place => {
    const own = branchesOf(feedId(header.author, header.incarnation));
    if (own.length === 0) return header.firstSeq === 1 ? { type: "next", branch: undefined } : { type: "gap" };
    const lastSeq = header.firstSeq + header.opIds.length - 1;
    if (own.some(({ chain }) => chain.find(lastSeq, hash) !== undefined)) return { type: "duplicate" };
    for (const branch of own) {
      if (!isNextOf(branch, header)) continue;
      // Ops of our own that wait for their frame are in the way; the sender tries again once it is sealed.
      return branch.seq === header.firstSeq - 1 ? { type: "next", branch } : { type: "gap" };
    }
    const parent = parentOf(own, header);
    if (parent !== undefined) return { type: "fork", ...parent };
    const ends = own.map(({ chain }) => chain.lastSeq());
    return ends.every((end) => end < header.firstSeq - 1) ? { type: "gap" } : { type: "disputed" };
  };

  return {
    heads: () => (heads ??= new Map([...branches.values()].map((branch) => [branch.id, headOf(branch)]))),
    tips: () => new Map([...branches.values()].map((branch) => [branch.id, tipOf(branch)])),
    forks,
    place,
    main: (feed) => branchesOf(feed)[0],
    add: (header, hash, lastOp, where) => {
      assert(where.type === "next" || where.type === "fork", "only a frame that has a place is added");
      const feed = feedId(header.author, header.incarnation);
      const head = { author: toSharedHex(header.author), incarnation: toSharedHex(header.incarnation) };
      const isFork = where.type === "fork";
      const id = isFork ? `${feed}~${toHex(hash).slice(0, 16)}` : (where.branch?.id ?? feed);
      const parent = isFork ? where.parent : undefined;
      const branch = branches.get(id) ?? begin(head, { id, feed, parent, from: header.firstSeq - 1 });
      if (isFork) forks.set(feed, Math.min(header.firstSeq, forks.get(feed) ?? header.firstSeq));
      const seq = header.firstSeq + header.opIds.length - 1;
      heads = undefined;
      branch.chain.add({ seq, frame: hash, opId: lastOp });
      branch.seq = Math.max(branch.seq, seq);
      branch.frame = hash;
      if (branch.seq === seq) branch.opId = lastOp;
      return branch.id;
    },
    open: (head, seq, opId) => {
      const feed = `${head.author}/${head.incarnation}`;
      const branch = branches.get(feed) ?? begin(head, { id: feed, feed, from: 0, parent: undefined });
      heads = undefined;
      branch.seq = seq;
      branch.opId = opId;
    },
    compare: (remote, locators) => compareHeads(branchesOf, feeds, remote, locators),
    locate: (feed, also) => locatorOf(feed, branchesOf(feed), also),
  };
}

const headOf = ({ author, incarnation, seq, frame }: MutableBranch): Head => ({ author, incarnation, seq, frame });

function tipOf({ author, incarnation, chain }: MutableBranch): Head {
  const last = chain.last();
  return { author, incarnation, seq: last?.seq ?? 0, frame: last?.frame ?? null };
}

/** Does the frame continue the sealed end of the branch? */
function isNextOf({ chain, from, frame }: MutableBranch, { firstSeq, prevFrame }: FrameHeader): boolean {
  if (chain.length === 0) return from === 0 && firstSeq === 1;
  return firstSeq === chain.lastSeq() + 1 && prevFrame !== null && frame !== null && equalBytes(prevFrame, frame);
}

/** The end, on any branch, of the frame that this one names; for a feed's first frame its beginning. */
function parentOf(
  branches: readonly MutableBranch[],
  { firstSeq, prevFrame }: FrameHeader,
): { readonly parent: string | undefined; readonly opId: Uint8Array | null } | undefined {
  if (prevFrame === null) return { parent: undefined, opId: null };
  for (const { id, chain } of branches) {
    const end = chain.find(firstSeq - 1, prevFrame);
    if (end !== undefined) return { parent: id, opId: end.opId };
  }
  return undefined;
}

// ── comparing with somebody else ────────────────────────────────────────────────────────────────────────────────────

function compareHeads(
  branchesOf: (feed: string) => readonly MutableBranch[],
  feeds: ReadonlyMap<string, readonly MutableBranch[]>,
  remote: Heads,
  locators: readonly Locator[],
): Comparison {
  const known = new Map<string, number>();
  const disputed = new Set<string>();
  let lacking = false;
  const tips = new Map<string, Head[]>();
  for (const head of remote.values()) {
    const feed = `${head.author}/${head.incarnation}`;
    tips.set(feed, [...(tips.get(feed) ?? []), head]);
    if (!feeds.has(feed)) lacking = true;
  }
  for (const feed of feeds.keys()) {
    const found = compareFeed(
      branchesOf(feed),
      tips.get(feed) ?? [],
      locators.find((one) => one.feed === feed),
    );
    for (const [id, seq] of found.known) known.set(id, seq);
    lacking ||= found.lacking;
    if (found.disputed) disputed.add(feed);
  }
  return { known, lacking, disputed };
}

function compareFeed(
  branches: readonly MutableBranch[],
  tips: readonly Head[],
  locator: Locator | undefined,
): { readonly known: ReadonlyMap<string, number>; readonly lacking: boolean; readonly disputed: boolean } {
  // What a side branch shares with the one it grew from is sent with that one.
  const known = new Map(branches.map(({ id, from }) => [id, from]));
  const learn = (seq: number, frame: Uint8Array | null): boolean => {
    const branch = branches.find(({ chain }) => frame !== null && chain.find(seq, frame) !== undefined);
    let end = seq;
    // Whoever holds a branch holds what it grew from.
    for (let one = branch; one !== undefined; one = one.parent) {
      known.set(one.id, Math.max(end, known.get(one.id) ?? 0));
      end = one.from;
    }
    return branch !== undefined;
  };
  const strange = tips.filter(({ seq, frame }) => !learn(seq, frame));
  for (const { seq, frame } of locator?.frames ?? []) learn(seq, frame);
  const longest = Math.max(0, ...branches.map(({ chain }) => chain.lastSeq()));
  // Where there are several branches, more ops alone do not say of which.
  const isForked = branches.length > 1 || tips.length > 1;
  const disputed = strange.some(({ seq }) => isForked || seq <= longest);
  if (strange.length > 0 && locator === undefined) {
    // They went on where we end, or elsewhere: what we send beyond their end fits, or makes them say where we part.
    const least = Math.min(...strange.map(({ seq }) => seq));
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
    for (let back = 1, index = chain.length - 1; index >= 0; back *= 2) {
      const end = chain.at(index);
      if (end !== undefined) frames.push({ seq: end.seq, frame: end.frame });
      index -= back;
    }
  }
  return frames.length === 0 ? undefined : { feed, frames: frames.slice(0, LIMITS.locatorFrames) };
}

/** Author and incarnation of a feed id, as bytes; undefined when it is none. */
export function partsOfFeed(
  feed: string,
): { readonly author: Uint8Array; readonly incarnation: Uint8Array } | undefined {
  const [author, incarnation] = feed.split("/").map(fromHex);
  return author === undefined || incarnation === undefined ? undefined : { author, incarnation };
}
