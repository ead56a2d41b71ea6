/**
 * Who tries first: rendezvous hashing (highest random weight, Thaler and Ravishankar 1998) over the nodes that could do
 * the work. All nodes that see the same candidates agree without a word, and a node that leaves moves only its own items.
 */
import { compareText, toHex } from "../kernel/bytes.ts";
import { encode } from "../op/codec.ts";
import type { Crypto } from "../op/crypto.ts";

/**
 * Place of `node` among the candidates for this item and epoch, 0 first; -1 when it is not one of them. A node with a smaller
 * handicap comes before; the hash decides among equal ones.
 */
export function rankOf(
  node: string,
  candidates: readonly string[],
  work: { readonly item: string; readonly epoch: number },
  crypto: Crypto,
  handicap: (candidate: string) => number = () => 0,
): number {
  const weight = (candidate: string): string => toHex(crypto.sha256(encode([candidate, work.item, work.epoch])));
  return candidates
    .map((candidate) => ({ candidate, handicap: handicap(candidate), weight: weight(candidate) }))
    .toSorted(
      (a, b) => a.handicap - b.handicap || compareText(b.weight, a.weight) || compareText(a.candidate, b.candidate),
    )
    .findIndex(({ candidate }) => candidate === node);
}
