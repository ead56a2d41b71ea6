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
  branchId,
  type CommandError,
  type Draft,
  err,
  feedId,
  isOutOfOrder,
  isPack,
  type FoldChange,
  type Frame,
  type FramePlace,
  type FrameIndex,
  type FrameRefusal,
  ok,
  type Replica,
  type Result,
  type SealedOp,
  type Taken,
  type TakenRecord,
} from "@skein/core";

import type { Cancel, Clock, LogStore, StoredFrame, StoreError } from "./ports.ts";

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

export interface Committed {
  readonly frames: readonly CommittedFrame[];
  /** Items that changed; undefined when everything may have. */
  readonly items: ReadonlySet<string> | undefined;
  readonly membership: boolean;
  /** A room, a person or a lease. */
  readonly chat: boolean;
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
  /** The feed of each history that was taken beside another one. */
  readonly forks: readonly string[];
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
  /** Bytes of a peer brought about a fault of this program, which was contained. */
  readonly onFault: (message: string) => void;
}

const PROBE_MS = 2_000;

/** A flush that takes longer lets others in before it goes on: the event loop has more to do than to fold. */
const SLICE_MS = 10;

interface Job {
  /**
   * Judges and folds in memory, adding to the batch what is to become durable. False when there was no time for all of it:
   * it is called again in the next flush, before any later job.
   */
  readonly run: (batch: Batch, hasTime: () => boolean) => boolean;
  /** Tells the caller how it ended. */
  readonly settle: (failure: NotSaved | undefined) => void;
}

/** What becomes one record of the log. */
interface Taking {
  readonly bytes: Uint8Array;
  readonly frames: readonly CommittedFrame[];
}

/** One flush in the making. */
interface Batch {
  readonly taken: Taking[];
  readonly changes: FoldChange[];
  /** Memory may have what the disk will not: nothing more may build on it. */
  isFaulty: boolean;
}

export function createJournal(deps: JournalDeps): Journal {
  const { index } = deps;
  const listeners: ((committed: Committed) => void)[] = [];
  const queue: Job[] = [];
  let isScheduled = false;
  let isReloading = false;
  /** Jobs that would author, until this node knows its own head; undefined from then on. */
  let waiting: Job[] | undefined = [];
  let problem: StoreError | undefined;
  let cancelProbe: Cancel | undefined;
  let idleWaiters: (() => void)[] = [];

  const flush = (): void => {
    isScheduled = false;
    if (isReloading) return;
    const batch: Batch = { taken: [], changes: [], isFaulty: false };
    const { jobs, isCut } = runJobs(deps, queue, batch);
    const committed = commit(deps, index, batch);
    if (committed.failure !== undefined) {
      degrade(committed.failure);
      // What the job under way had taken in this flush is gone, and the rest of it builds on that.
      if (isCut) jobs.push(...queue.splice(0, 1));
    } else if (committed.frames.length > 0) problem = undefined;
    const isStale = committed.failure !== undefined || batch.changes.some((change) => change.type === "stale");
    isReloading = isStale;
    if (isStale) reload(deps, () => finish(jobs, committed, batch));
    else finish(jobs, committed, batch);
  };
  /** Memory and disk agree: everybody hears how it went, and the next flush may begin. */
  const finish = (jobs: readonly Job[], { frames, failure }: Commit, { changes }: Batch): void => {
    isReloading = false;
    for (const job of jobs) job.settle(failure === undefined ? undefined : notSaved(failure));
    if (failure === undefined && frames.length > 0) announce(listeners, frames, changes);
    if (queue.length > 0) return schedule();
    for (const waiter of idleWaiters) waiter();
    idleWaiters = [];
    return undefined;
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
  /** The first job of a turn schedules the flush that takes all of them: group commit. */
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    deps.clock.after(0, flush);
  };
  const enqueue = (job: Job): void => {
    queue.push(job);
    schedule();
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
    idle: () =>
      queue.length === 0 && !isReloading ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve)),
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

