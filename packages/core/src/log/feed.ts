/**
 * The branches of one feed. A feed that never forked has one, and a frame of it is found in its chain. A liar may add
 * thousands, so once there are two every frame of the feed is found by its hash, however many branches there are.
 */
import { toHex } from "../kernel/bytes.ts";
import { createFrameChain, type FrameChain, type FrameEnd } from "./frame-chain.ts";

/** One history of a feed: the whole feed, or what another branch does not share. */
export interface Branch {
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

/** The tree's own copy, which it may change. */
export interface MutableBranch extends Branch {
  /** The branch it grew from. */
  readonly parent: MutableBranch | undefined;
  readonly author: string;
  readonly incarnation: string;
  readonly chain: FrameChain;
  seq: number;
  opId: Uint8Array | null;
  frame: Uint8Array | null;
}

export interface Feed {
  /** The one that was here first comes first. */
  readonly branches: readonly MutableBranch[];
  /** Where the longest branch is sealed. */
  longest(): number;
  begin(branch: Omit<MutableBranch, "chain" | "seq" | "opId" | "frame" | "feed">): MutableBranch;
  add(branch: MutableBranch, end: FrameEnd): void;
  /** The frame that ends at this seq and has this hash, on whichever branch. */
  find(seq: number, frame: Uint8Array): { readonly branch: MutableBranch; readonly end: FrameEnd } | undefined;
}

export function createFeed(id: string): Feed {
  const branches: MutableBranch[] = [];
  /** The branch of each frame by its hash in hex. A feed with one branch does without: logs are long. */
  let places: Map<string, MutableBranch> | undefined;
  let longest = 0;

  const index = (): Map<string, MutableBranch> => {
    const made = new Map<string, MutableBranch>();
    for (const branch of branches) {
      for (let at = 0, end = branch.chain.at(0); end !== undefined; end = branch.chain.at(++at)) {
        made.set(toHex(end.frame), branch);
      }
    }
    return made;
  };

  return {
    branches,
    longest: () => longest,
    begin: (head) => {
      const chain = createFrameChain();
      const branch: MutableBranch = { ...head, feed: id, seq: head.from, opId: null, frame: null, chain };
      branches.push(branch);
      if (branches.length > 1) places ??= index();
      return branch;
    },
    add: (branch, end) => {
      branch.chain.add(end);
      places?.set(toHex(end.frame), branch);
      longest = Math.max(longest, end.seq);
    },
    find: (seq, frame) => {
      // Most frames that are looked for are news.
      if (seq > longest) return undefined;
      const branch = places === undefined ? branches[0] : places.get(toHex(frame));
      const end = branch?.chain.find(seq, frame);
      return branch === undefined || end === undefined ? undefined : { branch, end };
    },
  };
}
