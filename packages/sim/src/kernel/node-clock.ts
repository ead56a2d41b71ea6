/**
 * One machine's clocks. The wall clock may be an hour off and jump; the monotonic one of each life starts at nothing and
 * runs a little fast or slow. Timers go by the monotonic one.
 */
import type { Clock } from "@skein/node";

import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";

/** When simulated time begins, Unix ms. */
export const WALL_START_MS = 1_790_000_000_000;

export interface MachineClock {
  /** Wall time minus true time, ms. */
  skewMs: number;
  /** Its seconds per true second. */
  rate: number;
}

export function clockOf(machine: MachineClock, life: Life, scheduler: Scheduler): Clock {
  return {
    monoMs: () => (scheduler.nowMs() - life.startedMs) * machine.rate,
    wallMs: () => Math.max(0, Math.round(WALL_START_MS + scheduler.nowMs() * machine.rate + machine.skewMs)),
    after: (delayMs, run) => scheduler.after(delayMs / machine.rate, run, life),
  };
}
