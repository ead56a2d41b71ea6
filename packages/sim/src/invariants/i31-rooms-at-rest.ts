/** I31: with no faults left, every command of somebody whom the mesh knows is settled and answered, within bounded time. */
import type { Wish } from "../rooms.ts";
import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { commandOf, isAnswered, isExcused, roomFacts } from "./room-facts.ts";

/** Wishes that somebody still waits for. */
export function openWishes(world: World): readonly Wish[] {
  const facts = roomFacts(world);
  if (facts === undefined) return [];
  return facts.rooms.wishes.filter((wish) => {
    if (!wish.isCommand) return false;
    const command = commandOf(world, facts.view, wish);
    if (command === undefined) return !(wish.said.acknowledged && isExcused(world, facts.rooms, wish));
    return !isAnswered(facts, wish, command);
  });
}

export const roomsAtRest: MakeChecker = (world) => ({
  onEnd: () => {
    const open = openWishes(world);
    const [wish] = open;
    const facts = roomFacts(world);
    if (wish === undefined || facts === undefined) return;
    const command = commandOf(world, facts.view, wish);
    const state =
      command === undefined ? "never received" : command.settled === undefined ? "not settled" : "unanswered";
    const { id, text } = wish.said.event;
    const acknowledged = wish.said.acknowledged ? "acknowledged" : "not acknowledged";
    world.violate("I31", `${open.length} lines wait, as ${id} (${text}): ${state}, ${acknowledged}`);
  },
});
