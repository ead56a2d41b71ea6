/** What the checkers of rooms share: what became of a wish, and whose promises nobody can hold anybody to. */
import type { RoomCommand, View } from "@skein/core";

import { type Rooms, type Wish, wishId } from "../rooms.ts";
import type { Machine, World } from "../world.ts";
import { correctMachines } from "./i07-convergence.ts";

export interface RoomFacts {
  readonly rooms: Rooms;
  readonly view: View;
}

/** Undefined where there are no rooms, or nobody is left who knows. */
export function roomFacts(world: World): RoomFacts | undefined {
  const { rooms } = world.chat;
  const view = correctMachines(world)[0]?.running.node.replica.view();
  return rooms === undefined || view === undefined ? undefined : { rooms, view };
}

export const commandOf = (world: World, view: View, wish: Wish): RoomCommand | undefined =>
  view.chat.commands.get(wishId(world, wish));

/** What it wrote may be void: its member was removed, its disk went back in time, or its feed forked. */
export const isVoid = ({ removed, rolledBack, mayFork }: Machine): boolean => removed || rolledBack || mayFork;

/** A node said that it is safe, and it or the one that had written it lost it in a way that no node can help. */
export const isExcused = (world: World, { safe }: Rooms, { said }: Wish): boolean =>
  safe
    .filter(({ event }) => event === said.event.id)
    .some(({ machine, author }) => isVoid(machine) || world.machines.some((one) => one.key === author && isVoid(one)));

/** What the person must be told: its own words, or that nothing could be sent. */
export function isAnswered({ rooms, view }: RoomFacts, wish: Wish, command: RoomCommand): boolean {
  const { flavor, event } = wish.said;
  if (command.settled === undefined || command.settled.reply.length === 0) return command.settled !== undefined;
  if (rooms.platform.posts.some((post) => post.flavor === flavor && post.quotes === event.message)) return true;
  return [...view.chat.sent.values()].some(({ about, result }) => about === command.id && result === "failed");
}
