/** Programs that are killed or stopped at any moment, and crashes in the middle of a write. They come back after a while. */
import { drawInt, drawLog } from "../kernel/streams.ts";
import { type Fault, nothing, pickRunning, repeatedly } from "./fault.ts";

export const killFault: Fault = {
  name: "kill",
  about: "kill -9, power cuts of whole machines and orderly stops, at any moment",
  chance: 0.6,
  arm: (context) => {
    const { prng } = context;
    const everyMs = drawInt(prng, 1_000, 8_000);
    return {
      settings: { everyMs },
      start: repeatedly(context, everyMs, () => {
        const machine = pickRunning(context);
        const how = prng.int(5);
        if (machine === undefined) return;
        if (how === 0) void machine.stop();
        else machine.kill(how < 3);
      }),
      heal: nothing,
    };
  },
};

export const crashAtWriteFault: Fault = {
  name: "crash-write",
  about: "the program or the machine ends before, in the middle of or after a write to the log",
  chance: 0.5,
  arm: ({ world, prng }) => {
    const crashChance = drawLog(prng, 0.002, 0.04);
    return {
      settings: { crashChance },
      start: () => setDisks(world.machines, { crashChance }),
      heal: () => setDisks(world.machines, { crashChance: 0 }),
    };
  },
};

export const setDisks = (
  machines: Parameters<Fault["arm"]>[0]["world"]["machines"],
  rates: Partial<(typeof machines)[number]["disk"]["rates"]>,
): void => {
  for (const { disk } of machines) Object.assign(disk.rates, rates);
};
