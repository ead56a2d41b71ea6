/**
 * Who a piece of story text is by. Yjs knows authors as numbers, merges by them, and takes it on trust that two authors
 * never share one; so nobody chooses a number here. It is a hash of the feed that signs, the item, and the session's own
 * number, cut to the 52 bits that Yjs can write down.
 */
import { toHex } from "../kernel/bytes.ts";
import { encode } from "../op/codec.ts";
import type { Crypto } from "../op/crypto.ts";
import type { FeedParts } from "../op/frame.ts";

const HEX_DIGITS = 13;

/** The Yjs client of an editing session; `session` is any number up to `LIMITS.counter`, drawn once. */
export function storyClient(
  { author, incarnation }: FeedParts,
  item: string,
  session: number,
  { sha256 }: Pick<Crypto, "sha256">,
): number {
  return clientIn(toHex(sha256(encode(["skein/story/1", author, incarnation, item, session]))));
}

/** Who the text is by that a whole writing of it brought: the op that wrote it. */
export const baseClient = (op: string): number => clientIn(op);

const clientIn = (hash: string): number => Number.parseInt(hash.slice(0, HEX_DIGITS), 16);
