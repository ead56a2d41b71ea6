/**
 * What is to happen at a time, and which times are over: the part of the timers that brings work about. A pure function of
 * the set of ops, in whatever order they come.
 *
 * Whoever fires a timer writes what comes of it in the same write, under ids that follow from the timer and the occurrence:
 * nodes that do not hear each other may fire one occurrence many times, and it still is one item.
 */
import type { PlanBody } from "../op/chat-bodies.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";

export interface Plan extends Omit<PlanBody, "kind" | "timer"> {
  readonly id: string;
  readonly cancelled: boolean;
  readonly stamp: Stamp;
}

export interface PlanFold {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly fired: ReadonlyMap<string, readonly number[]>;
  set(body: PlanBody, stamp: Stamp): void;
  fire(timer: string, occurrence: number): void;
  cancel(timer: string): void;
}

/** So many occurrences of a timer are remembered, the latest: a greatest few are the same from any order. */
export const FIRED_REMEMBERED = 64;

export function createPlanFold(): PlanFold {
  const plans = new Map<string, Plan>();
  const fired = new Map<string, readonly number[]>();
  const cancelled = new Set<string>();
  return {
    plans,
    fired,
    set: ({ kind: _kind, timer, ...rest }, stamp) => {
      const known = plans.get(timer);
      if (known !== undefined && compareStamp(stamp, known.stamp) >= 0) return;
      plans.set(timer, { ...rest, id: timer, cancelled: cancelled.has(timer), stamp });
    },
    fire: (timer, occurrence) => {
      const known = fired.get(timer) ?? [];
      if (known.includes(occurrence)) return;
      fired.set(timer, [...known, occurrence].toSorted((a, b) => b - a).slice(0, FIRED_REMEMBERED));
    },
    cancel: (timer) => {
      cancelled.add(timer);
      const known = plans.get(timer);
      if (known !== undefined) plans.set(timer, { ...known, cancelled: true });
    },
  };
}
