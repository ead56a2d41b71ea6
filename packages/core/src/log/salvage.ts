/**
 * What is whole of a log whose disk is not trusted any more. A record is kept when its hashes, its chain and its signatures
 * are right and all that it builds on was kept. A pack is kept or left as one: its frames share signatures.
 */
import type { Crypto } from "../op/crypto.ts";
import { isPack } from "../op/pack.ts";
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
    const whole = takeRecord(replica, bytes);
    if (whole === undefined) continue;
    yield { position, ...whole };
    position += whole.count;
  }
}

/** Undefined when it does not fit. */
function takeRecord(replica: Replica, bytes: Uint8Array): Omit<WholeRecord, "position"> | undefined {
  if (!isPack(bytes)) {
    const taken = replica.take(bytes);
    return taken.ok && taken.value.type === "taken" ? { bytes, count: 1 } : undefined;
  }
  const pack = replica.takePack(bytes);
  if (!pack.ok || pack.value.news === undefined) return undefined;
  return { bytes: pack.value.news, count: pack.value.frames.filter(({ type }) => type === "taken").length };
}
