/**
 * An op: one Lamport-stamped record under its author's signature, the only thing that is ever replicated.
 *
 * Its bytes are the canonical encoding of an array in the order of `encodeOp`; its id is the SHA-256 of those bytes.
 * Nobody re-encodes an op to check it: the bytes that were signed are the bytes that are kept and sent.
 */
import { toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { decode, encode, type Value } from "./codec.ts";
import type { Crypto } from "./crypto.ts";
import { LIMITS } from "./limits.ts";

/** Bytes of a hash, a public key; of a signature; of an incarnation. */
export const HASH_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const INCARNATION_BYTES = 8;

const OP_VERSION = 1;

export interface Op {
  /** Hash of the genesis op; empty in the genesis op itself. */
  readonly mesh: Uint8Array;
  readonly author: Uint8Array;
  readonly incarnation: Uint8Array;
  /** 1, 2, 3 … within (author, incarnation). */
  readonly seq: number;
  /** Id of the author's previous op in this feed; null for the first. */
  readonly prev: Uint8Array | null;
  /** 1 + the greatest of the stamps of `prev`, `on` and `after`; every receiver checks it. */
  readonly lamport: number;
  /** Unix ms on the author's clock, shown to people and never compared. */
  readonly wall: number;
  /** The item's id, or `mesh` for membership and projects. */
  readonly entity: string;
  readonly kind: string;
  /** The op this one builds on: the item's head, a register's last writer; null when it builds on nothing. */
  readonly on: Uint8Array | null;
  /** The op with the greatest stamp that the author had seen, when `prev` and `on` do not already carry it. */
  readonly after: Uint8Array | null;
  readonly body: { readonly [key: string]: Value };
}

/** An op with its exact bytes and its id in hex. */
export interface SealedOp {
  readonly op: Op;
  readonly id: string;
  readonly bytes: Uint8Array;
}

export interface MalformedOp {
  readonly type: "malformed-op";
  readonly message: string;
}

export function sealOp(op: Op, crypto: Crypto): SealedOp {
  const bytes = encode([
    OP_VERSION,
    op.mesh,
    op.author,
    op.incarnation,
    op.seq,
    op.prev,
    op.lamport,
    op.wall,
    op.entity,
    op.kind,
    op.on,
    op.after,
    op.body,
  ]);
  return { op, bytes, id: toHex(crypto.sha256(bytes)) };
}

/** Reads one op from untrusted bytes. `hash` is the SHA-256 of the bytes, which the caller has checked. */
export function openOp(bytes: Uint8Array, hash: Uint8Array): Result<SealedOp, MalformedOp> {
  const decoded = decode(bytes, LIMITS.opBytes);
  if (!decoded.ok) return malformed(decoded.error.message);
  const fields = decoded.value;
  if (!Array.isArray(fields) || fields.length !== 13) return malformed("not an array of 13 fields");
  const [version, mesh, author, incarnation, seq, prev, lamport, wall, entity, kind, on, after, body]: Value[] = fields;
  if (version !== OP_VERSION) return malformed(`its version is not ${OP_VERSION}`);
  if (!isBytes(mesh) || (mesh.length !== HASH_BYTES && mesh.length !== 0)) return malformed("mesh id");
  if (!isBytes(author) || author.length !== HASH_BYTES) return malformed("author key");
  if (!isBytes(incarnation) || incarnation.length !== INCARNATION_BYTES) return malformed("incarnation");
  if (!isCounter(seq) || seq < 1) return malformed("sequence number");
  if (!isHashOrNull(prev) || (prev === null) !== (seq === 1)) return malformed("hash of the previous op");
  if (!isCounter(lamport) || lamport < 1) return malformed("Lamport stamp");
  if (!isCounter(wall)) return malformed("wall time");
  if (typeof entity !== "string" || entity.length > LIMITS.nameLength) return malformed("entity");
  if (typeof kind !== "string" || kind.length > LIMITS.nameLength) return malformed("kind");
  if (!isHashOrNull(on) || !isHashOrNull(after)) return malformed("hash of the op it builds on");
  if (!isMap(body)) return malformed("body");
  const op: Op = { mesh, author, incarnation, seq, prev, lamport, wall, entity, kind, on, after, body };
  return ok({ op, id: toHex(hash), bytes });
}

export const isBytes = (value: Value | undefined): value is Uint8Array => value instanceof Uint8Array;

const isCounter = (value: Value | undefined): value is number => typeof value === "number" && value <= LIMITS.counter;

const isHashOrNull = (value: Value | undefined): value is Uint8Array | null =>
  value === null || (isBytes(value) && value.length === HASH_BYTES);

export const isMap = (value: Value | undefined): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value);

const malformed = (what: string): { readonly ok: false; readonly error: MalformedOp } =>
  err({ type: "malformed-op", message: `malformed op: ${what}` });
