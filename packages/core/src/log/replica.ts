/**
 * One node's copy of the log with its view: frames in, frames out, everything else derived.
 *
 * A frame is taken when it continues its feed, or forks it, is whole, builds only on what is here, and its author is known
 * and signed it. The cheap checks come first, the signature last. What is taken is folded at once, but it is not durable yet: the
 * caller appends it to the store before anybody hears of it, and reloads from the store when that fails.
 */
import { type Fold, type FoldChange, MESH_ENTITY, type View, createFold } from "../fold/fold.ts";
import { equalBytes, fromHex, toHex } from "../kernel/bytes.ts";
import { assert, err, ok, type Result } from "../kernel/result.ts";
import { type OpBody, writeBody } from "../op/bodies.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { feedId, type Frame, isFrameAuthentic, openFrame, sealFrame } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { openOp, type SealedOp, sealOp } from "../op/op.ts";
import { type Comparison, createFeedTree, type FeedTree } from "./feed-tree.ts";
import type { FramePlace, Heads, Locator } from "./heads.ts";
import type { FrameRefusal } from "./refusal.ts";

export interface Taken {
  /** `duplicate`: it was here already and nothing changed. */
  readonly type: "taken" | "duplicate";
  readonly feed: string;
  /** The branch of its feed that it belongs to. */
  readonly branch: string;
  readonly place: FramePlace;
  readonly ops: readonly SealedOp[];
  readonly changes: readonly FoldChange[];
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
  /** Where this log's histories of a feed lie; `also` are places that the peer is known to hold, too. */
  locate(feed: string, also?: readonly FramePlace[]): Locator | undefined;
  /** Feeds with two histories, by id, with the first seq that has two ops: nothing from there on is folded. */
  forks(): ReadonlyMap<string, number>;
  /** Greatest Lamport stamp ever seen. */
  lamport(): number;
  opCount(): number;
  hasOp(id: string): boolean;
  take(frameBytes: Uint8Array): Result<Taken, FrameRefusal>;
  /** Writes ops of our own into the open frame and folds them. */
  write(drafts: readonly Draft[], authorship: Authorship, wallMs: number): Written;
  /** Closes the open frame: signed, ready to be appended and then sent. */
  seal(authorship: Authorship): readonly Frame[];
  /** Folds everything again from these frames: at start, after a stale membership, when the disk refused the last ones. */
  reload(frames: Iterable<Uint8Array>, placed?: Placed): Result<void, FrameRefusal>;
}

/** Told of each loaded frame: its branch and its last op's seq. */
type Placed = (branch: string, lastSeq: number) => void;

interface Log {
  readonly fold: Fold;
  readonly feeds: FeedTree;
  /** Lamport stamp of every op by id (hex). */
  readonly stamps: Map<string, number>;
  top: { readonly id: Uint8Array | null; readonly lamport: number };
  /** Our own ops that are folded and not yet in a signed frame. */
  open: SealedOp[];
}

interface Context {
  readonly mesh: Uint8Array;
  readonly crypto: Crypto;
}

export function createReplica(mesh: Uint8Array, crypto: Crypto): Replica {
  const context: Context = { mesh, crypto };
  let log = emptyLog(context);
  return {
    mesh,
    view: () => log.fold,
    heads: () => log.feeds.heads(),
    compare: (remote, locators = []) => log.feeds.compare(remote, locators),
    locate: (feed, also) => log.feeds.locate(feed, also),
    forks: () => log.feeds.forks,
    lamport: () => log.top.lamport,
    opCount: () => log.stamps.size,
    hasOp: (id) => log.stamps.has(id),
    take: (bytes) => {
      const read = readFrame(log, context, bytes, "verify");
      if (!read.ok) return read;
      const { forked, ...taken } = read.value;
      const changes = taken.ops.map((op) => keep(log, op));
      return ok({ ...taken, changes: forked ? [...changes, { type: "stale" as const }] : changes });
    },
    write: (drafts, authorship, wallMs) => writeOps(log, context, drafts, authorship, wallMs),
    seal: (authorship) => sealOpen(log, context, authorship),
    reload: (frames, placed = () => undefined) => {
      const loaded = load(context, frames, placed);
      if (loaded.ok) log = loaded.value;
      return loaded.ok ? ok(undefined) : loaded;
    },
  };
}

function emptyLog({ mesh, crypto }: Context): Log {
  const feeds = createFeedTree();
  const fold = createFold(mesh, crypto, feeds.forks);
  return { fold, feeds, stamps: new Map(), top: { id: null, lamport: 0 }, open: [] };
}

/**
 * Forks first, then membership, then the items in their order: every item op is judged by the membership as it is in the
 * end, and no op of a feed counts from where it has two histories.
 */
function load(context: Context, frames: Iterable<Uint8Array>, placed: Placed): Result<Log, FrameRefusal> {
  const log = emptyLog(context);
  const meshOps: SealedOp[] = [];
  const itemOps: SealedOp[] = [];
  for (const bytes of frames) {
    // Signatures were checked when the frame was taken; on disk the hash chain guards it (`skein verify` checks both).
    const read = readFrame(log, context, bytes, "trust");
    if (!read.ok) return read;
    placed(read.value.branch, read.value.place.seq);
    for (const op of read.value.ops) {
      stamp(log, op);
      if (op.op.entity !== MESH_ENTITY) {
        itemOps.push(op);
        continue;
      }
      log.fold.introduce(op);
      meshOps.push(op);
    }
  }
  log.fold.applyMembership(meshOps);
  for (const op of itemOps) log.fold.apply(op);
  return ok(log);
}

function keep(log: Log, sealed: SealedOp): FoldChange {
  stamp(log, sealed);
  return log.fold.apply(sealed);
}

