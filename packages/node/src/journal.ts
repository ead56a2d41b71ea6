/**
 * op → log → fold, with group commit: the only place where ops are written.
 *
 * Everything that wants into the log (commands of this node, frames of peers) waits in one queue. A flush takes the whole
 * queue, decides and folds it in memory, seals this node's ops into frames, appends all of it in one fsynced
 * transaction, and only then tells anybody: the caller its "ok", the peers their frames, the effects their changes. When
 * the disk refuses, memory goes back to what the disk has and everybody in the flush hears why.
 */
import {
  type CommandError,
  feedId,
  type FoldChange,
  type Frame,
  type FrameIndex,
  type Result,
  type SealedOp,
} from "@skein/core";

import {
  type Batch,
  type CommittedFrame,
  type Decide,
  type Job,
  type JobDeps,
  type NotSaved,
  type Offered,
  offerJob,
  type Taking,
  writeJob,
} from "./journal-jobs.ts";
import type { Cancel, LogStore, StoredFrame, StoreError } from "./ports.ts";

export type { CommittedFrame, NotSaved, Offered } from "./journal-jobs.ts";

export interface Committed {
  readonly frames: readonly CommittedFrame[];
  /** Items that changed; undefined when everything may have. */
  readonly items: ReadonlySet<string> | undefined;
  readonly membership: boolean;
  /** A room, a person or a lease. */
  readonly chat: boolean;
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

export interface JournalDeps extends JobDeps {
  readonly store: LogStore;
  /** Where the frames of the replica stand in the store. */
  readonly index: FrameIndex;
}

const PROBE_MS = 2_000;

/** A flush that takes longer lets others in before it goes on: the event loop has more to do than to fold. */
const SLICE_MS = 10;

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
