/**
 * One node's copy of the log with its view: frames in, frames out, everything else derived.
 *
 * A frame is taken when it continues its feed, or forks it, is whole, builds only on what is here, and its author is known
 * and signed it. The cheap checks come first, the signature last. What is taken is folded at once, but it is not durable yet: the
 * caller appends it to the store before anybody hears of it, and reloads from the store when that fails.
 */
import type { FoldChange, View } from "../fold/fold.ts";
import { fromHex, toHex } from "../kernel/bytes.ts";
import { assert, ok, type Result } from "../kernel/result.ts";
import { type OpBody, writeBody } from "../op/bodies.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { feedId, type Frame, sealFrame } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { type SealedOp, sealOp } from "../op/op.ts";
import { isPack, sealPack } from "../op/pack.ts";
import type { Comparison } from "./feed-tree.ts";
import type { FramePlace, Head, Heads, Locator } from "./heads.ts";
import { load, type Loading, type Placed } from "./loading.ts";
import { type Context, emptyLog, keep, keepAll, type Log } from "./log-state.ts";
import type { FrameRefusal } from "./refusal.ts";
import { type ReadFrame, readFrame, readPack } from "./taking.ts";

export interface Taken extends Omit<ReadFrame, "forked"> {
  readonly changes: readonly FoldChange[];
}

/** What became of a frame or of a pack; a frame reads like a pack of one. */
export interface TakenRecord {
  /** Its frames in their order, those that were here already among them. */
  readonly frames: readonly Taken[];
  /** A record of the ones that are news; undefined when none are. */
  readonly news: Uint8Array | undefined;
}

/** What a command wants written; the replica adds feed, hashes and stamp. */
export interface Draft {
  readonly entity: string;
  readonly body: OpBody;
  /** The op it builds on: its id, or its place among the drafts written with it. */
  readonly on: string | { readonly draft: number } | null;
}

export interface Authorship {
  readonly signer: Signer;
  readonly incarnation: Uint8Array;
}

export interface Written {
  readonly ops: readonly SealedOp[];
  readonly changes: readonly FoldChange[];
}

export interface Replica {
  readonly mesh: Uint8Array;
  view(): View;
  heads(): Heads;
  /** What somebody with these heads holds and lacks. */
  compare(remote: Heads, locators?: readonly Locator[]): Comparison;
  /** Is this the end of a frame that is here? */
  holds(head: Head): boolean;
  /** Where this log's histories of a feed lie; `also` are places that the peer is known to hold, too. */
  locate(feed: string, also?: readonly FramePlace[]): Locator | undefined;
  /** Feeds with two histories, by id, with the first seq that has two ops: nothing from there on is folded. */
  forks(): ReadonlyMap<string, number>;
  /** Greatest Lamport stamp ever seen. */
  lamport(): number;
  opCount(): number;
  hasOp(id: string): boolean;
  take(frameBytes: Uint8Array): Result<Taken, FrameRefusal>;
  /** A frame or a pack, whichever it is. A pack is taken or refused as a whole. */
  takeRecord(bytes: Uint8Array): Result<TakenRecord, FrameRefusal>;
  /** Where the frames end, without what is still in the open one. */
  sealedHeads(): Heads;
  /** Writes ops of our own into the open frame and folds them. */
  write(drafts: readonly Draft[], authorship: Authorship, wallMs: number): Written;
  /** Closes the open frame: signed, ready to be appended and then sent. */
  seal(authorship: Authorship): readonly Frame[];
  /**
   * Folds everything again from these frames and packs: at start, after a stale membership, when the disk refused the last
   * ones. They may be iterated twice.
   */
  reload(records: Iterable<Uint8Array>, placed?: Placed): Result<void, FrameRefusal>;
  /** The same in steps of a record. Until the last one everything is as it was, and nothing may be taken or written. */
  reloading(records: Iterable<Uint8Array>, placed?: Placed): Loading<void>;
}

export function createReplica(mesh: Uint8Array, crypto: Crypto): Replica {
  const context: Context = { mesh, crypto };
  let log = emptyLog(context);
  const reloading = function* (records: Iterable<Uint8Array>, placed: Placed = () => undefined): Loading<void> {
    const loaded = yield* load(context, records, placed);
    if (loaded.ok) log = loaded.value;
    return loaded.ok ? ok(undefined) : loaded;
  };
  return {
    mesh,
    view: () => log.fold,
    heads: () => log.feeds.heads(),
    compare: (remote, locators = []) => log.feeds.compare(remote, locators),
    holds: (head) => log.feeds.holds(head),
    locate: (feed, also) => log.feeds.locate(feed, also),
    forks: () => log.feeds.forks,
    lamport: () => log.top.lamport,
    opCount: () => log.stamps.size,
    hasOp: (id) => log.stamps.has(id),
    take: (bytes) => takeFrame(log, context, bytes),
    takeRecord: (bytes) => {
      if (isPack(bytes)) return takePack(log, context, bytes);
      const frame = takeFrame(log, context, bytes);
      if (!frame.ok) return frame;
      return ok({ frames: [frame.value], news: frame.value.type === "taken" ? bytes : undefined });
    },
    sealedHeads: () => log.feeds.tips(),
    write: (drafts, authorship, wallMs) => writeOps(log, context, drafts, authorship, wallMs),
    seal: (authorship) => sealOpen(log, context, authorship),
    reload: (records, placed) => {
      const steps = reloading(records, placed);
      for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
    },
    reloading,
  };
}

