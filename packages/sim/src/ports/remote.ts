/**
 * The git remote: one target branch that moves by compare-and-swap, the attempts' branches, and a tree of versioned files
 * that lets merges conflict. It also remembers what the truth is, for the checkers.
 */
import { createHash } from "node:crypto";

import type { Oid } from "@skein/node";

export interface Commit {
  readonly oid: Oid;
  readonly parent: Oid | null;
  /** The attempts' tips that this commit merges. */
  readonly others: readonly Oid[];
  readonly tree: Oid;
  /** Version of each file that was ever changed. */
  readonly files: ReadonlyMap<string, Oid>;
  /** The items in the trailers. */
  readonly items: readonly string[];
  /** How many commits an attempt's tip is ahead of where it began; of a merge the fewest of its tips. */
  readonly ahead: number;
}

export interface Remote {
  tip(): Commit;
  /** The first-parent chain of the target branch, oldest first. */
  readonly chain: readonly Commit[];
  readonly commits: Map<Oid, Commit>;
  readonly branches: Map<string, Oid>;
  /** False when the branch is not at `expected` any more. */
  swap(expected: Oid, commit: Oid): boolean;
  /** The landing of each item on the way to this commit. */
  landings(at: Oid): ReadonlyMap<string, Oid> | undefined;
  isAncestor(commit: Oid, of: Oid): boolean;
  /** A person commits to the target branch. */
  humanCommit(file: string, name: string): void;
}

export const oidOf = (text: string): Oid => createHash("sha1").update(text).digest("hex");

export const treeOf = (files: ReadonlyMap<string, Oid>): Oid =>
  oidOf(
    [...files]
      .map(([file, version]) => `${file} ${version}`)
      .toSorted()
      .join("\n"),
  );

export function createRemote(onMoved: (to: Commit) => void): Remote {
  const root: Commit = {
    oid: oidOf("root"),
    parent: null,
    others: [],
    tree: treeOf(new Map()),
    files: new Map(),
    items: [],
    ahead: 0,
  };
  const chain: Commit[] = [root];
  const commits = new Map([[root.oid, root]]);
  const landingsAt = new Map<Oid, ReadonlyMap<string, Oid>>([[root.oid, new Map()]]);
  const merged = new Set<Oid>();

  const tip = (): Commit => chain.at(-1) ?? root;
  const move = (to: Commit): void => {
    const before = landingsAt.get(tip().oid) ?? new Map<string, Oid>();
    // The newest commit with an item's trailer is the one that a walk from the tip finds first.
    landingsAt.set(to.oid, new Map([...before, ...to.items.map((item) => [item, to.oid] as const)]));
    chain.push(to);
    merged.add(to.oid);
    for (const other of to.others) merged.add(other);
    onMoved(to);
  };

  return {
    chain,
    commits,
    branches: new Map(),
    tip,
    landings: (at) => landingsAt.get(at),
    isAncestor: (commit, of) => {
      const end = chain.findIndex(({ oid }) => oid === of);
      return (
        merged.has(commit) &&
        chain.slice(0, end + 1).some(({ oid, others }) => oid === commit || others.includes(commit))
      );
    },
    swap: (expected, oid) => {
      const to = commits.get(oid);
      if (to === undefined || tip().oid !== expected) return false;
      move(to);
      return true;
    },
    humanCommit: (file, name) => {
      const from = tip();
      const oid = oidOf(`human ${name} on ${from.oid}`);
      const files = new Map([...from.files, [file, oid]]);
      const commit: Commit = { oid, parent: from.oid, others: [], tree: treeOf(files), files, items: [], ahead: 0 };
      commits.set(oid, commit);
      move(commit);
    },
  };
}
