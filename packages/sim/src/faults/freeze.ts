/** Programs that stand still and go on: SIGSTOP, a closed lid, a blocked event loop. What arrives meanwhile waits. */
import { drawInt, drawLog } from "../kernel/streams.ts";
import { TTL_MS } from "../world.ts";
import { type Fault, pickRunning, repeatedly } from "./fault.ts";

export const freezeFault: Fault = {
  name: "freeze",
  about: "a node stands still for up to ten leases",
  chance: 0.5,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 1_000, 8_000);
    const longestMs = Math.round(drawLog(prng, 300, 10 * TTL_MS));
    return {
      settings: { everyMs, longestMs },
      start: repeatedly(context, everyMs, () => {
        const life = pickRunning(context)?.running?.life;
        if (life === undefined) return;
        world.note("node frozen");
        world.trace.line(life.name, "frozen");
        world.scheduler.freeze(life);
        world.scheduler.after(drawInt(prng, 100, longestMs), () => {
          if (!life.frozen) return;
          world.trace.line(life.name, "thawed");
          world.scheduler.thaw(life);
        });
      }),
      heal: () => {
        for (const { running } of world.machines) if (running?.life.frozen === true) world.scheduler.thaw(running.life);
      },
    };
  },
};
