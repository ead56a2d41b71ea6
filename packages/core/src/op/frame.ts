/**
 * A frame: the ops that one group commit made durable, under one signature.
 *
 *     header    = encode(["skein/frame/1", mesh, author, incarnation, first seq, hash of the previous frame, [op ids]])
 *     frame     = encode([header, [op bytes …], signature over header])
 *
 * A frame's hash is the SHA-256 of its header, so the signature is not part of what is chained, and any op is proved by
 * a header and its own bytes. Throughput is bounded by hashing, not by Ed25519.
 */
import { equalBytes, fromHex, toSharedHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { decode, encode, type Value } from "./codec.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { LIMITS } from "./limits.ts";
import { HASH_BYTES, INCARNATION_BYTES, isBytes, SIGNATURE_BYTES } from "./op.ts";

const FRAME_TAG = "skein/frame/1";

export interface FrameHeader {
  readonly mesh: Uint8Array;
  readonly author: Uint8Array;
  readonly incarnation: Uint8Array;
  readonly firstSeq: number;
  /** Null in the first frame of a feed. */
  readonly prevFrame: Uint8Array | null;
  readonly opIds: readonly Uint8Array[];
}

export interface Frame {
  readonly header: FrameHeader;
  readonly headerBytes: Uint8Array;
  /** SHA-256 of the header bytes. */
  readonly hash: Uint8Array;
  readonly ops: readonly Uint8Array[];
  readonly signature: Uint8Array;
  /** The whole frame as it is kept and sent. */
  readonly bytes: Uint8Array;
}

export interface MalformedFrame {
  readonly type: "malformed-frame";
  readonly message: string;
}

export function sealFrame(header: FrameHeader, ops: readonly Uint8Array[], signer: Signer, crypto: Crypto): Frame {
  const headerBytes = encode([
    FRAME_TAG,
    header.mesh,
    header.author,
    header.incarnation,
    header.firstSeq,
    header.prevFrame,
    header.opIds,
  ]);
  const signature = signer.sign(headerBytes);
  const bytes = encode([headerBytes, ops, signature]);
  return { header, headerBytes, hash: crypto.sha256(headerBytes), ops, signature, bytes };
}

/** Reads a frame from untrusted bytes: shape, sizes and op hashes. The signature is checked by `isFrameAuthentic`. */
export function openFrame(bytes: Uint8Array, crypto: Crypto): Result<Frame, MalformedFrame> {
  const outer = decode(bytes, LIMITS.frameBytes);
  if (!outer.ok) return malformed(outer.error.message);
  if (!Array.isArray(outer.value) || outer.value.length !== 3) return malformed("not header, ops and signature");
  const [headerBytes, ops, signature]: Value[] = outer.value;
  if (!isBytes(headerBytes) || !isBytes(signature) || signature.length !== SIGNATURE_BYTES) {
    return malformed("header or signature");
  }
  if (!Array.isArray(ops) || ops.length === 0 || ops.length > LIMITS.frameOps) return malformed("number of ops");
  const header = openHeader(headerBytes);
  if (header === undefined) return malformed("header fields");
  if (header.opIds.length !== ops.length) return malformed("number of op hashes");
  const opBytes: Uint8Array[] = [];
  for (const [index, op] of ops.entries()) {
    if (!isBytes(op) || op.length > LIMITS.opBytes) return malformed("op bytes");
    const opId = header.opIds[index];
    if (opId === undefined || !equalBytes(crypto.sha256(op), opId)) return malformed("an op does not have its hash");
    opBytes.push(op);
  }
  return ok({ header, headerBytes, hash: crypto.sha256(headerBytes), ops: opBytes, signature, bytes });
}

function openHeader(bytes: Uint8Array): FrameHeader | undefined {
  const decoded = decode(bytes, LIMITS.frameBytes);
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 7) return undefined;
  const [tag, mesh, author, incarnation, firstSeq, prevFrame, opIds]: Value[] = decoded.value;
  if (tag !== FRAME_TAG || !isBytes(mesh) || (mesh.length !== HASH_BYTES && mesh.length !== 0)) return undefined;
  if (!isBytes(author) || author.length !== HASH_BYTES) return undefined;
  if (!isBytes(incarnation) || incarnation.length !== INCARNATION_BYTES) return undefined;
  if (typeof firstSeq !== "number" || firstSeq < 1 || firstSeq > LIMITS.counter) return undefined;
  if (prevFrame !== null && !(isBytes(prevFrame) && prevFrame.length === HASH_BYTES)) return undefined;
  if ((prevFrame === null) !== (firstSeq === 1)) return undefined;
  if (!Array.isArray(opIds)) return undefined;
  const ids: Uint8Array[] = [];
  for (const id of opIds as readonly Value[]) {
    if (!isBytes(id) || id.length !== HASH_BYTES) return undefined;
    ids.push(id);
  }
  return { mesh, author, incarnation, firstSeq, prevFrame: prevFrame ?? null, opIds: ids };
}

export const isFrameAuthentic = (frame: Frame, crypto: Crypto): boolean =>
  crypto.verify(frame.header.author, frame.headerBytes, frame.signature);

/** Whose ops a feed holds, in hex: a key, and one of the lives of the node that had it. */
export interface FeedParts {
  readonly author: string;
  readonly incarnation: string;
}

/** Names a feed, the ops of one (author, incarnation), in maps. */
export const feedOf = ({ author, incarnation }: FeedParts): string => `${author}/${incarnation}`;

export const feedId = (author: Uint8Array, incarnation: Uint8Array): string =>
  feedOf({ author: toSharedHex(author), incarnation: toSharedHex(incarnation) });

/** The two names in a feed's id, which was made by one of the two above. */
export function feedParts(feed: string): FeedParts {
  const [author = "", incarnation = ""] = feed.split("/");
  return { author, incarnation };
}

/** The same as bytes; undefined when the text is no feed's id. */
export function feedBytes(feed: string): Pick<FrameHeader, "author" | "incarnation"> | undefined {
  const [author, incarnation] = feed.split("/").map(fromHex);
  return author === undefined || incarnation === undefined ? undefined : { author, incarnation };
}

const malformed = (what: string): { readonly ok: false; readonly error: MalformedFrame } =>
  err({ type: "malformed-frame", message: `malformed frame: ${what}` });
