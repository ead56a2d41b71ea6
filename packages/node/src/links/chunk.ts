/** The answer to a `want`: one bounded chunk of what the peer lacks, in the order of our log, which is causal. */
import { assert, type Crypto, framesOf, isCovered, LIMITS, type Message, type Replica, sealPack } from "@skein/core";

import type { Journal } from "../journal.ts";
import type { LogStore, StoredFrame } from "../ports.ts";

export type Want = Pick<Extract<Message, { readonly type: "want" }>, "heads" | "locators">;

export interface ChunkDeps {
  readonly crypto: Crypto;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly store: LogStore;
}

export interface Chunk {
  readonly frames: readonly Uint8Array[];
  /** There is more behind it. */
  readonly more: boolean;
  /** What the peer holds of each of our branches once it has this. */
  readonly known: Map<string, number>;
}

export function chunkFor({ heads, locators }: Want, { journal, store, replica, crypto }: ChunkDeps): Chunk {
  const known = new Map(replica.compare(heads, locators).known);
  const frames: Uint8Array[] = [];
  const sent: number[] = [];
  let bytes = 0;
  let more = false;
  for (const { positions, record } of missingRecords(journal.index.missing(known), store)) {
    const part = partOf(record, positions, crypto);
    if (frames.length > 0 && bytes + part.length > LIMITS.chunkBytes) {
      more = true;
      break;
    }
    frames.push(part);
    sent.push(...positions);
    bytes += part.length;
  }
  for (const position of sent) {
    const { branch, lastSeq } = journal.index.at(position);
    known.set(branch, lastSeq);
  }
  return { frames, more, known };
}

/** The records that hold these ascending positions, each with the ones it holds. */
function* missingRecords(
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
function partOf({ position, count = 1, bytes }: StoredFrame, positions: readonly number[], crypto: Crypto): Uint8Array {
  if (positions.length === count) return bytes;
  const opened = framesOf(bytes, crypto);
  assert(opened.ok, "a record of the log opens");
  const asked = new Set(positions);
  const part = opened.value.filter((_, at) => asked.has(position + at));
  // Beside a fork the signature that covers a frame may be on a branch that is not asked for.
  return isCovered(part, crypto) ? sealPack(part, "all") : bytes;
}
