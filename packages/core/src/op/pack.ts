/**
 * A pack: frames in short. Everything that can be made again is left out (hashes, the fields that all ops of a feed share,
 * most signatures), so that a log of many small frames takes a fifth of its bytes, and opening it gives the very same
 * frames: same op bytes, same ids, same header hashes.
 *
 * A frame is authentic when it, or any later frame of its chain, carries a valid signature (design section 3). So a pack
 * has to carry the signature of each frame that no other frame of the pack continues; the others' may be there (`all`) or
 * not (`ends`). A pack is whole in itself: whoever has what came before it can check all of it.
 *
 *     pack    = 0xc1 0x01, encode([mesh, [[author, incarnation] …], outside ids, [words …], columns, bodies, signatures])
 *     columns = per frame: feed, flags, previous frame, and unless that one is inside: first seq, previous op;
 *               number of ops, then per op: entity, kind, Lamport, wall, on, after, length of the body
 *
 * Numbers are LEB128; Lamport and wall are the difference to the op before. A reference is 0 for none, 2k+2 for the k-th
 * outside id, 2d-1 for the d-th op or frame back. 0xc1 begins no msgpack value, so a pack is never taken for a frame.
 */
import { equalBytes, toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { createWriter, putBytes, putFrameHeader, putOpHead, written } from "./canonical-writer.ts";
import { decode, decodePart, encode, type Value } from "./codec.ts";
import type { Crypto } from "./crypto.ts";
import { type Frame, type FrameHeader, type MalformedFrame, openFrame } from "./frame.ts";
import { LIMITS } from "./limits.ts";
import { HASH_BYTES, INCARNATION_BYTES, isBytes, isMap, type Op, openOp, SIGNATURE_BYTES } from "./op.ts";
import { createColumns, type Columns, readColumns } from "./pack-columns.ts";

/** An op that was opened, without its bytes. */
export interface OpenedOp {
  readonly op: Op;
  /** Hex. */
  readonly id: string;
  /** `op.on` in hex, when whoever opened it knew. */
  readonly on?: string;
}

interface PackedOp extends OpenedOp {
  /** The canonical bytes of its body. */
  readonly bodyBytes: Uint8Array;
}

export interface PackedFrame {
  readonly header: FrameHeader;
  readonly hash: Uint8Array;
  readonly ops: readonly PackedOp[];
  /** Null when the pack does not carry it: a later frame's covers this one. */
  readonly signature: Uint8Array | null;
  /** The place in the pack of the frame that it continues; undefined when that one is outside. */
  readonly continues: number | undefined;
}

const MAGIC = Uint8Array.of(0xc1, 0x01);

export const isPack = (bytes: Uint8Array): boolean => bytes[0] === MAGIC[0];

const SIGNED = 1;
const GENESIS = 2;

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What goes into a pack: the frames of a frame's or a pack's bytes, as they were stored. */
export function framesOf(bytes: Uint8Array, crypto: Crypto): Result<readonly PackedFrame[], MalformedFrame> {
  if (isPack(bytes)) return openPack(bytes, crypto);
  const opened = openFrame(bytes, crypto);
  if (!opened.ok) return opened;
  const ops = unpackedOps(opened.value);
  if (!ops.ok) return ops;
  const { header, hash, signature } = opened.value;
  return ok([{ header, hash, signature, ops: ops.value, continues: undefined }]);
}

const head = createWriter();

function unpackedOps(frame: Frame): Result<readonly PackedOp[], MalformedFrame> {
  const ops: PackedOp[] = [];
  for (const [index, bytes] of frame.ops.entries()) {
    const opened = openOp(bytes, frame.header.opIds[index] ?? new Uint8Array());
    if (!opened.ok) return malformed(opened.error.message);
    const { op, id } = opened.value;
    head.length = 0;
    putOpHead(head, op);
    ops.push({ op, id, bodyBytes: bytes.subarray(head.length) });
  }
  return ok(ops);
}

/** Frames in an order in which each comes after the one it continues, all of one mesh and within the limits of a pack. */
export function sealPack(frames: readonly PackedFrame[], keep: "all" | "ends"): Uint8Array {
  const places = new Map(frames.map((frame, place) => [toHex(frame.hash), place]));
  const parents = frames.map(({ header }) =>
    header.prevFrame === null ? undefined : places.get(toHex(header.prevFrame)),
  );
  const continued = new Set(parents);
  const columns = createColumns();
  const bodies = createWriter();
  const signatures = createWriter();
  for (const [place, frame] of frames.entries()) {
    const isKept = frame.signature !== null && (keep === "all" || !continued.has(place));
    if (isKept && frame.signature !== null) putBytes(signatures, frame.signature);
    writeFrame(columns, frame, isKept, parents[place] === undefined ? undefined : place - parents[place]);
    for (const { bodyBytes } of frame.ops) putBytes(bodies, bodyBytes);
  }
  const mesh = frames.find(({ header }) => header.mesh.length > 0)?.header.mesh ?? new Uint8Array();
  const { feeds, outside, words, bytes } = columns.finish(frames.length);
  const body = encode([mesh, feeds, outside, words, bytes, written(bodies), written(signatures)]);
  const pack = new Uint8Array(MAGIC.length + body.length);
  pack.set(MAGIC);
  pack.set(body, MAGIC.length);
  return pack;
}

/**
 * Is each of these frames signed, or continued by another of them? Only then a pack of them stands for itself. A signature
 * is checked here: while a frame was covered by another one, its own was never looked at.
 */
export function isCovered(frames: readonly PackedFrame[], crypto: Crypto): boolean {
  const continued = new Set(
    frames.flatMap(({ header: { prevFrame } }) => (prevFrame === null ? [] : [toHex(prevFrame)])),
  );
  return frames.every((frame) => continued.has(toHex(frame.hash)) || isSigned(frame, crypto));
}

function writeFrame(columns: Columns, frame: PackedFrame, isSigned: boolean, framesBack: number | undefined): void {
  const { header, ops } = frame;
  const [first] = ops;
  columns.feed(header.author, header.incarnation);
  columns.number((isSigned ? SIGNED : 0) | (header.mesh.length === 0 ? GENESIS : 0));
  if (framesBack !== undefined) columns.number(2 * framesBack - 1);
  else {
    columns.outside(header.prevFrame);
    columns.number(header.firstSeq);
    columns.op(first?.op.prev ?? null);
  }
  columns.number(ops.length);
  for (const { op, id, bodyBytes } of ops) {
    columns.word(op.entity);
    columns.word(op.kind);
    columns.times(op.lamport, op.wall);
    columns.op(op.on);
    columns.op(op.after);
    columns.number(bodyBytes.length);
    columns.named(id);
  }
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Opens untrusted bytes. What comes out is well-formed like every opened frame; nothing is said about its signatures. */
export function openPack(bytes: Uint8Array, crypto: Crypto): Result<readonly PackedFrame[], MalformedFrame> {
  if (!isPack(bytes) || bytes[1] !== MAGIC[1]) return malformed("its version is not 1");
  const decoded = decode(bytes.subarray(MAGIC.length), LIMITS.packBytes);
  if (!decoded.ok) return malformed(decoded.error.message);
  const parts = openParts(decoded.value);
  if (parts === undefined) return malformed("its parts");
  try {
    return ok(readFrames(parts, crypto));
  } catch (cause) {
    if (cause instanceof Malformed) return malformed(cause.message);
    throw cause;
  }
}

/** Thrown within this module only, so that a reading deep down ends the whole. */
class Malformed extends Error {}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Malformed(what);
}

interface Parts {
  readonly mesh: Uint8Array;
  readonly feeds: readonly (readonly [author: Uint8Array, incarnation: Uint8Array])[];
  readonly outside: Uint8Array;
  readonly words: readonly string[];
  readonly columns: Uint8Array;
  readonly bodies: Uint8Array;
  readonly signatures: Uint8Array;
}

function openParts(value: Value): Parts | undefined {
  if (!Array.isArray(value) || value.length !== 7) return undefined;
  const [mesh, feedValues, outside, words, columns, bodies, signatures]: Value[] = value;
  if (!isBytes(mesh) || (mesh.length !== HASH_BYTES && mesh.length !== 0)) return undefined;
  if (!isBytes(outside) || outside.length % HASH_BYTES !== 0 || !isBytes(columns) || !isBytes(bodies)) return undefined;
  if (!isBytes(signatures) || signatures.length % SIGNATURE_BYTES !== 0) return undefined;
  if (!Array.isArray(feedValues) || !Array.isArray(words)) return undefined;
  const isWord = (word: Value): word is string => typeof word === "string" && word.length <= LIMITS.nameLength;
  if (!words.every(isWord)) return undefined;
  const feeds = feedValues.flatMap((feed: Value): (readonly [Uint8Array, Uint8Array])[] => {
    if (!Array.isArray(feed) || feed.length !== 2) return [];
    const [author, incarnation]: Value[] = feed;
    if (!isBytes(author) || author.length !== HASH_BYTES) return [];
    return isBytes(incarnation) && incarnation.length === INCARNATION_BYTES ? [[author, incarnation]] : [];
  });
  if (feeds.length !== feedValues.length) return undefined;
  return { mesh, feeds, outside, words, columns, bodies, signatures };
}

/** What is under way while the frames of one pack are made again. */
interface Reading {
  readonly parts: Parts;
  readonly crypto: Crypto;
  readonly number: () => number;
  readonly frames: PackedFrame[];
  /** The ids of all ops so far, and in hex. */
  readonly opIds: Uint8Array[];
  readonly hexIds: string[];
  lamport: number;
  wall: number;
  bodiesAt: number;
  signaturesAt: number;
}

const none = new Uint8Array();

function readFrames(parts: Parts, crypto: Crypto): readonly PackedFrame[] {
  const columns = readColumns(parts.columns, (what) => {
    throw new Malformed(what);
  });
  const reading: Reading = {
    parts,
    crypto,
    number: columns.number,
    frames: [],
    opIds: [],
    hexIds: [],
    lamport: 0,
    wall: 0,
    bodiesAt: 0,
    signaturesAt: 0,
  };
  const count = columns.number();
  demand(count >= 1 && count <= LIMITS.packOps, "number of frames");
  while (reading.frames.length < count) reading.frames.push(readFrame(reading));
  demand(columns.isAtEnd(), "columns are left over");
  demand(reading.bodiesAt === parts.bodies.length, "bodies are left over");
  demand(reading.signaturesAt === parts.signatures.length, "signatures are left over");
  demand(new Set(reading.frames.map(({ hash }) => toHex(hash))).size === count, "a frame is in it twice");
  demand(
    endsOf(reading.frames).every(({ signature }) => signature !== null),
    "a frame that nothing continues is unsigned",
  );
  return reading.frames;
}

/** The frames that no other frame of the pack continues: their signatures cover all of it. */
export function endsOf(frames: readonly PackedFrame[]): readonly PackedFrame[] {
  const continued = new Set(frames.map(({ continues }) => continues));
  return frames.filter((_, place) => !continued.has(place));
}

function readFrame(reading: Reading): PackedFrame {
  const { parts, frames, number, crypto } = reading;
  const feed = parts.feeds[number()];
  demand(feed !== undefined, "feed");
  const [author, incarnation] = feed;
  const flags = number();
  demand(flags <= (SIGNED | GENESIS), "flags");
  const mesh = (flags & GENESIS) === 0 ? parts.mesh : none;
  const start = readStart(reading, author, incarnation);
  const count = number();
  demand(count >= 1 && count <= LIMITS.frameOps, "number of ops");
  demand(reading.opIds.length + count <= LIMITS.packOps, "number of ops");
  const ops: PackedOp[] = [];
  const opIds: Uint8Array[] = [];
  let prev = start.prev;
  let frameBytes = 1 + binarySize(SIGNATURE_BYTES) + listHead(count);
  for (let seq = start.firstSeq; ops.length < count; seq++) {
    const { opened, id, length } = readOp(reading, { mesh, author, incarnation, seq, prev });
    ops.push(opened);
    opIds.push(id);
    prev = id;
    frameBytes += binarySize(length);
  }
  const header: FrameHeader = {
    mesh,
    author,
    incarnation,
    firstSeq: start.firstSeq,
    prevFrame: start.prevFrame,
    opIds,
  };
  head.length = 0;
  putFrameHeader(head, header);
  // What is too long for a frame on the wire is too long here.
  demand(frameBytes + binarySize(head.length) <= LIMITS.frameBytes, "a frame is too long");
  const hash = crypto.sha256(written(head));
  const signature = (flags & SIGNED) === 0 ? null : readSignature(reading);
  const continues = start.framesBack === undefined ? undefined : frames.length - start.framesBack;
  return { header, hash, ops, signature, continues };
}

const binarySize = (length: number): number => length + (length <= 0xff ? 2 : length <= 0xffff ? 3 : 5);
const listHead = (length: number): number => (length <= 15 ? 1 : 3);

/** Where a frame stands in its feed. */
interface Start {
  readonly firstSeq: number;
  readonly prevFrame: Uint8Array | null;
  readonly prev: Uint8Array | null;
  readonly framesBack: number | undefined;
}

function readStart(reading: Reading, author: Uint8Array, incarnation: Uint8Array): Start {
  const { frames, number } = reading;
  const reference = number();
  if (reference % 2 === 1) {
    const framesBack = (reference + 1) / 2;
    const parent = frames[frames.length - framesBack];
    demand(parent !== undefined, "reference to a frame");
    const { header } = parent;
    demand(equalBytes(header.author, author) && equalBytes(header.incarnation, incarnation), "it leaves its feed");
    const firstSeq = header.firstSeq + header.opIds.length;
    return { firstSeq, prevFrame: parent.hash, prev: header.opIds.at(-1) ?? null, framesBack };
  }
  const prevFrame = outsideAt(reading, reference);
  const firstSeq = number();
  const prev = readReference(reading);
  demand(firstSeq >= 1 && firstSeq <= LIMITS.counter - LIMITS.packOps, "sequence number");
  demand((prevFrame === null) === (firstSeq === 1) && (prev === null) === (firstSeq === 1), "place in its feed");
  return { firstSeq, prevFrame, prev, framesBack: undefined };
}

const whole = createWriter();

function readOp(
  reading: Reading,
  { mesh, author, incarnation, seq, prev }: Pick<Op, "mesh" | "author" | "incarnation" | "seq" | "prev">,
): { readonly opened: PackedOp; readonly id: Uint8Array; readonly length: number } {
  const { parts, number, crypto } = reading;
  const entity = parts.words[number()];
  const kind = parts.words[number()];
  demand(entity !== undefined && kind !== undefined, "entity or kind");
  const lamport = (reading.lamport += unsigned(number()));
  const wall = (reading.wall += unsigned(number()));
  demand(
    lamport >= 1 && lamport <= LIMITS.counter && wall >= 0 && wall <= LIMITS.counter,
    "Lamport stamp or wall time",
  );
  const builds = number();
  const on = opAt(reading, builds);
  const onHex = builds % 2 === 1 ? reading.hexIds[reading.hexIds.length - (builds + 1) / 2] : undefined;
  const after = readReference(reading);
  const length = number();
  const bodyBytes = parts.bodies.subarray(reading.bodiesAt, reading.bodiesAt + length);
  demand(bodyBytes.length === length, "a body is cut off");
  reading.bodiesAt += length;
  // The body stands in an array of 13 fields, so the limits of a whole op hold for it.
  const decoded = decodePart(bodyBytes, { depth: 1, elements: 13 });
  demand(decoded.ok && isMap(decoded.value), "body");
  const body = decoded.value;
  const op: Op = { mesh, author, incarnation, seq, prev, lamport, wall, entity, kind, on, after, body };
  whole.length = 0;
  putOpHead(whole, op);
  putBytes(whole, bodyBytes);
  demand(whole.length <= LIMITS.opBytes, "an op is too long");
  const id = crypto.sha256(written(whole));
  const hex = toHex(id);
  reading.opIds.push(id);
  reading.hexIds.push(hex);
  const opened = onHex === undefined ? { op, id: hex, bodyBytes } : { op, id: hex, bodyBytes, on: onHex };
  return { opened, id, length: whole.length };
}

/** Differences may be negative: 0, -1, 1, -2 … as 0, 1, 2, 3 … */
const unsigned = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

const readReference = (reading: Reading): Uint8Array | null => opAt(reading, reading.number());

function opAt(reading: Reading, reference: number): Uint8Array | null {
  if (reference % 2 === 0) return outsideAt(reading, reference);
  const id = reading.opIds[reading.opIds.length - (reference + 1) / 2];
  demand(id !== undefined, "reference to an op");
  return id;
}

function outsideAt({ parts }: Reading, reference: number): Uint8Array | null {
  if (reference === 0) return null;
  const start = (reference / 2 - 1) * HASH_BYTES;
  const id = parts.outside.subarray(start, start + HASH_BYTES);
  demand(id.length === HASH_BYTES, "reference to outside");
  return id;
}

function readSignature(reading: Reading): Uint8Array {
  const start = reading.signaturesAt;
  const signature = reading.parts.signatures.subarray(start, start + SIGNATURE_BYTES);
  demand(signature.length === SIGNATURE_BYTES, "a signature is missing");
  reading.signaturesAt += SIGNATURE_BYTES;
  return signature;
}

/** What a frame's signature is over, and its hash is of. */
export function headerBytesOf(header: FrameHeader): Uint8Array {
  head.length = 0;
  putFrameHeader(head, header);
  return written(head).slice();
}

/** Is this frame's own signature its author's? */
export const isSigned = ({ header, signature }: Pick<PackedFrame, "header" | "signature">, crypto: Crypto): boolean =>
  signature !== null && crypto.verify(header.author, headerBytesOf(header), signature);

const malformed = (what: string): { readonly ok: false; readonly error: MalformedFrame } =>
  err({ type: "malformed-frame", message: `malformed pack: ${what}` });