// ── taking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function takeFrame(log: Log, context: Context, bytes: Uint8Array): Result<Taken, FrameRefusal> {
  const read = readFrame(log, context, bytes, "verify");
  if (!read.ok) return read;
  const [taken] = foldTaken(log, [read.value]);
  assert(taken !== undefined, "one frame was taken");
  return ok(taken);
}

function takePack(log: Log, context: Context, bytes: Uint8Array): Result<TakenRecord, FrameRefusal> {
  const pack = readPack(log, context, bytes, "verify");
  if (!pack.ok) return pack;
  const { frames, read } = pack.value;
  const taken = foldTaken(log, read);
  const fresh = frames.filter((_, at) => taken[at]?.type === "taken");
  if (fresh.length === frames.length) return ok({ frames: taken, news: bytes });
  return ok({ frames: taken, news: fresh.length === 0 ? undefined : sealPack(fresh, "all") });
}

/** Frames that were taken together. */
function foldTaken(log: Log, read: readonly ReadFrame[]): readonly Taken[] {
  const changes = keepAll(
    log,
    read.flatMap(({ ops }) => ops),
  );
  let end = 0;
  return read.map(({ forked, ...taken }) => {
    const own = changes.slice(end, (end += taken.ops.length));
    return { ...taken, changes: forked ? [...own, ...log.fold.quarantine(taken.feed)] : own };
  });
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function writeOps(
  log: Log,
  context: Context,
  drafts: readonly Draft[],
  authorship: Authorship,
  wallMs: number,
): Written {
  const ops: SealedOp[] = [];
  const changes: FoldChange[] = [];
  for (const draft of drafts) {
    const on = draft.on === null || typeof draft.on === "string" ? draft.on : (ops[draft.on.draft]?.id ?? null);
    const sealed = sealNext(log, context, { ...draft, on }, authorship, wallMs);
    ops.push(sealed);
    changes.push(keep(log, sealed));
  }
  return { ops, changes };
}

function sealNext(
  log: Log,
  { mesh, crypto }: Context,
  draft: Draft & { readonly on: string | null },
  { signer, incarnation }: Authorship,
  wallMs: number,
): SealedOp {
  const feed = feedId(signer.publicKey, incarnation);
  const tail = log.feeds.main(feed);
  const on = draft.on === null ? null : (fromHex(draft.on) ?? null);
  const named = [tail?.opId ?? null, on].flatMap((id) => (id === null ? [] : [log.stamps.get(toHex(id)) ?? 0]));
  const top = log.top.id === null ? null : (fromHex(log.top.id) ?? null);
  const after = log.top.lamport > Math.max(0, ...named) ? top : null;
  const sealed = sealOp(
    {
      mesh,
      author: signer.publicKey,
      incarnation,
      seq: (tail?.seq ?? 0) + 1,
      prev: tail?.opId ?? null,
      lamport: log.top.lamport + 1,
      wall: wallMs,
      entity: draft.entity,
      kind: draft.body.kind,
      on,
      after,
      body: writeBody(draft.body),
    },
    crypto,
  );
  assert(sealed.bytes.length <= LIMITS.opBytes, "field limits keep an op under its size limit");
  log.open.push(sealed);
  const head = { author: toHex(signer.publicKey), incarnation: toHex(incarnation) };
  log.feeds.open(head, sealed.op.seq, fromHex(sealed.id) ?? new Uint8Array());
  return sealed;
}

function sealOpen(log: Log, { mesh, crypto }: Context, { signer, incarnation }: Authorship): readonly Frame[] {
  const frames: Frame[] = [];
  const feed = feedId(signer.publicKey, incarnation);
  for (const ops of frameSized(log.open)) {
    const branch = log.feeds.main(feed);
    const [first] = ops;
    const last = ops.at(-1);
    assert(branch !== undefined && first !== undefined && last !== undefined, "open ops belong to a feed");
    const header = {
      mesh,
      author: signer.publicKey,
      incarnation,
      firstSeq: first.op.seq,
      prevFrame: branch.frame,
      opIds: ops.map((op) => fromHex(op.id) ?? new Uint8Array()),
    };
    const frame = sealFrame(
      header,
      ops.map((op) => op.bytes),
      signer,
      crypto,
    );
    log.feeds.add(header, frame.hash, fromHex(last.id) ?? new Uint8Array(), { type: "next", branch });
    frames.push(frame);
  }
  log.open = [];
  return frames;
}

/** Splits ops so that each frame keeps within its limits. */
function frameSized(ops: readonly SealedOp[]): SealedOp[][] {
  const frames: SealedOp[][] = [];
  let bytes = 0;
  for (const op of ops) {
    const current = frames.at(-1);
    const fits =
      current !== undefined &&
      current.length < LIMITS.frameOps &&
      bytes + op.bytes.length <= LIMITS.frameBytes - LIMITS.opBytes;
    if (fits) current.push(op);
    else {
      frames.push([op]);
      bytes = 0;
    }
    bytes += op.bytes.length;
  }
  return frames;
}
