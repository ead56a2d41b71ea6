/** I30: what a node acknowledged to the platform was durable then, and is in every correct log in the end. */
import { wishId } from "../rooms.ts";
import type { MakeChecker } from "./checker.ts";
import { commandOf, isExcused, isVoid, roomFacts } from "./room-facts.ts";

export const safeEvents: MakeChecker = (world) => ({
  onSafe: (machine, flavor, events) => {
    // One whose log lost something may not know any more who somebody is, and takes a friend for a stranger.
    if (isVoid(machine)) return;
    const { name, running } = machine;
    const commands = running?.node.replica.view().chat.commands;
    for (const { id } of events) {
      const wish = world.chat.rooms?.wishes.find(({ said }) => said.flavor === flavor && said.event.id === id);
      if (wish?.isCommand !== true || commands?.has(wishId(world, wish)) === true) continue;
      world.violate("I30", `${name} acknowledged ${id}, and its log does not hold it`);
    }
  },
  onEnd: () => {
    const facts = roomFacts(world);
    if (facts === undefined) return;
    const { rooms, view } = facts;
    for (const wish of rooms.wishes) {
      if (!wish.isCommand || commandOf(world, view, wish) !== undefined || isExcused(world, rooms, wish)) continue;
      const by = rooms.safe.find(({ event }) => event === wish.said.event.id);
      if (by !== undefined) {
        world.violate("I30", `${by.machine.name} acknowledged ${wish.said.event.id}, and the mesh does not have it`);
      }
    }
  },
});
