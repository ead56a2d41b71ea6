/** Wall clocks that are an hour off and jump, monotonic clocks that run two in a hundred fast or slow. */
import { drawInt } from "../kernel/streams.ts";
import { type Fault, nothing, repeatedly } from "./fault.ts";

const HOUR_MS = 3_600_000;

export const clockFault: Fault = {
  name: "clock",
  about: "skew of up to an hour, rates from 0.98 to 1.02, jumps of the wall clock",
  chance: 0.6,
  arm: (context) => {
    const { world, prng } = context;
    const jumpEveryMs = drawInt(prng, 2_000, 20_000);
    return {
      settings: { jumpEveryMs },
      onMachine: ({ clock }) => {
        clock.skewMs = drawInt(prng, -HOUR_MS, HOUR_MS);
        clock.rate = 0.98 + prng.int(41) / 1_000;
      },
      start: repeatedly(context, jumpEveryMs, () => {
        prng.pick(world.machines).clock.skewMs += drawInt(prng, -HOUR_MS, HOUR_MS);
        world.note("clock jumped");
      }),
      heal: nothing,
    };
  },
};
