/**
 * I10 for rooms: an event is one command, however often and wherever it is delivered. What was done has its effect exactly
 * once; what was refused or not confirmed has none.
 */
import { isLive, type View } from "@skein/core";

import type { Wish } from "../rooms.ts";
import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { commandOf, isVoid, roomFacts } from "./room-facts.ts";

export const oneEffect: MakeChecker = (world) => ({
  onEnd: () => {
    const facts = roomFacts(world);
    if (facts === undefined) return;
    for (const wish of facts.rooms.wishes) {
      if (wish.makes === "nothing") continue;
      const { count, least } = effectsOf(facts.view, wish);
      const wanted = expected(world, facts.view, wish);
      if (count > wanted) say(world, wish, count, wanted);
      if (count < Math.min(least, wanted) && !isTakenBack(world, facts.view, wish)) say(world, wish, count, wanted);
    }
  },
});

/**
 * A disk that went back in time may take the item with it, and then what was noted on it is not written again, although the
 * word that it was noted is.
 */
const isTakenBack = (world: World, view: View, wish: Wish): boolean => {
  const author = commandOf(world, view, wish)?.settled?.stamp.author;
  return world.machines.some((machine) => machine.key === author && isVoid(machine));
};

const say = (world: World, { said, token, makes }: Wish, count: number, wanted: number): void =>
  world.violate(
    "I10",
    `${said.event.id} (${token}) made ${count} times one ${makes}, and ${wanted} is what became of it`,
  );

/** How often its words are there; `least` is 0 where somebody may have taken them away since. */
function effectsOf(view: View, { makes, token, said }: Wish): { readonly count: number; readonly least: number } {
  const items = [...view.items.values()].filter(isLive);
  if (makes === "item") {
    // Titles are edited by others; who has this one was born of it.
    const count = items.filter(({ registers }) => registers.title.value.startsWith(token)).length;
    return { count, least: 0 };
  }
  const [, ref = ""] = / #([0-9a-z]+) /.exec(said.event.text) ?? [];
  const notes = items.flatMap(({ annotations }) => annotations.notes.filter(({ text }) => text.startsWith(token)));
  return { count: notes.length, least: items.some(({ id }) => id.startsWith(ref)) ? 1 : 0 };
}

const isYes = (text: string): boolean => /\byes\b|✅/.test(text);

/** 1 when it was done at once, or asked about and confirmed. */
function expected(world: World, view: View, wish: Wish): number {
  const settled = commandOf(world, view, wish)?.settled;
  if (settled?.outcome === "done") return 1;
  if (settled?.outcome !== "asked") return 0;
  const id = commandOf(world, view, wish)?.id;
  const answers = [...view.chat.commands.values()].filter(
    ({ settled: end }) => end?.answers === id && end?.outcome === "done",
  );
  const said = world.chat.rooms?.platform.said ?? [];
  return answers.some(({ received }) => said.some(({ event }) => event.id === received.event && isYes(event.text)))
    ? 1
    : 0;
}
