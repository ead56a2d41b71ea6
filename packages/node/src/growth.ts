/**
 * Keeps the log from growing without end: writes checkpoints when this node may, packs old frames, and below a checkpoint
 * that is old enough leaves out the signatures that later ones cover. In small steps, with pauses for everything else.
 */
import {
  type Checkpoint,
  checkpointOf,
  type CommandError,
  type Crypto,
  err,
  type FrameIndex,
  MESH_ENTITY,
  ok,
  type Plain,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
  standingOf,
} from "@skein/core";

import type { Incidents } from "./incidents.ts";
import { type Journal, notSavedError } from "./journal.ts";
import type { Logger } from "./logger.ts";
import { packStep, type Step, thinStep } from "./packing.ts";
import type { Cancel, Clock, LogStore, Random } from "./ports.ts";

export interface GrowthSettings {
  /** An operator's node writes a checkpoint after this many ops … */
  readonly checkpointOps: number;
  /** … or after this long, when there were any. */
  readonly checkpointMs: number;
  /** Signatures that later ones cover are kept this long below a checkpoint. */
  readonly keepSignaturesMs: number;
  /** Ops of a pack that this node makes. */
  readonly packOps: number;
}

export const GROWTH: GrowthSettings = {
  checkpointOps: 50_000,
  checkpointMs: 24 * 3_600_000,
  keepSignaturesMs: 7 * 24 * 3_600_000,
  // Packing or opening one is a few milliseconds.
  packOps: 256,
};

export interface GrowthDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly store: LogStore;
  readonly index: FrameIndex;
  readonly replica: Replica;
  readonly journal: Journal;
  readonly incidents: Incidents;
  readonly log: Logger;
  readonly role: () => Role | undefined;
  readonly settings: GrowthSettings;
}

export interface Growth {
  start(): void;
  /** Signs what this node holds. */
  checkpoint(): Promise<Result<Plain, CommandError>>;
  /** Packs everything and thins it below the newest checkpoint that is held here, however young. */
  compact(): Promise<Plain>;
  stop(): void;
}

/** The newest frames stay as they are: who was away for a moment gets exactly them. */
const LOOSE_FRAMES = 2_048;
/** Between two steps; with steps of some milliseconds this leaves most of the time to everything else. */
const PAUSE_MS = 20;
const LOOK_MS = 30_000;

export function createGrowth(deps: GrowthDeps): Growth {
  const { clock, journal, index } = deps;
  /** Everything before these positions is packed, and thinned. */
  let packed = 1;
  let thinned = 1;
  let cancelStep: Cancel | undefined;
  let cancelLook: Cancel | undefined;
  let stopped = false;

  /** One piece of work; false when there is none. */
  const step = (loose: number, keptMs: number): boolean => {
    if (journal.problem() !== undefined) return false;
    const pack = packStep(deps, deps.settings.packOps, packed, index.size - loose);
    if (pack !== undefined) {
      packed = pack.next;
      return isProgress(pack);
    }
    const covered = coveredBy(deps, keptMs);
    const thin =
      covered === undefined || thinned >= packed
        ? undefined
        : thinStep({ ...deps, forks: deps.replica.forks() }, thinned, covered);
    if (thin === undefined) return false;
    thinned = thin.next;
    return isProgress(thin);
  };
  const isProgress = ({ problem }: Step): boolean => {
    if (problem !== undefined) deps.log("warn", "growth.not-saved", { reason: problem.message });
    return problem === undefined;
  };
  const work = (): void => {
    cancelStep = undefined;
    if (step(LOOSE_FRAMES, deps.settings.keepSignaturesMs)) cancelStep = clock.after(PAUSE_MS, work);
  };
  const look = (): void => {
    for (const { op, author } of contradicted(deps)) {
      const message = `Checkpoint ${op.slice(0, 12)} names a history that is not the one here; it is not used.`;
      deps.incidents.record("checkpoint-false", author.slice(0, 8), message);
    }
    if (isDue(deps)) void checkpoint();
    if (cancelStep === undefined) work();
    const [jitter = 0] = deps.random.bytes(1);
    // Several operators' nodes do not look at the same moment: whoever is first writes, and the others see it.
    cancelLook = clock.after(LOOK_MS * (0.5 + jitter / 128), look);
  };
  const checkpoint = async (): Promise<Result<Plain, CommandError>> => {
    let covered = 0;
    // What other callers wrote in this flush is not sealed yet, so it is not in the checkpoint.
    const written = await journal.write<CommandError>(() => {
      const body = checkpointOf(deps.replica.sealedHeads(), deps.replica.opCount());
      if (body === undefined) return err(tooManyFeeds);
      covered = body.ops;
      return ok([{ entity: MESH_ENTITY, on: null, body }]);
    });
    if (!written.ok) return err("type" in written.error ? notSavedError(written.error) : written.error);
    deps.log("info", "growth.checkpoint", { ops: covered });
    return ok({ op: written.value[0]?.id ?? "", ops: covered });
  };

  return {
    start: () => {
      cancelLook = clock.after(LOOK_MS / 10, look);
    },
    checkpoint,
    compact: async () => {
      packed = 1;
      thinned = 1;
      for (let more = true; more;) {
        await new Promise<void>((resolve) => clock.after(0, resolve));
        more = !stopped && step(0, 0);
      }
      return { frames: index.size, packed: packed - 1, thinned: thinned - 1 };
    },
    stop: () => {
      stopped = true;
      cancelStep?.();
      cancelLook?.();
    },
  };
}

const tooManyFeeds: CommandError = {
  code: "unavailable",
  message: "The log has more feeds than a checkpoint can name; the log goes on growing without one.",
};

/** What the newest checkpoint covers that is held here and old enough. */
function coveredBy({ replica, clock }: GrowthDeps, keptMs: number): ReadonlyMap<string, number> | undefined {
  const oldest = clock.wallMs() - keptMs;
  const { checkpoints } = replica.view().membership;
  for (const checkpoint of checkpoints.toReversed()) {
    if (checkpoint.wall > oldest) continue;
    const standing = standingOf(checkpoint, replica);
    if (standing.type === "held") return standing.known;
  }
  return undefined;
}

const contradicted = ({ replica }: GrowthDeps): readonly Checkpoint[] =>
  replica.view().membership.checkpoints.filter((checkpoint) => standingOf(checkpoint, replica).type === "contradicted");

function isDue({ replica, role, settings, clock }: GrowthDeps): boolean {
  const own = role();
  if (own === undefined || !roleAtLeast(own, "operator")) return false;
  const { checkpoints, members } = replica.view().membership;
  const last = checkpoints.at(-1);
  // The checkpoint itself is an op; a mesh in which nothing else happens writes no more of them.
  const since = replica.opCount() - (last === undefined ? 0 : last.ops + 1);
  if (since <= 0) return false;
  const lastMs = last?.wall ?? Math.min(...[...members.values()].map(({ joinedAt }) => joinedAt));
  return since >= settings.checkpointOps || clock.wallMs() - lastMs >= settings.checkpointMs;
}
