/** Slow and broken connections: delay with spikes, cuts with messages under way, dials that fail, queues that are small. */
import { drawInt, drawLog } from "../kernel/streams.ts";
import { calmNetwork } from "../ports/network.ts";
import { type Fault, nothing, repeatedly } from "./fault.ts";

export const delayFault: Fault = {
  name: "delay",
  about: "messages take up to a second, and now and then much longer",
  chance: 0.5,
  arm: ({ world, prng }) => {
    const { rates } = world.network;
    const maxDelayMs = Math.round(drawLog(prng, 20, 1_000));
    const spikeChance = drawLog(prng, 0.0005, 0.02);
    const spikeMs = drawInt(prng, 100, 5_000);
    return {
      settings: { maxDelayMs, spikeChance, spikeMs },
      start: () => Object.assign(rates, { maxDelayMs, spikeChance, spikeMs }),
      heal: () => Object.assign(rates, { ...calmNetwork(), outboxBytes: rates.outboxBytes }),
    };
  },
};

export const cutFault: Fault = {
  name: "cuts",
  about: "connections end with messages under way, and dialing fails",
  chance: 0.5,
  arm: (context) => {
    const { world, prng } = context;
    const { rates } = world.network;
    const cutChance = drawLog(prng, 0.000_2, 0.01);
    const dialFailChance = prng.int(60) / 100;
    const everyMs = drawInt(prng, 500, 10_000);
    return {
      settings: { cutChance, dialFailChance, everyMs },
      start: () => {
        Object.assign(rates, { cutChance, dialFailChance });
        repeatedly(context, everyMs, () => world.network.cutOne())();
      },
      heal: () => Object.assign(rates, { cutChance: 0, dialFailChance: 0 }),
    };
  },
};

export const backpressureFault: Fault = {
  name: "backpressure",
  about: "queues of some KiB, so that a peer that does not read is cut off",
  chance: 0.2,
  arm: ({ world, prng }) => {
    const outboxBytes = Math.round(drawLog(prng, 16_384, 262_144));
    return {
      settings: { outboxBytes },
      start: () => {
        world.network.rates.outboxBytes = outboxBytes;
      },
      heal: () => {
        world.network.rates.outboxBytes = calmNetwork().outboxBytes;
      },
    };
  },
};

/** Which ways are closed, in one of the shapes that found bugs elsewhere. */
type Shape = "halves" | "isolate" | "bridge" | "one-way";

function waysClosed(names: readonly string[], shape: Shape, shuffled: readonly string[]): [string, string][] {
  const [first, second] = shuffled;
  const half = new Set(shuffled.slice(0, Math.ceil(shuffled.length / 2)));
  const ways = names.flatMap((a) => names.filter((b) => b !== a).map((b): [string, string] => [a, b]));
  switch (shape) {
    case "halves":
      return ways.filter(([a, b]) => half.has(a) !== half.has(b));
    case "isolate":
      return ways.filter(([a, b]) => a === first || b === first);
    case "bridge":
      // Two halves that share one node.
      return ways.filter(([a, b]) => a !== first && b !== first && half.has(a) !== half.has(b));
    case "one-way":
      return ways.filter(([a, b]) => a === first && (shuffled.length < 3 || b === second));
  }
}

const partitionOf = (name: string, about: string, shapes: readonly Shape[], chance: number): Fault => ({
  name,
  about,
  chance,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 1_500, 10_000);
    const longestMs = Math.round(drawLog(prng, 500, 20_000));
    const part = (): void => {
      const names = [...new Set(world.machines.map((machine) => machine.name))];
      const shape = prng.pick(shapes);
      const ways = waysClosed(names, shape, prng.shuffle(names));
      world.note("partition");
      if (someClaim(context)) world.note("partition during a claim");
      world.trace.line("world", `partition ${shape}: ${ways.map(([a, b]) => `${a}>${b}`).join(" ")}`);
      for (const [a, b] of ways) world.network.setBlocked(a, b, true);
      world.scheduler.after(drawInt(prng, 200, longestMs), () => {
        for (const [a, b] of ways) world.network.setBlocked(a, b, false);
      });
    };
    return {
      settings: { everyMs, longestMs },
      start: repeatedly(context, everyMs, part),
      heal: () => world.network.clearBlocks(),
    };
  },
});

const someClaim = ({ world }: { readonly world: Parameters<Fault["arm"]>[0]["world"] }): boolean =>
  world.machines.some(({ running }) =>
    [...(running?.node.replica.view().items.values() ?? [])].some((item) => item.best?.state.claim != null),
  );

export const partitionFault: Fault = partitionOf(
  "partition",
  "two halves, one node alone, or two halves with a node between them",
  ["halves", "isolate", "bridge"],
  0.5,
);

export const oneWayFault: Fault = partitionOf("one-way", "messages pass in one direction only", ["one-way"], 0.4);

export const flappingFault: Fault = {
  name: "flapping",
  about: "the way between two nodes closes and opens every few hundred milliseconds",
  chance: 0.3,
  arm: (context) => {
    const { world, prng } = context;
    const periodMs = drawInt(prng, 100, 3_000);
    let closed: readonly [string, string] | undefined;
    return {
      settings: { periodMs },
      start: repeatedly(context, periodMs, () => {
        if (closed !== undefined) {
          const [a, b] = closed;
          closed = undefined;
          world.network.setBlocked(a, b, false);
          world.network.setBlocked(b, a, false);
          return;
        }
        const [a, b] = prng.shuffle(world.machines);
        if (a === undefined || b === undefined || a.name === b.name) return;
        closed = [a.name, b.name];
        world.network.setBlocked(a.name, b.name, true);
        world.network.setBlocked(b.name, a.name, true);
      }),
      heal: nothing,
    };
  },
};
