/**
 * What is whole of a log whose disk is not trusted any more. A record is kept when its hashes, its chain and its signatures
 * are right and all that it builds on was kept. Of a pack that does not fit as one, what is signed by itself is kept.
 */
import type { Crypto } from "../op/crypto.ts";
import { framesOf, isPack, sealPack } from "../op/pack.ts";
import { createReplica, type Replica } from "./replica.ts";

export interface WholeRecord {
  /** Of its first frame in the new log, from 1. */
  readonly position: number;
  /** Frames in it. */
  readonly count: number;
  readonly bytes: Uint8Array;
}

export function* wholeRecords(
  records: Iterable<Uint8Array>,
  mesh: Uint8Array,
  crypto: Crypto,
): Generator<WholeRecord, void> {
  const replica = createReplica(mesh, crypto);
  let position = 1;
  for (const bytes of records) {
    const whole = keep(replica, bytes);
    for (const record of whole === undefined ? singly(bytes, crypto) : [bytes]) {
      const kept = whole ?? keep(replica, record);
      if (kept === undefined) continue;
      yield { position, ...kept };
      position += kept.count;
    }
  }
}

/** The frames of a pack that does not fit as one, each by itself, as far as they are signed. */
function singly(bytes: Uint8Array, crypto: Crypto): readonly Uint8Array[] {
  const frames = isPack(bytes) ? framesOf(bytes, crypto) : undefined;
  if (frames?.ok !== true) return [];
  return frames.value.filter(({ signature }) => signature !== null).map((frame) => sealPack([frame], "all"));
}

/** Undefined when it does not fit. */
function keep(replica: Replica, bytes: Uint8Array): Omit<WholeRecord, "position"> | undefined {
  const taken = replica.takeRecord(bytes);
  if (!taken.ok || taken.value.news === undefined) return undefined;
  return { bytes: taken.value.news, count: taken.value.frames.filter(({ type }) => type === "taken").length };
}
