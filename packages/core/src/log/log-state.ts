/** What a replica holds in memory: the feeds, the stamps and the fold of one log. */
import { createFold, type Fold, type FoldChange, MESH_ENTITY } from "../fold/fold.ts";
import type { Crypto } from "../op/crypto.ts";
import type { SealedOp } from "../op/op.ts";
import type { OpenedOp } from "../op/pack.ts";
import { createFeedTree, type FeedTree } from "./feed-tree.ts";

export interface Log {
  fold: Fold;
  readonly feeds: FeedTree;
  /** Lamport stamp of every op by id (hex). */
  readonly stamps: Map<string, number>;
  /** The op with the greatest stamp; its id in hex. */
  top: { readonly id: string | null; readonly lamport: number };
  /** Our own ops that are folded and not yet in a signed frame. */
  open: SealedOp[];
}

export interface Context {
  readonly mesh: Uint8Array;
  readonly crypto: Crypto;
}

export function emptyLog({ mesh, crypto }: Context): Log {
  const feeds = createFeedTree();
  const fold = createFold(mesh, crypto, feeds.forks);
  return { fold, feeds, stamps: new Map(), top: { id: null, lamport: 0 }, open: [] };
}

export function keep(log: Log, opened: OpenedOp): FoldChange {
  stamp(log, opened);
  return log.fold.apply(opened);
}

/** Membership ops together, so that many cost no more than one; the others are folded under what these say. */
export function keepAll(log: Log, ops: readonly OpenedOp[]): readonly FoldChange[] {
  for (const op of ops) stamp(log, op);
  const members = ops.filter(({ op }) => op.entity === MESH_ENTITY);
  const judged = members.length === 0 ? undefined : log.fold.applyMembership(members);
  return ops.map((op) => (op.op.entity === MESH_ENTITY && judged !== undefined ? judged : log.fold.apply(op)));
}

export function stamp(log: Log, { op, id }: OpenedOp): void {
  log.stamps.set(id, op.lamport);
  if (op.lamport > log.top.lamport) log.top = { id, lamport: op.lamport };
}
