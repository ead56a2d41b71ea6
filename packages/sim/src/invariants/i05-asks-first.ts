/**
 * I5: a program that finds ops of its own on its disk goes on with that feed only after a peer has told it what it holds:
 * the disk may be an older one. It waits, or takes an incarnation that is empty everywhere.
 */
import { openFrame, toHex } from "@skein/core";

import type { Life } from "../kernel/life.ts";
import type { Machine, World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

export const asksFirst: MakeChecker = (world) => {
  const told = new WeakSet<Life>();
  const feedsAtStart = new WeakMap<Life, ReadonlySet<string>>();
  return {
    onDelivered: (_from, to) => told.add(to),
    onStored: (machine, frames) => {
      const life = machine.running?.life;
      if (life === undefined || told.has(life)) return;
      // Nobody else could know more.
      if ((machine.running?.node.replica.view().membership.members.size ?? 0) < 2) return void told.add(life);
      const [first] = frames;
      const old = feedsAtStart.get(life) ?? ownFeeds(world, machine, (first?.position ?? 1) - 1);
      feedsAtStart.set(life, old);
      const added = frames.flatMap(({ bytes }) => feedOf(world, machine, bytes) ?? []);
      const feed = added.find((one) => old.has(one));
      if (feed !== undefined)
        world.violate("I5", `${machine.name} goes on with ${feed} before it heard what its peers hold`);
      return undefined;
    },
  };
};

function ownFeeds(world: World, machine: Machine, count: number): ReadonlySet<string> {
  const frames = machine.disk.frames().slice(0, count);
  return new Set(frames.flatMap(({ bytes }) => feedOf(world, machine, bytes) ?? []));
}

/** Undefined for somebody else's frame. */
function feedOf(world: World, { key }: Machine, bytes: Uint8Array): string | undefined {
  const opened = openFrame(bytes, world.crypto);
  if (!opened.ok || toHex(opened.value.header.author) !== key) return undefined;
  return toHex(opened.value.header.incarnation);
}
