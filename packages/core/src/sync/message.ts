/**
 * What two nodes say to each other: one canonical value per WebSocket message. docs/protocol.md describes each with bytes.
 *
 *     hello → hello → proof → proof            who are you (handshake.ts)
 *     heads                                     what I hold, tip by tip; repeated as anti-entropy
 *     heads-page                                a part of a long heads or want, which it goes before (heads-pages.ts)
 *     want  → frames                            what I hold; send me a chunk of what I lack. Where our histories of a
 *                                               feed part it has a locator: places along mine, ever sparser
 *     frames                                    live: what was just made durable
 *     beat                                      signed and ephemeral: I am alive (beat.ts)
 *     log-read → log-data                       a piece of an attempt's captured output
 *     refuse                                    why I close this link
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import { assert, err, ok, type Result } from "../kernel/result.ts";
import type { Head, Heads, Locator } from "../log/heads.ts";
import type { KeyRotation } from "../member/membership.ts";
import { decode, encode, type Value } from "../op/codec.ts";
import { feedBytes, feedId } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { HASH_BYTES, INCARNATION_BYTES, isBytes, SIGNATURE_BYTES } from "../op/op.ts";

export const PROTOCOL_VERSION = 2;

/** Why a link is refused. Unknown codes from newer peers are shown as they are. */
export type RefusalCode =
  | "bad-message"
  | "version"
  | "wrong-mesh"
  | "not-a-member"
  | "removed"
  | "rotated"
  | "renewed"
  | "unknown-ticket"
  | "spent-ticket"
  | "expired-ticket"
  | "dead-ticket"
  | "bad-proof"
  | "bad-frame"
  | "self"
  | "duplicate-link"
  | "too-slow"
  | "over-budget"
  | "timeout"
  | "shutting-down"
  | "not-saved";

export interface Hello {
  readonly type: "hello";
  readonly versions: readonly number[];
  readonly mesh: Uint8Array;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly name: string;
  /** Public key of the ticket the sender joins with, or null. */
  readonly ticket: Uint8Array | null;
  /** What led to the sender's key, oldest first, for a receiver that knows an earlier one; absent when nothing did. */
  readonly rotations?: readonly KeyRotation[];
}

export type Message =
  | Hello
  | { readonly type: "proof"; readonly signature: Uint8Array; readonly joinProof: Uint8Array | null }
  | { readonly type: "heads"; readonly heads: Heads }
  | { readonly type: "heads-page"; readonly heads: Heads }
  | { readonly type: "want"; readonly heads: Heads; readonly locators: readonly Locator[] }
  | { readonly type: "frames"; readonly frames: readonly Uint8Array[]; readonly more: boolean }
  | { readonly type: "beat"; readonly bytes: Uint8Array; readonly signature: Uint8Array }
  | {
      readonly type: "log-read";
      readonly id: number;
      readonly item: string;
      readonly epoch: number;
      readonly offset: number;
      /** How often it may still be passed on to where the output is; absent when not at all. */
      readonly hops?: number;
    }
  | {
      readonly type: "log-data";
      readonly id: number;
      /** 0 when the asked node has no log of this item. */
      readonly epoch: number;
      readonly bytes: Uint8Array;
      readonly end: number;
      readonly ended: boolean;
    }
  | { readonly type: "refuse"; readonly code: string; readonly message: string };

export type MessageType = Message["type"];

type LogRead = Extract<Message, { type: "log-read" }>;

export function encodeMessage(message: Message): Uint8Array {
  return encode([message.type, ...fieldsOf(message)]);
}

function fieldsOf(message: Message): readonly Value[] {
  switch (message.type) {
    case "hello":
      return helloFields(message);
    case "proof":
      return [message.signature, message.joinProof];
    case "heads":
    case "heads-page":
      return [encodeHeads(message.heads)];
    case "want":
      return [encodeHeads(message.heads), message.locators.map(encodeLocator)];
    case "frames":
      return [message.frames, message.more];
    case "beat":
      return [message.bytes, message.signature];
    case "log-read":
      return logReadFields(message);
    case "log-data":
      return [message.id, message.epoch, message.bytes, message.end, message.ended];
    case "refuse":
      return [message.code, message.message];
  }
}

