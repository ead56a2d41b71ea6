/** A class of faults: on or off for a seed, with rates of its own drawn from a stream of its own. */
import type { Prng } from "@skein/core/testing";

import { drawInt } from "../kernel/streams.ts";
import type { Machine, World } from "../world.ts";

export interface FaultContext {
  readonly world: World;
  readonly prng: Prng;
}

/** A class as this seed has it. */
export interface ArmedFault {
  /** What was drawn, for people. */
  readonly settings: Readonly<Record<string, number | string>>;
  /** A machine joins the mesh, before its first start. */
  readonly onMachine?: (machine: Machine) => void;
  /** The safety phase begins. */
  readonly start: () => void;
  /** Everything this class broke is whole again, and it breaks nothing more. */
  readonly heal: () => void;
}

export interface Fault {
  readonly name: string;
  readonly about: string;
  /** How likely a seed has it. */
  readonly chance: number;
  readonly arm: (context: FaultContext) => ArmedFault;
}

export const nothing = (): void => {};

/** Acts again and again during the safety phase, `meanMs` apart on average. */
export function repeatedly({ world, prng }: FaultContext, meanMs: number, act: () => void): () => void {
  const next = (): void => {
    world.scheduler.after(drawInt(prng, Math.ceil(meanMs / 4), Math.ceil(meanMs * 1.75)), () => {
      if (world.phase() !== "safety") return;
      act();
      next();
    });
  };
  return next;
}

/** One of the machines where a program runs. */
export function pickRunning({ world, prng }: FaultContext): Machine | undefined {
  const running = world.machines.filter((machine) => machine.running !== undefined && !machine.running.life.frozen);
  return running.length === 0 ? undefined : prng.pick(running);
}
