/**
 * `skein verify`: reads the whole log from disk and checks every hash, every chain and every signature again, and what the
 * checkpoints say. A frame whose own signature was left out is proved by the next one of its feed that has one.
 */
import {
  type CommandError,
  createReplica,
  type Crypto,
  err,
  framesOf,
  isPack,
  isSigned,
  memberOf,
  ok,
  type Plain,
  type Replica,
  type Result,
  standingOf,
} from "@skein/core";

import type { Clock, LogStore, StoredFrame } from "./ports.ts";

export interface VerifyDeps {
  readonly clock: Clock;
  readonly store: LogStore;
  readonly mesh: Uint8Array;
  readonly crypto: Crypto;
}

/** The node goes on with its work between slices of this length. */
const SLICE_MS = 20;

interface Counts {
  frames: number;
  signatures: number;
}

export async function verifyLog({ clock, store, mesh, crypto }: VerifyDeps): Promise<Result<Plain, CommandError>> {
  // A fresh replica takes nothing on trust.
  const replica = createReplica(mesh, crypto);
  const counts: Counts = { frames: 0, signatures: 0 };
  let started = clock.monoMs();
  let next = 1;
  for (const record of store.frames(1)) {
    // While this waited the log may have been packed, and what comes next begins with what was seen already.
    if (record.position + (record.count ?? 1) <= next) continue;
    next = record.position + (record.count ?? 1);
    const problem = verifyRecord(replica, record, crypto, counts);
    if (problem !== undefined) {
      const where = `Frame ${record.position} of the log on disk does not verify: ${problem}.`;
      return err({ code: "unavailable", message: `${where} Keep the data directory, and join again with a new one.` });
    }
    if (clock.monoMs() - started < SLICE_MS) continue;
    await new Promise<void>((resolve) => clock.after(0, resolve));
    started = clock.monoMs();
  }
  const { frames, signatures } = counts;
  const covered = frames - signatures;
  return ok({ frames, ops: replica.opCount(), signatures, covered, checkpoints: checkpointsOf(replica), ok: true });
}

/** Why it does not verify; undefined when it does. */
function verifyRecord(replica: Replica, { bytes }: StoredFrame, crypto: Crypto, counts: Counts): string | undefined {
  const taken = replica.takeRecord(bytes);
  if (!taken.ok) return taken.error.message;
  if (!isPack(bytes)) {
    counts.frames++;
    counts.signatures++;
    return undefined;
  }
  const opened = framesOf(bytes, crypto);
  if (!opened.ok) return opened.error.message;
  for (const frame of opened.value) {
    counts.frames++;
    // The pack was taken, so that a later frame's signature covers whatever is not signed, or not well.
    if (frame.signature !== null && isSigned(frame, crypto)) counts.signatures++;
  }
  return undefined;
}

function checkpointsOf(replica: Replica): Plain {
  const { membership } = replica.view();
  return membership.checkpoints.map((checkpoint) => ({
    op: checkpoint.op,
    signer: memberOf(membership, checkpoint.author)?.name ?? checkpoint.author.slice(0, 8),
    at: checkpoint.wall,
    ops: checkpoint.ops,
    standing: standingOf(checkpoint, replica).type,
  }));
}
