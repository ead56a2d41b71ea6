/** The stored records that a peer lacks, as far as it lacks them: what the answer to its question is made of. */
import { assert, type Crypto, framesOf, isCovered, sealPack } from "@skein/core";

import type { LogStore, StoredFrame } from "../ports.ts";

/** The records that hold these ascending positions, each with the ones it holds. */
export function* missingRecords(
  positions: Iterable<number>,
  store: LogStore,
): IterableIterator<{ readonly positions: readonly number[]; readonly record: StoredFrame }> {
  let record: StoredFrame | undefined;
  let held: number[] = [];
  for (const position of positions) {
    if (record !== undefined && position < record.position + (record.count ?? 1)) {
      held.push(position);
      continue;
    }
    if (record !== undefined) yield { positions: held, record };
    record = store.frame(position);
    held = [position];
    if (record === undefined) return;
  }
  if (record !== undefined) yield { positions: held, record };
}

/** The record without the frames that are not asked for: of a pack that the peer holds in part, the rest. */
export function partOf(
  { position, count = 1, bytes }: StoredFrame,
  positions: readonly number[],
  crypto: Crypto,
): Uint8Array {
  if (positions.length === count) return bytes;
  const opened = framesOf(bytes, crypto);
  assert(opened.ok, "a record of the log opens");
  const asked = new Set(positions);
  const part = opened.value.filter((_, at) => asked.has(position + at));
  // Beside a fork the signature that covers a frame may be on a branch that is not asked for.
  return isCovered(part) ? sealPack(part, "all") : bytes;
}
