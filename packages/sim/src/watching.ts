/** What a simulated world is seen to do, told to its trace and to the checkers: messages, events, and programs that throw. */
import { decodeMessage, LIMITS } from "@skein/core";

import type { Life } from "./kernel/life.ts";
import type { SeedOptions } from "./options.ts";
import type { NetworkWatch } from "./ports/network.ts";
import type { Machine, World } from "./world.ts";

/** A message begins with a short array and its type; only what is needed of it is read. */
const isOf = (type: string): ((bytes: Uint8Array) => boolean) => {
  const word = new TextEncoder().encode(type);
  return (bytes) => word.every((byte, index) => bytes[index + 2] === byte);
};
const isFrames = isOf("frames");
const [isHello, isProof, isRefuse] = [isOf("hello"), isOf("proof"), isOf("refuse")];
const isHandshake = (bytes: Uint8Array): boolean => isHello(bytes) || isProof(bytes) || isRefuse(bytes);

/** What goes over the network; the world that it belongs to is made after it. */
export function watchOf(world: () => World): NetworkWatch {
  const runs = (life: Life): Machine | undefined => world().machines.find(({ running }) => running?.life === life);
  return {
    onSend: (from, bytes) => {
      world().trace.mix(2, from.startedMs, bytes.length);
      if (!isFrames(bytes)) return;
      const machine = runs(from);
      const message = machine === undefined ? undefined : decodeMessage(bytes, LIMITS.messageBytes);
      if (machine === undefined || message?.ok !== true || message.value.type !== "frames") return;
      world().hooks.onPublish(machine, message.value.frames);
    },
    onDelivered: (from, to, bytes) => {
      world().trace.mix(3, to.startedMs, bytes.length);
      if (!isHandshake(bytes)) world().hooks.onDelivered(from, to, bytes);
    },
    onCut: (a, b, why) => {
      world().note("link cut with messages under way");
      world().trace.line("world", `link of ${a.name} and ${b.name} cut: ${why}`);
    },
  };
}

/** After each event the checkers look at the machines that it changed. */
export function watchSteps(world: World, options: SeedOptions): void {
  const { scheduler } = world;
  scheduler.stopAfter(options.untilStep ?? Number.POSITIVE_INFINITY);
  scheduler.onStep(() => {
    for (const machine of world.machines) {
      if (!machine.changed) continue;
      machine.changed = false;
      if (machine.running !== undefined) world.hooks.onView(machine);
    }
  });
  scheduler.onFault((life, cause) => {
    const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    world.violate("I0", `${life?.name ?? "the simulator"} threw: ${message}`);
  });
}