const logReadFields = ({ id, item, epoch, offset, hops = 0 }: LogRead): readonly Value[] =>
  hops === 0 ? [id, item, epoch, offset] : [id, item, epoch, offset, hops];

function helloFields({ versions, mesh, key, nonce, name, ticket, rotations = [] }: Hello): readonly Value[] {
  const fields: readonly Value[] = [versions, mesh, key, nonce, name, ticket];
  if (rotations.length === 0) return fields;
  return [...fields, rotations.map(({ from, to, consent, proof }): Value => [from, to, consent, proof])];
}

export function decodeMessage(bytes: Uint8Array, maxBytes: number): Result<Message, string> {
  const decoded = decode(bytes, maxBytes);
  if (!decoded.ok) return err(decoded.error.message);
  if (!Array.isArray(decoded.value)) return err("not an array");
  const [type, ...fields]: Value[] = decoded.value;
  if (typeof type !== "string" || !isMessageType(type)) return err("unknown message type");
  const message = READERS[type](fields);
  return message === undefined ? err(`malformed ${type}`) : ok(message);
}

const isMessageType = (type: string): type is MessageType => Object.hasOwn(READERS, type);

type Reader = (fields: readonly Value[]) => Message | undefined;

const isHash = (value: Value | undefined): value is Uint8Array => isBytes(value) && value.length === HASH_BYTES;
const isSignature = (value: Value | undefined): value is Uint8Array =>
  isBytes(value) && value.length === SIGNATURE_BYTES;
const isNumber = (value: Value | undefined): value is number => typeof value === "number";
const isName = (value: Value | undefined): value is string =>
  typeof value === "string" && value.length <= LIMITS.nameLength;

const READERS: Readonly<Record<MessageType, Reader>> = {
  hello: ([versions, mesh, key, nonce, name, ticket, sent]) => {
    if (!Array.isArray(versions) || versions.length > LIMITS.helloVersions) return undefined;
    if (!isHash(mesh) || !isHash(key) || !isHash(nonce) || !isName(name)) return undefined;
    if (ticket !== null && !isHash(ticket)) return undefined;
    const hello: Hello = { type: "hello", versions: versions.filter(isNumber), mesh, key, nonce, name, ticket };
    if (sent === undefined || sent === null) return hello;
    const rotations = decodeRotations(sent);
    return rotations === undefined ? undefined : { ...hello, rotations };
  },
  proof: ([signature, joinProof]) =>
    isSignature(signature) && (joinProof === null || isSignature(joinProof))
      ? { type: "proof", signature, joinProof }
      : undefined,
  heads: ([value]) => {
    const heads = decodeHeads(value);
    return heads === undefined ? undefined : { type: "heads", heads };
  },
  "heads-page": ([value]) => {
    const heads = decodeHeads(value);
    return heads === undefined ? undefined : { type: "heads-page", heads };
  },
  want: ([value, places]) => {
    const heads = decodeHeads(value);
    const locators = decodeLocators(places);
    return heads === undefined || locators === undefined ? undefined : { type: "want", heads, locators };
  },
  frames: ([frames, more]) =>
    Array.isArray(frames) && frames.every(isBytes) && typeof more === "boolean"
      ? { type: "frames", frames, more }
      : undefined,
  beat: ([bytes, signature]) =>
    isBytes(bytes) && isSignature(signature) ? { type: "beat", bytes, signature } : undefined,
  "log-read": ([id, item, epoch, offset, hops]) => {
    if (!isNumber(id) || !isName(item) || !isNumber(epoch) || !isNumber(offset)) return undefined;
    const read = { type: "log-read", id, item, epoch, offset } as const;
    return isNumber(hops) && hops > 0 ? { ...read, hops: Math.min(hops, LIMITS.logHops) } : read;
  },
  "log-data": ([id, epoch, bytes, end, ended]) =>
    isNumber(id) && isNumber(epoch) && isBytes(bytes) && isNumber(end) && typeof ended === "boolean"
      ? { type: "log-data", id, epoch, bytes, end, ended }
      : undefined,
  refuse: ([code, message]) =>
    isName(code) && typeof message === "string" && message.length <= LIMITS.refusalLength
      ? { type: "refuse", code, message }
      : undefined,
};

