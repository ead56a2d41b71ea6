/**
 * What waits in the journal's queue: something to write, or frames of a peer to take. A job judges and folds in memory and
 * says what is to become durable; the journal does the rest (journal.ts) and then tells it how that ended.
 */
import {
  type Authorship,
  branchId,
  type Draft,
  err,
  type FoldChange,
  type FramePlace,
  type FrameRefusal,
  isOutOfOrder,
  isPack,
  ok,
  type Replica,
  type Result,
  type SealedOp,
  type Taken,
  type TakenRecord,
} from "@skein/core";

import type { Clock } from "./ports.ts";

/** A frame that is durable now. */
export interface CommittedFrame {
  /** Undefined when it came in a pack: who lacks it asks for it. */
  readonly bytes: Uint8Array | undefined;
  readonly feed: string;
  /** The branch of the feed; another one than the feed only when its author wrote two histories. */
  readonly branch: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The link it came by; undefined for this node's own. */
  readonly from: object | undefined;
}

/** Judged against the view at the moment of writing. */
export type Decide<E> = () => Result<readonly Draft[], E>;

export interface NotSaved {
  readonly type: "not-saved";
  readonly message: string;
}

export interface Offered {
  /** Frames that were news. */
  readonly taken: number;
  /** The last one of each feed that was here already. */
  readonly known: ReadonlyMap<string, FramePlace>;
  /** Feeds of which another history is here. */
  readonly disputed: ReadonlySet<string>;
  /** The feed of each history that was taken beside another one. */
  readonly forks: readonly string[];
  /** The first refusal, or the one that ended it: what only comes too early does not stop what is behind it. */
  readonly refused: FrameRefusal | undefined;
}

export interface JobDeps {
  readonly clock: Clock;
  readonly replica: Replica;
  readonly authorship: () => Authorship;
  /** Bytes of a peer brought about a fault of this program, which was contained. */
  /** A fault of this program; `by` says what brought it about. */
  readonly onFault: (by: string, message: string) => void;
}

export interface Job {
  /**
   * Judges and folds in memory, adding to the batch what is to become durable. False when there was no time for all of it:
   * it is called again in the next flush, before any later job.
   */
  readonly run: (batch: Batch, hasTime: () => boolean) => boolean;
  /** Tells the caller how it ended. */
  readonly settle: (failure: NotSaved | undefined) => void;
}

/** What becomes one record of the log. */
export interface Taking {
  readonly bytes: Uint8Array;
  readonly frames: readonly CommittedFrame[];
}

/** One flush in the making. */
export interface Batch {
  readonly taken: Taking[];
  readonly changes: FoldChange[];
  /** Memory may have what the disk will not: nothing more may build on it. */
  isFaulty: boolean;
}

export function writeJob<E>(
  { replica, authorship, clock, onFault }: JobDeps,
  decide: Decide<E>,
  resolve: (result: Result<readonly SealedOp[], E | NotSaved>) => void,
): Job {
  let refused: E | undefined;
  let fault: NotSaved | undefined;
  let ops: readonly SealedOp[] = [];
  return {
    run: (batch) => {
      const decided = decide();
      if (!decided.ok) {
        refused = decided.error;
      } else if (decided.value.length > 0) {
        // What cannot be encoded is a fault of whoever made the drafts, and must not end the node with all its work.
        try {
          const written = replica.write(decided.value, authorship(), clock.wallMs());
          ops = written.ops;
          batch.changes.push(...written.changes);
        } catch (cause) {
          fault = faultOf(onFault, "What this node wanted to write", cause, batch);
        }
      }
      return true;
    },
    settle: (failure) => {
      if (refused !== undefined) resolve(err(refused));
      else if (fault !== undefined) resolve(err(fault));
      // A command that wrote nothing does not depend on the disk.
      else resolve(failure === undefined || ops.length === 0 ? ok(ops) : err(failure));
    },
  };
}

export function offerJob(
  deps: JobDeps,
  offered: readonly Uint8Array[],
  from: object,
  resolve: (result: Result<Offered, NotSaved>) => void,
): Job {
  let refused: FrameRefusal | undefined;
  let count = 0;
  let next = 0;
  const known = new Map<string, FramePlace>();
  const disputed = new Set<string>();
  const forks: string[] = [];
  const offerOne = (bytes: Uint8Array, batch: Batch): FrameRefusal | undefined => {
    const taken = takeSafely(deps, bytes, batch);
    if (!taken.ok) return taken.error;
    const { frames, news } = taken.value;
    for (const frame of frames) if (frame.type === "duplicate") known.set(frame.feed, frame.place);
    if (news === undefined) return undefined;
    const fresh = frames.filter((frame) => frame.type === "taken");
    count += fresh.length;
    for (const { feed, branch, place } of fresh) if (branch === branchId(feed, place.frame)) forks.push(feed);
    for (const { changes } of fresh) batch.changes.push(...changes);
    const alone = news === bytes && !isPack(news) ? bytes : undefined;
    batch.taken.push({ bytes: news, frames: fresh.map((frame) => describeTaken(frame, alone, from)) });
    return undefined;
  };
  return {
    run: (batch, hasTime) => {
      for (let bytes = offered[next]; bytes !== undefined; bytes = offered[next]) {
        next++;
        const refusal = offerOne(bytes, batch);
        if (refusal?.type === "disputed" && refusal.feed !== undefined) disputed.add(refusal.feed);
        if (refusal !== undefined && !isOutOfOrder(refusal)) {
          refused = refusal;
          return true;
        }
        refused ??= refusal;
        if (!hasTime()) return next === offered.length;
      }
      return true;
    },
    settle: (failure) => {
      if (failure !== undefined) resolve(err(failure));
      else resolve(ok({ taken: count, known, disputed, forks, refused }));
    },
  };
}

/**
 * A fault of this program that a peer's bytes bring about costs their link and a look at the disk, which has nothing of
 * them: it must not be one message that ends any node that hears it.
 */
function takeSafely(deps: JobDeps, bytes: Uint8Array, batch: Batch): Result<TakenRecord, FrameRefusal> {
  try {
    return deps.replica.takeRecord(bytes);
  } catch (cause) {
    faultOf(deps.onFault, "What a peer sent", cause, batch);
    return err({ type: "malformed-frame", message: "taking it brought about a fault of this program" });
  }
}

/** Memory may have some of it: the disk decides. */
function faultOf(onFault: JobDeps["onFault"], by: string, cause: unknown, batch: Batch): NotSaved {
  const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  onFault(by, message);
  batch.changes.push({ type: "stale" });
  batch.isFaulty = true;
  return { type: "not-saved", message: `Nothing was saved: it brought about a fault of this program. ${message}` };
}

const describeTaken = (
  { feed, branch, place, ops }: Taken,
  bytes: Uint8Array | undefined,
  from: object,
): CommittedFrame => ({ bytes, feed, branch, firstSeq: place.seq - ops.length + 1, lastSeq: place.seq, from });
