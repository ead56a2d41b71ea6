/**
 * op → log → fold, with group commit: the only place where ops are written.
 *
 * Everything that wants into the log (commands of this node, frames of peers) waits in one queue. A flush takes the whole
 * queue, decides and folds it in memory, seals this node's ops into frames, appends all of it in one fsynced
 * transaction, and only then tells anybody: the caller its "ok", the peers their frames, the effects their changes. When
 * the disk refuses, memory goes back to what the disk has and everybody in the flush hears why.
 */
import {
  type Authorship,
  type CommandError,
  type Draft,
  err,
  feedId,
  isOutOfOrder,
  type FoldChange,
  type Frame,
  type FramePlace,
  type FrameIndex,
  type FrameRefusal,
  ok,
  type Replica,
  type Result,
  type SealedOp,
} from "@skein/core";

import type { Cancel, Clock, LogStore, StoredFrame, StoreError } from "./ports.ts";

/** A frame that is durable now. */
export interface CommittedFrame {
  readonly bytes: Uint8Array;
  readonly feed: string;
  /** The branch of the feed; another one than the feed only when its author wrote two histories. */
  readonly branch: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The link it came by; undefined for this node's own. */
  readonly from: object | undefined;
}

export interface Committed {
  readonly frames: readonly CommittedFrame[];
  /** Items that changed; undefined when everything may have. */
  readonly items: ReadonlySet<string> | undefined;
  readonly membership: boolean;
}

/** Judged against the view at the moment of writing. */
type Decide<E> = () => Result<readonly Draft[], E>;

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
  /** The first refusal, or the one that ended it: what only comes too early does not stop what is behind it. */
  readonly refused: FrameRefusal | undefined;
}

export interface Journal {
  /** Resolves once the ops are on disk; nothing is written when `decide` refuses. */
  write<E>(decide: Decide<E>): Promise<Result<readonly SealedOp[], E | NotSaved>>;
  /** Frames of a peer, in its order. Resolves after the commit. */
  offer(frames: readonly Uint8Array[], from: object): Promise<Result<Offered, NotSaved>>;
  onCommitted(listener: (committed: Committed) => void): void;
  /** The disk's last complaint, undefined while writes succeed. */
  problem(): StoreError | undefined;
  readonly index: FrameIndex;
  /** Waits until the queue is empty. */
  idle(): Promise<void>;
  /** This node knows its own head: what it wants to write need not wait any longer. */
  mayAuthor(): void;
  /** Stops looking at a disk that refused: the store is about to be closed. */
  stop(): void;
}

export interface JournalDeps {
  readonly clock: Clock;
  readonly store: LogStore;
  readonly replica: Replica;
  /** Where the frames of the replica stand in the store. */
  readonly index: FrameIndex;
  readonly authorship: () => Authorship;
}

const PROBE_MS = 2_000;

interface Job {
  /** Judges and folds in memory, adding to the batch what is to become durable. */
  readonly run: (batch: Batch) => void;
  /** Tells the caller how it ended. */
  readonly settle: (failure: NotSaved | undefined) => void;
}

/** One flush in the making. */
interface Batch {
  readonly taken: CommittedFrame[];
  readonly changes: FoldChange[];
}