function decodeRotations(value: Value): readonly KeyRotation[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > LIMITS.helloRotations) return undefined;
  const rotations = (value as readonly Value[]).flatMap((entry): readonly KeyRotation[] => {
    if (!Array.isArray(entry) || entry.length !== 4) return [];
    const [from, to, consent, proof]: Value[] = entry;
    return isHash(from) && isHash(to) && isSignature(consent) && isSignature(proof)
      ? [{ from, to, consent, proof }]
      : [];
  });
  return rotations.length === value.length ? rotations : undefined;
}

// ── heads and locators ──────────────────────────────────────────────────────────────────────────────────────────────

const encodeHeads = (heads: Heads): Value =>
  [...heads.values()].map(({ author, incarnation, seq, frame }) => [
    fromHex(author) ?? new Uint8Array(),
    fromHex(incarnation) ?? new Uint8Array(),
    seq,
    frame ?? new Uint8Array(HASH_BYTES),
  ]);

function decodeHeads(value: Value | undefined): Heads | undefined {
  if (!Array.isArray(value) || value.length > LIMITS.feeds) return undefined;
  const heads = new Map<string, Head>();
  for (const entry of value as readonly Value[]) {
    if (!Array.isArray(entry) || entry.length !== 4) return undefined;
    const [author, incarnation, seq, frame]: Value[] = entry;
    if (!isHash(author) || !isIncarnation(incarnation) || !isNumber(seq) || !isHash(frame)) return undefined;
    const feed = feedId(author, incarnation);
    // A feed has several tips when its author wrote several histories.
    const id = heads.has(feed) ? `${feed}~${toHex(frame)}` : feed;
    heads.set(id, { author: toHex(author), incarnation: toHex(incarnation), seq, frame });
  }
  return heads;
}

const isIncarnation = (value: Value | undefined): value is Uint8Array =>
  isBytes(value) && value.length === INCARNATION_BYTES;

function encodeLocator({ feed, frames }: Locator): Value {
  const parts = feedBytes(feed);
  assert(parts !== undefined, "a locator names a feed");
  return [parts.author, parts.incarnation, frames.map(({ seq, frame }) => [seq, frame])];
}

function decodeLocators(value: Value | undefined): readonly Locator[] | undefined {
  if (!Array.isArray(value) || value.length > LIMITS.locators) return undefined;
  const locators: Locator[] = [];
  for (const entry of value as readonly Value[]) {
    const locator = decodeLocator(entry);
    if (locator === undefined) return undefined;
    locators.push(locator);
  }
  return locators;
}

function decodeLocator(value: Value): Locator | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [author, incarnation, places]: Value[] = value;
  if (!isHash(author) || !isIncarnation(incarnation)) return undefined;
  if (!Array.isArray(places) || places.length > LIMITS.locatorFrames) return undefined;
  const frames: { seq: number; frame: Uint8Array }[] = [];
  for (const place of places as readonly Value[]) {
    if (!Array.isArray(place) || place.length !== 2) return undefined;
    const [seq, frame]: Value[] = place;
    if (!isNumber(seq) || !isHash(frame)) return undefined;
    frames.push({ seq, frame });
  }
  return { feed: feedId(author, incarnation), frames };
}
