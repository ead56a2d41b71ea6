/**
 * Checks frames and packs against a log and adds them to its feeds. Cheap checks come first, signatures last, and nothing
 * is added of what is refused. The ops that come out are not folded yet.
 */
import { equalBytes, toHex } from "../kernel/bytes.ts";
import { assert, err, ok, type Result } from "../kernel/result.ts";
import { keyNamedBy, MESH_ENTITY } from "../fold/fold.ts";
import { readBody } from "../op/bodies.ts";
import { feedId, type Frame, type FrameHeader, isFrameAuthentic, openFrame } from "../op/frame.ts";
import { type Op, openOp, type SealedOp } from "../op/op.ts";
import { endsOf, isSigned, openPack, type OpenedOp, type PackedFrame } from "../op/pack.ts";
import type { Place } from "./feed-tree.ts";
import type { FramePlace } from "./heads.ts";
import type { Context, Log } from "./log-state.ts";
import type { FrameRefusal } from "./refusal.ts";

export interface ReadFrame {
  /** `duplicate`: it was here already and nothing changed. */
  readonly type: "taken" | "duplicate";
  readonly feed: string;
  /** The branch of its feed that it belongs to. */
  readonly branch: string;
  readonly place: FramePlace;
  readonly ops: readonly OpenedOp[];
  /** Its author's earlier ops count differently now. */
  readonly forked: boolean;
}

/** `trust`: they were checked when the frame was taken; on disk the hash chain guards it. */
export type Signatures = "verify" | "trust";

/** Checks a frame against the log and adds it to its feed. The ops are not kept yet. */
export function readFrame(
  log: Log,
  context: Context,
  bytes: Uint8Array,
  signatures: Signatures,
): Result<ReadFrame, FrameRefusal> {
  const opened = openFrame(bytes, context.crypto);
  if (!opened.ok) return opened;
  const frame = opened.value;
  const feed = feedId(frame.header.author, frame.header.incarnation);
  const about = { feed, place: placeOf(frame) };
  const stranger = wrongPlace(context, frame.header, (key) => log.fold.isKnownAuthor(key));
  if (stranger !== undefined) return err(stranger);
  const place = log.feeds.place(frame.header, frame.hash);
  if (place.type === "duplicate") {
    return ok({ type: "duplicate", ...about, branch: feed, ops: [], forked: false });
  }
  if (place.type === "gap") return gapBefore(frame.header, feed);
  const isAuthentic = (): boolean => signatures === "trust" || isFrameAuthentic(frame, context.crypto);
  if (place.type === "disputed") {
    // Anybody can make up another history; only a signature makes it the author's.
    return isAuthentic()
      ? err({ type: "disputed", feed, message: "it continues another history of its feed" })
      : badSignature;
  }
  const ops = openOps(log, frame, place.type === "fork" ? place.opId : (place.branch?.opId ?? null));
  if (!ops.ok) return ops;
  if (!isAuthentic()) return badSignature;
  return ok({ type: "taken", ...about, ...addFrame(log, frame, place), ops: ops.value });
}

/** Adds a frame where it belongs. */
function addFrame(
  log: Log,
  { header, hash }: Pick<Frame, "header" | "hash">,
  place: Place,
): { readonly branch: string; readonly forked: boolean } {
  const feed = feedId(header.author, header.incarnation);
  const last = header.opIds.at(-1);
  assert(last !== undefined, "a frame has at least one op");
  const before = log.feeds.forks.get(feed);
  const branch = log.feeds.add(header, hash, last, place);
  return { branch, forked: log.feeds.forks.get(feed) !== before };
}

const placeOf = ({ header, hash }: Pick<Frame, "header" | "hash">): FramePlace => ({
  seq: header.firstSeq + header.opIds.length - 1,
  frame: hash,
});

const gapBefore = ({ firstSeq }: FrameHeader, feed: string): { readonly ok: false; readonly error: FrameRefusal } =>
  err({ type: "gap", feed, message: `frames before seq ${firstSeq} of the feed are missing` });