export function createJournal(deps: JournalDeps): Journal {
  const { index } = deps;
  const listeners: ((committed: Committed) => void)[] = [];
  let queue: Job[] = [];
  /** Jobs that would author, until this node knows its own head; undefined from then on. */
  let waiting: Job[] | undefined = [];
  let problem: StoreError | undefined;
  let cancelProbe: Cancel | undefined;
  let idleWaiters: (() => void)[] = [];

  const flush = (): void => {
    const jobs = queue;
    queue = [];
    const committed = commit(deps, index, jobs);
    if (committed.failure !== undefined) degrade(committed.failure);
    else if (committed.frames.length > 0) problem = undefined;
    for (const job of jobs) job.settle(committed.failure === undefined ? undefined : notSaved(committed.failure));
    if (committed.failure === undefined && committed.frames.length > 0) {
      announce(listeners, committed.frames, committed.changes);
    }
    if (queue.length > 0) return;
    for (const waiter of idleWaiters) waiter();
    idleWaiters = [];
  };
  /** Looks again by itself, so that a disk that was emptied is noticed before somebody wants to write. */
  const degrade = (failure: StoreError): void => {
    const first = problem === undefined;
    problem = failure;
    if (!first) return;
    // One left over from a complaint that has healed would make two of them.
    cancelProbe?.();
    cancelProbe = deps.clock.after(PROBE_MS, probe);
  };
  const probe = (): void => {
    if (problem === undefined) return;
    const written = deps.store.putMeta("probe", new TextEncoder().encode(String(deps.clock.wallMs())));
    problem = written.ok ? undefined : written.error;
    if (!written.ok) cancelProbe = deps.clock.after(PROBE_MS, probe);
  };
  const enqueue = (job: Job): void => {
    queue.push(job);
    // The first of a turn schedules the flush that takes all of them: group commit.
    if (queue.length === 1) deps.clock.after(0, flush);
  };

  return {
    index,
    problem: () => problem,
    onCommitted: (listener) => listeners.push(listener),
    mayAuthor: () => {
      const jobs = waiting ?? [];
      waiting = undefined;
      for (const job of jobs) enqueue(job);
    },
    idle: () => (queue.length === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    stop: () => cancelProbe?.(),
    write: (decide) =>
      new Promise((resolve) => {
        const job = writeJob(deps, decide, resolve);
        if (waiting === undefined) enqueue(job);
        else waiting.push(job);
      }),
    offer: (frames, from) => new Promise((resolve) => enqueue(offerJob(deps, frames, from, resolve))),
  };
}

function writeJob<E>(
  { replica, authorship, clock }: JournalDeps,
  decide: Decide<E>,
  resolve: (result: Result<readonly SealedOp[], E | NotSaved>) => void,
): Job {
  let refused: E | undefined;
  let ops: readonly SealedOp[] = [];
  return {
    run: (batch) => {
      const decided = decide();
      if (!decided.ok) {
        refused = decided.error;
      } else if (decided.value.length > 0) {
        const written = replica.write(decided.value, authorship(), clock.wallMs());
        ops = written.ops;
        batch.changes.push(...written.changes);
      }
    },
    settle: (failure) => {
      if (refused !== undefined) resolve(err(refused));
      // A command that wrote nothing does not depend on the disk.
      else resolve(failure === undefined || ops.length === 0 ? ok(ops) : err(failure));
    },
  };
}

function offerJob(
  { replica }: JournalDeps,
  frames: readonly Uint8Array[],
  from: object,
  resolve: (result: Result<Offered, NotSaved>) => void,
): Job {
  let refused: FrameRefusal | undefined;
  let count = 0;
  const known = new Map<string, FramePlace>();
  const disputed = new Set<string>();
  return {
    run: (batch) => {
      for (const bytes of frames) {
        const taken = replica.take(bytes);
        if (!taken.ok) {
          if (taken.error.type === "disputed" && taken.error.feed !== undefined) disputed.add(taken.error.feed);
          if (isOutOfOrder(taken.error)) {
            refused ??= taken.error;
            continue;
          }
          refused = taken.error;
          return;
        }
        if (taken.value.type === "duplicate") {
          known.set(taken.value.feed, taken.value.place);
          continue;
        }
        count++;
        batch.changes.push(...taken.value.changes);
        batch.taken.push({ ...describeOps(bytes, taken.value.ops), branch: taken.value.branch, from });
      }
    },
    settle: (failure) => {
      if (failure !== undefined) resolve(err(failure));
      else resolve(ok({ taken: count, known, disputed, refused }));
    },
  };
}

interface Commit extends Pick<Batch, "changes"> {
  readonly frames: readonly CommittedFrame[];
  readonly failure: StoreError | undefined;
}

/** Folds, seals and persists what the jobs want; memory and disk agree afterwards, whichever way it went. */
function commit(deps: JournalDeps, index: FrameIndex, jobs: readonly Job[]): Commit {
  const batch: Batch = { taken: [], changes: [] };
  for (const job of jobs) job.run(batch);
  // Frames of others come first: this node's own ops may build on them, never the other way round.
  const frames = [...batch.taken, ...deps.replica.seal(deps.authorship()).map(describe)];
  const failure = persist(deps, index, frames);
  if (failure !== undefined || batch.changes.some((change) => change.type === "stale")) reload(deps);
  return { frames, changes: batch.changes, failure };
}

const notSaved = (failure: StoreError): NotSaved => ({
  type: "not-saved",
  message: `Nothing was saved: ${failure.message}`,
});

const describe = (frame: Frame): CommittedFrame => ({
  bytes: frame.bytes,
  feed: feedId(frame.header.author, frame.header.incarnation),
  branch: feedId(frame.header.author, frame.header.incarnation),
  firstSeq: frame.header.firstSeq,
  lastSeq: frame.header.firstSeq + frame.ops.length - 1,
  from: undefined,
});

function describeOps(bytes: Uint8Array, ops: readonly SealedOp[]): Omit<CommittedFrame, "from" | "branch"> {
  const [first] = ops;
  if (first === undefined) throw new Error("a taken frame has at least one op");
  const { author, incarnation, seq } = first.op;
  // The bytes arrived in a socket's buffer; the store and the peers' queues keep them longer than that.
  return { bytes, feed: feedId(author, incarnation), firstSeq: seq, lastSeq: seq + ops.length - 1 };
}

function persist({ store }: JournalDeps, index: FrameIndex, frames: readonly CommittedFrame[]): StoreError | undefined {
  if (frames.length === 0) return undefined;
  const stored = frames.map((frame, offset) => ({ position: index.size + 1 + offset, bytes: frame.bytes }));
  const appended = store.append(stored);
  if (!appended.ok) return appended.error;
  for (const frame of frames) index.add(frame.branch, frame.lastSeq);
  return undefined;
}

/** Memory becomes what the disk has. */
function reload({ replica, store }: JournalDeps): void {
  const loaded = replica.reload(bytesOf(store.frames(1)));
  if (!loaded.ok) throw new Error(`the log on disk does not fit together: ${loaded.error.message}`);
}

export function* bytesOf(frames: IterableIterator<StoredFrame>): IterableIterator<Uint8Array> {
  for (const frame of frames) yield frame.bytes;
}

function announce(
  listeners: readonly ((committed: Committed) => void)[],
  frames: readonly CommittedFrame[],
  changes: readonly FoldChange[],
): void {
  const everything = changes.some((change) => change.type === "stale");
  const items = new Set(changes.flatMap((change) => (change.type === "item" ? [change.item] : [])));
  const membership = changes.some((change) => change.type !== "item");
  const committed: Committed = { frames, items: everything ? undefined : items, membership };
  for (const listener of listeners) listener(committed);
}

/** How a failed write reads to whoever gave the command. */
export const notSavedError = (failure: NotSaved): CommandError => ({ code: "not-saved", message: failure.message });
