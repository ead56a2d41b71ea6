/**
 * Builds a log in memory from its stored frames and packs, in one pass where it can.
 *
 * Every op is judged by the membership and the forks as they are in the end. The first pass judges by what came before,
 * which nearly always is the same; when a later op changed whose earlier ops count, the items are folded a second time.
 */
import { createFold, type FoldChange, MESH_ENTITY } from "../fold/fold.ts";
import { assert, err, ok, type Result } from "../kernel/result.ts";
import { isPack, type OpenedOp } from "../op/pack.ts";
import { type Context, emptyLog, type Log, stamp } from "./log-state.ts";
import type { FrameRefusal } from "./refusal.ts";
import { type ReadFrame, readFrame, readPack } from "./taking.ts";

/** Told of each loaded frame: its branch and its last op's seq. */
export type Placed = (branch: string, lastSeq: number) => void;

/** A log under way: it pauses after each record, so that whoever drives it can see to other things. */
export type Loading<T> = Generator<void, Result<T, FrameRefusal>>;

/** `records` is iterated again when the items have to be folded a second time. */
export function* load(context: Context, records: Iterable<Uint8Array>, placed: Placed): Loading<Log> {
  const log = emptyLog(context);
  const folding = createFolding(log);
  for (const bytes of records) {
    const read = readRecord(log, context, bytes);
    if (!read.ok) return read;
    for (const { feed, branch, place, ops, forked } of read.value) {
      placed(branch, place.seq);
      for (const op of ops) folding.add(op);
      if (forked) folding.quarantine(feed);
    }
    yield;
  }
  return folding.end() ? ok(log) : yield* foldAgain(context, log, folding.meshOps, records);
}

function readRecord(log: Log, context: Context, bytes: Uint8Array): Result<readonly ReadFrame[], FrameRefusal> {
  if (isPack(bytes)) {
    const pack = readPack(log, context, bytes, "trust");
    return pack.ok ? ok(pack.value.read) : pack;
  }
  const frame = readFrame(log, context, bytes, "trust");
  return frame.ok ? ok([frame.value]) : frame;
}

interface Folding {
  readonly meshOps: readonly OpenedOp[];
  add(op: OpenedOp): void;
  /** The feed forked: what was folded of it may count differently now. */
  quarantine(feed: string): void;
  /** True when the fold is right as it is. */
  end(): boolean;
}

/** Honest logs stay far below; what is below costs less than reading the log. */
const AGAIN_MAX = 65_536;
const AGAIN_PER_OP = 8;

function createFolding(log: Log): Folding {
  const meshOps: OpenedOp[] = [];
  /** Membership ops that came in a row are judged together. */
  let pending: OpenedOp[] = [];
  let spoiled = false;
  /** How many membership ops were judged again, as some came before them in the order, and the greatest stamp so far. */
  let again = 0;
  let top = 0;
  const note = (change: FoldChange): void => {
    spoiled ||= change.type === "stale";
  };
  const judgePending = (): void => {
    if (pending.length === 0) return;
    if (pending.some(({ op }) => op.lamport <= top)) again += meshOps.length;
    for (const { op } of pending) top = Math.max(top, op.lamport);
    // A second pass judges once. It is cheaper then, however somebody arranged the ops.
    if (again > AGAIN_MAX + AGAIN_PER_OP * log.stamps.size) {
      spoiled = true;
      return;
    }
    note(log.fold.applyMembership(pending));
    pending = [];
  };
  return {
    meshOps,
    quarantine: (feed) => {
      if (spoiled) return;
      judgePending();
      for (const change of log.fold.quarantine(feed)) note(change);
    },
    add: (op) => {
      stamp(log, op);
      if (op.op.entity === MESH_ENTITY) {
        log.fold.introduce(op);
        meshOps.push(op);
        pending.push(op);
      } else if (!spoiled) {
        judgePending();
        note(log.fold.apply(op));
      }
    },
    end: () => {
      if (!spoiled) judgePending();
      return !spoiled;
    },
  };
}

function* foldAgain(
  context: Context,
  log: Log,
  meshOps: readonly OpenedOp[],
  records: Iterable<Uint8Array>,
): Loading<Log> {
  log.fold = createFold(context.mesh, context.crypto, log.feeds.forks);
  log.fold.applyMembership(meshOps);
  // Opened against a second tree: in the first one every frame is a duplicate by now.
  const second = emptyLog(context);
  for (const op of meshOps) second.fold.introduce(op);
  for (const bytes of records) {
    const read = readRecord(second, context, bytes);
    if (!read.ok) return err(read.error);
    for (const { ops } of read.value) {
      for (const op of ops) {
        stamp(second, op);
        if (op.op.entity !== MESH_ENTITY) log.fold.apply(op);
      }
    }
    yield;
  }
  assert(second.stamps.size === log.stamps.size, "the records are the same the second time");
  return ok(log);
}