/** A frame of another mesh, or of somebody who does not belong to this one. */
function wrongPlace(
  { mesh }: Context,
  header: FrameHeader,
  isKnownAuthor: (key: string) => boolean,
): FrameRefusal | undefined {
  const isGenesis = header.mesh.length === 0;
  if (isGenesis ? !isGenesisOf(header.opIds, mesh) : !equalBytes(header.mesh, mesh)) {
    return { type: "wrong-mesh", message: "the frame belongs to another mesh" };
  }
  if (isGenesis || isKnownAuthor(toHex(header.author))) return undefined;
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
function badStamp({ op }: OpenedOp, stampOf: (id: Uint8Array) => number | undefined): FrameRefusal | undefined {
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

// ── packs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Checks a pack as a whole, then adds its frames, so that a pack is taken or refused in one piece: a part of it would lack
 * the signature that covers it.
 */
export function readPack(
  log: Log,
  context: Context,
  bytes: Uint8Array,
  signatures: Signatures,
): Result<{ readonly frames: readonly PackedFrame[]; readonly read: readonly ReadFrame[] }, FrameRefusal> {
  const opened = openPack(bytes, context.crypto);
  if (!opened.ok) return opened;
  const frames = opened.value;
  const known = frames.map(({ header, hash }) => log.feeds.place(header, hash).type === "duplicate");
  const problem = packProblem(log, context, frames, known);
  if (problem !== undefined) return err(problem);
  if (signatures === "verify" && !endsOf(frames).every((frame) => isSigned(frame, context.crypto))) return badSignature;
  const read = frames.map((frame, at): ReadFrame => {
    const feed = feedId(frame.header.author, frame.header.incarnation);
    const about = { feed, place: placeOf(frame) };
    if (known[at] === true) return { type: "duplicate", ...about, branch: feed, ops: [], forked: false };
    const place = log.feeds.place(frame.header, frame.hash);
    return { type: "taken", ...about, ...addFrame(log, frame, place), ops: frame.ops };
  });
  return ok({ frames, read });
}

/** Why the pack does not fit; changes nothing. `known` says which of its frames are here already. */
function packProblem(
  log: Log,
  context: Context,
  frames: readonly PackedFrame[],
  known: readonly boolean[],
): FrameRefusal | undefined {
  const stamps = new Map<Uint8Array, number>();
  const named = new Set<string>();
  // In a pack the same array stands for the same op, so most stamps are found without a hash in hex.
  const stampOf = (id: Uint8Array): number | undefined => stamps.get(id) ?? log.stamps.get(toHex(id));
  for (const [at, frame] of frames.entries()) {
    const { header, ops, continues } = frame;
    const stranger = wrongPlace(context, header, (key) => named.has(key) || log.fold.isKnownAuthor(key));
    if (stranger !== undefined) return stranger;
    // The genesis frame, and no other, names no mesh.
    if (header.mesh.length === 0) named.add(toHex(header.author));
    const isNew = known[at] === false;
    if (isNew && (continues === undefined || known[continues] === true)) {
      const misfit = badStart(log, frame);
      if (misfit !== undefined) return misfit;
    }
    for (const [index, opened] of ops.entries()) {
      const problem = isNew ? badStamp(opened, stampOf) : undefined;
      if (problem !== undefined) return problem;
      const id = header.opIds[index];
      if (id !== undefined) stamps.set(id, opened.op.lamport);
      const key = namedKey(opened.op);
      if (key !== undefined) named.add(key);
    }
  }
  return undefined;
}

/** Does a frame whose predecessor is not new in the pack continue what is here? */
function badStart(log: Log, { header, hash, ops }: PackedFrame): FrameRefusal | undefined {
  const feed = feedId(header.author, header.incarnation);
  const place = log.feeds.place(header, hash);
  if (place.type === "gap") return gapBefore(header, feed).error;
  if (place.type === "disputed") {
    return { type: "disputed", feed, message: "it continues another history of its feed" };
  }
  if (place.type === "duplicate") return undefined;
  const before = place.type === "fork" ? place.opId : (place.branch?.opId ?? null);
  const prev = ops[0]?.op.prev ?? null;
  const chained = before === null ? prev === null : prev !== null && equalBytes(before, prev);
  return chained ? undefined : { type: "broken-chain", message: "an op does not name the op before it" };
}

/** As the fold introduces authors; a frame of theirs may follow in the same pack. */
function namedKey(op: Op): string | undefined {
  if (op.entity !== MESH_ENTITY) return undefined;
  const body = readBody(op);
  return body === undefined ? undefined : keyNamedBy(body);
}
