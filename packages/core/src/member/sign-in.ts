/**
 * The statements by which a person comes in at a node's page: a member's key that answers a node's challenge, and the pass
 * by which one node tells another that somebody is signed in with it. Each names the mesh, the node it is for and the origin
 * it is used from, so that it is worth nothing anywhere else.
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import { decode, encode, type Value } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { HASH_BYTES, isBytes } from "../op/op.ts";
import { type Role, ROLES } from "./role.ts";

export interface SignIn {
  readonly mesh: Uint8Array;
  /** Member id of the node that is asked. */
  readonly node: Uint8Array;
  /** Where the person says that node is, like `https://board.example:4711`; never what the node says of itself. */
  readonly origin: string;
  readonly challenge: Uint8Array;
  readonly key: Uint8Array;
}

/** The bytes that a member's key signs to come in. */
export const signInBytes = ({ mesh, node, origin, challenge, key }: SignIn): Uint8Array =>
  encode(["skein/sign-in/1", mesh, node, origin, challenge, key]);

/** Ids and keys in hex. */
export interface Pass {
  /** The key that vouches: a node's. */
  readonly issuer: string;
  /** Member id of the one node that it is for. */
  readonly to: string;
  /** Who is signed in, and the most they may do. */
  readonly member: string;
  readonly role: Role;
  /** The page that may use it. */
  readonly origin: string;
  /** Wall time, Unix ms. */
  readonly expires: number;
  /** Random, so that it is used once. */
  readonly nonce: string;
}

const PASS_TAG = "skein/pass/1";
const PASS_BYTES = 1_024;
const NONCE_BYTES = 16;
const ORIGIN_LENGTH = 256;

const id = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

export function sealPass(mesh: Uint8Array, pass: Omit<Pass, "issuer">, signer: Signer): Uint8Array {
  const { to, member, role, origin, expires, nonce } = pass;
  const bytes = encode([PASS_TAG, mesh, signer.publicKey, id(to), id(member), role, origin, expires, id(nonce)]);
  return encode([bytes, signer.sign(bytes)]);
}

/** Undefined when it is not whole, of another mesh, or not signed by the key that it names. Who that is, is not judged here. */
export function openPass(sealed: Uint8Array, mesh: Uint8Array, crypto: Crypto): Pass | undefined {
  const outer = decode(sealed, PASS_BYTES);
  if (!outer.ok || !Array.isArray(outer.value) || outer.value.length !== 2) return undefined;
  const [bytes, signature]: Value[] = outer.value;
  if (!isBytes(bytes) || !isBytes(signature)) return undefined;
  const inner = decode(bytes, PASS_BYTES);
  if (!inner.ok || !Array.isArray(inner.value) || inner.value.length !== 9) return undefined;
  const [tag, ofMesh, issuer, to, member, role, origin, expires, nonce]: Value[] = inner.value;
  if (tag !== PASS_TAG || !isBytes(ofMesh) || toHex(ofMesh) !== toHex(mesh)) return undefined;
  if (!isId(issuer) || !isId(to) || !isId(member) || !isBytes(nonce) || nonce.length !== NONCE_BYTES) return undefined;
  const known = ROLES.find((one) => one === role);
  if (known === undefined || typeof origin !== "string" || origin.length > ORIGIN_LENGTH) return undefined;
  if (typeof expires !== "number" || !Number.isSafeInteger(expires)) return undefined;
  if (!crypto.verify(issuer, bytes, signature)) return undefined;
  return {
    issuer: toHex(issuer),
    to: toHex(to),
    member: toHex(member),
    role: known,
    origin,
    expires,
    nonce: toHex(nonce),
  };
}

const isId = (value: Value | undefined): value is Uint8Array => isBytes(value) && value.length === HASH_BYTES;
