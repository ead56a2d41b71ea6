/**
 * Where somebody's caret stands in a story, signed and ephemeral. It travels as a beat does, under a tag of its own, and like one
 * it is passed on from node to node, never enters the log, and is only as old as what came last.
 */
import { toHex } from "../kernel/bytes.ts";
import { decode, encode, type Value } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { ITEM_ID } from "../op/fields.ts";
import { LIMITS } from "../op/limits.ts";
import { STORY_FIELDS, type StoryText } from "../op/story-body.ts";
import { HASH_BYTES, isBytes } from "../op/op.ts";
import type { Beat } from "./beat.ts";

/** Behind this unit of text of this Yjs client, or at the end of the text; `assoc` below 0 leans to what stands before. */
export interface CursorPlace {
  readonly item: { readonly client: number; readonly clock: number } | null;
  readonly assoc: number;
}

export interface CursorSelection {
  readonly anchor: CursorPlace;
  readonly head: CursorPlace;
}

export interface CursorSaid extends Pick<Beat, "boot" | "counter">, StoryText {
  /** The key (hex) of the node whose session it is. */
  readonly node: string;
  /** The session's Yjs client. */
  readonly client: number;
  readonly name: string;
  /** Null when the session is over. */
  readonly selection: CursorSelection | null;
}

const TAG = "skein/cursor/1";

type Sealed = { readonly bytes: Uint8Array; readonly signature: Uint8Array };

export function sealCursor(mesh: Uint8Array, said: Omit<CursorSaid, "node">, signer: Signer): Sealed {
  const { boot, counter, item, field, client, name, selection } = said;
  const places = selection === null ? null : [selection.anchor, selection.head].map(encodePlace);
  // The story itself has no name, so that older nodes hear of carets in it, and of no others.
  const named = field === "text" ? [] : [field];
  const bytes = encode([TAG, mesh, signer.publicKey, boot, counter, item, client, name, places, ...named]);
  return { bytes, signature: signer.sign(bytes) };
}

const encodePlace = ({ item, assoc }: CursorPlace): Value =>
  item === null ? [assoc < 0] : [assoc < 0, item.client, item.clock];

/** Undefined when it is no cursor, or of another mesh, or not newer; the signature is checked last. */
export function openCursor(
  { bytes, signature }: Sealed,
  mesh: Uint8Array,
  isNewer: (said: CursorSaid) => boolean,
  crypto: Pick<Crypto, "verify">,
): CursorSaid | undefined {
  const decoded = decode(bytes, LIMITS.beatBytes);
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length < 9) return undefined;
  const [tag, ofMesh, key, boot, counter, item, client, name, places, ...named]: Value[] = decoded.value;
  if (tag !== TAG || !isBytes(ofMesh) || toHex(ofMesh) !== toHex(mesh)) return undefined;
  if (!isBytes(key) || key.length !== HASH_BYTES || !isCount(boot) || !isCount(counter) || !isCount(client)) {
    return undefined;
  }
  if (typeof item !== "string" || !ITEM_ID.test(item)) return undefined;
  if (typeof name !== "string" || name.length > LIMITS.nameLength) return undefined;
  const selection = decodeSelection(places);
  const field = named.length === 0 ? "text" : STORY_FIELDS.find((one) => one !== "text" && one === named[0]);
  if (selection === undefined || field === undefined || named.length > 1) return undefined;
  const said: CursorSaid = { node: toHex(key), boot, counter, item, field, client, name, selection };
  return isNewer(said) && crypto.verify(key, bytes, signature) ? said : undefined;
}

const isCount = (value: Value | undefined): value is number => typeof value === "number";

function decodeSelection(value: Value | undefined): CursorSelection | null | undefined {
  if (value === null) return null;
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [anchor, head] = (value as readonly Value[]).map(decodePlace);
  return anchor === undefined || head === undefined ? undefined : { anchor, head };
}

function decodePlace(value: Value): CursorPlace | undefined {
  if (!Array.isArray(value)) return undefined;
  const [isBefore, client, clock]: Value[] = value;
  if (typeof isBefore !== "boolean") return undefined;
  const assoc = isBefore ? -1 : 0;
  if (value.length === 1) return { item: null, assoc };
  return value.length === 3 && isCount(client) && isCount(clock) ? { item: { client, clock }, assoc } : undefined;
}