function stamp(log: Log, { op, id }: SealedOp): void {
  log.stamps.set(id, op.lamport);
  if (op.lamport > log.top.lamport) log.top = { id: fromHex(id) ?? null, lamport: op.lamport };
}

// ── taking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface ReadFrame extends Omit<Taken, "changes"> {
  /** Its author's earlier ops count differently now. */
  readonly forked: boolean;
}

/** Checks a frame against the log and adds it to its feed. The ops are not kept yet. */
function readFrame(
  log: Log,
  context: Context,
  bytes: Uint8Array,
  signatures: "verify" | "trust",
): Result<ReadFrame, FrameRefusal> {
  const opened = openFrame(bytes, context.crypto);
  if (!opened.ok) return opened;
  const frame = opened.value;
  const feed = feedId(frame.header.author, frame.header.incarnation);
  const about = { feed, place: { seq: frame.header.firstSeq + frame.ops.length - 1, frame: frame.hash } };
  const stranger = wrongPlace(log, context, frame);
  if (stranger !== undefined) return err(stranger);
  const place = log.feeds.place(frame.header, frame.hash);
  if (place.type === "duplicate") {
    return ok({ type: "duplicate", ...about, branch: feed, ops: [], forked: false });
  }
  if (place.type === "gap") {
    return err({ type: "gap", feed, message: `frames before seq ${frame.header.firstSeq} of the feed are missing` });
  }
  const isSigned = (): boolean => signatures === "trust" || isFrameAuthentic(frame, context.crypto);
  if (place.type === "disputed") {
    // Anybody can make up another history; only a signature makes it the author's.
    return isSigned()
      ? err({ type: "disputed", feed, message: "it continues another history of its feed" })
      : badSignature;
  }
  const ops = openOps(log, frame, place.type === "fork" ? place.opId : (place.branch?.opId ?? null));
  if (!ops.ok) return ops;
  if (!isSigned()) return badSignature;
  const last = frame.header.opIds.at(-1);
  assert(last !== undefined, "a frame has at least one op");
  const before = log.feeds.forks.get(feed);
  const branch = log.feeds.add(frame.header, frame.hash, last, place);
  return ok({ type: "taken", ...about, branch, ops: ops.value, forked: log.feeds.forks.get(feed) !== before });
}

/** A frame of another mesh, or of somebody who does not belong to this one. */
function wrongPlace(log: Log, { mesh }: Context, { header }: Frame): FrameRefusal | undefined {
  const isGenesis = header.mesh.length === 0;
  if (isGenesis ? !isGenesisOf(header.opIds, mesh) : !equalBytes(header.mesh, mesh)) {
    return { type: "wrong-mesh", message: "the frame belongs to another mesh" };
  }
  if (isGenesis || log.fold.isKnownAuthor(toHex(header.author))) return undefined;
  return { type: "not-a-member", message: "the frame's author is not a member of this mesh" };
}

const isGenesisOf = (opIds: readonly Uint8Array[], mesh: Uint8Array): boolean =>
  opIds.length === 1 && opIds[0] !== undefined && equalBytes(opIds[0], mesh);

function openOps(log: Log, frame: Frame, before: Uint8Array | null): Result<SealedOp[], FrameRefusal> {
  const ops: SealedOp[] = [];
  const stamps = new Map<string, number>();
  const stampOf = (id: Uint8Array): number | undefined => stamps.get(toHex(id)) ?? log.stamps.get(toHex(id));
  let prev = before;
  for (const [index, bytes] of frame.ops.entries()) {
    const hash = frame.header.opIds[index];
    assert(hash !== undefined, "openFrame counted the hashes");
    const opened = openOp(bytes, hash);
    if (!opened.ok) return opened;
    const problem = misplaced(opened.value, frame, index, prev) ?? badStamp(opened.value, stampOf);
    if (problem !== undefined) return err(problem);
    ops.push(opened.value);
    stamps.set(opened.value.id, opened.value.op.lamport);
    prev = hash;
  }
  return ok(ops);
}

function misplaced(
  { op }: SealedOp,
  { header }: Frame,
  index: number,
  prev: Uint8Array | null,
): FrameRefusal | undefined {
  const sameFeed =
    equalBytes(op.mesh, header.mesh) &&
    equalBytes(op.author, header.author) &&
    equalBytes(op.incarnation, header.incarnation) &&
    op.seq === header.firstSeq + index;
  if (!sameFeed) return { type: "malformed-op", message: "an op names another feed than its frame" };
  const chained = prev === null ? op.prev === null : op.prev !== null && equalBytes(prev, op.prev);
  return chained ? undefined : { type: "broken-chain", message: "an op does not name the op before it" };
}

/** Lamport = 1 + the greatest of what the op names, so nobody can push the clock. */
function badStamp({ op }: SealedOp, stampOf: (id: Uint8Array) => number | undefined): FrameRefusal | undefined {
  let greatest = 0;
  for (const id of [op.prev, op.on, op.after]) {
    if (id === null) continue;
    const stamp = stampOf(id);
    if (stamp === undefined) {
      return { type: "missing-dependency", message: `op ${toHex(id).slice(0, 12)} that it builds on is not here` };
    }
    greatest = Math.max(greatest, stamp);
  }
  if (op.lamport === greatest + 1) return undefined;
  return { type: "bad-lamport", message: `Lamport stamp ${op.lamport} must be ${greatest + 1}` };
}

const badSignature: Result<never, FrameRefusal> = err({
  type: "bad-signature",
  message: "the frame's signature is not its author's",
});

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
  const after = log.top.lamport > Math.max(0, ...named) ? log.top.id : null;
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
