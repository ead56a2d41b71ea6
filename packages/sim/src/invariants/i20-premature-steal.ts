/**
 * I20: between nodes that exchange messages within a third of the TTL, and an observer that itself ran without a gap for a
 * whole TTL, a holder that is alive and renews is never stolen from. An observer that started, or stood still, less than a
 * TTL ago has measured no silence but its own and takes nothing over, whoever holds it; and nobody takes as free what
 * somebody holds.
 */
import { BEAT_MS, runningMachines, TTL_MS, type World } from "../world.ts";
import type { Machine } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

interface Heard {
  lastMs: number;
  /** Since when nothing took longer than a third of the TTL. */
  steadySinceMs: number;
}

/** Clocks run up to 2 % off, on both ends. */
const DRIFT = 1.05;

export const noPrematureSteal: MakeChecker = (world) => {
  const heard = new Map<string, Heard>();
  return {
    onDelivered: (from, to) => {
      const now = world.scheduler.nowMs();
      const way = `${from.name}>${to.name}`;
      const known = heard.get(way);
      if (known === undefined) {
        heard.set(way, { lastMs: now, steadySinceMs: now });
        return;
      }
      if (now - known.lastMs > TTL_MS / 3) known.steadySinceMs = now;
      known.lastMs = now;
    },
    onClaim: (observer, { item, why }) => {
      const holder = holderBefore(world, observer, item);
      if (why === "free" && holder !== undefined) {
        world.violate("I20", `${observer.name} took item ${item} as free, and ${holder.name} holds it`);
      }
      // A removed member's beats count no more, and those of two programs with one key are not told apart.
      if (why !== "expired" || holder === undefined || holder.removed || hasTwin(world, holder)) return;
      const now = world.scheduler.nowMs();
      const short = ownSilence(observer, now);
      if (short !== undefined)
        world.violate("I20", `${observer.name} took item ${item} from ${holder.name}, and ${short}`);
      const ranSteadily = (machine: Machine): boolean =>
        machine.running !== undefined &&
        !machine.running.life.frozen &&
        now - machine.running.life.runningSinceMs >= TTL_MS * DRIFT;
      if (holder.running === undefined) world.note("take-over of a dead holder");
      else if (holder.running.life.frozen) world.note("take-over of a frozen holder");
      else world.note("holder that is alive and cut off was taken over");
      const way = heard.get(`${holder.name}>${observer.name}`);
      const isSteady = way !== undefined && now - way.lastMs <= TTL_MS / 3 && now - way.steadySinceMs >= TTL_MS * DRIFT;
      if (ranSteadily(observer) && ranSteadily(holder) && isSteady && !holder.disk.full) {
        world.violate(
          "I20",
          `${observer.name} took item ${item} from ${holder.name}, which is alive and was heard all the time`,
        );
      }
    },
  };
};

const hasTwin = (world: World, machine: Machine): boolean =>
  world.machines.some((other) => other !== machine && other.key === machine.key);

/** Two beats and more: no node takes a gap like this for the usual unpunctuality. */
const GAP_MS = 2.5 * BEAT_MS;

/** Why an observer cannot have measured a TTL of somebody else's silence. */
function ownSilence({ running }: Machine, now: number): string | undefined {
  if (running === undefined) return undefined;
  const { startedMs, lastGapMs, runningSinceMs } = running.life;
  const least = TTL_MS / DRIFT;
  if (now - startedMs < least) return `it started only ${Math.round(now - startedMs)} ms ago`;
  if (lastGapMs < GAP_MS || now - runningSinceMs >= least) return undefined;
  return `it stood still itself until ${Math.round(now - runningSinceMs)} ms ago`;
}

/** Whose claim the observer has just taken over. */
function holderBefore(world: World, observer: Machine, id: string): Machine | undefined {
  const item = observer.running?.node.replica.view().items.get(id);
  const claims = [...(item?.entries.values() ?? [])].filter(({ kind }) => kind === "item.claim");
  const own = claims.findLast(({ author }) => author === observer.key);
  const parent = own?.on === undefined || own.on === null ? undefined : item?.entries.get(own.on);
  const holder = parent?.outcome.type === "accepted" ? parent.outcome.state.claim?.holder : undefined;
  return runningMachines(world).find(({ key }) => key === holder) ?? world.machines.find(({ key }) => key === holder);
}