/** Runs jobs from the front of the queue while there is time, at least one; those that are done leave it. */
function runJobs(
  { clock }: JournalDeps,
  queue: Job[],
  batch: Batch,
): { readonly jobs: Job[]; readonly isCut: boolean } {
  const started = clock.monoMs();
  const hasTime = (): boolean => clock.monoMs() - started < SLICE_MS;
  const jobs: Job[] = [];
  for (let job = queue[0]; job !== undefined; job = queue[0]) {
    if (!job.run(batch, hasTime)) return { jobs, isCut: true };
    jobs.push(job);
    queue.shift();
    if (batch.isFaulty || !hasTime()) break;
  }
  return { jobs, isCut: false };
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
      return true;
    },
    settle: (failure) => {
      if (refused !== undefined) resolve(err(refused));
      // A command that wrote nothing does not depend on the disk.
      else resolve(failure === undefined || ops.length === 0 ? ok(ops) : err(failure));
    },
  };
}

function offerJob(
  deps: JournalDeps,
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
function takeSafely(deps: JournalDeps, bytes: Uint8Array, batch: Batch): Result<TakenRecord, FrameRefusal> {
  try {
    return deps.replica.takeRecord(bytes);
  } catch (cause) {
    const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    deps.onFault(message);
    batch.changes.push({ type: "stale" });
    batch.isFaulty = true;
    return err({ type: "malformed-frame", message: "taking it brought about a fault of this program" });
  }
}

interface Commit {
  readonly frames: readonly CommittedFrame[];
  readonly failure: StoreError | undefined;
}

/** Seals and persists what the jobs folded. */
function commit(deps: JournalDeps, index: FrameIndex, batch: Batch): Commit {
  // Frames of others come first: this node's own ops may build on them, never the other way round.
  const own = deps.replica.seal(deps.authorship()).map((frame) => ({ bytes: frame.bytes, frames: [describe(frame)] }));
  const records = [...batch.taken, ...own];
  const failure = persist(deps, index, records);
  return { frames: records.flatMap(({ frames }) => frames), failure };
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

const describeTaken = (
  { feed, branch, place, ops }: Taken,
  bytes: Uint8Array | undefined,
  from: object,
): CommittedFrame => ({ bytes, feed, branch, firstSeq: place.seq - ops.length + 1, lastSeq: place.seq, from });

function persist({ store }: JournalDeps, index: FrameIndex, records: readonly Taking[]): StoreError | undefined {
  if (records.length === 0) return undefined;
  let position = index.size + 1;
  const stored = records.map(({ bytes, frames }) => {
    const record: StoredFrame = { position, count: frames.length, bytes };
    position += frames.length;
    return record;
  });
  const appended = store.append(stored);
  if (!appended.ok) return appended.error;
  for (const { frames } of records) for (const frame of frames) index.add(frame.branch, frame.lastSeq);
  return undefined;
}

/** Memory becomes what the disk has, in slices; the queue waits meanwhile, and reads go on with what was there before. */
function reload({ replica, store, clock }: JournalDeps, done: () => void): void {
  const steps = replica.reloading(recordsOf(store));
  const slice = (): void => {
    const started = clock.monoMs();
    do {
      const step = steps.next();
      if (step.done !== true) continue;
      if (!step.value.ok) throw new Error(`the log on disk does not fit together: ${step.value.error.message}`);
      return done();
    } while (clock.monoMs() - started < SLICE_MS);
    clock.after(0, slice);
    return undefined;
  };
  slice();
}

/** The bytes of every record, as often as somebody iterates. */
export const recordsOf = (store: LogStore): Iterable<Uint8Array> => ({
  *[Symbol.iterator]() {
    for (const { bytes } of store.frames(1)) yield bytes;
  },
});

function announce(
  listeners: readonly ((committed: Committed) => void)[],
  frames: readonly CommittedFrame[],
  changes: readonly FoldChange[],
): void {
  const everything = changes.some((change) => change.type === "stale");
  const items = new Set(changes.flatMap((change) => (change.type === "item" ? [change.item] : [])));
  const membership = everything || changes.some((change) => change.type === "membership");
  const chat = everything || changes.some((change) => change.type === "chat");
  const committed: Committed = { frames, items: everything ? undefined : items, membership, chat };
  for (const listener of listeners) listener(committed);
}

/** How a failed write reads to whoever gave the command. */
export const notSavedError = (failure: NotSaved): CommandError => ({ code: "not-saved", message: failure.message });
