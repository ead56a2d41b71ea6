/** I32: what somebody says whom the mesh does not know, or who may only look, changes nothing. */
import { isLive } from "@skein/core";

import { principalOf, ROOM_PEOPLE } from "../rooms.ts";
import { FLAVORS } from "../ports/chat-platform.ts";
import type { MakeChecker } from "./checker.ts";
import { commandOf, roomFacts } from "./room-facts.ts";

export const strangersChangeNothing: MakeChecker = (world) => ({
  onEnd: () => {
    const facts = roomFacts(world);
    if (facts === undefined) return;
    const { rooms, view } = facts;
    const items = [...view.items.values()].filter(isLive);
    const words = items.flatMap(({ registers, annotations }) => [
      registers.title.value,
      ...annotations.notes.map(({ text }) => text),
    ]);
    for (const wish of rooms.wishes) {
      if (wish.makes === "nothing" || wish.person.role === "operator") continue;
      if (words.some((text) => text.startsWith(wish.token))) {
        world.violate("I32", `${wish.person.name} may not, and ${wish.said.event.id} made a ${wish.makes}`);
      }
      const outcome = commandOf(world, view, wish)?.settled?.outcome;
      if (outcome === "done" || outcome === "asked") {
        world.violate("I32", `${wish.person.name} may not, and ${wish.said.event.id} was ${outcome}`);
      }
    }
    const strangers = new Set(
      ROOM_PEOPLE.filter(({ role }) => role === null).flatMap((person) =>
        FLAVORS.map((flavor) => principalOf(flavor, person)),
      ),
    );
    for (const { received, settled } of view.chat.commands.values()) {
      if (!strangers.has(received.principal) || settled?.outcome === undefined) continue;
      if (settled.outcome === "refused" || settled.outcome === "ignored") continue;
      world.violate("I32", `${received.principal} is nobody here, and ${received.event} was ${settled.outcome}`);
    }
  },
});
